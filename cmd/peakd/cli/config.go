package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/peakd/peakd/config"
)

func (c *command) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Look at the configuration",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Help()
			return &exit{ExitUsage, nil}
		},
	}
	var format string
	show := &cobra.Command{
		Use:   "show [NAME]...",
		Short: "Print the configuration as decoded, with where each value comes from",
		Long: `Prints every setting as it was decoded, defaults included, and where its value comes from. Secrets are masked; the
number behind a masked value changes with it. With names, only these daemons.`,
		RunE: func(_ *cobra.Command, names []string) error { return c.configShow(names, format) },
	}
	show.Flags().StringVar(&format, "format", "text", "`form` of the output: text or json")
	cmd.AddCommand(show)
	return cmd
}

func (c *command) configShow(names []string, format string) error {
	if format != "text" && format != "json" {
		return usage("--format %q: text or json", format)
	}
	cfg, err := c.onlyErrors(c.load())
	if err != nil {
		return err
	}
	blocks, err := selected(cfg.Show(), names)
	if err != nil {
		return err
	}
	if format == "json" {
		enc := json.NewEncoder(c.Out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(blocks)
	}
	for i, b := range blocks {
		if i > 0 {
			fmt.Fprintln(c.Out)
		}
		if err := c.showBlock(b); err != nil {
			return err
		}
	}
	return nil
}

// selected are the blocks of these daemons; all without names.
func selected(blocks []config.Shown, names []string) ([]config.Shown, error) {
	if len(names) == 0 {
		return blocks, nil
	}
	var some []config.Shown
	for _, name := range names {
		found := false
		for _, b := range blocks {
			if b.Kind == "daemon" && b.Name == name {
				some, found = append(some, b), true
			}
		}
		if !found {
			return nil, usage("no daemon is called %q", name)
		}
	}
	return some, nil
}

func (c *command) showBlock(b config.Shown) error {
	head := fmt.Sprintf("%s %q", b.Kind, b.Name)
	if b.Type != "" {
		head = fmt.Sprintf("%s %q %q", b.Kind, b.Type, b.Name)
	}
	if b.Disabled {
		head += " (disabled)"
	}
	if b.Where != "" {
		head += "  # " + b.Where
	}
	if _, err := fmt.Fprintln(c.Out, head); err != nil {
		return err
	}
	t := newTable("", "", "")
	t.rows = nil
	for _, s := range b.Settings {
		t.add("  "+s.Path, "= "+shortened(s.Value, 60), "# "+s.Origin)
	}
	return t.write(c.Out)
}

// shortened keeps a long value, such as a script, on one line.
func shortened(text string, width int) string {
	runes := []rune(strings.ReplaceAll(text, "\n", " "))
	if len(runes) <= width {
		return string(runes)
	}
	return string(runes[:width-1]) + "…"
}
