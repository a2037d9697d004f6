package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

func (c *command) enqueueCommand() *cobra.Command {
	var name string
	var volatile bool
	cmd := &cobra.Command{
		Use:   "enqueue DIR FILE...",
		Short: "Hand files in to a directory queue",
		Long: `Hands copies of files in to a queue: each is there as a whole or not at all, replaces nothing, and survives a power cut once
this has returned. - is standard input, which needs --name.`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error { return c.enqueue(args[0], args[1:], name, volatile) },
	}
	cmd.Flags().StringVar(&name, "name", "", "`name` in the queue, of a single file (default its own)")
	cmd.Flags().BoolVar(&volatile, "volatile", false, "do not wait for the disk: a power cut may lose the files")
	return cmd
}

func (c *command) enqueue(dir string, paths []string, name string, volatile bool) error {
	if name != "" && len(paths) > 1 {
		return usage("--name is for a single file")
	}
	p, err := spool.OpenProducer(dir, spool.ProducerOptions{Volatile: volatile})
	if err != nil {
		return err
	}
	defer p.Close()
	var failures []error
	for _, path := range paths {
		if err := c.enqueueFile(p, path, name); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

func (c *command) enqueueFile(p *spool.Producer, path, name string) error {
	if path == "-" {
		if name == "" {
			return usage("standard input needs a name: --name NAME")
		}
		return p.Put(name, c.In)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory", shown(path))
	}
	return p.Put(orElse(name, filepath.Base(path)), f)
}
