// Command peakd is a daemon host: one process, one HCL file, many small recurring daemons.
package main

import (
	"context"
	"os"

	"github.com/peakd/peakd/cmd/peakd/cli"
	"github.com/peakd/peakd/daemons"
	"github.com/peakd/peakd/daemons/exec"
)

func main() {
	if exec.Trampoline() {
		os.Exit(127)
	}
	os.Exit(cli.Host{Name: "peakd", Types: daemons.Types()}.Main(context.Background(), os.Args[1:]))
}
