package config_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/config"
)

const minimal = `
daemon "exec" "NAME" {
  run_every = "5m"
  command   = ["true"]
}
`

func daemonText(name string) string { return strings.ReplaceAll(minimal, "NAME", name) }

func names(daemons []*config.Decoded) string {
	var all []string
	for _, d := range daemons {
		all = append(all, d.Name)
	}
	return strings.Join(all, " ")
}

func TestDirectoriesAreReadInLexicalOrder(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{
		"20-b.hcl":      daemonText("b2") + daemonText("b1"),
		"10-a.hcl":      daemonText("a"),
		"30-c.hcl.json": `{"daemon": {"exec": {"c": {"run_every": "5m", "command": ["true"]}}}}`,
		".hidden.hcl":   "not read {",
		"readme.txt":    "not read {",
		"old.hcl.bak":   "not read {",
		"data.json":     "not read {",
		"sub.hcl/x.hcl": "not read {",
	})
	cfg, diags := config.Load(options(t, dir))
	if diags.HasErrors() {
		t.Fatal(shown(t, diags))
	}
	if got := names(cfg.Daemons); got != "a b2 b1 c" {
		t.Errorf("got %s", got)
	}
	if diags.Files() != 3 || diags.Daemons() != 4 {
		t.Errorf("got %q", diags.Summary())
	}
	want := []string{filepath.Join(dir, "10-a.hcl"), filepath.Join(dir, "20-b.hcl"), filepath.Join(dir, "30-c.hcl.json")}
	if diff := cmp.Diff(want, cfg.Files); diff != "" {
		t.Error(diff)
	}
}

func TestPathsFormOneConfiguration(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"x.hcl": daemonText("x"), "app.conf": `app "one" {}`})
	o := options(t, filepath.Join(dir, "app.conf"), "-", dir, filepath.Join(dir, "x.hcl"))
	o.Stdin = strings.NewReader(`  {"daemon": {"exec": {"json": {"run_every": "1s", "command": ["true"]}}}}`)
	cfg, diags := config.Load(o)
	if diags.HasErrors() {
		t.Fatal(shown(t, diags))
	}
	if cfg.App.Label != "one" || names(cfg.Daemons) != "json x" {
		t.Errorf("got %q with %s", cfg.App.Label, names(cfg.Daemons))
	}
}

func TestWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, tt := range map[string]struct {
		change func(o *config.Options)
		want   string
	}{
		"no file":        {func(o *config.Options) { o.Paths = []string{filepath.Join(dir, "none.hcl")} }, "none.hcl: error: it cannot be read: no such file or directory"},
		"no path":        {func(o *config.Options) { o.Paths = nil }, "there is no configuration"},
		"no stdin":       {func(o *config.Options) { o.Paths = []string{"-"} }, "<stdin>: error: it cannot be read: there is no standard input"},
		"no var file":    {func(o *config.Options) { o.VarFiles = []string{filepath.Join(dir, "none")} }, "none: error: it cannot be read"},
		"brackets":       {func(o *config.Options) { o.Stdin = strings.NewReader("a = " + strings.Repeat("[", 9000)) }, "brackets nest deeper than"},
		"bangs":          {func(o *config.Options) { o.Stdin = strings.NewReader("a = " + strings.Repeat("! ", 9000)) }, "brackets nest deeper than"},
		"var without =":  {func(o *config.Options) { o.Vars = []string{"x"} }, "--var: error: there is no value"},
		"var undeclared": {func(o *config.Options) { o.Vars = []string{"x=hunter2"} }, `--var x: error: no variable is called "x"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(t, "-")
			o.Stdin = strings.NewReader("")
			if name == "no stdin" {
				o.Stdin = nil
			}
			tt.change(&o)
			_, diags := config.Load(o)
			if got := shown(t, diags); !diags.HasErrors() || !strings.Contains(got, tt.want) || strings.Contains(got, "hunter2") {
				t.Errorf("got\n%s\nwant %q", got, tt.want)
			}
		})
	}
}

func TestWriters(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		mode     fs.FileMode
		uid, gid int
		want     string
	}{
		{0o600, 0, 0, ""},
		{0o644, 0, 0, ""},
		{0o664, 0, 0, ""},
		{0o644, 0, 5, ""},
		{0o664, 0, 5, "group 5"},
		{0o666, 0, 0, "everybody"},
		{0o602, 0, 0, "everybody"},
		{0o600, 1000, 0, "user 1000"},
		{fs.ModeDir | 0o777, 0, 0, "everybody"},
		{fs.ModeDir | fs.ModeSticky | 0o777, 0, 0, "everybody"},
	} {
		if got := config.Writers(tt.mode, tt.uid, tt.gid); got != tt.want {
			t.Errorf("a file %v of %d:%d can be written by %q, want %q", tt.mode, tt.uid, tt.gid, got, tt.want)
		}
	}
}

func TestRootReadsNothingThatOthersCanWrite(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"conf/x.hcl": daemonText("x"), "vars.hcl": ""})
	file := filepath.Join(dir, "conf", "x.hcl")
	vars := filepath.Join(dir, "vars.hcl")
	load := func(writable string, mode fs.FileMode, allow bool) string {
		before, err := os.Stat(writable)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(writable, mode); err != nil {
			t.Fatal(err)
		}
		o := options(t, filepath.Join(dir, "conf"))
		o.VarFiles = []string{vars}
		o.AllowWritable = allow
		_, diags := config.Load(config.AsRoot(o))
		if err := os.Chmod(writable, before.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
		return shown(t, diags)
	}
	for path, mode := range map[string]fs.FileMode{file: 0o666, filepath.Dir(file): 0o777, vars: 0o666} {
		culprit := path
		if os.Geteuid() != 0 { // then all of them belong to somebody else than root
			culprit = dir
		}
		if got := load(path, mode, false); !strings.Contains(got, "can write it, and peakd runs as root") ||
			!strings.Contains(got, culprit) || !strings.Contains(got, "--allow-writable-config") {
			t.Errorf("with %s writable, got\n%s", path, got)
		}
		if got := load(path, mode, true); strings.Contains(got, "error:") {
			t.Errorf("with %s writable, and that allowed, got\n%s", path, got)
		}
	}
}

func TestAppSettings(t *testing.T) {
	t.Parallel()
	cfg := good(t, `
app "mail-host" {
  stay_alive_for      = "15m"
  shutdown_after      = "30m"
  shutdown_if_idle    = "1m"
  shutdown_if_no_work = "2m"
  workers             = 3
  aging               = "30s"
  timezone            = "Europe/Vienna"
  state_dir           = "state"
}`)
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	a := cfg.App
	l := a.Limits()
	if a.Label != "mail-host" || l.SoftDeadline != 15*time.Minute || l.HardDeadline != 30*time.Minute || l.IdleThreshold != time.Minute ||
		l.NoWorkTimeout != 2*time.Minute || l.Workers != 3 || l.Aging != 30*time.Second || a.ShutdownGrace != 20*time.Second ||
		a.Location().String() != "Europe/Vienna" || string(a.StateDir) != filepath.Join(wd, "state") {
		t.Errorf("got %+v", a)
	}
	none := good(t, "").App
	if none.Label != "" || none.Workers != 1 || none.ShutdownGrace != 20*time.Second || none.Location() != time.Local {
		t.Errorf("without an app block, got %+v", none)
	}
}

func TestBothSyntaxesMeanTheSame(t *testing.T) {
	t.Parallel()
	native := good(t, `
app "x" { workers = 2 }
defaults { timeout = "1h" }
defaults "exec" { umask = "0077" }
variable "v" { default = ["a"] }
locals { l = "${var.v[0]}!" }
daemon "exec" "one" {
  run_every = "5m"
  command   = ["echo", local.l]
  env       = { A = "1" }
  window {
    from = "1:00"
    to   = "2:00"
  }
  deliver "smtp" {
    server = "a"
  }
  deliver "http" {
    server = "b"
  }
}
daemon "for_each_directory" "seed" {
  schedule  = "0 2 * * *"
  directory = "/srv"
  child "exec" {
    run_every = "5s"
    command   = ["x", "${each.path}"]
  }
}`)
	json := good(t, `{
  "//": "a comment",
  "app": {"x": {"workers": 2}},
  "defaults": {"timeout": "1h", "exec": {"umask": "0077"}},
  "variable": {"v": {"default": ["a"]}},
  "locals": {"l": "${var.v[0]}!"},
  "daemon": {
    "exec": {"one": {
      "run_every": "5m", "command": ["echo", "${local.l}"], "env": {"A": "1"},
      "window": {"from": "1:00", "to": "2:00"},
      "deliver": {"smtp": {"server": "a"}, "http": {"server": "b"}}
    }},
    "for_each_directory": {"seed": {
      "schedule": "0 2 * * *", "directory": "/srv",
      "child": {"exec": {"run_every": "5s", "command": ["x", "${each.path}"]}}
    }}
  }
}`)
	if native.Daemons[0].Digest != json.Daemons[0].Digest || native.App.Workers != json.App.Workers {
		t.Errorf("native %+v\njson   %+v", native.Daemons[0], json.Daemons[0])
	}
	each := config.Each{Name: "in", Path: "/srv/in"}
	a, err := native.Daemons[1].Templates()[0].Decode(each)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Daemons[1].Templates()[0].Decode(each)
	if err != nil {
		t.Fatal(err)
	}
	if a.Digest != b.Digest {
		t.Errorf("native %+v\njson   %+v", a, b)
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	got := string(config.Format([]byte("daemon \"exec\"   \"x\" {\nrun_every=\"5m\"\n  command= [\"a\" ]\n}\n")))
	want := "daemon \"exec\" \"x\" {\n  run_every = \"5m\"\n  command   = [\"a\"]\n}\n"
	if got != want {
		t.Errorf("got\n%s", got)
	}
}
