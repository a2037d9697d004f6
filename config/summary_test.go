package config_test

import (
	"testing"

	"github.com/peakd/peakd/config"
)

func TestSummaryIsTheFirstSentence(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		"Does a thing.":                            "Does a thing.",
		"\n  Does a thing.\nMore of it.\n":         "Does a thing.",
		"Does a thing: this, that\nand that. More": "Does a thing: this, that and that.",
		"Runs `a.sh` of v1.2 daily. More.":         "Runs `a.sh` of v1.2 daily.",
		"Has no full stop\n\nMore of it.":          "Has no full stop",
		"":                                         "",
	} {
		typ := config.NewType("x", doc, struct{}{}, build[struct{}])
		if got := typ.Summary(); got != want {
			t.Errorf("the summary of %q is %q, want %q", doc, got, want)
		}
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	r := testRegistry(t)
	for name, want := range map[string]string{"exce": "exec", "file_clean": "file_cleanup", "ldap": "", "": ""} {
		if got := r.Suggest(name); got != want {
			t.Errorf("for %q it suggests %q, want %q", name, got, want)
		}
	}
}
