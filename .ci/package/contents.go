package main

import (
	"io/fs"
	"path/filepath"
)

// kind is how a packager treats a file.
type kind uint8

const (
	plain   kind = iota
	config       // the administrator may change it; an upgrade and a removal keep that
	doc          // need not be installed
	license      // the same, but has to come along
	folder
)

// file is one in a package.
type file struct {
	path   string // where it goes
	source string // where it comes from; a folder has none
	mode   fs.FileMode
	kind   kind
	only   string // the format it is for; empty: all
}

// contents are the files of a package. All belong to root; what the service writes is in the directories that systemd
// makes for it.
func contents(root, stage, program string) []file {
	made := func(name string) string { return filepath.Join(stage, name) }
	ours := func(name string) string { return filepath.Join(root, name) }
	return []file{
		{path: "/usr/bin/peakd", source: program, mode: 0o755},
		{path: "/usr/lib/systemd/system/peakd.service", source: made("peakd.service"), mode: 0o644},
		{path: "/usr/lib/sysusers.d/peakd.conf", source: made("peakd.sysusers"), mode: 0o644},
		{path: "/usr/share/man/man8/peakd.8.gz", source: made("peakd.8.gz"), mode: 0o644, kind: doc},
		{path: "/usr/share/bash-completion/completions/peakd", source: made("peakd.bash"), mode: 0o644},
		{path: "/usr/share/zsh/vendor-completions/_peakd", source: made("_peakd"), mode: 0o644, only: "deb"},
		{path: "/usr/share/zsh/site-functions/_peakd", source: made("_peakd"), mode: 0o644, only: "rpm"},
		{path: "/usr/share/zsh/site-functions/_peakd", source: made("_peakd"), mode: 0o644, only: "tar"},
		{path: "/usr/share/fish/vendor_completions.d/peakd.fish", source: made("peakd.fish"), mode: 0o644},
		{path: "/etc/peakd", mode: fs.ModeDir | 0o755, kind: folder},
		// Not *.hcl: it is there to be copied, and is not loaded.
		{path: "/etc/peakd/peakd.hcl.example", source: made("example.hcl"), mode: 0o644, kind: config},
		{path: "/usr/share/doc/peakd/README.md", source: ours("README.md"), mode: 0o644, kind: doc},
		{path: "/usr/share/doc/peakd/CHANGELOG.md", source: ours("CHANGELOG.md"), mode: 0o644, kind: doc},
		{path: "/usr/share/doc/peakd/operations.md", source: ours("docs/operations.md"), mode: 0o644, kind: doc},
		{path: "/usr/share/doc/peakd/peakd.rules.yml", source: ours("daemonapp/metrics/alerts/peakd.rules.yml"), mode: 0o644, kind: doc},
		{path: "/usr/share/doc/peakd/copyright", source: ours("LICENSE"), mode: 0o644, kind: license, only: "deb"},
		{path: "/usr/share/licenses/peakd/LICENSE", source: ours("LICENSE"), mode: 0o644, kind: license, only: "rpm"},
		{path: "/usr/share/doc/peakd/LICENSE", source: ours("LICENSE"), mode: 0o644, kind: license, only: "tar"},
	}
}
