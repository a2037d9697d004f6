package daemons_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons"
)

// TestEveryTypeFollowsTheCalendar: a daemon with a schedule waits for its first time. One that hides its planner's
// calendar from the scheduler would run at once.
func TestEveryTypeFollowsTheCalendar(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{
		"exec":               `command = ["true"]`,
		"file_cleanup":       `directory = "/tmp/peakd-none"` + "\n" + `remove_older_than = "1h"`,
		"for_each_directory": `directory = "/tmp/peakd-none"` + "\n" + "child \"exec\" {\n run_every = \"1m\"\n command = [\"true\"]\n }",
		"dir_queue":          `directory = "/tmp/peakd-none"` + "\n" + "deliver \"exec\" {\n command = [\"true\"]\n }",
		"dir_queue_manager":  `directory = "/tmp/peakd-none"` + "\n" + "queue {\n run_every = \"1m\"\n deliver \"exec\" {\n command = [\"true\"]\n }\n }",
	}
	registry, err := config.NewRegistry(daemons.Types()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, typ := range daemons.Types() {
		body, ok := bodies[typ.Name()]
		if !ok {
			t.Errorf("%s: give this test a body for it", typ.Name())
			continue
		}
		path := filepath.Join(t.TempDir(), "a.hcl")
		text := "daemon \"" + typ.Name() + "\" \"a\" {\n schedule = \"0 2 * * *\"\n" + body + "\n}\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, found := config.Load(config.Options{Paths: []string{path}, Registry: registry, AllowWritable: true})
		if found.HasErrors() {
			t.Errorf("%s: %v", typ.Name(), found)
			continue
		}
		specs, err := cfg.Specs(config.BuildEnv{StateDir: t.TempDir()})
		if err != nil {
			t.Errorf("%s: %v", typ.Name(), err)
			continue
		}
		if schedule.CalendarOf(specs[0].Daemon) == nil {
			t.Errorf("%s: the scheduler does not see the calendar", typ.Name())
		}
	}
}
