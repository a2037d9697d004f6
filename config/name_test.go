package config_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/peakd/peakd/config"
)

func TestEncodeName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"inbox":     "inbox",
		"a.b_c-9":   "a.b_c-9",
		"my files":  "my%20files",
		"100%":      "100%25",
		"a/b":       "a%2Fb",
		"größe":     "gr%C3%B6%C3%9Fe",
		".":         "%2E",
		"..":        "%2E%2E",
		"...":       "...",
		"":          "%",
		"tab\there": "tab%09here",
	} {
		if got := config.EncodeName(in); got != want {
			t.Errorf("EncodeName(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestEncodedNamesAreDistinctAndSafe(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		x, y := config.EncodeName(a), config.EncodeName(b)
		if (a == b) != (x == y) {
			t.Fatalf("%q is %q, %q is %q", a, x, b, y)
		}
		if x == "" || x == "." || x == ".." || strings.ContainsAny(x, "/\x00 ") {
			t.Fatalf("%q is %q, which is no name of a file", a, x)
		}
	})
}

func TestNearest(t *testing.T) {
	t.Parallel()
	candidates := []string{"run_every", "remove_older_than", "load-orders", "exec", "priority", "to"}
	for in, want := range map[string]string{
		"run_evry":     "run_every",
		"RUN_EVERY":    "run_every",
		"remove_older": "remove_older_than",
		"load-order":   "load-orders",
		"exce":         "exec",
		"priorty":      "priority",
		"command":      "",
		"":             "",
		"x":            "",
	} {
		if got := config.Nearest(in, candidates); got != want {
			t.Errorf("the suggestion for %q is %q, want %q", in, got, want)
		}
	}
}
