package config_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/config"
)

// planned is what a plan says, a line for each thing.
func planned(p config.Plan) string {
	var lines []string
	for _, c := range p.App {
		lines = append(lines, "app "+c.Path+": "+c.Before+" -> "+c.After)
	}
	for _, name := range p.Restart {
		lines = append(lines, "restart "+name)
	}
	for _, d := range p.Daemons {
		lines = append(lines, string(d.Action)+" "+d.Type+" "+d.Name)
		for _, c := range d.Settings {
			lines = append(lines, "  "+c.Path+": "+c.Before+" -> "+c.After)
		}
	}
	return strings.Join(lines, "\n")
}

const planBase = `
app "x" {
  workers = 2
}
variable "v" {
  default = "one"
}
locals {
  text = "before"
}
daemon "exec" "a" {
  run_every = "5m"
  command   = ["true", var.v]
}
daemon "for_each_directory" "seed" {
  run_every = "5m"
  directory = "/srv"
  child "exec" {
    run_every = "30s"
    command   = [each.path]
    env       = { T = "${local.text} ${each.name}" }
  }
}
daemon "exec" "z" {
  schedule = "0 2 * * *"
  script   = "true"
}
`

func TestCompare(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edit []string // pairs: what is replaced, and by what
		want string
	}{
		"nothing": {},
		"layout and comments": {
			[]string{"  run_every = \"5m\"\n  command ", "# a comment\nrun_every=\"5m\" # another\n\n  command   ", "child \"exec\" {", "child \"exec\" {\n# here too"}, "",
		},
		"another way to write the same": {[]string{`"5m"`, `"300s"`, `["true", var.v]`, `["true", "one"]`, `"true"`, `"${"true"}"`}, ""},
		"labels": {
			[]string{`["true", var.v]`, "[\"true\", var.v]\n  priority = 5\n  tags = [\"t\"]\n  description = \"d\""},
			"change exec a\n  description: (none) -> \"d\"\n  priority: 0 -> 5\n  tags: (none) -> [\"t\"]",
		},
		"label and more": {
			[]string{`["true", var.v]`, "[\"true\", var.v]\n  priority = 5\n  timeout = \"1h\""},
			"replace exec a\n  priority: 0 -> 5\n  timeout: \"0s\" -> \"1h\"",
		},
		"a default for all": {
			[]string{"locals {", "defaults \"exec\" {\n  timeout = \"1h\"\n}\nlocals {"},
			"replace exec a\n  timeout: \"0s\" -> \"1h\"\n" +
				"replace for_each_directory seed\n  child.timeout:  -> \"1h\"\n" +
				"replace exec z\n  timeout: \"0s\" -> \"1h\"",
		},
		"a variable":       {[]string{`default = "one"`, `default = "two"`}, "replace exec a\n  command: [\"true\", \"one\"] -> [\"true\", \"two\"]"},
		"interval":         {[]string{"\"5m\"\n  command", "\"6m\"\n  command"}, "replace exec a\n  run_every: \"5m\" -> \"6m\""},
		"rename":           {[]string{`"exec" "a"`, `"exec" "b"`}, "add exec b\nremove exec a"},
		"type":             {[]string{"\"exec\" \"a\" {\n  run_every = \"5m\"\n  command   = [\"true\", var.v]", "\"queue_manager\" \"a\" {\n  run_every = \"5m\""}, "replace queue_manager a\n  type: \"exec\" -> \"queue_manager\""},
		"disabled":         {[]string{"script   = \"true\"", "script   = \"true\"\n  enabled = false"}, "remove exec z"},
		"template":         {[]string{"30s", "40s"}, "replace for_each_directory seed\n  child.run_every: \"30s\" -> \"40s\""},
		"template's text":  {[]string{"[each.path]", "[each.path,   each.name]"}, "replace for_each_directory seed\n  child.command: [each.path] -> [each.path, each.name]"},
		"template's more":  {[]string{"[each.path]", "[each.path]\n  nice = 5"}, "replace for_each_directory seed\n  child.nice:  -> 5"},
		"template's type":  {[]string{"child \"exec\" {\n    run_every = \"30s\"\n    command   = [each.path]\n    env       = { T = \"${local.text} ${each.name}\" }", "child \"file_cleanup\" {\n    run_every = \"30s\"\n    directory = each.path"}, "replace for_each_directory seed\n  child: \"exec\" -> \"file_cleanup\"\n  child.command: [each.path] -> \n  child.directory:  -> each.path\n  child.env: { T = \"${local.text} ${each.name}\" } -> "},
		"limits":           {[]string{"workers = 2", "workers = 3\n  shutdown_after = \"1h\""}, "app shutdown_after: \"0s\" -> \"1h\"\napp workers: 2 -> 3"},
		"state directory":  {[]string{"workers = 2", "workers = 2\n  state_dir = \"/var/x\""}, "app state_dir: (see Operations) -> \"/var/x\"\nrestart state_dir"},
		"the app's name":   {[]string{`app "x"`, `app "y"`}, "app name: \"x\" -> \"y\"\nrestart name"},
		"the app's zone":   {[]string{"workers = 2", "workers = 2\n  timezone = \"Europe/Vienna\""}, "app timezone: (the host's) -> \"Europe/Vienna\"\nreplace exec z\n  timezone: (the host's) -> \"Europe/Vienna\""},
		"order of daemons": {[]string{"daemon \"exec\" \"a\" {\n  run_every = \"5m\"\n  command   = [\"true\", var.v]\n}\n", "", "script   = \"true\"\n}", "script   = \"true\"\n}\ndaemon \"exec\" \"a\" {\n  run_every = \"5m\"\n  command   = [\"true\", var.v]\n}"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := planBase
			for i := 0; i < len(tt.edit); i += 2 {
				if !strings.Contains(text, tt.edit[i]) {
					t.Fatalf("there is no %q to edit", tt.edit[i])
				}
				text = strings.ReplaceAll(text, tt.edit[i], tt.edit[i+1])
			}
			p := config.Compare(good(t, planBase).Snapshot(), good(t, text).Snapshot())
			if diff := cmp.Diff(tt.want, planned(p)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if p.Empty() != (tt.want == "") {
				t.Errorf("Empty is %v", p.Empty())
			}
			if n := p.Unchanged + p.Count(config.Add) + p.Count(config.ChangeInPlace) + p.Count(config.ReplaceDaemon); name != "disabled" && n != 3 {
				t.Errorf("%d daemons are told of, of 3", n)
			}
		})
	}
}

