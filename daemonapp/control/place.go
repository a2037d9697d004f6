package control

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Places are where sockets are, unless a configuration says where. Fields that are empty are not looked at.
type Places struct {
	// Program is the folder's name: "peakd".
	Program string
	// Root tells that the process runs as root.
	Root bool
	// RuntimeDirectory is $RUNTIME_DIRECTORY, which systemd sets for the app; XDGRuntimeDir is $XDG_RUNTIME_DIR.
	RuntimeDirectory, XDGRuntimeDir string
	// StateDir is the directory in which each app has its state directory, and is looked through by clients; StateOf is
	// the state directory of the app itself, for a server.
	StateDir, StateOf string
}

// runDir is the folder of a state directory in which a socket is where there is no other place.
const runDir = "run"

// Path is where an app's socket is by default: in systemd's runtime directory, which is /run/peakd in the unit that is
// shipped; else /run/peakd/APP.sock for root, and for others in $XDG_RUNTIME_DIR/peakd, or in a folder below the app's own
// state directory.
func (p Places) Path(app string) (string, error) {
	name := app + ".sock"
	if app == "" || strings.ContainsAny(app, "/\x00") || app[0] == '.' {
		return "", fmt.Errorf("place socket: an app called %q has no default; say control { socket = PATH }", app)
	}
	own, _, _ := strings.Cut(p.RuntimeDirectory, ":")
	switch {
	case filepath.IsAbs(own):
		return filepath.Join(own, name), nil
	case p.Root:
		return filepath.Join("/run", p.Program, name), nil
	case filepath.IsAbs(p.XDGRuntimeDir):
		return filepath.Join(p.XDGRuntimeDir, p.Program, name), nil
	case filepath.IsAbs(p.StateOf):
		return filepath.Join(p.StateOf, runDir, name), nil
	}
	return "", fmt.Errorf("place socket: there is neither XDG_RUNTIME_DIR nor a state directory; say control { socket = PATH }")
}

// Patterns are where a client looks for sockets, as patterns of paths.
func (p Places) Patterns() []string {
	list := []string{filepath.Join("/run", p.Program, "*.sock")}
	add := func(dir string, rest ...string) {
		if !filepath.IsAbs(dir) {
			return
		}
		pattern := filepath.Join(append([]string{quoteGlob(dir)}, append(rest, "*.sock")...)...)
		for _, known := range list {
			if known == pattern {
				return
			}
		}
		list = append(list, pattern)
	}
	for _, dir := range strings.Split(p.RuntimeDirectory, ":") {
		add(dir)
	}
	add(p.XDGRuntimeDir, p.Program)
	add(p.StateDir, "*", runDir)
	return list
}

func quoteGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// Sockets are the sockets that there are in these places, alive or not, sorted by place and name.
func (p Places) Sockets() []string {
	var found []string
	for _, pattern := range p.Patterns() {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			continue // not from Patterns
		}
		for _, path := range paths {
			if info, err := os.Lstat(path); err == nil && info.Mode().Type() == fs.ModeSocket {
				found = append(found, path)
			}
		}
	}
	return found
}

// AppOf is the name of the app whose socket, in its default place, that is.
func AppOf(path string) string { return strings.TrimSuffix(filepath.Base(path), ".sock") }

// realPath is the path without symbolic links in it. A link that anybody but root or the own user has made is not
// followed: whoever made it could lead elsewhere at any time.
func realPath(path string) (string, error) {
	for range 40 {
		link, err := firstLink(path)
		if err != nil || link == "" {
			return path, err
		}
		target, err := os.Readlink(link)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(link), target)
		}
		path = filepath.Join(target, strings.TrimPrefix(path, link))
	}
	return "", fmt.Errorf("%s: too many symbolic links", path)
}

// firstLink is the first part of an absolute path that is a link; empty if none is.
func firstLink(path string) (string, error) {
	at := "/"
	for _, part := range strings.Split(strings.Trim(filepath.Clean(path), "/"), "/") {
		at = filepath.Join(at, part)
		info, err := os.Lstat(at)
		if err != nil {
			return "", err
		}
		if info.Mode().Type() != fs.ModeSymlink {
			continue
		}
		if uid := ownerOf(info); uid != 0 && uid != os.Geteuid() {
			return "", fmt.Errorf("%s is a symbolic link of %s, which is not followed", at, userName(uint32(uid)))
		}
		return at, nil
	}
	return "", nil
}

func ownerOf(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}
