package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp/control"
)

// remote says which running app a command is for.
type remote struct {
	socket, app string
}

func (r *remote) add(f *pflag.FlagSet) {
	f.StringVar(&r.socket, "socket", "", "control socket of the running app, as a `path` (default the only one there)")
	f.StringVar(&r.app, "app", "", "`name` of the running app, where there are several")
}

// statusSource is the running app, for status and top.
func (c *command) statusSource() (statusSource, error) {
	client, err := c.dial(context.Background(), ExitNotRunning)
	if err != nil {
		return nil, err
	}
	return client, nil
}

// lookTime is how long an app may take to accept a connection while it is looked for.
const lookTime = 2 * time.Second

// dial finds the running app. If there is none, the command ends with the code notRunning.
func (c *command) dial(ctx context.Context, notRunning int) (*control.Client, error) {
	client, err := c.find(ctx)
	if errors.Is(err, control.ErrNotRunning) {
		return nil, &exit{notRunning, err}
	}
	if err != nil {
		return nil, err
	}
	if sudo, ok := c.getenv("SUDO_USER"); ok && os.Geteuid() == 0 {
		client.Sudo = sudo
	}
	return client, nil
}

func (c *command) find(ctx context.Context) (*control.Client, error) {
	if c.remote.socket != "" {
		return c.findAt(ctx, c.remote.socket)
	}
	places := c.places("")
	var alive []*control.Client
	var denied, dead []string
	for _, path := range places.Sockets() {
		if c.remote.app != "" && control.AppOf(path) != c.remote.app {
			continue
		}
		switch client, err := look(ctx, path); {
		case err == nil:
			alive = append(alive, client)
		case errors.Is(err, fs.ErrPermission):
			denied = append(denied, path)
		default:
			dead = append(dead, path)
		}
	}
	switch {
	case len(alive) == 1:
		return alive[0], nil
	case len(alive) > 1:
		return nil, several(alive)
	case len(denied) > 0:
		return nil, fmt.Errorf("connect to %s: permission denied; ask for the group of its control block, or be root", strings.Join(denied, ", "))
	}
	return nil, c.notFound(places.Patterns(), dead)
}

// findAt finds the app at a socket that was named.
func (c *command) findAt(ctx context.Context, path string) (*control.Client, error) {
	client, err := look(ctx, path)
	if errors.Is(err, control.ErrNotRunning) {
		return nil, fmt.Errorf("%w: nobody answers at %s", control.ErrNotRunning, path)
	}
	if err != nil || c.remote.app == "" {
		return client, err
	}
	about, err := client.Version(ctx)
	if err == nil && about.App != c.remote.app {
		return nil, usage("the app at %s is called %q, not %q; leave out --app or --socket", path, printable(about.App), c.remote.app)
	}
	return client, err
}

func look(ctx context.Context, path string) (*control.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	return control.Dial(ctx, path)
}

// several lists the apps that there are.
func several(alive []*control.Client) error {
	list := make([]string, len(alive))
	for i, client := range alive {
		list[i] = fmt.Sprintf("%s (%s)", printable(control.AppOf(client.Path())), printable(client.Path()))
	}
	return usage("several apps run: %s; say which by --app NAME, or by --socket PATH", strings.Join(list, ", "))
}

// notFound says what was looked for, and where.
func (c *command) notFound(patterns, dead []string) error {
	what := "no app is running"
	if c.remote.app != "" {
		what = fmt.Sprintf("no app called %q is running", c.remote.app)
	}
	places := make([]string, len(patterns))
	for i, pattern := range patterns {
		places[i] = filepath.Dir(pattern)
		if _, err := os.ReadDir(places[i]); errors.Is(err, fs.ErrPermission) {
			places[i] += " (which you may not read)"
		}
	}
	left := ""
	if len(dead) > 0 {
		left = fmt.Sprintf(" (%s is left over from one that has ended)", strings.Join(dead, ", "))
	}
	return &notRunning{fmt.Sprintf("%s: nobody answers at a socket in %s%s; `%s run` starts one, --socket names another place",
		what, strings.Join(places, ", "), left, c.Name)}
}

// notRunning is control.ErrNotRunning in words of its own.
type notRunning struct{ text string }

// Error implements error.
func (e *notRunning) Error() string { return e.text }

// Is implements the test of [errors.Is].
func (e *notRunning) Is(target error) bool { return target == control.ErrNotRunning } //nolint:errorlint // this is errors.Is

// places are where sockets are; stateDir is that of the app whose socket is to be placed, empty for clients.
func (c *command) places(stateDir string) control.Places {
	runtime, _ := c.getenv("RUNTIME_DIRECTORY")
	xdg, _ := c.getenv("XDG_RUNTIME_DIR")
	base, _ := c.stateBase() // without one there is no socket there
	return control.Places{
		Program: c.Name, Root: os.Geteuid() == 0, RuntimeDirectory: runtime, XDGRuntimeDir: xdg, StateDir: base, StateOf: stateDir,
	}
}

// socketPath is where the control socket of an app is; shared tells that its directory is the program's own.
func (c *command) socketPath(cfg *config.Config, stateDir string) (path string, shared bool, err error) {
	if k := cfg.App.Control; k != nil && k.Socket != "" {
		return string(k.Socket), false, nil
	}
	path, err = c.places(stateDir).Path(c.label(cfg))
	return path, true, err
}

// asked turns the error of a request into that of the command: a request that makes no sense is one of usage.
func asked(err error) error {
	refused := (*control.Error)(nil)
	switch {
	case !errors.As(err, &refused):
		return err
	case refused.Status == 400:
		return &exit{ExitUsage, err}
	}
	return err
}

// completeDaemons completes the names of the running app's daemons.
func (c *command) completeDaemons(cmd *cobra.Command, done []string, _ string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), time.Second)
	defer cancel()
	if err := c.fromEnvironment(cmd.Flags()); err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	client, err := c.find(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	all, err := client.Daemons(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	said := map[string]bool{}
	for _, name := range done {
		said[name] = true
	}
	var names []string
	for _, d := range all {
		if !said[d.Name] {
			names = append(names, d.Name+"\t"+d.State+", "+d.Type)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
