package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/peakd/peakd/config"
)

func (c *command) validateCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check a configuration and print every fault at once",
		Long: `Reads the configuration, checks it, and prints every error and warning with its place, the line and the way out.
Nothing is started and no state is read. The exit code is 2 if there is an error; warnings do not count.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return c.validate(format) },
	}
	cmd.Flags().StringVar(&format, "format", "text", "`form` of the output: text, json (an object a line) or github (annotations)")
	return cmd
}

func (c *command) validate(format string) error {
	_, found := c.load()
	var err error
	switch format {
	case "text":
		err = found.WriteText(c.Out, config.TextOptions{Color: c.colours(c.Out)})
	case "json":
		err = found.WriteJSON(c.Out)
	case "github":
		err = found.WriteGitHub(c.Out)
	default:
		return usage("--format %q: text, json or github", format)
	}
	if err != nil {
		return fmt.Errorf("write diagnostics: %w", err)
	}
	if found.HasErrors() {
		return &exit{ExitUsage, nil}
	}
	return nil
}
