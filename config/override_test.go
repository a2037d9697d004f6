package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

type boxSettings struct {
	Directory config.Path `hcl:"directory,required,each" doc:"where"`
	Depth     int         `hcl:"depth" doc:"how deep"`
	Note      string      `hcl:"note" doc:"text"`
}

// Validate refuses a depth, to see where that is told.
func (s *boxSettings) Validate() []*daemonapp.FieldError {
	if s.Depth > 9 {
		return []*daemonapp.FieldError{{Field: "depth", Message: "it is too deep"}}
	}
	return nil
}

type boxesSettings struct {
	Directory config.Path      `hcl:"directory,required" doc:"the base"`
	Box       config.Template  `hcl:"box,block,required" type:"box" doc:"each child"`
	Match     config.Overrides `hcl:"match,block" overrides:"box" doc:"for some of the children"`
}

// boxTypes are a type and the seed of a template fixed to it.
func boxTypes(t *testing.T) *config.Registry {
	t.Helper()
	build := func(env config.Env, _ boxSettings) (daemonapp.Daemon, error) {
		return daemonapp.Task{Planner: env.Planner}, nil
	}
	seeds := func(env config.Env, _ boxesSettings) (daemonapp.Daemon, error) {
		return daemonapp.Task{Planner: env.Planner}, nil
	}
	r, err := config.NewRegistry(
		config.NewType("box", "A box.", boxSettings{Depth: 1}, build),
		config.NewType("boxes", "Boxes.", boxesSettings{}, seeds))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func loadBoxes(t *testing.T, text string) (*config.Config, *config.Diagnostics) {
	t.Helper()
	return config.Load(config.Options{
		Paths: []string{"-"}, Stdin: strings.NewReader(text), Registry: boxTypes(t), Hostname: "h",
	})
}

const boxes = `
defaults "box" { note = "general" }
daemon "boxes" "all" {
  run_every = "1m"
  directory = "/srv"
  box {
    run_every = "10s"
    depth     = 2
    priority  = 1
  }
  match "mail-*" {
    depth = 3
    note  = "mail ${each.name}"
  }
  match "*-urgent" {
    depth    = 4
    priority = 9
  }
}
`

// TestOverrides: the first block that matches a child wins over the next, those over the template, that over defaults.
func TestOverrides(t *testing.T) {
	t.Parallel()
	cfg, diags := loadBoxes(t, boxes)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		child    string
		want     boxSettings
		priority int
	}{
		{"other", boxSettings{"/srv/other", 2, "general"}, 1},
		{"mail-in", boxSettings{"/srv/mail-in", 3, "mail mail-in"}, 1},
		{"x-urgent", boxSettings{"/srv/x-urgent", 4, "general"}, 9},
		{"mail-urgent", boxSettings{"/srv/mail-urgent", 3, "mail mail-urgent"}, 9},
	}
	for _, tt := range tests {
		child, err := cfg.Daemons[0].Templates()[0].Decode(config.Each{Name: tt.child, Path: "/srv/" + tt.child})
		if err != nil {
			t.Fatal(err)
		}
		if got := child.Settings.(boxSettings); got != tt.want {
			t.Errorf("%s has %+v, want %+v", tt.child, got, tt.want)
		}
		if got := child.Planner().(*schedule.Interval).Prio; got != tt.priority {
			t.Errorf("%s has priority %d, want %d", tt.child, got, tt.priority)
		}
	}
}

// TestOverridesAreChecked at load, and each by itself: there may be children that only it matches.
func TestOverridesAreChecked(t *testing.T) {
	t.Parallel()
	tests := []struct{ from, to, want string }{
		{"    depth = 3", "    dept = 3", `box has no attribute "dept"`},
		{"    depth = 3", "    depth = \"x\"", "depth is a whole number"},
		{"    depth    = 4", "    depth    = 44", "it is too deep"},
		{`match "mail-*" {`, `match "mail-[" {`, `"mail-[" is not a glob`},
		{`match "mail-*" {`, `match {`, "match needs a glob as label"},
	}
	for _, tt := range tests {
		_, diags := loadBoxes(t, strings.Replace(boxes, tt.from, tt.to, 1))
		if err := diags.Err(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want %q", tt.to, err, tt.want)
		}
	}
}

// TestOverridesAreInTheDigest of the seed: a reload replaces it when one changes.
func TestOverridesAreInTheDigest(t *testing.T) {
	t.Parallel()
	digest := func(text string) string {
		cfg, diags := loadBoxes(t, text)
		if err := diags.Err(); err != nil {
			t.Fatal(err)
		}
		return cfg.Daemons[0].Digest
	}
	before := digest(boxes)
	for _, change := range [][2]string{{"depth = 3", "depth = 5"}, {`"mail-*"`, `"male-*"`}} {
		if digest(strings.Replace(boxes, change[0], change[1], 1)) == before {
			t.Errorf("%q changes no digest", change[1])
		}
	}
	if digest(strings.Replace(boxes, "depth = 3", "depth =   3 # three", 1)) != before {
		t.Error("layout changes the digest")
	}
}

// TestOverridesAreShown with what each of them says, and with nothing else.
func TestOverridesAreShown(t *testing.T) {
	t.Parallel()
	cfg, diags := loadBoxes(t, boxes)
	if err := diags.Err(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for path, s := range settingsOf(t, cfg, "all") {
		if strings.HasPrefix(path, "match") {
			got = append(got, path+" = "+s.Value)
		}
	}
	slices.Sort(got)
	want := []string{
		`match[0] = "mail-*"`, `match[0].depth = 3`, `match[0].note = "mail ${each.name}"`,
		`match[1] = "*-urgent"`, `match[1].depth = 4`, `match[1].priority = 9`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	cfg.Snapshot() // which keeps what is shown, for the next plan
}

// TestEachPathIsImplied only in a template of a fixed type: elsewhere the setting is required as ever.
func TestEachPathIsImplied(t *testing.T) {
	t.Parallel()
	_, diags := loadBoxes(t, "daemon \"box\" \"b\" {\n  run_every = \"1s\"\n}\n")
	if err := diags.Err(); err == nil || !strings.Contains(err.Error(), "directory is missing") {
		t.Errorf("got %v, want that directory is missing", err)
	}
}

// TestSameForAll: what is each child's own is not the same for all of them, wherever that is said.
func TestSameForAll(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ from, to, want string }{
		"template": {"    depth     = 2", "    directory = \"/all\"", `    directory = "/all"`},
		"override": {"    depth    = 4", "    directory = \"/all\"", `    directory = "/all"`},
		"defaults": {`note = "general"`, `directory = "/all"`, `directory = "/all"`},
		"its own":  {"    depth    = 4", "    directory = \"${each.path}/in\"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, found := loadBoxes(t, strings.Replace(boxes, c.from, c.to, 1))
			var got strings.Builder
			if err := found.WriteText(&got, config.TextOptions{}); err != nil {
				t.Fatal(err)
			}
			if refused := strings.Contains(got.String(), "directory would be the same for every child"); refused != (c.want != "") ||
				!strings.Contains(got.String(), c.want) || found.HasErrors() != refused {
				t.Errorf("got:\n%s", got.String())
			}
		})
	}
}
