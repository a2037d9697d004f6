package metrics_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/peakd/peakd/daemonapp/metrics"
)

const rules = "alerts/peakd.rules.yml"

// TestRules has promtool check the shipped alerts, and run their unit tests.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"check", "rules", "--lint=all", "--lint-fatal", rules}, {"test", "rules", "alerts/peakd.rules.test.yml"}} {
		if out, err := promtool(t, "", args...); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// TestNamesInRules: every metric in a rule, in a unit test of one and in a query of the page is one that there is.
func TestNamesInRules(t *testing.T) {
	t.Parallel()
	names := taken(t)
	for _, file := range []string{rules, "alerts/peakd.rules.test.yml", "../../docs/metrics.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		used := regexp.MustCompile(`\bpeakd_[a-z_]+\b`).FindAllString(string(text), -1)
		if len(used) < 10 {
			t.Errorf("%s: only %d names found", file, len(used))
		}
		for _, name := range used {
			if !slices.Contains(names, name) {
				t.Errorf("%s: there is no %s", file, name)
			}
		}
	}
}

// taken are the names that there are, those of histograms with their parts, and those of types of daemons as documented.
func taken(t testing.TB) []string {
	t.Helper()
	var names []string
	for _, r := range exposed(t, complete(t, metrics.Options{})) {
		names = append(names, r.name)
		if r.kind == "histogram" {
			names = append(names, r.name+"_bucket", r.name+"_sum", r.name+"_count")
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(peakd_queue_[a-z_]+)` \\|").FindAllStringSubmatch(page(t), -1) {
		names = append(names, m[1])
	}
	return names
}

// TestAlertsAreDocumentedAndTested: each alert has a line on the page and a place in the unit tests, and no other has.
func TestAlertsAreDocumentedAndTested(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(rules)
	if err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile(filepath.Join("alerts", "peakd.rules.test.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	for _, m := range regexp.MustCompile(`(?m)^ +- alert: (\w+)$`).FindAllStringSubmatch(string(text), -1) {
		there = append(there, m[1])
		if !strings.Contains(page(t), "| `"+m[1]+"` |") {
			t.Errorf("docs/metrics.md has no line for %s", m[1])
		}
		fires := regexp.MustCompile(`alertname: ` + m[1] + `\n|alertname="` + m[1] + `",alertstate="firing"`)
		if !fires.Match(tests) {
			t.Errorf("no unit test lets %s fire", m[1])
		}
	}
	for _, name := range regexp.MustCompile(`\bPeakd[A-Z]\w+`).FindAllString(page(t)+string(tests), -1) {
		if !slices.Contains(there, name) {
			t.Errorf("there is no alert %s", name)
		}
	}
}
