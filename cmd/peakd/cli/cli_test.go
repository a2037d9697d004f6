package cli_test

import (
	"bufio"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const good = `
app "shop" {
  shutdown_after = "10m"
}

daemon "exec" "orders" {
  run_every = "1m"
  timeout   = "10s"
  command   = ["true"]
}
`

const bad = `
app "shop" {
  workrs = 2
}

daemon "exec" "orders" {
  run_every = 30
  command   = ["true"]
}
`

// TestExitCodes is the table of exit codes against the commands.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	ok, broken := file(t, "good.hcl", good), file(t, "bad.hcl", bad)
	other := file(t, "other.hcl", strings.Replace(good, "1m", "2m", 1))
	ugly := file(t, "ugly.hcl", "app   \"x\" {\nworkers=2\n}\n")
	endless := file(t, "endless.hcl", "daemon \"exec\" \"a\" {\n run_every = \"1s\"\n minimum_idle = \"0s\"\n command = [\"true\"]\n}\n")
	tests := []struct {
		name string
		args []string
		want int
		err  string // a line of standard error
	}{
		{"no command", nil, 2, ""},
		{"unknown command", []string{"runn"}, 2, `unknown command "runn" for "peakd"; did you mean "run"\? see .peakd --help.`},
		{"unknown subcommand", []string{"config", "shwo"}, 2, `did you mean "show"\?`},
		{"unknown flag", []string{"run", "--onse"}, 2, `unknown flag: --onse; .peakd run --help. lists the flags`},
		{"unknown argument", []string{"version", "x"}, 2, `see .peakd version --help.`},
		{"help", []string{"--help"}, 0, ""},
		{"validate good", []string{"validate", "-c", ok}, 0, ""},
		{"validate bad", []string{"validate", "-c", broken}, 2, ""},
		{"validate missing", []string{"validate", "-c", ok + "x"}, 2, ""},
		{"validate unknown format", []string{"validate", "-c", ok, "--format", "xml"}, 2, `--format "xml"`},
		{"run bad", []string{"run", "-c", broken}, 2, `bad.hcl:3:3: error: app has no attribute "workrs"`},
		{"run with an unknown level", []string{"run", "-c", ok, "--log-level", "loud"}, 2, `--log-level "loud"`},
		{"validate with an unknown level", []string{"validate", "-c", ok, "--log-level", "loud"}, 2, `--log-level "loud"`},
		{"validate with an unknown log", []string{"validate", "-c", ok, "--log-format", "xml"}, 2, `--log-format "xml"`},
		{"plan without state", []string{"plan", "-c", ok}, 1, `has applied no configuration yet`},
		{"plan bad", []string{"plan", "-c", broken}, 1, `error`},
		{"plan same", []string{"plan", "-c", ok, "--against", ok}, 0, ""},
		{"plan changes", []string{"plan", "-c", ok, "--against", other}, 2, ""},
		{"fmt check clean", []string{"fmt", "--check", ok}, 0, ""},
		{"fmt check ugly", []string{"fmt", "--check", ugly}, 1, ""},
		{"fmt missing", []string{"fmt", ok + "x"}, 2, `no such file`},
		{"simulate", []string{"simulate", "-c", ok}, 0, ""},
		{"simulate bad", []string{"simulate", "-c", broken}, 2, `error`},
		{"simulate endless", []string{"simulate", "-c", endless}, 2, `"?a"? .*`},
		{"simulate bad start", []string{"simulate", "-c", ok, "--start", "noon"}, 2, `RFC 3339`},
		{"simulate bad horizon", []string{"simulate", "-c", ok, "--for", "5"}, 2, `24h or 7d`},
		{"types", []string{"types"}, 0, ""},
		{"types unknown", []string{"types", "exce"}, 2, `did you mean "exec"`},
		{"types unknown, like none", []string{"types", "zzzzzz"}, 2, `is called "zzzzzz"; .peakd types. lists them`},
		{"config show", []string{"config", "show", "-c", ok}, 0, ""},
		{"config show unknown", []string{"config", "show", "-c", ok, "x"}, 2, `no daemon is called "x"`},
		{"init", []string{"init"}, 0, ""},
		{"init over a file", []string{"init", "--output", ok}, 1, `overwrites nothing`},
		{"man", []string{"man"}, 0, ""},
		{"version", []string{"version"}, 0, ""},
		{"completion", []string{"completion", "bash"}, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := command(t, "", nil, tt.args...)
			if got.code != tt.want {
				t.Errorf("exit code %d, want %d\n%s%s", got.code, tt.want, got.out, got.err)
			}
			if tt.err != "" {
				want(t, "standard error", got.err, tt.err)
			}
		})
	}
}

func TestFlagsWorkBeforeAndAfterTheVerb(t *testing.T) {
	t.Parallel()
	path := file(t, "good.hcl", good)
	for _, args := range [][]string{{"-c", path, "validate"}, {"validate", "--config", path}, {"validate", "--config=" + path}} {
		if got := command(t, "", nil, args...); got.code != 0 {
			t.Errorf("%q: exit code %d\n%s", args, got.code, got.out)
		}
	}
	if got := command(t, good, nil, "validate", "-c", "-"); got.code != 0 {
		t.Errorf("from standard input: exit code %d\n%s", got.code, got.out)
	}
}

