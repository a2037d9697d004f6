package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/peakd/peakd/daemons/dirqueue"
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
	for _, file := range paths {
		if err := c.enqueueFile(p, file, name); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

func (c *command) enqueueFile(p *spool.Producer, file, name string) error {
	if file == "-" {
		if name == "" {
			return usage("standard input needs a name: --name NAME")
		}
		return c.put(p, name, c.In)
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory", shown(file))
	}
	return c.put(p, orElse(name, filepath.Base(file)), f)
}

// put hands a file in, and warns of a name that a queue leaves alone unless its settings say otherwise.
func (c *command) put(p *spool.Producer, name string, content io.Reader) error {
	if err := p.Put(name, content); err != nil {
		return err
	}
	for _, glob := range dirqueue.Defaults().Exclude {
		if left, err := path.Match(glob, name); err == nil && left {
			fmt.Fprintf(c.Err, "%s is there, but a queue leaves %s alone unless its exclude says otherwise\n", shown(name), glob)
		}
	}
	return nil
}
