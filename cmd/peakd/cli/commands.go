package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/peakd/peakd/config"
)

// WriteCommands writes the reference of all commands in Markdown, for the documentation.
func (h Host) WriteCommands(w io.Writer) error {
	registry, err := config.NewRegistry(h.Types...)
	if err != nil {
		return fmt.Errorf("write commands: %w", err)
	}
	c := &command{Host: h, registry: registry}
	root := c.root()
	var b strings.Builder
	fmt.Fprintf(&b, "# Commands\n\nEvery command of %s. `%s COMMAND --help` prints the same.\n", c.Name, c.Name)
	markdownCommands(&b, root)
	b.WriteString("\n## Options of every command\n\nThey work before and after the command. A flag wins over the environment " +
		"(`" + c.prefix() + "LOG_LEVEL` is `--log-level`), that over the default.\n")
	markdownFlags(&b, root.PersistentFlags())
	b.WriteString("\n## Signals of `run`\n\n| signal | what it does |\n|---|---|\n")
	for _, s := range signalTexts() {
		fmt.Fprintf(&b, "| %s | %s |\n", s[0], s[1])
	}
	b.WriteString("\n## Exit codes\n\n| code | meaning |\n|---|---|\n")
	for _, e := range exitTexts() {
		fmt.Fprintf(&b, "| %d | %s |\n", e.code, e.text)
	}
	_, err = io.WriteString(w, b.String())
	return err
}

func markdownCommands(b *strings.Builder, parent *cobra.Command) {
	for _, cmd := range parent.Commands() {
		if cmd.Hidden || cmd.Name() == "help" || cmd.Name() == "completion" {
			continue
		}
		if cmd.HasSubCommands() {
			markdownCommands(b, cmd)
			continue
		}
		fmt.Fprintf(b, "\n## %s\n\n```text\n%s\n```\n\n", strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" "), cmd.UseLine())
		b.WriteString(markdownText(orElse(cmd.Long, cmd.Short+".")) + "\n")
		markdownFlags(b, cmd.LocalNonPersistentFlags())
	}
	if !parent.HasParent() {
		fmt.Fprintf(b, "\n## completion\n\n```text\n%s completion bash|zsh|fish|powershell\n```\n\nPrints a completion script; "+
			"`%s completion bash --help` says where it goes.\n", parent.Name(), parent.Name())
	}
}

// markdownText fences what is indented.
func markdownText(text string) string {
	var out []string
	code := false
	for _, line := range strings.Split(text, "\n") {
		indented := strings.HasPrefix(line, "    ")
		if indented != code && (line != "" || indented) {
			fence := "```"
			if indented {
				fence = "```text"
			}
			out = append(out, fence)
			code = indented
		}
		out = append(out, strings.TrimPrefix(line, "    "))
	}
	if code {
		out = append(out, "```")
	}
	return strings.Join(out, "\n")
}

func markdownFlags(b *strings.Builder, flags *pflag.FlagSet) {
	first := true
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		if first {
			b.WriteString("\n| flag | meaning |\n|---|---|\n")
			first = false
		}
		name, text := pflag.UnquoteUsage(f)
		head := "--" + f.Name
		if f.Shorthand != "" {
			head = "-" + f.Shorthand + ", " + head
		}
		if name != "" {
			head += " " + strings.ToUpper(name)
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", head, strings.ReplaceAll(text, "|", "\\|"))
	})
}