// TestPrecedence: flag over environment over default.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	path, broken := file(t, "good.hcl", good), file(t, "bad.hcl", bad)
	if got := command(t, "", []string{"PEAKD_CONFIG=" + path}, "validate"); got.code != 0 {
		t.Errorf("PEAKD_CONFIG is not taken: %s", got.out)
	}
	if got := command(t, "", []string{"PEAKD_LOG_LEVEL="}, "validate", "-c", path); got.code != 0 {
		t.Errorf("an empty variable counts as a value: %s", got.err)
	}
	if got := command(t, "", []string{"PEAKD_CONFIG=" + broken}, "validate", "-c", path); got.code != 0 {
		t.Errorf("the flag does not win: %s", got.out)
	}
	got := command(t, "", []string{"PEAKD_FORMAT=json"}, "simulate", "-c", path)
	want(t, "the output", got.out, `^{"event":"stop",`)
	bad := command(t, "", []string{"PEAKD_WIDTH=wide"}, "simulate", "-c", path)
	if bad.code != 2 {
		t.Errorf("exit code %d, want 2", bad.code)
	}
	want(t, "standard error", bad.err, `PEAKD_WIDTH=wide`)
}

func TestSimulateFormats(t *testing.T) {
	t.Parallel()
	path := file(t, "good.hcl", good)
	text := command(t, "", nil, "simulate", "-c", path)
	want(t, "text", text.out, `^shop: 1 daemon `, `^orders +█`, `^stops at 10m: hard_deadline`, `the coming midnight`)
	for line := range strings.Lines(command(t, "", nil, "simulate", "-c", path, "--format", "json").out) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Errorf("%q is not JSON: %v", line, err)
		}
	}
	svg := filepath.Join(t.TempDir(), "out.svg")
	if got := command(t, "", nil, "simulate", "-c", path, "--format", "svg", "--output", svg); got.code != 0 || got.out != "" {
		t.Errorf("exit code %d, output %q, errors %q", got.code, got.out, got.err)
	}
	link := filepath.Join(t.TempDir(), "link.svg")
	if err := os.Symlink(svg, link); err != nil {
		t.Fatal(err)
	}
	command(t, "", nil, "simulate", "-c", path, "--format", "svg", "--output", link)
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("a link was replaced: %v, %v", info, err)
	}
	content, err := os.ReadFile(svg)
	if err != nil {
		t.Fatal(err)
	}
	for dec := xml.NewDecoder(strings.NewReader(string(content))); ; {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
	}
	html := command(t, "", nil, "simulate", "-c", path, "--format", "html")
	want(t, "html", html.out, `<!doctype html>|<!DOCTYPE html>`, `<svg`)
	if loads := regexp.MustCompile(`(src|href)="https?:`).FindString(html.out); loads != "" {
		t.Errorf("the page loads something: %s", loads)
	}
}

// TestSimulateRepeats: the same input, start and zone give the same bytes.
func TestSimulateRepeats(t *testing.T) {
	t.Parallel()
	path := file(t, "good.hcl", good)
	for _, format := range []string{"text", "json", "svg", "html"} {
		args := []string{"simulate", "-c", path, "--start", "2026-03-29T00:00:00+01:00", "--hostname", "h", "--format", format}
		if a, b := command(t, "", nil, args...), command(t, "", nil, args...); a.out != b.out || a.code != 0 {
			t.Errorf("%s: two outputs differ, or exit code %d", format, a.code)
		}
	}
}

// TestSimulateOutputReplacesNoDevice: what is no file is written to, as a shell would.
func TestSimulateOutputReplacesNoDevice(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0) // so that nobody waits for the other side
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	got := command(t, "", nil, "simulate", "-c", file(t, "good.hcl", good), "--for", "1m", "--format", "json", "--output", pipe)
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil || !strings.Contains(line, `"daemon":"orders"`) {
		t.Errorf("exit code %d, %s; the pipe has %q, %v", got.code, got.err, line, err)
	}
}

// TestFmtLeavesAloneWhatItCannotRead: neither JSON nor what has mistakes is laid out anew.
func TestFmtLeavesAloneWhatItCannotRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	contents := map[string]string{
		"a.hcl": "app   \"x\" {\n", "b.hcl": "\xff  =  1\n", "c.hcl.json": `{"app":{"a":{}}}`,
	}
	for name, content := range contents {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "sub.hcl"), 0o700); err != nil {
		t.Fatal(err)
	}
	got := command(t, "", nil, "fmt", dir, filepath.Join(dir, "c.hcl.json"))
	if got.code != 2 || got.out != "" {
		t.Errorf("exit code %d, output %q, want 2 and none", got.code, got.out)
	}
	want(t, "standard error", got.err, `a.hcl:1:11: error: unclosed`, `b.hcl:1:1: error: invalid`)
	for name, content := range contents {
		if now, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(now) != content {
			t.Errorf("%s is %q, %v", name, now, err)
		}
	}
}

