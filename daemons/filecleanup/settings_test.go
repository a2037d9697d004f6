package filecleanup_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/filecleanup"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		change func(*filecleanup.Settings)
		fields []string
	}{
		{"defaults", func(*filecleanup.Settings) {}, nil},
		{"no directory", func(s *filecleanup.Settings) { s.Directory = "" }, []string{"directory"}},
		{"the root", func(s *filecleanup.Settings) { s.Directory = "//" }, []string{"directory"}},
		{"the root, allowed", func(s *filecleanup.Settings) { s.Directory, s.AllowUnsafeDirectory = "/", true }, nil},
		{"bad patterns", func(s *filecleanup.Settings) { s.Include, s.Exclude = []string{"["}, []string{"a/[", ""} }, []string{"include", "exclude", "exclude"}},
		{"no pattern", func(s *filecleanup.Settings) { s.Include = nil }, []string{"include"}},
		{"unknown time", func(s *filecleanup.Settings) { s.AgeBy = "mx" }, []string{"age_by"}},
		{"no time", func(s *filecleanup.Settings) { s.AgeBy = "" }, []string{"age_by"}},
		{"unknown type", func(s *filecleanup.Settings) { s.Types = []string{"file", "device"} }, []string{"types"}},
		{"no type", func(s *filecleanup.Settings) { s.Types = nil }, []string{"types"}},
		{"words", func(s *filecleanup.Settings) { s.Unit, s.InUse, s.Action = "x", "y", "z" }, []string{"unit", "in_use", "action"}},
		{"archive without a place", func(s *filecleanup.Settings) { s.Action = "archive" }, []string{"archive_directory"}},
		{"archive in place", func(s *filecleanup.Settings) { s.Action, s.ArchiveDirectory = "archive", "/x/" }, []string{"archive_directory"}},
		{"empty directories alone", func(s *filecleanup.Settings) { s.EmptyDirectories = true }, []string{"empty_directories"}},
		{"empty directories and subtrees", func(s *filecleanup.Settings) { s.EmptyDirectories, s.Unit = true, "subtree" }, []string{"empty_directories"}},
		{"renames over file systems", func(s *filecleanup.Settings) {
			s.OneFileSystem, s.Verify, s.Action, s.Unit = false, true, "trash", "subtree"
		}, []string{"verify", "action", "unit"}},
		{"negative", func(s *filecleanup.Settings) {
			s.RemoveOlderThan, s.MinimumAge, s.Slice, s.TrashFor, s.KeepNewest, s.MaximumTotalSize, s.MaximumPerRun = -1, -1, -1, -1, -1, -1, -1
		}, []string{"remove_older_than", "minimum_age", "keep_newest", "maximum_total_size", "trash_for", "maximum_per_run", "slice"}},
	}
	for _, c := range cases {
		s := filecleanup.Defaults()
		s.Directory = "/x"
		c.change(&s)
		var fields []string
		for _, f := range s.Validate() {
			fields = append(fields, f.Field)
		}
		if !slices.Equal(fields, c.fields) {
			t.Errorf("%s: got faults of %q, want %q", c.name, fields, c.fields)
		}
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	s := filecleanup.Defaults()
	s.Directory = config.Path(filepath.Join(t.TempDir(), "missing"))
	s.RemoveOlderThan = time.Second
	s.Action, s.ArchiveDirectory = "archive", "/nonexistent"
	s.InUse = "none"
	var fields []string
	for _, f := range s.Warnings() {
		fields = append(fields, f.Field)
	}
	if want := []string{"remove_older_than", "directory", "archive_directory"}; !slices.Equal(fields, want) {
		t.Errorf("warnings: got %q, want %q", fields, want)
	}
	ok := filecleanup.Defaults()
	ok.Directory, ok.InUse = config.Path(t.TempDir()), "none"
	if got := ok.Warnings(); len(got) != 0 {
		t.Errorf("warnings: got %v, want none", got)
	}
}

// A daemon that runs once has no next run to go on in.
func TestRunOnceWorksInOneGo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a", "b", "c")
	s := filecleanup.Defaults()
	s.Directory, s.RemoveOlderThan, s.Slice, s.MaximumPerRun = config.Path(dir), time.Hour, 1, 1
	c, err := filecleanup.New(config.Env{
		Log: zap.NewNop(), Clock: newAhead(day), Terms: daemonapp.Terms{RunOnce: true},
	}, s)
	must(t, err)
	got, err := c.Run(t.Context())
	if err != nil || got != (schedule.Result{Outcome: schedule.Worked, Count: 3}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestType(t *testing.T) {
	t.Parallel()
	if got := filecleanup.Type().Name(); got != "file_cleanup" {
		t.Errorf("name: got %q", got)
	}
	if _, err := filecleanup.New(config.Env{Clock: clock.New()}, filecleanup.Settings{Include: []string{"["}}); err == nil {
		t.Error("a bad pattern was taken")
	}
}
