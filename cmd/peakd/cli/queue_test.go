package cli_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// does wants a command to end well, and returns what it prints.
func does(t *testing.T, args ...string) string {
	t.Helper()
	r := command(t, "", nil, args...)
	if r.code != 0 || r.err != "" {
		t.Fatalf("%q: exit code %d, %s", args, r.code, r.err)
	}
	return r.out
}

// lived makes a queue with a file in each state; their names are those of the states, with a suffix.
func lived(t *testing.T, suffix string) string {
	t.Helper()
	dir := t.TempDir()
	q, err := spool.Open(dir, spool.Options{Ready: spool.ReadyRenamed})
	must(t, err)
	t.Cleanup(func() { _ = q.Close() })
	now := time.Now()
	next := func(name string) *spool.Claimed {
		t.Helper()
		must(t, spool.Enqueue(dir, name+suffix, strings.NewReader(name), spool.ProducerOptions{}))
		b, err := q.Claim(spool.Request{Now: now, N: 1, Rescan: true})
		must(t, err)
		return b.Claimed[0]
	}
	must(t, q.Done(next("done"), now))
	must(t, q.Retry(next("retry"), now.Add(time.Hour), now))
	must(t, q.Fail(next("failed"), spool.Failure{Reason: "exit 65", Detail: []byte("no \x1b[31msuch\nuser")}, now))
	next("claimed")
	must(t, spool.Enqueue(dir, "ready"+suffix, strings.NewReader("ready"), spool.ProducerOptions{}))
	return dir
}

func TestQueueLs(t *testing.T) {
	t.Parallel()
	dir := lived(t, "")
	out := does(t, "queue", "ls", dir)
	want(t, "the list", out, `^STATE +SIZE +AGE +ATTEMPTS +NAME +WHY`, `^ready +5B +\S+ +0 +ready`, `^claimed +7B +\S+ +0 +claimed +by \d+-\S+`,
		`^retry +5B +\S+ +1 +retry +tried again in (1h|59m|1h\S+)`, `^failed +6B +\S+ +1 +failed +exit 65`,
		`: 1 ready, 1 claimed, 1 to retry, 1 done, 1 failed$`)
	if strings.Contains(out, "\ndone") {
		t.Errorf("done files are listed unasked:\n%s", out)
	}
	want(t, "the list of done", does(t, "queue", "ls", "--state", "done", dir), `^done +4B +\S+ +- +done`, `1 ready, .* 1 done`)
	empty := t.TempDir()
	if out := does(t, "queue", "ls", empty); out != empty+": 0 ready, 0 claimed, 0 to retry, 0 done, 0 failed\n" {
		t.Errorf("of an empty directory: %q", out)
	}
	if files, err := os.ReadDir(empty); err != nil || len(files) != 0 {
		t.Errorf("looking has left %v (%v)", files, err)
	}
}

func TestQueueLsAsJSON(t *testing.T) {
	t.Parallel()
	const suffix = "\n\xff \x1b[31m"
	dir := lived(t, suffix)
	states := map[string]map[string]any{}
	for line := range strings.Lines(does(t, "queue", "ls", "--json", "--state", "ready,claimed,retry,done,failed", dir)) {
		var e map[string]any
		must(t, json.Unmarshal([]byte(line), &e))
		states[fmt.Sprint(e["state"])] = e
		name, err := base64.StdEncoding.DecodeString(fmt.Sprint(e["name_bytes"]))
		if err != nil || string(name) != fmt.Sprint(e["state"], suffix) {
			t.Errorf("the name is %q, %v", name, err)
		}
	}
	if len(states) != 5 || states["failed"]["reason"] != "exit 65" || states["retry"]["attempts"] != 1.0 || states["retry"]["due"] == nil ||
		states["claimed"]["alive"] != true || states["ready"]["size"] != 5.0 {
		t.Errorf("got %v", states)
	}
}

