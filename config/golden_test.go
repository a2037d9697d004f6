package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/config"
)

var update = flag.Bool("update", false, "write the golden files anew") //nolint:gochecknoglobals // flags are

// TestDiagnostics compares what is said of each configuration in testdata/bad with the file beside it.
func TestDiagnostics(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir("testdata/bad")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		path := filepath.Join("testdata/bad", e.Name())
		if strings.HasSuffix(path, ".txt") {
			continue
		}
		t.Run(e.Name(), func(t *testing.T) {
			t.Parallel()
			_, diags := config.Load(options(t, path))
			golden(t, path+".txt", shown(t, diags))
			for _, d := range diags.All() {
				if d.Line > 0 && (d.Start > d.End || d.End > len(d.Source)) {
					t.Errorf("%s: the caret stands at %d..%d of %q", d, d.Start, d.End, d.Source)
				}
			}
		})
	}
}

// golden compares a text with a file, or writes the file.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}
