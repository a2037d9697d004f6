package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/peakd/peakd/config"
)

// complete makes a configuration of a snippet, which may be what stands inside a daemon; or a file of assumptions.
func complete(t *testing.T, registry *config.Registry, s snippet) (text string, assumptions bool) {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(s.text), s.where, hcl.InitialPos)
	if diags.HasErrors() {
		return s.text, false
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		t.Fatalf("%s: the body is a %T", s.where, file.Body)
	}
	var names []string
	for name := range body.Attributes {
		names = append(names, name)
	}
	for _, b := range body.Blocks {
		names = append(names, b.Type)
	}
	only := func(some ...string) bool {
		return !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(some, name) })
	}
	switch {
	case only("assume"):
		return s.text, true
	case len(body.Attributes) == 0 && only("app", "variable", "locals", "defaults", "daemon", "dynamic"):
		return s.text, false
	}
	typ := wrapper(registry, s.daemon, names)
	return "daemon \"" + typ.Name() + "\" \"fragment\" {\n" + s.text + "\n" + rest(typ, names) + "}\n", false
}

// wrapper is the type that has most of the settings of a fragment: that of the page, else exec, if they have as many.
func wrapper(registry *config.Registry, page string, names []string) config.Type {
	best, most := config.Type{}, -1
	candidates := registry.Types()
	for _, name := range []string{"exec", page} {
		if typ, ok := registry.Lookup(name); ok {
			candidates = append([]config.Type{typ}, candidates...)
		}
	}
	for _, typ := range candidates {
		n := 0
		for _, a := range typ.Attributes() {
			if slices.Contains(names, a.Name) {
				n++
			}
		}
		if n > most {
			best, most = typ, n
		}
	}
	return best
}

// rest are the settings that a fragment leaves out though a daemon must have them.
func rest(typ config.Type, names []string) string {
	var b strings.Builder
	if !slices.Contains(names, "run_every") && !slices.Contains(names, "schedule") {
		b.WriteString("run_every = \"5m\"\n")
	}
	if typ.Name() == "exec" && !slices.Contains(names, "command") && !slices.Contains(names, "script") {
		b.WriteString("command = [\"true\"]\n")
	}
	for _, a := range typ.Attributes() {
		switch {
		case !a.Required || slices.Contains(names, a.Name):
		case a.IsBlock():
			b.WriteString(a.Name + " \"exec\" {\nrun_every = \"5m\"\ncommand = [\"true\"]\n}\n")
		default:
			b.WriteString(a.Name + " = \"/srv/fragment\"\n")
		}
	}
	return b.String()
}
