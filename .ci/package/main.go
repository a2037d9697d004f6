// Command package makes the deb, the rpm and the tar archive of peakd, from the sources in the repository that it is
// run in. The same commit and $SOURCE_DATE_EPOCH give the same bytes.
//
//	go run . [-out DIR] [-version V] [-arch LIST]
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

func main() {
	root := flag.String("root", "../..", "the repository")
	out := flag.String("out", "", "where the packages go (default dist in the repository)")
	version := flag.String("version", "", "version (default that of the program)")
	arch := flag.String("arch", runtime.GOARCH, "architectures, as Go names them, with commas between")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if *out == "" {
		*out = filepath.Join(*root, "dist")
	}
	made, err := all(ctx, *root, *out, *version, strings.Split(*arch, ","))
	if err != nil {
		fmt.Fprintf(os.Stderr, "package: %v\n", err)
		os.Exit(1)
	}
	for _, path := range made {
		fmt.Println(path)
	}
}

// all makes the packages of every architecture, and returns their paths.
func all(ctx context.Context, root, out, version string, archs []string) (made []string, err error) {
	stage, err := os.MkdirTemp("", "package")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(stage)
	b, err := prepare(ctx, root, stage)
	if err != nil {
		return nil, err
	}
	if version == "" {
		version = b.version
	}
	for _, arch := range archs {
		list, err := b.packages(ctx, out, version, arch)
		if err != nil {
			return nil, err
		}
		made = append(made, list...)
	}
	return made, nil
}

// packages makes those of one architecture: a deb, an rpm, a tar archive.
func (b *build) packages(ctx context.Context, out, version, arch string) (made []string, err error) {
	if version, err = number(version); err != nil {
		return nil, err
	}
	program, err := b.program(ctx, arch)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	for _, format := range formats() {
		path, err := write(format, contents(b.root, b.stage, program), out, release{version, arch, b.date})
		if err != nil {
			return nil, fmt.Errorf("make %s for %s: %w", format.name, arch, err)
		}
		made = append(made, path)
	}
	return made, nil
}
