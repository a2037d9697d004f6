package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/config"
)

// TestTextHasTheShapeOfTheDrawing holds the text form against the page that fixed it.
func TestTextHasTheShapeOfTheDrawing(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{
		"ldap.hcl": "daemon \"exec\" \"collective\" {\n  run_every        = 30\n  command          = [\"true\"]\n}\n",
		"mail.hcl": strings.Repeat("\n", 9) + `daemon "file_cleanup" "session-cleanup" {
  run_every    = "5m"
  directory    = "/tmp"
  remove_older = "30m"
}
`,
	})
	_, diags := config.Load(options(t, dir))
	got := strings.ReplaceAll(shown(t, diags), dir, "/etc/peakd")
	want := `/etc/peakd/ldap.hcl:2:22: error: run_every is a duration, and a duration is a string with a unit
    2 |   run_every        = 30
      |                      ^^
      = write run_every = "30s" (units: ns us ms s m h d w, as in "1d12h")

/etc/peakd/mail.hcl:13:3: error: file_cleanup has no attribute "remove_older"
   13 |   remove_older = "30m"
      |   ^^^^^^^^^^^^
      = did you mean "remove_older_than"? ` + "`peakd types file_cleanup`" + ` lists them all

2 errors in 2 files, 2 daemons
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheCaretStandsUnderTheMistake(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ line, source, caret string }{
		"spaces":     {"  run_every = 30", "    2 |   run_every = 30", "      |               ^^"},
		"tabs":       {"\trun_every\t= 30", "    2 | \trun_every\t= 30", "      | \t         \t  ^^"},
		"wide":       {`  env = { A = "漢字", B = [1] }`, `    2 |   env = { A = "漢字", B = [1] }`, "      |                           ^^^"},
		"combining":  {"  env = { A = \"e\u0301\", B = [1] }", "    2 |   env = { A = \"e\u0301\", B = [1] }", "      |                        ^^^"},
		"many lines": {"  timeout = [\n1]", "    2 |   timeout = [", "      |             ^"},
		"escapes":    {"  run_every = 30 # \x1b[31m\r", "    2 |   run_every = 30 # \uFFFD[31m", "      |               ^^"},
		"long":       {`  timeout = 1 # ` + strings.Repeat("x", 200), "    2 |   timeout = 1 # " + strings.Repeat("x", 75) + "…", "      |             ^"},
		"far out": {
			`  env = { A = "` + strings.Repeat("x", 200) + `", B = [1], C = "` + strings.Repeat("y", 200) + `" }`,
			"    2 | …" + strings.Repeat("x", 23) + `", B = [1], C = "` + strings.Repeat("y", 50) + "…", "      |                                ^^^",
		},
		"masked": {`  timeout = "hunter2 or so"`, "    2 |   timeout = \"hunter2 or so\"", "      |             ^^^^^^^^^^^^^^^"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, diags := text(t, "daemon \"exec\" \"x\" {\n"+tt.line+"\n  schedule = \"0 2 * * *\"\n  command = [\"true\"]\n}\n")
			lines := strings.Split(shown(t, diags), "\n")
			for i, line := range lines {
				if line == tt.source {
					if lines[i+1] != tt.caret {
						t.Errorf("got\n%s\n%s\nwant\n%s", line, lines[i+1], tt.caret)
					}
					return
				}
			}
			t.Errorf("%q is not in\n%s", tt.source, shown(t, diags))
		})
	}
}

