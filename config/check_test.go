package config_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/peakd/peakd/config"
)

// TestAfterOfAChild: a name that depends on the child is checked when the child is there.
func TestAfterOfAChild(t *testing.T) {
	t.Parallel()
	cfg := good(t, `
daemon "exec" "load-in" {
  run_every = "5m"
  command   = ["true"]
}
daemon "exec" "load-off" {
  run_every = "5m"
  enabled   = false
  command   = ["true"]
}
daemon "for_each_directory" "seed" {
  run_every = "5m"
  directory = "/srv"
  child "exec" {
    run_every = "5m"
    command   = [each.path]
    after     = ["load-${each.name}"]
  }
}`)
	seed := cfg.Daemons[1].Templates()[0]
	for name, want := range map[string]string{
		"in":   "",
		"inn":  `<stdin>:17:17: error: after names "load-inn", and no daemon is called that`,
		"off":  `after names "load-off", which is disabled and never runs`,
		"a/b":  "a child, and children come and go",
		"none": "no daemon is called that",
	} {
		_, err := seed.Decode(config.Each{Name: name, Path: "/srv/" + name})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}

// TestCirclesAreFound: a configuration is refused if and only if its daemons cannot be put in an order in which each
// comes after those it waits for.
func TestCirclesAreFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const n = 6
		var waits [n][n]bool
		var src strings.Builder
		for i := range n {
			var names []string
			for j := range n {
				if i != j && rapid.IntRange(0, 5).Draw(t, fmt.Sprint(i, j)) == 0 {
					waits[i][j] = true
					names = append(names, fmt.Sprintf(`"d%d"`, j))
				}
			}
			fmt.Fprintf(&src, "daemon \"file_cleanup\" \"d%d\" {\nrun_every = \"5m\"\ndirectory = \"/srv\"\nafter = [%s]\n}\n", i, strings.Join(names, ", "))
		}
		var b strings.Builder
		o := config.Options{Paths: []string{"-"}, Stdin: strings.NewReader(src.String()), Environ: func(string) (string, bool) { return "", false }}
		registry, err := config.NewRegistry(testTypes()...)
		if err != nil {
			t.Fatal(err)
		}
		o.Registry = registry
		_, diags := config.Load(o)
		if err := diags.WriteText(&b, config.TextOptions{Full: -1}); err != nil {
			t.Fatal(err)
		}
		if diags.HasErrors() != !ordered(waits[:]) {
			t.Fatalf("of\n%s\nit says\n%s", src.String(), b.String())
		}
	})
}

// ordered takes away, again and again, those that wait for nobody who is left.
func ordered[T ~[6]bool](waits []T) bool {
	left := len(waits)
	gone := make([]bool, left)
	for range waits {
		for i := range waits {
			free := !gone[i]
			for j := range waits {
				free = free && (!waits[i][j] || gone[j])
			}
			if free {
				gone[i] = true
				left--
			}
		}
	}
	return left == 0
}
