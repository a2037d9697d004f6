package dirqueue_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue"
)

// TestSettings: what cannot be is told at its line, and all of it at once.
func TestSettings(t *testing.T) {
	t.Parallel()
	tests := []struct{ setting, want string }{
		{`include = []`, "include is empty"},
		{`include = ["[a"]`, `"[a" is not a glob`},
		{`exclude = ["a/b"]`, `"a/b" is not a glob`},
		{`batch = 0`, "batch is at least 1"},
		{`concurrency = 0`, "concurrency is at least 1"},
		{`order_window = 0`, "order_window is at least 1"},
		{`crash_attempts = 0`, "crash_attempts is at least 1"},
		{`order = "size"`, "order"},
		{`order = "priority"`, "needs a priority_pattern"},
		{"order = \"priority\"\npriority_pattern = \"(\"", "needs a priority_pattern"},
		{"order = \"priority\"\npriority_pattern = \"^[0-9]+\"", "it has no group"},
		{`owner_uids = [-1]`, "a user id cannot be negative"},
		{`ready = "soon"`, "ready"},
		{"ready = \"marker\"\nmarker = \"done\"", "no name with {name}"},
		{"ready = \"marker\"\nmarker = \"{name}\"", "no name with {name}"},
		{"ready = \"marker\"\nmarker = \"x/{name}\"", "no name with {name}"},
		{`rate = -1`, "rate"},
		{`minimum_free = 101`, "percentage"},
		{`keep = "-1d"`, "keep"},
		{"file_retry {\n every = \"0s\"\n}", "every is more than 0"},
		{"file_retry {\n every = \"2h\"\n}", "at most maximum, which is 1h"},
		{"file_retry {\n multiply_by = 0.5\n}", "multiply_by is at least 1"},
		{"file_retry {\n jitter = 1.5\n}", "jitter is a share"},
		{"file_retry {\n attempts = -1\n}", "attempts cannot be negative"},
		{"trip {\n failures = -1\n}", "failures cannot be negative"},
		{"trip {\n cooldown = \"0s\"\n}", "cooldown is more than 0"},
		{`window = 3`, "window"},
	}
	for _, tt := range tests {
		t.Run(tt.setting, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			_, found := load(t, newDesk(), dir, "daemon \"dir_queue\" \"q\" {\nrun_every = \"1m\"\ndirectory = \"BASE\"\n"+tt.setting+
				"\ndeliver \"go\" {\n function = \"desk\"\n}\n}")
			all := found.All()
			if len(all) == 0 || !strings.Contains(all[0].Summary, tt.want) || all[0].Line < 4 {
				t.Errorf("found %v, want %q", all, tt.want)
			}
			// The template of a manager is checked the same way.
			_, found = load(t, newDesk(), dir, "daemon \"dir_queue_manager\" \"m\" {\nrun_every = \"1m\"\ndirectory = \"BASE\"\nqueue {\nrun_every = \"1m\"\n"+tt.setting+
				"\ndeliver \"go\" {\n function = \"desk\"\n}\n}\n}")
			if all := found.All(); len(all) == 0 || !strings.Contains(all[0].Summary, tt.want) {
				t.Errorf("in a template found %v, want %q", all, tt.want)
			}
		})
	}
}

func TestManagerSettings(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		`include = []`:             "include is empty",
		`exclude = ["a/b"]`:        "is not a glob",
		`depth = 0`:                "depth is at least 1",
		`gone_after = 0`:           "gone_after is at least 1",
		`maximum_queues = 0`:       "maximum_queues is at least 1",
		`owner_uids = [-1]`:        "a user id cannot be negative",
		`max_running = -1`:         "max_running cannot be negative",
		"match \"[\" {\n}":         "is not a glob",
		"match \"a\" {\n x = 1\n}": "x",
	} {
		_, found := load(t, newDesk(), t.TempDir(), manager("run_every = \"1m\"\n"+setting, seldom))
		if all := found.All(); len(all) != 1 || !strings.Contains(all[0].Summary, want) {
			t.Errorf("%s: found %v, want %q", setting, all, want)
		}
	}
}