// TestQueueShowsNothingDangerous: whatever files are called and programs print, a terminal gets text.
func TestQueueShowsNothingDangerous(t *testing.T) {
	t.Parallel()
	const suffix = "\n\xff \x1b[31m"
	dir := lived(t, suffix)
	outs := []string{
		does(t, "queue", "ls", "--state", "ready,claimed,retry,done,failed", dir),
		does(t, "queue", "show", dir, "failed"+suffix),
		command(t, "", nil, "queue", "show", dir, "none"+suffix).err,
		command(t, "", nil, "queue", "retry", dir, "none"+suffix).err,
	}
	for _, out := range outs {
		if strings.Contains(out, "\x1b") || strings.Contains(out, "\xff") || !strings.Contains(out, `\n\xff \x1b[31m"`) {
			t.Errorf("printed %q", out)
		}
	}
	want(t, "show", outs[1], `^name +"failed\\n\\xff \\x1b\[31m"`, `^state +failed`, `^attempts +1, 0 of them cut off`, `^reason +exit 65`, `^no \\x1b\[31msuch$`, `^user$`)
}

func TestQueueShow(t *testing.T) {
	t.Parallel()
	dir := lived(t, "")
	want(t, "of a waiting file", does(t, "queue", "show", dir, "retry"), `^state +retry`, `^ +tried again in`, `^path +/.*/\.peakd/retry/`)
	want(t, "as JSON", does(t, "queue", "show", "--json", dir, "done"), `^{"state":"done","name":"done"`)
	if r := command(t, "", nil, "queue", "show", dir, "none"); r.code != 1 || r.err != "peakd: no file of "+dir+" is called \"none\"\n" {
		t.Errorf("of none: exit code %d, %q", r.code, r.err)
	}
}

func TestQueueRetry(t *testing.T) {
	t.Parallel()
	dir := lived(t, "")
	if out := does(t, "queue", "retry", dir, "failed"); out != "1 file is due now\n" {
		t.Errorf("it said %q", out)
	}
	want(t, "the list", does(t, "queue", "ls", dir), `^retry +6B +\S+ +0 +failed +due now`, `^retry +5B +\S+ +1 +retry +tried again`)
	if out := does(t, "queue", "retry", "--all", dir); out != "2 files are due now\n" {
		t.Errorf("it said %q", out)
	}
	want(t, "the list", does(t, "queue", "ls", dir), `^retry +5B +\S+ +1 +retry +due now`, `2 to retry, 1 done, 0 failed`)
	r := command(t, "", nil, "queue", "retry", dir, "retry", "none")
	if r.code != 1 || r.out != "1 file is due now\n" || r.err != "peakd: no file called \"none\" has failed or waits in "+dir+"\n" {
		t.Errorf("got %+v", r)
	}
	for _, args := range [][]string{{dir}, {dir, "--all", "a"}} {
		if r := command(t, "", nil, append([]string{"queue", "retry"}, args...)...); r.code != 2 {
			t.Errorf("%q: exit code %d, %s", args, r.code, r.err)
		}
	}
}

func TestQueuePurge(t *testing.T) {
	t.Parallel()
	dir := lived(t, "")
	for _, answer := range []string{"", "\n", "n\n", "yess\n"} {
		r := command(t, answer, nil, "queue", "purge", "--failed", dir)
		if r.code != 1 || r.err != "delete 1 failed file of "+dir+"? [y/N] peakd: nothing was deleted\n" || r.out != "" {
			t.Errorf("answered %q: %+v", answer, r)
		}
	}
	if r := command(t, "y\n", nil, "queue", "purge", "--failed", "--older-than", "1d", dir); r.code != 0 || r.out != "0 files were deleted\n" {
		t.Errorf("of the last day: %+v", r)
	}
	if r := command(t, "y\n", nil, "queue", "purge", "--failed", dir); r.code != 0 || r.out != "1 file was deleted\n" {
		t.Errorf("confirmed: %+v", r)
	}
	if out := does(t, "queue", "purge", "--done", "--yes", dir); out != "1 file was deleted\n" {
		t.Errorf("it said %q", out)
	}
	if out := does(t, "queue", "purge", "--done", dir); out != "0 files were deleted\n" {
		t.Errorf("of nothing: %q", out)
	}
	want(t, "the list", does(t, "queue", "ls", dir), `1 ready, 1 claimed, 1 to retry, 0 done, 0 failed`)
	for _, args := range [][]string{{dir}, {dir, "--done", "--failed"}, {dir, "--done", "--older-than", "soon"}} {
		if r := command(t, "", nil, append([]string{"queue", "purge"}, args...)...); r.code != 2 {
			t.Errorf("%q: exit code %d, %s", args, r.code, r.err)
		}
	}
}

