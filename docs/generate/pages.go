package main

import (
	"bytes"
	"fmt"
	"path/filepath"

	"github.com/peakd/peakd/cmd/peakd/cli"
	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemons"
)

// typesFolder holds a page for each daemon type.
const typesFolder = "types"

// pages are the generated pages, by their paths below docs/reference.
func pages() (map[string][]byte, error) {
	registry, err := config.NewRegistry(daemons.Types()...)
	if err != nil {
		return nil, err
	}
	all := make(map[string][]byte)
	var page bytes.Buffer
	take := func(name string, err error) error {
		all[name] = bytes.Clone(page.Bytes())
		page.Reset()
		return err
	}
	if err := take("configuration.md", config.WriteReference(&page, registry)); err != nil {
		return nil, err
	}
	if err := take("commands.md", cli.Host{Name: "peakd", Types: daemons.Types()}.WriteCommands(&page)); err != nil {
		return nil, err
	}
	for _, t := range registry.Types() {
		if err := take(filepath.Join(typesFolder, t.Name()+".md"), config.WriteTypeReference(&page, t)); err != nil {
			return nil, err
		}
	}
	fmt.Fprintf(&page, "# Daemon types\n\n%s\nA type of your own is [one file](../../embedding.md#a-daemon-type-for-hcl).\n",
		config.TypeTable(registry, ""))
	return all, take(filepath.Join(typesFolder, "README.md"), nil)
}
