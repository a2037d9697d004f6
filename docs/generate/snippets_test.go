package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemons"
)

// snippet is a piece of configuration in a page.
type snippet struct {
	where    string // "page:line"
	language string // hcl or json
	text     string
	daemon   string // the type that the page is about, if it is about one
}

var fence = regexp.MustCompile("(?ms)^```(hcl|json)\n(.*?)^```$")

func snippetsOf(page, text, daemon string) []snippet {
	var all []snippet
	for _, m := range fence.FindAllStringSubmatchIndex(text, -1) {
		line := strings.Count(text[:m[0]], "\n") + 2
		s := snippet{page + ":" + strconv.Itoa(line), text[m[2]:m[3]], text[m[4]:m[5]], daemon}
		if s.language == "hcl" || regexp.MustCompile(`^\s*\{\s*"(app|daemon|defaults|variable)"`).MatchString(s.text) {
			all = append(all, s)
		}
	}
	return all
}

// allSnippets are those of every page and of the types' own descriptions.
func allSnippets(t *testing.T) []snippet {
	t.Helper()
	var all []snippet
	for _, path := range append(markdown(t, ".."), "../../README.md", "../../CHANGELOG.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		daemon := ""
		if filepath.Base(filepath.Dir(path)) == typesFolder {
			daemon = strings.TrimSuffix(filepath.Base(path), ".md")
		}
		all = append(all, snippetsOf(strings.TrimPrefix(path, "../"), string(text), daemon)...)
	}
	for _, typ := range daemons.Types() {
		all = append(all, snippetsOf(typ.Name(), typ.Doc(), typ.Name())...)
	}
	return all
}

// TestSnippets loads every snippet as the program would.
func TestSnippets(t *testing.T) {
	t.Parallel()
	all := allSnippets(t)
	if len(all) < 10 {
		t.Fatalf("there are only %d", len(all))
	}
	for _, s := range all {
		t.Run(s.where, func(t *testing.T) {
			t.Parallel()
			if text := faults(t, s); text != "" {
				t.Errorf("%s\n%s", s.text, text)
			}
		})
	}
}

// faults are the errors of a snippet, for people.
func faults(t *testing.T, s snippet) string {
	t.Helper()
	registry, err := config.NewRegistry(daemons.Types()...)
	if err != nil {
		t.Fatal(err)
	}
	text, assumptions := s.text, false
	if s.language == "hcl" {
		text, assumptions = complete(t, registry, s)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "snippet.hcl")
	if s.language == "json" {
		path += ".json"
	}
	write(t, path, surroundings(t, dir, text))
	o := config.Options{
		Paths: []string{path}, Registry: registry, Hostname: "host", AllowWritable: true,
		Environ: func(name string) (string, bool) {
			if name == "CREDENTIALS_DIRECTORY" {
				return dir, true
			}
			return "value", true
		},
	}
	var diags *config.Diagnostics
	if assumptions {
		_, diags = config.LoadAssumptions(o)
	} else {
		_, diags = config.Load(o)
	}
	if !diags.HasErrors() {
		return ""
	}
	var b strings.Builder
	if err := diags.WriteText(&b, config.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var (
	readsFile       = regexp.MustCompile(`(file|secret)\(\\?"/*([^"$]+?)\\?"\)`)
	readsCredential = regexp.MustCompile(`credential\(\\?"([^"$]+?)\\?"\)`)
)

// surroundings makes the files that a snippet reads, and has it read them from its folder.
func surroundings(t *testing.T, dir, text string) string {
	t.Helper()
	for _, m := range readsFile.FindAllStringSubmatch(text, -1) {
		write(t, filepath.Join(dir, m[2]), "text")
		text = strings.ReplaceAll(text, m[0], strings.Replace(m[0], "/"+m[2], m[2], 1))
	}
	for _, m := range readsCredential.FindAllStringSubmatch(text, -1) {
		write(t, filepath.Join(dir, m[1]), "text")
	}
	return text
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestASnippetThatIsWrongIsFound: the checks above would be worth nothing otherwise.
func TestASnippetThatIsWrongIsFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"daemon \"exce\" \"x\" {}\n":                   "no daemon type",
		"run_evry = \"5m\"\n":                          "has no attribute",
		"run_every = 5\n":                              "a string with a unit",
		"retry {\n  evry = \"1m\"\n}\n":                "has no attribute",
		"assume \"x\" {\n  outcomes = [\"idel\"]\n}\n": "cannot be",
		"child \"exec\" {\n  comand = []\n}\n":         "has no attribute",
		"remove_older = \"1d\"\n":                      "has no attribute",
		"x = {\n":                                      "error",
	} {
		if got := faults(t, snippet{language: "hcl", text: text}); !strings.Contains(got, want) {
			t.Errorf("of %q it says\n%s\nwant %q", text, got, want)
		}
	}
}

// TestOwnConfigurationsHaveNoWarnings but for what is not there on this machine.
func TestOwnConfigurationsHaveNoWarnings(t *testing.T) {
	t.Parallel()
	registry, err := config.NewRegistry(daemons.Types()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"../../cmd/peakd/cli/starter.hcl", "../../examples/demo/demo.hcl"} {
		_, diags := config.Load(config.Options{Paths: []string{path}, Registry: registry, AllowWritable: true})
		for _, d := range diags.All() {
			if d.Severity == config.Error || !strings.Contains(d.Summary+strings.Join(d.Hints, " "), "its runs will fail") {
				t.Errorf("%s", d)
			}
		}
	}
}
