// Command owntype is a host with a daemon type of its own, disk_space, beside the built-in ones. It has all
// commands of peakd, under its own name.
//
//	go run ./examples/owntype run -c examples/owntype/owntype.hcl
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
	types := append(daemons.Types(), diskSpaceType())
	os.Exit(cli.Host{Name: "owntype", Version: "0.1", Types: types}.Main(context.Background(), os.Args[1:]))
}
