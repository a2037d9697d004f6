package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/peakd/peakd/config"
)

func (c *command) typesCommand() *cobra.Command {
	var common bool
	cmd := &cobra.Command{
		Use:   "types [NAME]",
		Short: "List the daemon types, or the attributes of one",
		Long: `Without an argument, lists the daemon types with a sentence on each.
With a type's name, describes it and prints each of its attributes with type, default and meaning.
With --common, prints the attributes that every daemon has, and those of the app block.`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: c.completeTypes,
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case common:
				return c.printCommon()
			case len(args) == 0:
				return c.listTypes()
			}
			return c.printType(args[0])
		},
	}
	cmd.Flags().BoolVar(&common, "common", false, "the attributes that every daemon has, and the app's")
	return cmd
}

func (c *command) completeTypes(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, t := range c.registry.Types() {
		if len(args) == 0 {
			names = append(names, t.Name()+"\t"+t.Summary())
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

func (c *command) listTypes() error {
	t := newTable("TYPE", "WHAT IT DOES")
	for _, typ := range c.registry.Types() {
		t.add(typ.Name(), typ.Summary())
	}
	if err := t.write(c.Out); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.Out, "\n`%s types NAME` prints a type's attributes, `%s types --common` those that every daemon has.\n", c.Name, c.Name)
	return err
}

func (c *command) printType(name string) error {
	typ, ok := c.registry.Lookup(name)
	if !ok {
		hint := ";"
		if near := c.registry.Suggest(name); near != "" {
			hint = fmt.Sprintf("; did you mean %q?", near)
		}
		return usage("no daemon type is called %q%s `%s types` lists them", name, hint, c.Name)
	}
	if _, err := fmt.Fprintf(c.Out, "%s\n\n%s\n", typ.Name(), reflow(strings.TrimSpace(typ.Doc()))); err != nil {
		return err
	}
	if err := c.printAttributes("Attributes", typ.Attributes()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.Out, "\nAnd those that every daemon has: `%s types --common`.\n", c.Name)
	return err
}

func (c *command) printCommon() error {
	if err := c.printAttributes("Every daemon", config.CommonAttributes()); err != nil {
		return err
	}
	return c.printAttributes("\napp \"NAME\" { }", config.AppAttributes())
}

func (c *command) printAttributes(title string, attributes []config.Attribute) error {
	if _, err := fmt.Fprintf(c.Out, "\n%s\n", title); err != nil {
		return err
	}
	t := newTable("  ATTRIBUTE", "TYPE", "DEFAULT", "MEANING")
	addAttributes(t, "  ", attributes)
	return t.write(c.Out)
}

func addAttributes(t *table, indent string, attributes []config.Attribute) {
	for _, a := range attributes {
		name, fallback := indent+a.Name, a.Default
		for _, label := range a.Labels {
			name += ` "` + strings.ToUpper(label.Name) + `"`
		}
		if a.Required {
			fallback = "required"
		}
		meaning := a.Doc
		if len(a.Enum) > 0 {
			meaning += " (" + strings.Join(a.Enum, ", ") + ")"
		}
		t.add(name, a.Type, fallback, meaning)
		addAttributes(t, indent+"  ", a.Attributes)
	}
}

// reflow breaks the paragraphs of a Markdown text to the width of a table; code, tables and lists stay as they are.
func reflow(text string) string {
	var out, paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			out = append(out, broken(strings.Join(paragraph, " "), tableWidth)...)
			paragraph = nil
		}
	}
	code := false
	for _, line := range strings.Split(text, "\n") {
		fence := strings.HasPrefix(line, "```")
		if code || fence || line == "" || strings.ContainsAny(line[:1], "|-#") {
			flush()
			out = append(out, line)
			code = code != fence
			continue
		}
		paragraph = append(paragraph, strings.TrimSpace(line))
	}
	flush()
	return strings.Join(out, "\n")
}
