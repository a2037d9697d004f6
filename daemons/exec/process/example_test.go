package process_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/peakd/peakd/daemons/exec/process"
)

// A program that leaves a child behind is ended together with it.
func ExampleCommand() {
	c := process.Command{
		Path: "/bin/sh", Argv: []string{"sh", "-c", "sleep 600 & echo working; exit 3"},
		Env: []string{"PATH=/usr/bin:/bin"}, Grace: time.Second, Clock: clock.New(),
		Stdout: func(r io.Reader) {
			for lines := bufio.NewScanner(r); lines.Scan(); {
				fmt.Println(lines.Text())
			}
		},
	}
	exit, err := c.Run(context.Background())
	fmt.Println(exit, err, "left behind:", exit.Left)
	// Output:
	// working
	// exit 3 <nil> left behind: 1
}
