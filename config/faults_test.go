package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
)

// faulty are settings that complain of whatever they are told to.
type faulty struct {
	Fault  string   `hcl:"fault" doc:"the field to complain of"`
	Warn   string   `hcl:"warn" doc:"the field to warn of"`
	Target []target `hcl:"target,block" doc:"targets"`
	Source *target  `hcl:"source,block" doc:"source"`
}

type target struct {
	Name string   `hcl:"name,label" doc:"name"`
	URLs []string `hcl:"urls" doc:"where"`
	DN   string   `hcl:"dn" doc:"what"`
}

func (f *faulty) Validate() []*daemonapp.FieldError {
	if f.Fault == "" {
		return nil
	}
	return []*daemonapp.FieldError{{Field: strings.TrimPrefix(f.Fault, "none"), Message: "it is wrong", Hint: "mend it"}}
}

func (f *faulty) Warnings() []*daemonapp.FieldError {
	if f.Warn == "" {
		return nil
	}
	return []*daemonapp.FieldError{{Field: f.Warn, Message: "it is odd"}}
}

// TestFaultsAreToldAtTheirField looks where a complaint is put: at the field, else at the block around it.
func TestFaultsAreToldAtTheirField(t *testing.T) {
	t.Parallel()
	registry, err := config.NewRegistry(newType("faulty", faulty{}))
	if err != nil {
		t.Fatal(err)
	}
	load := func(setting string) []config.Diagnostic {
		_, diags := config.Load(config.Options{Paths: []string{"-"}, Registry: registry, Program: "host", Stdin: strings.NewReader(`daemon "faulty" "x" {
  run_every = "5m"
  ` + setting + `
  target "a" {
    urls = ["1"]
  }
  target "b" {
    urls = ["2"]
  }
  source "c" {
    dn = "d"
  }
}`)})
		return diags.All()
	}
	for field, want := range map[string]string{
		"target[1].urls": "8 it is wrong",
		"target[0].urls": "5 it is wrong",
		"target[1]":      "7 it is wrong",
		"target[1].name": "7 it is wrong",
		"target[1].dn":   "7 target[1].dn: it is wrong",
		"target":         "4 it is wrong",
		"source.dn":      "11 it is wrong",
		"source.urls":    "10 source.urls: it is wrong",
		"run_every":      "2 it is wrong",
		"elsewhere":      "1 elsewhere: it is wrong",
		"none":           "1 it is wrong",
	} {
		all := load(`fault = "` + field + `"`)
		if len(all) != 1 {
			t.Errorf("%s: got %v", field, all)
			continue
		}
		d := all[0]
		if got := fmt.Sprint(d.Line, " ", d.Summary); got != want || d.Severity != config.Error || d.Hints[0] != "mend it" {
			t.Errorf("%s: got %q %v, want %q", field, got, d.Hints, want)
		}
	}
	all := load(`warn = "source.dn"`)
	if len(all) != 1 || all[0].Severity != config.Warning || all[0].Line != 11 {
		t.Errorf("got %v", all)
	}
	all = load(`fautl = "x"`)
	if len(all) != 1 || all[0].Hints[0] != "did you mean \"fault\"? `host types faulty` lists them all" {
		t.Errorf("got %v", all)
	}
}

// manySeeds are settings that hold templates in each way there is.
type manySeeds struct {
	One    config.Template   `hcl:"one,block" doc:"one"`
	Maybe  *config.Template  `hcl:"maybe,block" doc:"maybe one"`
	Some   []config.Template `hcl:"some,block" type:"exec" doc:"some"`
	Within *struct {
		Deep []*config.Template `hcl:"deep,block" doc:"deep"`
	} `hcl:"within,block" doc:"within a block"`
}

func TestEveryTemplateCanBuild(t *testing.T) {
	t.Parallel()
	registry, err := config.NewRegistry(append(testTypes(), newType("seeds", manySeeds{}))...)
	if err != nil {
		t.Fatal(err)
	}
	child := "{\n run_every = \"5m\"\n command = [each.name]\n}\n"
	o := options(t, "-")
	o.Registry = registry
	o.Stdin = strings.NewReader("daemon \"seeds\" \"x\" {\n run_every = \"5m\"\n one \"exec\" " + child + "maybe \"exec\" " + child +
		"some " + child + "some " + child + "within {\n deep \"exec\" " + child + "}\n}")
	cfg, diags := config.Load(o)
	if diags.HasErrors() {
		t.Fatal(shown(t, diags))
	}
	if got := len(cfg.Daemons[0].Templates()); got != 5 {
		t.Errorf("got %d templates", got)
	}
	specs, err := cfg.Specs(config.BuildEnv{})
	if err != nil {
		t.Fatal(err)
	}
	s := specs[0].Daemon.(*built).Settings.(manySeeds) //nolint:forcetypeassert // the stand-ins build nothing else
	for i, template := range []config.Template{s.One, *s.Maybe, s.Some[0], s.Some[1], *s.Within.Deep[0]} {
		if spec, err := template.Spec(config.Each{Name: "c"}); err != nil || spec.Name != "c" {
			t.Errorf("template %d: got %v, %v", i, spec, err)
		}
	}
	if _, err := cfg.Daemons[0].Templates()[0].Spec(config.Each{}); err == nil {
		t.Error("building has changed the configuration")
	}
}

func TestBlocksAreKnownAsBlocks(t *testing.T) {
	t.Parallel()
	for _, a := range newType("seeds", manySeeds{}).Attributes() {
		if !a.IsBlock() {
			t.Errorf("%s is a block", a.Name)
		}
	}
	for _, a := range config.CommonAttributes() {
		if want := a.Name == "window" || a.Name == "retry"; a.IsBlock() != want {
			t.Errorf("%s is a block: %v", a.Name, a.IsBlock())
		}
	}
}

func TestVariablesByIndex(t *testing.T) {
	t.Parallel()
	got, diags := evaluated(t, options(t), `variable "a-b" { default = "x" }`, `"${var["a-b"]}${length(keys(var))}"`)
	if diags.HasErrors() || got != "x1" {
		t.Errorf("got %q\n%s", got, shown(t, diags))
	}
	if _, diags := evaluated(t, options(t), "", `var["nobody"]`); !strings.Contains(shown(t, diags), `no variable is called "nobody"`) {
		t.Errorf("got\n%s", shown(t, diags))
	}
}

func TestFilesAreText(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"binary": "\xff\xfe"})
	for _, call := range []string{"file", "secret"} {
		if _, diags := evaluated(t, options(t), "", call+`("`+dir+`/binary")`); !strings.Contains(shown(t, diags), "it is not text (UTF-8)") {
			t.Errorf("got\n%s", shown(t, diags))
		}
	}
}
