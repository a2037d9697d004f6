package config_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// execSettings are those of a stand-in for the type that runs commands.
type execSettings struct {
	Command  []string          `hcl:"command" doc:"program and arguments"`
	Script   string            `hcl:"script" doc:"text for the shell"`
	Env      map[string]string `hcl:"env" doc:"environment"`
	Dir      config.Path       `hcl:"dir" doc:"working directory"`
	Umask    config.Mode       `hcl:"umask" doc:"file mode mask"`
	Output   config.Size       `hcl:"output" doc:"how much output is kept"`
	Nice     *int              `hcl:"nice" doc:"niceness" default:"the parent's"`
	Password string            `hcl:"password,sensitive" doc:"for standard input"`
	Shift    time.Duration     `hcl:"shift,signed" doc:"moves a time"`
	Codes    []int             `hcl:"codes" doc:"exit codes that mean success"`
	Mode     string            `hcl:"mode" enum:"fast|slow" doc:"how"`
	Limits   *limits           `hcl:"limits,block" doc:"limits of the process"`
	Deliver  []deliver         `hcl:"deliver,block" doc:"where results go"`
}

type limits struct {
	Nofile uint64      `hcl:"nofile" doc:"open files"`
	Memory config.Size `hcl:"memory" doc:"memory"`
}

// SetDefaults gives a limits block its defaults.
func (l *limits) SetDefaults() { l.Nofile = 1024 }

type deliver struct {
	Kind   string `hcl:"kind,label" enum:"smtp|http" doc:"how"`
	Server string `hcl:"server,required" doc:"where to"`
	Token  string `hcl:"token,sensitive" doc:"for the server"`
}

// Validate implements what config asks settings.
func (s *execSettings) Validate() []*daemonapp.FieldError {
	var all []*daemonapp.FieldError
	if len(s.Command) == 0 && s.Script == "" {
		all = append(all, &daemonapp.FieldError{Message: "exec has neither command nor script", Hint: `write command = ["PROGRAM", "ARGUMENT"]`})
	}
	if s.Limits != nil && s.Limits.Nofile == 0 {
		all = append(all, &daemonapp.FieldError{Field: "limits.nofile", Message: "nofile cannot be 0"})
	}
	if s.Script == "bad" {
		all = append(all, &daemonapp.FieldError{Field: "script", Message: "the script is bad"})
	}
	return all
}

// Warnings implements what config asks settings.
func (s *execSettings) Warnings() []*daemonapp.FieldError {
	if len(s.Command) > 0 && s.Command[0] == "/no/such/program" {
		return []*daemonapp.FieldError{{Field: "command", Message: "there is no program /no/such/program"}}
	}
	return nil
}

// seedSettings are those of a stand-in for the type that has a child for each directory.
type seedSettings struct {
	Directory config.Path     `hcl:"directory,required" doc:"where the directories are"`
	Include   []string        `hcl:"include" doc:"glob patterns"`
	Child     config.Template `hcl:"child,block,required" doc:"each child"`
}

type managerSettings struct {
	Queue *config.Template `hcl:"queue,block" type:"exec" doc:"each queue"`
}

type cleanupSettings struct {
	Directory       config.Path   `hcl:"directory,required" doc:"where to look"`
	RemoveOlderThan time.Duration `hcl:"remove_older_than" doc:"age of what is removed"`
}

// built is what the stand-ins build: a daemon that shows what it was given.
type built struct {
	schedule.Planner
	Env      config.Env
	Settings any
}

func (b *built) Run(context.Context) (schedule.Result, error) {
	return schedule.Result{Outcome: schedule.Idle}, nil
}

func build[S any](env config.Env, s S) (daemonapp.Daemon, error) {
	if e, ok := any(s).(execSettings); ok && e.Script == "unbuildable "+e.Password {
		return nil, errors.New("cannot take " + e.Password)
	}
	return &built{env.Planner, env, s}, nil
}

func testTypes() []config.Type {
	return []config.Type{
		config.NewType("exec", "Runs a program.", execSettings{Umask: 0o022, Output: 64 << 10}, build[execSettings]),
		config.NewType("for_each_directory", "Has a child for each directory.", seedSettings{Include: []string{"*"}}, build[seedSettings]),
		config.NewType("queue_manager", "Has queues.", managerSettings{}, build[managerSettings]),
		config.NewType("file_cleanup", "Removes old files.", cleanupSettings{RemoveOlderThan: time.Hour}, build[cleanupSettings]),
		config.NewType("outbox", "Delivers files.", outboxSettings{}, build[outboxSettings]),
	}
}

func testRegistry(t testing.TB) *config.Registry {
	t.Helper()
	r, err := config.NewRegistry(testTypes()...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// files writes files of a configuration and returns their directory.
func files(t testing.TB, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range contents {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// options are those of a test: nothing comes from the environment.
func options(t testing.TB, paths ...string) config.Options {
	t.Helper()
	return config.Options{
		Paths: paths, Registry: testRegistry(t), Hostname: "mailhost",
		Environ:       func(string) (string, bool) { return "", false },
		AllowWritable: true, // whoever the files of the repository belong to
	}
}

// text loads a configuration of one file, which is given on standard input.
func text(t testing.TB, src string) (*config.Config, *config.Diagnostics) {
	t.Helper()
	o := options(t, "-")
	o.Stdin = strings.NewReader(src)
	return config.Load(o)
}

// good loads a configuration that must have no errors.
func good(t testing.TB, src string) *config.Config {
	t.Helper()
	cfg, diags := text(t, src)
	if diags.HasErrors() {
		t.Fatal(shown(t, diags))
	}
	return cfg
}

// only is the settings of the one daemon of a configuration.
func only[S any](t testing.TB, cfg *config.Config) S {
	t.Helper()
	if len(cfg.Daemons) != 1 {
		t.Fatalf("got %d daemons, want 1", len(cfg.Daemons))
	}
	s, ok := cfg.Daemons[0].Settings.(S)
	if !ok {
		t.Fatalf("the settings are %T", cfg.Daemons[0].Settings)
	}
	return s
}

func shown(t testing.TB, diags *config.Diagnostics) string {
	t.Helper()
	var b strings.Builder
	if err := diags.WriteText(&b, config.TextOptions{Full: -1}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