// TestAValueBehindATemplateShows: nothing that is written has changed but what it refers to.
func TestAValueBehindATemplateShows(t *testing.T) {
	t.Parallel()
	p := config.Compare(good(t, planBase).Snapshot(), good(t, strings.Replace(planBase, `"before"`, `"after"`, 1)).Snapshot())
	if len(p.Daemons) != 1 || len(p.Daemons[0].Settings) != 1 {
		t.Fatalf("got %s", planned(p))
	}
	if c := p.Daemons[0].Settings[0]; c.Path != "child.*" || c.Before == c.After || !strings.HasPrefix(c.After, "#") {
		t.Errorf("got %s", planned(p))
	}
}

// TestAChangedSecretIsPlanned, and is not in the plan.
func TestAChangedSecretIsPlanned(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"secret": "swordfish", "c.hcl": `
daemon "exec" "a" {
  run_every = "5m"
  script    = "true"
  password  = secret("secret")
}
daemon "for_each_directory" "seed" {
  run_every = "5m"
  directory = "/srv"
  child "exec" {
    run_every = "5m"
    script    = "true"
    env       = { A = "${each.name} ${secret("secret")}" }
  }
}`})
	load := func() config.Snapshot {
		cfg, diags := config.Load(options(t, dir))
		if diags.HasErrors() {
			t.Fatal(shown(t, diags))
		}
		return cfg.Snapshot()
	}
	before := load()
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("barracuda"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := config.Compare(before, load())
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "swordfish") || strings.Contains(string(data), "barracuda") {
		t.Errorf("a secret is in %s", data)
	}
	if p.Count(config.ReplaceDaemon) != 2 || p.Daemons[0].Settings[0].Path != "password" {
		t.Errorf("got %s", planned(p))
	}
}

// TestASnapshotCanBeKept: it is the same after it was written and read.
func TestASnapshotCanBeKept(t *testing.T) {
	t.Parallel()
	s := good(t, planBase).Snapshot()
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var kept config.Snapshot
	if err := json.Unmarshal(data, &kept); err != nil {
		t.Fatal(err)
	}
	if p := config.Compare(kept, good(t, planBase).Snapshot()); !p.Empty() || p.Unchanged != 3 {
		t.Errorf("got %s", planned(p))
	}
}

// FuzzCompare: whatever two configurations say, a plan from one to the other tells of every daemon once, a daemon that
// is replaced has a setting that is another, and from one to itself there is nothing to do.
func FuzzCompare(f *testing.F) {
	f.Add(planBase, strings.Replace(planBase, "30s", "40s", 1))
	f.Add(planBase, strings.Replace(planBase, `"before"`, `"after"`, 1))
	f.Add(planBase, strings.Replace(planBase, `"exec" "a"`, `"exec" "b"`, 1))
	f.Add(secretive, planBase)
	paths, err := filepath.Glob("testdata/warn/*.hcl")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range append(paths, "testdata/show.hcl") {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data), strings.ReplaceAll(string(data), "5m", "6m"))
	}
	registry := queueOptions(f).Registry
	load := func(src string) *config.Config {
		cfg, diags := config.Load(config.Options{
			Paths: []string{"-"}, Stdin: strings.NewReader(strings.ReplaceAll(src, "/", "_")), Registry: registry, Hostname: "h",
			Environ: func(name string) (string, bool) { return name, name == "A" },
		})
		if diags.HasErrors() {
			return nil
		}
		return cfg
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		before, after := load(a), load(b)
		if before == nil || after == nil {
			return
		}
		if p := config.Compare(before.Snapshot(), load(a).Snapshot()); !p.Empty() {
			t.Errorf("from one to itself: %s", planned(p))
		}
		p := config.Compare(before.Snapshot(), after.Snapshot())
		there := make(map[string]bool)
		for _, list := range [][]*config.Decoded{before.Daemons, after.Daemons} {
			for _, d := range list {
				there[d.Name] = true
			}
		}
		if len(p.Daemons)+p.Unchanged != len(there) {
			t.Errorf("of %d daemons it tells of %d: %s", len(there), len(p.Daemons)+p.Unchanged, planned(p))
		}
		for _, d := range p.Daemons {
			if (d.Action == config.ReplaceDaemon || d.Action == config.ChangeInPlace) && len(d.Settings) == 0 {
				t.Errorf("%s has no setting that is another", d.Name)
			}
		}
		for _, b := range after.Show() {
			for _, s := range b.Settings {
				if s.Path == "" || s.Value == "" || s.Origin == "" {
					t.Errorf("%s shows %+v", b.Name, s)
				}
			}
		}
	})
}