func TestTheCaretFollowsTheMask(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ line, source, under string }{
		"on it":     {`  password = ["hunter2"]`, "  password = (sensitive)", "(sensitive)"},
		"inside it": {`  password = upper(hunter2)`, "  password = (sensitive)", "(sensitive)"},
		"behind it": {`  limits { nofile = "swordfish" }`, `  limits { nofile = "swordfish" }`, `"swordfish"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, diags := text(t, "daemon \"exec\" \"x\" {\n run_every = \"5m\"\n"+tt.line+"\n  command = [\"true\"]\n}\n")
			d := diags.All()[0]
			if d.Source != tt.source || d.Source[d.Start:d.End] != tt.under {
				t.Errorf("got %q, the caret under %q", d.Source, d.Source[d.Start:d.End])
			}
		})
	}
	dir := files(t, map[string]string{"s": "swordfish"})
	_, diags := text(t, "locals { s = secret(\""+filepath.Join(dir, "s")+"\") }\ndaemon \"exec\" \"x\" { # swordfish\n env = { A = \"swordfish\", B = [1] }\n}")
	for _, d := range diags.All() {
		if strings.Contains(d.Source, "B =") && (d.Source != ` env = { A = "(sensitive)", B = [1] }` || d.Source[d.Start:d.End] != "[1]") {
			t.Errorf("got %q, the caret under %q", d.Source, d.Source[d.Start:d.End])
		}
		if strings.HasPrefix(d.Source, "daemon") && d.Source != `daemon "exec" "x" { # (sensitive)` {
			t.Errorf("got %q", d.Source)
		}
	}
}

func TestOnlyTheFirstTwentyAreWrittenInFull(t *testing.T) {
	t.Parallel()
	_, diags := text(t, strings.Repeat("x {}\n", 25))
	var b strings.Builder
	if err := diags.WriteText(&b, config.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); strings.Count(got, "error: ") != 20 || !strings.HasSuffix(got, "\n... and 5 more\n\n25 errors in 1 file, 0 daemons\n") {
		t.Errorf("got\n%s", got)
	}
	b.Reset()
	if err := diags.WriteText(&b, config.TextOptions{Full: 2}); err != nil {
		t.Fatal(err)
	}
	if strings.Count(b.String(), "error: ") != 2 {
		t.Errorf("got\n%s", b.String())
	}
}

func TestColor(t *testing.T) {
	t.Parallel()
	_, diags := text(t, "x {}\n")
	var b strings.Builder
	if err := diags.WriteText(&b, config.TextOptions{Color: true}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "<stdin>:1:1: \x1b[31merror:\x1b[0m a configuration") {
		t.Errorf("got %q", b.String())
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	_, diags := text(t, "daemon \"exec\" \"x\" {\n  run_every = 30\n  command = [\"<>\"]\n}\nx {}\n")
	var b bytes.Buffer
	if err := diags.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("got\n%s", b.String())
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"file": "<stdin>", "line": 2.0, "column": 15.0, "end_column": 17.0, "severity": "error", "source": "  run_every = 30",
		"summary": "run_every is a duration, and a duration is a string with a unit",
		"hints":   []any{`write run_every = "30s" (units: ns us ms s m h d w, as in "1d12h")`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGitHub(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"a,b:c%.hcl": "daemon \"exec\" \"x\" {\n  run_every = 30\n  script = \"100%\"\n}\n"})
	o := options(t, dir, filepath.Join(dir, "none"))
	_, diags := config.Load(o)
	var b strings.Builder
	if err := diags.WriteGitHub(&b); err != nil {
		t.Fatal(err)
	}
	want := "::error file=DIR/none::it cannot be read: no such file or directory\n" +
		"::error file=DIR/a%2Cb%3Ac%25.hcl,line=2,col=15,endColumn=17::run_every is a duration, and a duration is a string with a unit" +
		"%0Awrite run_every = \"30s\" (units: ns us ms s m h d w, as in \"1d12h\")\n"
	if got := strings.ReplaceAll(b.String(), dir, "DIR"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestWritersTellOfBrokenPipes(t *testing.T) {
	t.Parallel()
	_, diags := text(t, "x {}\n")
	closed, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"text": diags.WriteText(closed, config.TextOptions{}), "json": diags.WriteJSON(closed), "github": diags.WriteGitHub(closed),
	} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestDiagnosticsAreAnError(t *testing.T) {
	t.Parallel()
	_, diags := text(t, "x {}\ny {}\nz {}\n")
	if err := diags.Err(); err == nil || err.Error() != `<stdin>:1:1: error: a configuration has no block "x" (and 2 more errors)` {
		t.Errorf("got %v", err)
	}
	if diags.Summary() != "3 errors in 1 file, 0 daemons" {
		t.Errorf("got %s", diags.Summary())
	}
	_, none := text(t, daemonText("x"))
	if none.Err() != nil || none.HasErrors() {
		t.Errorf("got %v", none.Err())
	}
}
