package priorityq_test

import (
	"go/build"
	"strings"
	"testing"
)

// TestFloor: the ground floor stands on the standard library alone.
func TestFloor(t *testing.T) {
	t.Parallel()
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pkg.Imports {
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") {
			t.Errorf("imports %s", path)
		}
	}
}
