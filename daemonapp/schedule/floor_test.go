package schedule_test

import (
	"go/build"
	"strings"
	"testing"
)

// TestFloor: the core stands on the standard library and priorityq alone, and on nothing that could make it
// impure.
func TestFloor(t *testing.T) {
	t.Parallel()
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	impure := []string{"context", "log", "log/slog", "os", "os/signal", "net", "sync", "sync/atomic", "io", "unsafe"}
	for _, path := range pkg.Imports {
		first, _, _ := strings.Cut(path, "/")
		if strings.Contains(first, ".") && path != "github.com/peakd/peakd/priorityq" {
			t.Errorf("imports %s", path)
		}
		for _, no := range impure {
			if path == no {
				t.Errorf("imports %s", path)
			}
		}
	}
}
