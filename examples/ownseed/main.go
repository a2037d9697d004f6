// Command ownseed is a host with a seed of its own: one child daemon for each line of a file. The children can be of
// any type; their template stands in the configuration.
//
//	go run ./examples/ownseed run -c examples/ownseed/ownseed.hcl
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
	types := append(daemons.Types(), forEachLineType())
	os.Exit(cli.Host{Name: "ownseed", Version: "0.1", Types: types}.Main(context.Background(), os.Args[1:]))
}