func TestFmt(t *testing.T) {
	t.Parallel()
	const ugly, pretty = "app \"x\" {\n  a=1\n  bcd   = 2\n}\n", "app \"x\" {\n  a   = 1\n  bcd = 2\n}\n"
	path := file(t, "a.hcl", ugly)
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	diff := command(t, "", nil, "fmt", "--diff", path)
	if wantDiff := "--- " + path + "\n+++ " + path + "\n@@ -1,4 +1,4 @@\n app \"x\" {\n-  a=1\n-  bcd   = 2\n+  a   = 1\n+  bcd = 2\n }\n"; diff.out != wantDiff {
		t.Errorf("the difference is\n%s\nwant\n%s", diff.out, wantDiff)
	}
	if text, _ := os.ReadFile(path); string(text) != ugly {
		t.Error("--diff changed the file")
	}
	got := command(t, "", nil, "fmt", path)
	if text, _ := os.ReadFile(path); string(text) != pretty || got.out != path+"\n" {
		t.Errorf("the file is %q, the output %q", text, got.out)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v (%v), want 0640", info.Mode(), err)
	}
	if got := command(t, ugly, nil, "fmt", "-"); got.out != pretty {
		t.Errorf("standard input became %q", got.out)
	}
}

func TestInitValidates(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "starter.hcl")
	if got := command(t, "", nil, "init", "--output", path); got.code != 0 {
		t.Fatal(got.err)
	}
	if got := command(t, "", nil, "validate", "-c", path); got.code != 0 {
		t.Errorf("the starter does not validate:\n%s", got.out)
	}
	if got := command(t, "", nil, "fmt", "--check", path); got.code != 0 {
		t.Error("the starter is not in the canonical layout")
	}
}

// TestInitSystemd holds the unit to the contract of the process: reload by HUP, a drain with time, a state directory, and no
// restart after a wrong configuration.
func TestVersion(t *testing.T) {
	t.Parallel()
	want(t, "version", command(t, "", nil, "version").out, `^peakd 1\.2\.3 \(go1\.`)
	var v map[string]string
	if err := json.Unmarshal([]byte(command(t, "", nil, "version", "--json").out), &v); err != nil || v["version"] != "1.2.3" {
		t.Errorf("version --json gives %v (%v)", v, err)
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	want(t, "types", command(t, "", nil, "types").out, `^exec +\S`, `^file_cleanup +\S`, `^for_each_directory +\S`)
	want(t, "types exec", command(t, "", nil, "types", "exec").out, `^  command +list of strings`, `^  limits +block`, `^    nofile `)
	want(t, "types --common", command(t, "", nil, "types", "--common").out, `^  run_every +duration`, `^  workers +`)
	for line := range strings.Lines(command(t, "", nil, "types", "exec").out) {
		if len([]rune(strings.TrimRight(line, "\n"))) > 140 {
			t.Errorf("too wide: %q", line)
		}
	}
}

// TestManHasEveryCommand: the manual page names each command and each exit code.
func TestManHasEveryCommand(t *testing.T) {
	t.Parallel()
	page := command(t, "", nil, "man").out
	for _, name := range []string{"run", "validate", "plan", "simulate", "fmt", "types", "config show", "init", "version", "completion", "man"} {
		want(t, "the manual page", page, `^\.SS `+name+`\b`)
	}
	want(t, "the manual page", page, `^\.SH EXIT STATUS`, `^\.B TERM, INT`, `\\-\\-log\\-level`)
}

// TestSecretsNeverShow puts a secret wherever one can be, and looks at everything that is printed.
func TestSecretsNeverShow(t *testing.T) {
	t.Parallel()
	const secret = "hunter2-and-more"
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "a.hcl")
	text := `
variable "token" {
  sensitive = true
  default   = "` + secret + `"
}
app "s" { shutdown_after = "1s" }
daemon "exec" "leak" {
  run_every = "1m"
  timeout   = "5s"
  env       = { A = var.token, B = secret("key") }
  command   = ["/bin/sh", "-c", "echo $A; echo $B >&2; exit 3", var.token]
}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"run", "--once", "--log-level", "debug"},
		{"run", "--once", "--log-format", "json"},
		{"validate"},
		{"config", "show"},
		{"config", "show", "--format", "json"},
		{"simulate"},
		{"plan", "--against", file(t, "x.hcl", good)},
	} {
		got := command(t, "", nil, append(args, "-c", path)...)
		if strings.Contains(got.out+got.err, secret) {
			t.Errorf("%q shows the secret:\n%s%s", args, got.out, got.err)
		}
	}
	wrong := strings.Replace(text, `"1m"`, `var.token`, 1)
	if err := os.WriteFile(path, []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := command(t, "", nil, "validate", "-c", path); got.code != 2 || strings.Contains(got.out, secret) {
		t.Errorf("exit code %d; a diagnostic shows the secret:\n%s", got.code, got.out)
	}
}
