package daemons_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemons"
)

// TestTypes: the registry takes them all, and each tells what it is and what each of its attributes means.
func TestTypes(t *testing.T) {
	t.Parallel()
	if _, err := config.NewRegistry(daemons.Types()...); err != nil {
		t.Fatal(err)
	}
	for _, typ := range daemons.Types() {
		if first, _, _ := strings.Cut(typ.Doc(), "\n"); !strings.HasSuffix(first, ".") {
			t.Errorf("the doc of %s does not begin with a sentence on a line: %q", typ.Name(), first)
		}
		for _, a := range typ.Attributes() {
			if a.Doc == "" {
				t.Errorf("%s: %s has no doc", typ.Name(), a.Name)
			}
		}
	}
}

// TestDocsHold loads every configuration in the docs of the types.
func TestDocsHold(t *testing.T) {
	t.Parallel()
	snippet := regexp.MustCompile("(?s)```hcl\n(.*?)```")
	for _, typ := range daemons.Types() {
		snippets := snippet.FindAllStringSubmatch(typ.Doc(), -1)
		if len(snippets) == 0 {
			t.Errorf("the doc of %s shows no configuration", typ.Name())
		}
		for _, s := range snippets {
			if _, found := load(t, s[1]); found.HasErrors() {
				t.Errorf("the doc of %s shows\n%s\nwhich has errors:\n%v", typ.Name(), s[1], found)
			}
		}
	}
}
