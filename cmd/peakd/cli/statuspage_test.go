package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/peakd/peakd/daemonapp/status"
)

// statusExample is a block of the page, with the file that it is a copy of.
var statusExample = regexp.MustCompile("(?s)<!-- (\\S+) -->\n```text\n(.*?)```\n")

// TestStatusPage holds docs/status.md: its examples are what status writes, and it explains every state.
func TestStatusPage(t *testing.T) {
	t.Parallel()
	const root = "../../.."
	path := filepath.Join(root, "docs", "status.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	examples := 0
	written := statusExample.ReplaceAllStringFunc(string(page), func(block string) string {
		examples++
		name := statusExample.FindStringSubmatch(block)[1]
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return "<!-- " + name + " -->\n```text\n" + string(text) + "```\n"
	})
	if examples != 4 {
		t.Errorf("%d examples, want 4", examples)
	}
	if *updateStatus {
		if err := os.WriteFile(path, []byte(written), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if written != string(page) {
		t.Errorf("an example of %s is not what status writes; run this test with -update", path)
	}
	for _, state := range status.States() {
		if !strings.Contains(string(page), "\n| `"+string(state)+"` |") {
			t.Errorf("%s does not explain %q", path, state)
		}
	}
}
