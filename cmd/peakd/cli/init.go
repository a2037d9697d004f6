package cli

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

//go:embed starter.hcl
var starter string

func (c *command) initCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a commented starter configuration",
		Long: fmt.Sprintf(`Writes a starter configuration in which every line is explained, to standard output or, with --output, to a file
that does not exist yet:

    %s init --output %s/%s.hcl`, c.Name, c.defaultConfig(), c.Name),
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text := strings.ReplaceAll(starter, "peakd", c.Name)
			if output == "" || output == "-" {
				_, err := fmt.Fprint(c.Out, text)
				return err
			}
			return c.writeStarter(output, text)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "`file` to write; an existing one is not overwritten")
	return cmd
}

func (c *command) writeStarter(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return &exit{ExitFailure, fmt.Errorf("%s exists; init overwrites nothing", path)}
	}
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("init %s: %w", path, err)
	}
	_, err = fmt.Fprintf(c.Out, "wrote %s; check it with `%s validate -c %s`, see what it would do with `%s simulate -c %s`\n",
		path, c.Name, path, c.Name, path)
	return err
}
