package config_test

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/config"
)

func TestEveryFunctionIsDescribed(t *testing.T) {
	t.Parallel()
	var described []string
	config.FunctionExamples(func(call, example, result string) {
		name, _, _ := strings.Cut(call, "(")
		described = append(described, name)
		if example == "" {
			return
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := good(t, "daemon \"exec\" \"x\" {\nrun_every = \"5m\"\ncommand = [jsonencode("+example+"), jsonencode("+result+")]\n}")
			if got := only[execSettings](t, cfg).Command; got[0] != got[1] {
				t.Errorf("%s is %s, not %s", example, got[0], got[1])
			}
		})
	})
	slices.Sort(described)
	if diff := cmp.Diff(config.FunctionNames(), described); diff != "" {
		t.Errorf("functions that there are, and that are described (-want +got):\n%s", diff)
	}
}

// cells are the first cells of all rows of all tables.
func cells(page string) []string {
	var all []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_0-9]+)[^`]*` \\|").FindAllStringSubmatch(page, -1) {
		all = append(all, m[1])
	}
	return all
}

func TestReferenceHasEverySetting(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := config.WriteReference(&b, testRegistry(t)); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if i := strings.Index(page, "{{"); i >= 0 {
		t.Errorf("there is no text for %.20s", page[i:])
	}
	have := cells(page)
	for _, a := range slices.Concat(config.AppAttributes(), config.CommonAttributes()) {
		for _, inner := range append(a.Attributes, a) {
			if !slices.Contains(have, inner.Name) {
				t.Errorf("%s is not in a table", inner.Name)
			}
		}
	}
	for _, typ := range testRegistry(t).Types() {
		if !strings.Contains(page, "(types/"+typ.Name()+".md)") {
			t.Errorf("there is no link to %s", typ.Name())
		}
	}
	columns(t, page)
}

// columns checks that each row of a table has as many cells as its head.
func columns(t *testing.T, page string) {
	t.Helper()
	bar := regexp.MustCompile(`(^|[^\\])\|`)
	want := 0
	for line := range strings.Lines(page) {
		if !strings.HasPrefix(line, "|") {
			want = 0
			continue
		}
		n := len(bar.FindAllString(line, -1))
		if want == 0 {
			want = n
		}
		if n != want {
			t.Errorf("%d bars, not %d, in %s", n, want, line)
		}
	}
}

func TestTypeReference(t *testing.T) {
	t.Parallel()
	type inner struct {
		Way string `hcl:"way" enum:"a|b" doc:"which"`
	}
	type outer struct {
		Kind  string `hcl:"kind,label" enum:"smtp|http" doc:"how"`
		Token string `hcl:"token,sensitive" doc:"for it"`
		Inner *inner `hcl:"inner,block" doc:"more"`
	}
	type settings struct {
		Needed  string          `hcl:"needed,required" doc:"patterns: ** and a|b, see <x> and \x60a*b|c\x60"`
		Words   int             `hcl:"words" doc:"in words" default:"the host's own"`
		Long    []string        `hcl:"long" doc:"a long one"`
		Deliver []outer         `hcl:"deliver,block" doc:"where to"`
		Child   config.Template `hcl:"child,block" doc:"each"`
	}
	typ := config.NewType("x", "Does x.\n\nAnd more.\n", settings{Long: []string{"one", "two", "three", "four", "five"}}, build[settings])
	var b bytes.Buffer
	if err := config.WriteTypeReference(&b, typ); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/type.md", b.String())
	columns(t, b.String())
}

type brokenWriter struct{}

var errBroken = errors.New("broken")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestReferenceTellsOfAWriteThatFails(t *testing.T) {
	t.Parallel()
	if err := config.WriteReference(brokenWriter{}, testRegistry(t)); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
	if err := config.WriteTypeReference(brokenWriter{}, testTypes()[0]); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}
