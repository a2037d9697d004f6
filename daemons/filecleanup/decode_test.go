package filecleanup_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/filecleanup"
)

func load(t *testing.T, text string) (*config.Config, error) {
	t.Helper()
	registry, err := config.NewRegistry(filecleanup.Type())
	must(t, err)
	cfg, found := config.Load(config.Options{Paths: []string{"-"}, Stdin: strings.NewReader(text), Registry: registry})
	return cfg, found.Err()
}

// A configuration as users write it becomes a daemon that cleans.
func TestFromAConfiguration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "a.tmp", "b.tmp", "c", "d/e.tmp")
	cfg, err := load(t, fmt.Sprintf(`
daemon "file_cleanup" "sessions" {
  run_every         = "5m"
  directory         = %q
  remove_older_than = "30m"
  include           = ["*.tmp"]
  exclude           = ["b*"]
  recursive         = true
}`, dir))
	must(t, err)
	specs, err := cfg.Specs(config.BuildEnv{Clock: newAhead(day)})
	must(t, err)
	got, err := specs[0].Daemon.Run(t.Context())
	if err != nil || got.Outcome != schedule.Worked || got.Count != 2 {
		t.Errorf("run: got %v, %v", got, err)
	}
	wantLeft(t, dir, "b.tmp", "c", "d/")
	next := specs[0].Daemon.NextRun(schedule.Run{Finished: time.Unix(0, 0), Result: got})
	if want := time.Unix(300, 0); !next.Equal(want) {
		t.Errorf("next run: got %v, want %v", next, want)
	}
}

func TestEverySettingCanBeWritten(t *testing.T) {
	t.Parallel()
	cfg, err := load(t, `
daemon "file_cleanup" "all" {
  run_every              = "5m"
  directory              = "/srv/x"
  include                = ["a"]
  exclude                = ["b"]
  remove_older_than      = "1d12h"
  age_by                 = "mab"
  recursive              = true
  one_file_system        = true
  types                  = ["file", "symlink", "socket", "fifo"]
  keep_newest            = 3
  maximum_total_size     = "2GiB"
  empty_directories      = true
  unit                   = "file"
  in_use                 = "flock"
  action                 = "archive"
  archive_directory      = "/srv/y"
  trash_for              = "1w"
  dry_run                = true
  maximum_per_run        = 7
  slice                  = "10ms"
  minimum_age            = "2m"
  verify                 = true
  allow_unsafe_directory = true
}`)
	must(t, err)
	got := cfg.Daemons[0].Settings.(filecleanup.Settings)
	want := filecleanup.Settings{
		Directory: "/srv/x", Include: []string{"a"}, Exclude: []string{"b"}, RemoveOlderThan: 36 * time.Hour, AgeBy: "mab",
		Recursive: true, OneFileSystem: true, Types: []string{"file", "symlink", "socket", "fifo"}, KeepNewest: 3,
		MaximumTotalSize: 2 << 30, EmptyDirectories: true, Unit: "file", InUse: "flock", Action: "archive",
		ArchiveDirectory: "/srv/y", TrashFor: 7 * day, DryRun: true, MaximumPerRun: 7, Slice: 10 * time.Millisecond,
		MinimumAge: 2 * time.Minute, Verify: true, AllowUnsafeDirectory: true,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("settings:\n got %+v\nwant %+v", got, want)
	}
}

func TestMistakesAreToldWithTheirPlace(t *testing.T) {
	t.Parallel()
	for attribute, part := range map[string]string{
		`types = ["device"]`:     "4:11",
		`age_by = "x"`:           "letters m, c, a, b",
		`action = "archive"`:     "archive",
		`unit = "tree"`:          "unit",
		`include = ["["]`:        "pattern",
		`remove_older = "30m"`:   `no attribute "remove_older"`,
		`remove_older_than = 30`: "duration",
	} {
		_, err := load(t, "daemon \"file_cleanup\" \"x\" {\n  run_every = \"5m\"\n  directory = \"/srv/x\"\n  "+attribute+"\n}\n")
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: got %v, want an error with %q", attribute, err, part)
		}
	}
}

// Every example of the documentation is a configuration that decodes.
func TestDocumentationDecodes(t *testing.T) {
	t.Parallel()
	blocks := strings.Split(filecleanup.Type().Doc(), "```")
	found := 0
	for i := 1; i < len(blocks); i += 2 {
		text, isHCL := strings.CutPrefix(blocks[i], "hcl\n")
		if !isHCL {
			continue
		}
		found++
		if _, err := load(t, text); err != nil {
			t.Errorf("example %d: %v", found, err)
		}
	}
	if found < 2 {
		t.Errorf("found %d examples in the documentation", found)
	}
}

func TestARelativeDirectoryIsTakenFromTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "spool/old")
	file := filepath.Join(dir, "x.hcl")
	write(t, dir, "x.hcl")
	must(t, writeText(file, "daemon \"file_cleanup\" \"x\" {\n  run_every = \"5m\"\n  directory = \"spool\"\n  remove_older_than = \"1h\"\n  slice = \"1h\"\n}\n"))
	registry, err := config.NewRegistry(filecleanup.Type())
	must(t, err)
	cfg, diagnostics := config.Load(config.Options{Paths: []string{file}, Registry: registry})
	must(t, diagnostics.Err())
	specs, err := cfg.Specs(config.BuildEnv{Clock: newAhead(day)})
	must(t, err)
	_, err = specs[0].Daemon.Run(t.Context())
	must(t, err)
	wantLeft(t, filepath.Join(dir, "spool"))
}
