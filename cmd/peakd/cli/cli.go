// Package cli is the command line of peakd, for peakd itself and for hosts of other daemon types: one file a
// command, the exit codes in one table.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp/pid1"
)

// Host is a program: its name is in paths, environment variables and texts.
type Host struct {
	// Name is the program's: "peakd".
	Name string
	// Version is what version prints; empty means that of the build information.
	Version string
	// Types are the daemon types it knows.
	Types []config.Type
}

// Main runs a command line and returns the exit code. It is what a main function calls:
//
//	os.Exit(cli.Host{Name: "peakd", Types: daemons.Types()}.Main(context.Background(), os.Args[1:]))
func (h Host) Main(ctx context.Context, args []string) int {
	if pid1.Wanted(args, "run") {
		code, err := pid1.Parent()
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", h.Name, err)
		}
		return code
	}
	return h.Run(ctx, args, Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ()})
}

// Streams are what a command reads and writes besides files.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// Environ is the environment, as os.Environ gives it.
	Environ []string
}

// Run is Main with its surroundings given. It never calls os.Exit.
func (h Host) Run(ctx context.Context, args []string, s Streams) int {
	registry, err := config.NewRegistry(h.Types...)
	if err != nil {
		fmt.Fprintf(s.Err, "%s: %v\n", h.Name, err)
		return ExitFailure
	}
	c := &command{Host: h, Streams: s, registry: registry}
	root := c.root()
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	err = root.ExecuteContext(ctx)
	if e := (*exit)(nil); err != nil && (!errors.As(err, &e) || e.err != nil) {
		fmt.Fprintf(s.Err, "%s: %v\n", h.Name, err)
	}
	return code(err)
}

// command is what all commands share.
type command struct {
	Host
	Streams
	registry *config.Registry
	flags    flags
	remote   remote
}

// flags are those of every command that reads a configuration.
type flags struct {
	configs       []string
	vars          []string
	varFiles      []string
	allowWritable bool
	logFormat     string
	logLevel      string
}

func (c *command) root() *cobra.Command {
	root := &cobra.Command{
		Use:           c.Name,
		Short:         "Runs many small recurring daemons in one process",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Help()
			return &exit{ExitUsage, nil}
		},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.fromEnvironment(cmd.Flags()); err != nil {
				return err
			}
			_, err := c.flags.level()
			return err
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = false
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%w; `%s --help` lists the flags", err, cmd.CommandPath())
	})
	f := root.PersistentFlags()
	f.StringArrayVarP(&c.flags.configs, "config", "c", nil, "configuration `path`: a file, a directory, or - for standard input; repeatable (default "+c.defaultConfig()+")")
	f.StringArrayVar(&c.flags.vars, "var", nil, "value of a variable, as `name=value`; repeatable; no way for secrets")
	f.StringArrayVar(&c.flags.varFiles, "var-file", nil, "`file` of name = value lines; repeatable")
	f.BoolVar(&c.flags.allowWritable, "allow-writable-config", false, "as root, accept a configuration that others can write")
	f.StringVar(&c.flags.logFormat, "log-format", logConsole, "`format` of the log: console or json")
	f.StringVar(&c.flags.logLevel, "log-level", "info", "`level`: debug, info, warn or error")
	c.remote.add(f)
	root.AddCommand(c.commands()...)
	wrapUsage(root)
	return root
}

func (c *command) commands() []*cobra.Command {
	return []*cobra.Command{
		c.runCommand(), c.validateCommand(), c.planCommand(), c.simulateCommand(), c.fmtCommand(),
		c.typesCommand(), c.configCommand(), c.queueCommand(), c.enqueueCommand(), c.initCommand(), c.manCommand(), c.versionCommand(),
		c.triggerCommand(), c.cancelCommand(), c.pauseCommand(), c.resumeCommand(), c.armCommand(), c.disarmCommand(),
		c.skipNextCommand(), c.reloadCommand(), c.drainCommand(), c.stopCommand(),
		c.statusCommand(), c.topCommand(),
		c.historyCommand(), c.logsCommand(),
	}
}

// wrapUsage makes wrong arguments a usage error, with the way to help, in every command.
func wrapUsage(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usage("%w; %ssee `%s --help`", err, didYouMean(cmd, args), cmd.CommandPath())
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		wrapUsage(sub)
	}
}

// didYouMean names the subcommand that is most like the one that does not exist.
func didYouMean(cmd *cobra.Command, args []string) string {
	if cmd.SuggestionsMinimumDistance = 2; len(args) > 0 {
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			return fmt.Sprintf("did you mean %q? ", near[0])
		}
	}
	return ""
}

// prefix begins the host's environment variables: PEAKD_.
func (c *command) prefix() string {
	return strings.ToUpper(strings.ReplaceAll(c.Name, "-", "_")) + "_"
}

// fromEnvironment sets the flags that the command line does not: --log-level from PEAKD_LOG_LEVEL. An empty variable
// sets none.
func (c *command) fromEnvironment(f *pflag.FlagSet) (err error) {
	f.VisitAll(func(flag *pflag.Flag) {
		name := c.prefix() + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		value, ok := c.getenv(name)
		if !ok || value == "" || flag.Changed || flag.Name == "var" || flag.Name == "help" || err != nil {
			return
		}
		if e := f.Set(flag.Name, value); e != nil {
			err = usage("%s=%s: %w", name, value, e)
		}
	})
	return err
}

func (c *command) getenv(name string) (string, bool) {
	for i := len(c.Environ) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(c.Environ[i], name+"="); ok {
			return value, true
		}
	}
	return "", false
}

func (c *command) defaultConfig() string { return "/etc/" + c.Name }

// terminal tells whether w is one, and how wide.
func terminal(w io.Writer) (width int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil {
		return width, true
	}
	return 80, true
}

// colours tells whether to paint what is written to w.
func (c *command) colours(w io.Writer) bool {
	_, isTerminal := terminal(w)
	noColor, _ := c.getenv("NO_COLOR")
	return isTerminal && noColor == ""
}
