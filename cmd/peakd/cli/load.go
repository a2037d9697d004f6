package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp/statedb"
)

// configPaths are where the configuration is: never the current directory, unless somebody says so.
func (c *command) configPaths() []string {
	if len(c.flags.configs) > 0 {
		return c.flags.configs
	}
	return []string{c.defaultConfig()}
}

// load reads and checks the configuration.
func (c *command) load() (*config.Config, *config.Diagnostics) {
	return c.loadFrom(c.configPaths(), "")
}

func (c *command) loadFrom(paths []string, hostname string) (*config.Config, *config.Diagnostics) {
	return config.Load(config.Options{
		Paths: paths, Stdin: c.In,
		Vars: c.flags.vars, VarFiles: c.flags.varFiles,
		Environ: c.getenv, EnvPrefix: strings.TrimSuffix(c.prefix(), "_"), Program: c.Name,
		Hostname: hostname, Registry: c.registry, AllowWritable: c.flags.allowWritable,
	})
}

// loaded is load for commands that need a configuration without errors: it prints what is wrong.
func (c *command) loaded() (*config.Config, error) { return c.accepted(c.load()) }

func (c *command) accepted(cfg *config.Config, found *config.Diagnostics) (*config.Config, error) {
	if len(found.All()) > 0 {
		if err := found.WriteText(c.Err, config.TextOptions{Color: c.colours(c.Err)}); err != nil {
			return nil, fmt.Errorf("write diagnostics: %w", err)
		}
	}
	if found.HasErrors() {
		return nil, &exit{ExitUsage, nil}
	}
	return cfg, nil
}

// label is the app's: what the configuration says, else the program's name.
func (c *command) label(cfg *config.Config) string {
	if cfg.App.Label == "" {
		return c.Name
	}
	return cfg.App.Label
}

// stateDir is where the app keeps what survives a restart: what the configuration says, else a folder called
// as the app in $STATE_DIRECTORY (systemd's), in /var/lib for root, in the XDG state directory for others.
func (c *command) stateDir(cfg *config.Config) (string, error) {
	if dir := string(cfg.App.StateDir); dir != "" {
		return dir, nil
	}
	base, err := c.stateBase()
	return filepath.Join(base, c.label(cfg)), err
}

func (c *command) stateBase() (string, error) {
	if dirs, ok := c.getenv("STATE_DIRECTORY"); ok && dirs != "" {
		dir, _, _ := strings.Cut(dirs, ":")
		return dir, nil
	}
	if os.Geteuid() == 0 {
		return filepath.Join("/var/lib", c.Name), nil
	}
	if dir, ok := c.getenv("XDG_STATE_HOME"); ok && filepath.IsAbs(dir) {
		return filepath.Join(dir, c.Name), nil
	}
	home, ok := c.getenv("HOME")
	if !ok || home == "" {
		return "", fmt.Errorf("no state directory: neither STATE_DIRECTORY, XDG_STATE_HOME nor HOME is set")
	}
	return filepath.Join(home, ".local", "state", c.Name), nil
}

// memory opens what the app remembers. Only another app in the same place is an error: without a state
// directory that can be written the app runs without memory, and says so.
func (c *command) memory(cfg *config.Config) (db *statedb.DB, told error, err error) {
	dir, err := c.stateDir(cfg)
	if err != nil {
		return nil, err, nil
	}
	db, err = openState(dir)
	if isLocked(err) {
		return nil, nil, &exit{ExitFailure, err}
	}
	return db, err, nil
}

// openState waits a moment for a lock whose holder is dead: a process that was killed while it started a job leaves
// the lock to that job until it is the job's program.
func openState(dir string) (db *statedb.DB, err error) {
	for range 50 {
		db, err = statedb.Open(dir)
		if locked := (*statedb.LockedError)(nil); !errors.As(err, &locked) || locked.PID != 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return db, err
}