// TestOneDelivery: a queue has one way to deliver, and it must be there.
func TestOneDelivery(t *testing.T) {
	t.Parallel()
	for deliver, want := range map[string]string{
		"":                        "deliver",
		"deliver \"fax\" {\n}":    "fax",
		"deliver \"exec\" {\n}":   "command",
		"deliver \"go\" {\n}":     "function",
		"deliver \"smtp\" {\n}":   "server",
		"deliver \"http\" {\n}":   "url",
		"deliver \"worker\" {\n}": "command",
		"deliver \"go\" {\n function = \"desk\"\n}\ndeliver \"go\" {\n function = \"desk\"\n}": "deliver",
	} {
		_, found := load(t, newDesk(), t.TempDir(), "daemon \"dir_queue\" \"q\" {\nrun_every = \"1m\"\ndirectory = \"BASE\"\n"+deliver+"\n}")
		if all := found.All(); len(all) == 0 || !strings.Contains(all[0].Summary, want) {
			t.Errorf("%q: found %v, want %q", deliver, all, want)
		}
	}
}

// TestUnknownFunction: a function that the program does not offer is told of where it stands, in a template too; one that
// depends on the child is not known yet.
func TestUnknownFunction(t *testing.T) {
	t.Parallel()
	const block = "run_every = \"1m\"\ndeliver \"go\" {\n function = \"dest\"\n}\n"
	for _, text := range []string{
		"daemon \"dir_queue\" \"q\" {\ndirectory = \"BASE\"\n" + block + "}",
		"daemon \"dir_queue_manager\" \"m\" {\nrun_every = \"1m\"\ndirectory = \"BASE\"\nqueue {\n" + block + "}\n}",
	} {
		_, found := load(t, newDesk(), t.TempDir(), text)
		all := found.All()
		if len(all) != 1 || all[0].Summary != `this program offers no function "dest"` || !slices.Contains(all[0].Hints, "it offers desk") {
			t.Errorf("found %v", all)
		}
		if _, found := load(t, newDesk(), t.TempDir(), strings.Replace(text, `"dest"`, "each.name", 1)); strings.Contains(text, "queue {") && found.HasErrors() {
			t.Errorf("of a name that is not known: %v", found)
		}
	}
}

// TestMissingNow: what is missing only now is a warning.
func TestMissingNow(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	text := "daemon \"dir_queue\" \"q\" {\nrun_every = \"1m\"\ndirectory = \"BASE/q\"\ndeliver \"exec\" {\n command = [\"/no/such/program\"]\n}\n}\n" +
		"daemon \"dir_queue_manager\" \"m\" {\nrun_every = \"1m\"\ndirectory = \"BASE/m\"\nqueue {\nrun_every = \"1m\"\ndeliver \"exec\" {\n command = [\"/bin/true\"]\n}\n}\n}\n"
	_, found := load(t, newDesk(), base, text)
	var got []string
	for _, d := range found.All() {
		got = append(got, fmt.Sprint(d.Severity, " ", d.Line))
	}
	if found.HasErrors() || !slices.Equal(got, []string{"warning 3", "warning 5", "warning 10"}) {
		t.Errorf("found %v", found.All())
	}
	must(t, os.MkdirAll(base+"/q", 0o755))
	must(t, os.MkdirAll(base+"/m", 0o755))
	if _, found = load(t, newDesk(), base, strings.ReplaceAll(text, "/no/such/program", "/bin/true")); len(found.All()) != 0 {
		t.Errorf("found %v", found.All())
	}
}

// TestUnusedPattern: what does nothing is told.
func TestUnusedPattern(t *testing.T) {
	t.Parallel()
	for order, want := range map[string]int{"name": 1, "mtime": 1, "priority": 0} {
		_, found := load(t, newDesk(), t.TempDir(), "daemon \"dir_queue\" \"q\" {\nrun_every = \"1m\"\ndirectory = \"BASE\"\norder = \""+order+
			"\"\npriority_pattern = \"^([0-9])\"\ndeliver \"go\" {\n function = \"desk\"\n}\n}")
		if all := found.All(); len(all) != want || found.HasErrors() || want > 0 && (all[0].Line != 5 ||
			all[0].Summary != fmt.Sprintf("priority_pattern does nothing with order = %q", order)) {
			t.Errorf("with order %s found %v", order, all)
		}
	}
}

func TestDefaultsAreValid(t *testing.T) {
	t.Parallel()
	s := dirqueue.Defaults()
	if faults := s.Validate(); len(faults) != 0 {
		t.Errorf("found %v", faults[0])
	}
	if s.FileRetry.Every != 30*time.Second || s.Trip.Failures != 10 || s.Keep != 7*24*time.Hour {
		t.Errorf("the defaults are %+v", s)
	}
}
