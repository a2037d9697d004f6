package daemons_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/daemontest"
	"github.com/peakd/peakd/daemons"
	"github.com/peakd/peakd/daemons/exec"
)

func TestMain(m *testing.M) {
	if exec.Trampoline() {
		os.Exit(127)
	}
	os.Exit(m.Run())
}

// block is the body of a daemon block of each type, for the conformance suite. DIR is a directory with three
// old files and two directories.
func blocks() map[string][]string {
	return map[string][]string{
		"exec": {
			`run_every = "1h"
			 command   = ["true"]`,
			`run_every  = "1h"
			 kill_grace = "1s"
			 script     = "sleep 60 & wait"`,
		},
		"file_cleanup": {
			`run_every = "1h"
			 directory = "DIR"
			 recursive = true`,
		},
		"dir_queue": {
			`run_every = "1h"
			 directory = "DIR"
			 deliver "exec" {
			   command = ["true"]
			 }`,
			`run_every = "1h"
			 directory = "DIR"
			 deliver "exec" {
			   command    = ["/bin/sh", "-c", "sleep 60 & wait"]
			   kill_grace = "1s"
			 }`,
			`run_every = "1h"
			 directory = "DIR"
			 deliver "worker" {
			   command = ["/bin/sh", "-c", "echo peakd-worker 1; while read -r word n rest; do echo ok $n; done"]
			 }`,
			`run_every = "1h"
			 directory = "DIR"
			 deliver "http" {
			   url = "http://127.0.0.1:1/"
			 }`,
			`run_every = "1h"
			 directory = "DIR"
			 deliver "smtp" {
			   server = "127.0.0.1:1"
			 }`,
		},
		"dir_queue_manager": {
			`run_every   = "1h"
			 directory   = "DIR"
			 max_running = 1
			 queue {
			   run_every = "1h"
			   deliver "exec" {
			     command = ["true"]
			   }
			 }`,
		},
		"for_each_directory": {
			`run_every = "1h"
			 directory = "DIR"
			 child "file_cleanup" {
			   run_every = "1h"
			   directory = each.path
			 }`,
		},
	}
}

// TestConformance runs every built-in type, made as peakd makes it, through the suite.
func TestConformance(t *testing.T) {
	t.Parallel()
	bodies := blocks()
	for _, typ := range daemons.Types() {
		name := typ.Name()
		if len(bodies[name]) == 0 {
			t.Errorf("there is no block of %s in blocks() to make one of for the conformance suite: write one", name)
		}
		for i, body := range bodies[name] {
			t.Run(fmt.Sprint(name, i), func(t *testing.T) {
				t.Parallel()
				daemontest.Conform(t, func(t *testing.T) daemonapp.Daemon { return built(t, name, body) })
			})
		}
	}
}

// built makes a daemon of a block.
func built(t *testing.T, typ, body string) daemonapp.Daemon {
	t.Helper()
	text := fmt.Sprintf("daemon %q \"it\" {\n%s\n}\n", typ, strings.ReplaceAll(body, "DIR", directory(t)))
	cfg, found := load(t, text)
	if found.HasErrors() {
		t.Fatal(found)
	}
	state := t.TempDir()
	if err := os.Chmod(state, 0o700); err != nil {
		t.Fatal(err)
	}
	specs, err := cfg.Specs(config.BuildEnv{StateDir: state})
	if err != nil {
		t.Fatal(err)
	}
	return specs[0].Daemon
}

// directory makes one with something to do in it.
func directory(t *testing.T) string {
	t.Helper()
	dir, old := t.TempDir(), time.Now().Add(-1000*time.Hour)
	for _, name := range []string{"a", "b"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"x", "a/y", "b/z"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t *testing.T, text string) (*config.Config, *config.Diagnostics) {
	t.Helper()
	registry, err := config.NewRegistry(daemons.Types()...)
	if err != nil {
		t.Fatal(err)
	}
	return config.Load(config.Options{
		Paths: []string{"-"}, Stdin: strings.NewReader(text), Registry: registry, Hostname: "h",
		Environ: func(string) (string, bool) { return "", false },
	})
}
