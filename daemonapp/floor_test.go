package daemonapp_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestFloor keeps the shell on its floor: it may stand on the standard library, the clock, the core and the
// queue, and on nothing else.
func TestFloor(t *testing.T) {
	t.Parallel()
	allowed := []string{
		"github.com/benbjohnson/clock",
		"github.com/peakd/peakd/daemonapp/schedule",
		"github.com/peakd/peakd/priorityq",
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files to look at: %v", err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range f.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			first, _, _ := strings.Cut(path, "/")
			if strings.Contains(first, ".") && !slices.Contains(allowed, path) {
				t.Errorf("%s imports %s, which is not below this floor", file, path)
			}
		}
	}
}