// TestQueueOfNothing: looking after a directory does not make it a queue.
func TestQueueOfNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, args := range [][]string{{"retry", dir, "--all"}, {"purge", dir, "--done", "--yes"}} {
		if r := command(t, "", nil, append([]string{"queue"}, args...)...); r.code != 1 || !strings.Contains(r.err, "is not a queue, or none that has ever run") {
			t.Errorf("%q: %+v", args, r)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Errorf("it has left %v (%v)", files, err)
	}
	for _, verb := range [][]string{{"ls"}, {"show", "a"}, {"retry", "--all"}, {"purge", "--done"}} {
		args := slices.Insert(slices.Concat([]string{"queue"}, verb), 2, dir+"/none")
		if r := command(t, "", nil, args...); r.code != 1 || !strings.Contains(r.err, "no such file or directory") {
			t.Errorf("%q: %+v", args, r)
		}
	}
	if r := command(t, "", nil, "queue", "ls", dir, "--state", "redy"); r.code != 2 || !strings.Contains(r.err, `"redy"`) {
		t.Errorf("a state that is none: %+v", r)
	}
}

func TestEnqueue(t *testing.T) {
	t.Parallel()
	dir, from := t.TempDir(), t.TempDir()
	a, b := filepath.Join(from, "a"), filepath.Join(from, "-b")
	must(t, os.WriteFile(a, []byte("1"), 0o600))
	must(t, os.WriteFile(b, []byte("2"), 0o600))
	if out := does(t, "enqueue", dir, a, b); out != "" {
		t.Errorf("it said %q", out)
	}
	does(t, "enqueue", dir, a, "--name", "c", "--volatile")
	if r := command(t, "from a pipe", nil, "enqueue", dir, "-", "--name", "d"); r.code != 0 {
		t.Errorf("standard input: %+v", r)
	}
	for name, want := range map[string]string{"a": "1", "-b": "2", "c": "1", "d": "from a pipe"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != want {
			t.Errorf("%s holds %q (%v), want %q", name, got, err, want)
		}
	}
	must(t, os.Symlink(dir, dir+".link"))
	t.Cleanup(func() { _ = os.Remove(dir + ".link") })
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"a name that waits", []string{dir, a}, 1, "file already exists"},
		{"the others are handed in all the same", []string{dir, a, "/no/such/file", file(t, "e", "5")}, 1, "/no/such/file"},
		{"no directory", []string{dir + "/none", a}, 1, "no such file or directory"},
		{"a link to one", []string{dir + ".link", a, "--name", "x"}, 1, "not a directory"},
		{"a directory", []string{dir, from}, 1, "is a directory"},
		{"a name that cannot be", []string{dir, a, "--name", "x/y"}, 1, "not a name for a queued file"},
		{"a reserved name", []string{dir, a, "--name", ".peakd"}, 1, "not a name for a queued file"},
		{"a name that is left alone", []string{dir, a, "--name", "x.tmp"}, 0, "leaves *.tmp alone"},
		{"standard input without a name", []string{dir, "-"}, 2, "--name"},
		{"one name for two", []string{dir, a, b, "--name", "x"}, 2, "single file"},
		{"nothing", []string{dir}, 2, "arg"},
	}
	for _, tt := range tests {
		if r := command(t, "", nil, append([]string{"enqueue"}, tt.args...)...); r.code != tt.code || !strings.Contains(r.err, tt.want) {
			t.Errorf("%s: %+v, want exit code %d and %q", tt.name, r, tt.code, tt.want)
		}
	}
	if got, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || string(got) != "1" {
		t.Errorf("a is %q now (%v)", got, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "e")); err != nil {
		t.Error(err)
	}
}
