package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

func (c *command) queueShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show DIR NAME",
		Short: "Print everything known of one file",
		Args:  cobra.ExactArgs(2),
		RunE:  func(_ *cobra.Command, args []string) error { return c.queueShow(args[0], args[1], asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON, an object a line")
	return cmd
}

func (c *command) queueShow(dir, name string, asJSON bool) error {
	q, err := lookAt(dir)
	if err != nil {
		return err
	}
	defer q.Close()
	var found []spool.Entry
	for _, state := range spool.States() {
		entries, err := listed(q, state)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Name == name || e.Original == name {
				found = append(found, e)
			}
		}
	}
	if len(found) == 0 {
		return fmt.Errorf("no file of %s is called %q", shown(dir), name)
	}
	if asJSON {
		return c.queueJSON(found)
	}
	for i, e := range found {
		if i > 0 {
			fmt.Fprintln(c.Out)
		}
		if err := c.writeEntry(e); err != nil {
			return err
		}
	}
	return nil
}

func (c *command) writeEntry(e spool.Entry) error {
	now := time.Now()
	t := &table{right: make([]bool, 2), width: tableWidth}
	t.add("name", shown(e.Name))
	if e.Original != "" && e.Original != e.Name {
		t.add("handed in as", shown(e.Original))
	}
	t.add("state", e.State.String())
	if text := why(e, now); text != "" && e.State != spool.StateFailed {
		t.add("", text)
	}
	t.add("path", shown(e.Path))
	t.add("size", config.Size(e.Size).String())
	t.add("modified", e.Modified.Format(time.RFC3339))
	if e.State != spool.StateDone { // it is not on record
		t.add("attempts", fmt.Sprintf("%d, %d of them cut off", e.Attempts, e.Crashes))
	}
	if e.State == spool.StateFailed {
		t.add("failed", e.Failure.Failed.Local().Format(time.RFC3339))
		t.add("reason", shown(e.Failure.Reason))
	}
	if err := t.write(c.Out); err != nil || len(e.Failure.Detail) == 0 {
		return err
	}
	_, err := fmt.Fprintf(c.Out, "\n%s\n", harmless(string(e.Failure.Detail)))
	return err
}
