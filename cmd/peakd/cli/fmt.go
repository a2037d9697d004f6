package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/peakd/peakd/config"
)

func (c *command) fmtCommand() *cobra.Command {
	var diff, check bool
	cmd := &cobra.Command{
		Use:   "fmt [PATH]...",
		Short: "Bring .hcl files into the canonical layout",
		Long: `Rewrites .hcl files in the canonical layout, and names those that it changed. The files are the arguments
(files and directories), else the configuration's. - formats standard input to standard output.
With --diff it prints the changes, with --check it only tells (exit code 1) whether there are any;
both leave the files as they are. A file with a mistake in its syntax is told of (exit code 2) and left alone.`,
		RunE: func(_ *cobra.Command, args []string) error { return c.format(args, diff, check) },
	}
	cmd.Flags().BoolVar(&diff, "diff", false, "print the changes instead of making them")
	cmd.Flags().BoolVar(&check, "check", false, "change nothing; exit code 1 if something would change")
	return cmd
}

func (c *command) format(paths []string, diff, check bool) error {
	if len(paths) == 0 {
		paths = c.configPaths()
	}
	files, err := hclFiles(paths)
	if err != nil {
		return &exit{ExitUsage, err}
	}
	changed, broken := false, false
	for _, file := range files {
		did, err := c.formatFile(file, diff, check)
		if errors.Is(err, errSyntax) {
			broken = true
			continue
		}
		if err != nil {
			return err
		}
		changed = changed || did
	}
	switch {
	case broken:
		return &exit{ExitUsage, nil}
	case check && changed:
		return &exit{ExitFailure, nil}
	}
	return nil
}

// errSyntax: a file that is no configuration, which has been told.
var errSyntax = errors.New("the syntax is wrong")

// formatFile tells whether the file is, or was, laid out differently.
func (c *command) formatFile(file string, diff, check bool) (changed bool, err error) {
	before, err := c.readFile(file)
	if err != nil {
		return false, fmt.Errorf("format: %w", err)
	}
	if found := config.Syntax(config.Options{Registry: c.registry, Program: c.Name}, file, before); found.HasErrors() {
		err := found.WriteText(c.Err, config.TextOptions{Color: c.colours(c.Err)})
		return false, errors.Join(errSyntax, err)
	}
	after := config.Format(before)
	changed = !bytes.Equal(before, after)
	switch {
	case diff:
		_, err = io.WriteString(c.Out, unified(file, string(before), string(after)))
	case check:
		if changed {
			_, err = fmt.Fprintln(c.Out, file)
		}
	case file == "-":
		_, err = c.Out.Write(after)
	case changed:
		if err = replaceFile(file, after); err == nil {
			_, err = fmt.Fprintln(c.Out, file)
		}
	}
	return changed, err
}

func (c *command) readFile(file string) ([]byte, error) {
	if file == "-" {
		return io.ReadAll(c.In)
	}
	return os.ReadFile(file)
}

// replaceFile puts new content in a file's place, whole or not at all; a symbolic link is followed, and
// the mode kept.
func replaceFile(file string, content []byte) error {
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return fmt.Errorf("format: %w", err)
	}
	info, err := os.Stat(target)
	if err != nil {
		return fmt.Errorf("format: %w", err)
	}
	temp, err := os.CreateTemp(filepath.Dir(target), ".fmt-*")
	if err != nil {
		return fmt.Errorf("format %s: %w", file, err)
	}
	defer os.Remove(temp.Name()) // gone after the rename
	_, err = temp.Write(content)
	err = errors.Join(err, temp.Chmod(info.Mode().Perm()), keepOwner(temp, info), temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), target)
	}
	if err != nil {
		return fmt.Errorf("format %s: %w", file, err)
	}
	return nil
}

// hclFiles are the .hcl files that the paths name. JSON has no layout of its own: it is passed over.
func hclFiles(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case path != "-" && err != nil:
			return nil, fmt.Errorf("format: %w", err)
		case strings.HasSuffix(path, ".json") && !info.IsDir():
			continue
		case path == "-" || !info.IsDir():
			files = append(files, path)
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, fmt.Errorf("format: %w", err)
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".hcl") && !e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
				files = append(files, filepath.Join(path, e.Name()))
			}
		}
	}
	return files, nil
}
