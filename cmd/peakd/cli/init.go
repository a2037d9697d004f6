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

//go:embed starter.service
var starterUnit string

func (c *command) initCommand() *cobra.Command {
	var output string
	var systemd bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write a commented starter configuration",
		Long: fmt.Sprintf(`Writes a starter configuration in which every line is explained, to standard output or, with --output, to a file
that does not exist yet:

    %s init --output %s/%s.hcl

With --systemd it writes a hardened unit for systemd instead.`, c.Name, c.defaultConfig(), c.Name),
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, next := starter, "; check it with `%[1]s validate -c %[2]s`, see what it would do with `%[1]s simulate -c %[2]s`"
			if systemd {
				text, next = starterUnit, "; `systemd-analyze verify %[2]s` checks it"
			}
			text = strings.ReplaceAll(text, "peakd", c.Name)
			if output == "" || output == "-" {
				_, err := fmt.Fprint(c.Out, text)
				return err
			}
			return c.writeStarter(output, text, next)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "`file` to write; an existing one is not overwritten")
	cmd.Flags().BoolVar(&systemd, "systemd", false, "write a unit for systemd instead")
	return cmd
}

// writeStarter writes a new file, and tells what to do next with the program of that name and that file.
func (c *command) writeStarter(path, text, next string) error {
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
	_, err = fmt.Fprintf(c.Out, "wrote %[2]s"+next+"\n", c.Name, path)
	return err
}
