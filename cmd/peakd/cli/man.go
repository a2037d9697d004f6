package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (c *command) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man",
		Short: "Print the manual page, in roff",
		Long: fmt.Sprintf(`Prints the manual page. To read it:

    %s man | man -l -

To install it:

    %s man > /usr/local/share/man/man8/%s.8`, c.Name, c.Name, c.Name),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var b strings.Builder
			c.writeMan(&b, cmd.Root())
			_, err := io.WriteString(c.Out, b.String())
			return err
		},
	}
}

// writeMan writes one page for the whole program: cobra's own generator makes a file a command, and adds a
// megabyte to the program.
func (c *command) writeMan(b *strings.Builder, root *cobra.Command) {
	fmt.Fprintf(b, ".TH %s 8 \"\" %q\n", strings.ToUpper(c.Name), c.Name+" "+c.build().Version)
	fmt.Fprintf(b, ".SH NAME\n%s \\- %s\n", roff(c.Name), roff(root.Short))
	fmt.Fprintf(b, ".SH SYNOPSIS\n.B %s\n.I command\n[\n.I options\n]\n", roff(c.Name))
	fmt.Fprint(b, ".SH DESCRIPTION\n"+roff(description)+"\n")
	fmt.Fprint(b, ".SH COMMANDS\n")
	manCommands(b, root)
	fmt.Fprint(b, ".SH OPTIONS\nThose of every command. They work before and after it; each can be set by a variable of the\n"+
		"environment, "+roff("--log-level by "+c.prefix()+"LOG_LEVEL")+".\n")
	manFlags(b, root.PersistentFlags())
	fmt.Fprint(b, ".SH SIGNALS\n")
	for _, s := range signalTexts() {
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", s[0], roff(s[1]))
	}
	fmt.Fprint(b, ".SH EXIT STATUS\n")
	for _, e := range exitTexts() {
		fmt.Fprintf(b, ".TP\n.B %d\n%s\n", e.code, roff(e.text))
	}
	fmt.Fprintf(b, ".SH FILES\n.TP\n.I %s\nThe configuration, unless --config or %sCONFIG names another.\n",
		roff(c.defaultConfig()), c.prefix())
	fmt.Fprintf(b, ".TP\n.I /var/lib/%s\nWhat survives a restart, for root; else below $XDG_STATE_HOME.\n", c.Name)
}

const description = `One process, one HCL file, many small recurring daemons. Each daemon has a priority and a desired next run ` +
	`time; the highest-priority ready daemon runs, the others wait until it yields. A daemon that finds no work waits longer ` +
	`and longer, and comes back to its pace when work returns.`

func signalTexts() [][2]string {
	return [][2]string{
		{"TERM, INT", "Drain: nothing starts any more, runs in flight get shutdown_grace. A second one forces."},
		{"HUP", "Reload the configuration; what has not changed is not touched."},
		{"USR1", "Write the state to standard error and go on."},
		{"QUIT", "Write goroutines and state to standard error and stop."},
	}
}

type exitText struct {
	code int
	text string
}

func exitTexts() []exitText {
	return []exitText{
		{ExitDone, "Done as asked: a deadline, idle, a signal."},
		{ExitFailure, "A failure; also after QUIT, and run --once if a run failed."},
		{ExitUsage, "Usage, or an invalid configuration: nothing was started. For plan: there are changes."},
		{ExitAbandoned, "Shut down, but some runs had to be abandoned; also after a second signal that forced it."},
	}
}

func manCommands(b *strings.Builder, parent *cobra.Command) {
	for _, cmd := range parent.Commands() {
		if cmd.Hidden || cmd.Name() == "help" {
			continue
		}
		if cmd.HasSubCommands() {
			manCommands(b, cmd)
			continue
		}
		fmt.Fprintf(b, ".SS %s\n%s\n", roff(strings.TrimPrefix(cmd.UseLine(), parent.Root().Name()+" ")), roff(orElse(cmd.Long, cmd.Short)))
		manFlags(b, cmd.LocalNonPersistentFlags())
	}
}

func manFlags(b *strings.Builder, flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		name, text := pflag.UnquoteUsage(f)
		head := "--" + f.Name
		if f.Shorthand != "" {
			head = "-" + f.Shorthand + ", " + head
		}
		if name != "" {
			head += " " + name
		}
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(head), roff(text))
	})
}

// roff escapes text, and keeps indented lines as they are.
func roff(text string) string {
	var b strings.Builder
	for i, line := range strings.Split(strings.ReplaceAll(text, `\`, `\e`), "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		indented := strings.HasPrefix(line, "    ")
		line = strings.ReplaceAll(strings.TrimSpace(line), "-", `\-`)
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			line = `\&` + line
		}
		switch {
		case line == "":
			b.WriteString(".PP")
		case indented:
			b.WriteString(".RS\n.nf\n" + line + "\n.fi\n.RE")
		default:
			b.WriteString(line)
		}
	}
	return b.String()
}

func orElse(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
