package main_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/peakd/peakd/"

// floor is a storey of the house.
type floor struct {
	name string
	// rooms are packages: "a/b" is that package alone, "a/b/..." with those below it, "a/*/..." each folder of a
	// with those below it. What one pattern, or one folder of a *, covers is one room.
	rooms []string
}

// house has the floors from the bottom to the top. A package may import what stands on a floor below its own,
// and what is in its own room; rooms of one floor do not know each other. Where several patterns cover a
// package, the lowest counts.
func house() []floor {
	return []floor{
		{"the queue", []string{"priorityq"}},
		{"the core", []string{"daemonapp/schedule"}},
		{"the app", []string{"daemonapp"}},
		{"beside the app", []string{"daemonapp/simulate", "daemonapp/calendar/...", "daemonapp/daemontest/...", "daemonapp/internal/sqlite"}},
		{"where everything stands", []string{"daemonapp/status"}},
		{"adapters", []string{
			"daemonapp/eventlog/...", "daemonapp/statedb/...", "daemonapp/control/...", "daemonapp/history/...", "daemonapp/metrics/...", "daemonapp/observe/...",
			"daemonapp/alert/...", "daemonapp/lease/...", "daemonapp/systemd/...", "daemonapp/pid1/...", "daemonapp/host/...", "config/...",
		}},
		{"shared by daemon types", []string{"daemons/exec/process/..."}},
		{"daemon types", []string{"daemons/*/..."}},
		{"the list of types", []string{"daemons"}},
		{"the command line", []string{"cmd/peakd/cli/..."}},
		{"programs", []string{"cmd/peakd", "examples/...", "docs/..."}},
	}
}

// only says who alone may import a module of others, or a package of the standard library.
func only() map[string][]string {
	return map[string][]string{
		"github.com/hashicorp/hcl":  {"config/..."},
		"github.com/zclconf/go-cty": {"config/..."},
		"github.com/spf13":          {"cmd/peakd/cli/..."},
		"github.com/oklog/run":      {"daemonapp/host/...", "examples/..."},
		"github.com/netresearch":    {"daemonapp/calendar/..."},
		"github.com/prometheus":     {"daemonapp/metrics/..."},
		"github.com/coreos":         {"daemonapp/systemd/..."},
		"modernc.org":               {"daemonapp/internal/sqlite"},
		"os/signal":                 {"daemonapp/host/...", "daemonapp/pid1", "daemons/exec/process/...", "cmd/peakd/cli/...", "examples/..."},
		"testing":                   {"daemonapp/daemontest/...", "daemonapp/statedb/statetest", "daemons/dirqueue/deliver/internal/delivertest"},
		"github.com/google/go-cmp":  {"daemonapp/daemontest/...", "daemonapp/statedb/statetest", "daemons/dirqueue/deliver/internal/delivertest"},
		"pgregory.net/rapid":        {"daemonapp/daemontest/...", "daemonapp/statedb/statetest", "daemons/dirqueue/deliver/internal/delivertest"},
	}
}

// nothingBut says what of others the lower floors may import.
func nothingBut() map[string][]string {
	return map[string][]string{
		"priorityq":          {},
		"daemonapp/schedule": {},
		"daemonapp/simulate": {},
		"daemonapp":          {"github.com/benbjohnson/clock"},
	}
}

// TestFloors holds the import graph to the rule of the house.
func TestFloors(t *testing.T) {
	t.Parallel()
	packages := imports(t, "../..")
	for _, known := range []string{"priorityq", "daemonapp/schedule", "config", "daemons/exec", "cmd/peakd/cli"} {
		if len(packages[known]) == 0 {
			t.Errorf("the graph lacks %s", known)
		}
	}
	for _, fault := range faults(packages) {
		t.Error(fault)
	}
}

// TestFloorsAreHeld breaks the rule in every way.
func TestFloorsAreHeld(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ pkg, imported, want string }{
		{"priorityq", module + "daemonapp", "priorityq (the queue) imports daemonapp (the app), which is not below it"},
		{"priorityq", "go.uber.org/zap", "priorityq imports go.uber.org/zap; of others it may import nothing"},
		{"daemonapp/schedule", "github.com/benbjohnson/clock", "daemonapp/schedule imports github.com/benbjohnson/clock; of others it may import nothing"},
		{"daemonapp", "go.uber.org/zap", "daemonapp imports go.uber.org/zap; of others it may import github.com/benbjohnson/clock"},
		{"daemonapp", "testing", "daemonapp imports testing, which only daemonapp/daemontest/..., daemonapp/statedb/statetest, daemons/dirqueue/deliver/internal/delivertest may"},
		{"daemonapp/host", module + "config", "daemonapp/host (adapters) imports config (adapters), which is not below it"},
		{"daemonapp/eventlog", module + "daemonapp/statedb", "daemonapp/eventlog (adapters) imports daemonapp/statedb (adapters), which is not below it"},
		{"config", module + "daemons/exec", "config (adapters) imports daemons/exec (daemon types), which is not below it"},
		{"daemons/exec", "github.com/zclconf/go-cty/cty", "daemons/exec imports github.com/zclconf/go-cty/cty, which only config/... may"},
		{"daemons/exec", module + "daemons/foreachdir", "daemons/exec (daemon types) imports daemons/foreachdir (daemon types), which is not below it"},
		{"daemons/exec", module + "cmd/peakd/cli", "daemons/exec (daemon types) imports cmd/peakd/cli (the command line), which is not below it"},
		{"cmd/peakd/cli", "github.com/hashicorp/hcl/v2", "cmd/peakd/cli imports github.com/hashicorp/hcl/v2, which only config/... may"},
		{"daemonapp/fax", module + "daemonapp", "daemonapp/fax stands on no floor: enter it in house() in cmd/peakd/floors_test.go, on the lowest floor above everything it imports"},
		{"daemons/exec", module + "util", "daemons/exec imports util, which stands on no floor"},

		{"daemons/exec", module + "daemons/exec/process", ""},
		{"daemons/dirqueue/spool", module + "daemons/exec/process", ""},
		{"daemons/dirqueue", module + "daemons/dirqueue/spool", ""},
		{"daemonapp/statedb/statetest", "testing", ""},
		{"examples/owntype", module + "cmd/peakd/cli", ""},
		{"config/internal/x", "github.com/hashicorp/hcl/v2/hclsyntax", ""},
		{"daemons", module + "daemons/exec", ""},
	} {
		got := strings.Join(faults(map[string][]string{tt.pkg: {tt.imported}}), "\n")
		if got != tt.want {
			t.Errorf("%s -> %s:\ngot  %s\nwant %s", tt.pkg, tt.imported, got, tt.want)
		}
	}
}

// faults are the sentences on all that breaks the rule, in the order of the packages.
func faults(packages map[string][]string) []string {
	var all []string
	for _, pkg := range slices.Sorted(maps.Keys(packages)) {
		if _, _, ok := place(pkg); !ok {
			all = append(all, pkg+" stands on no floor: enter it in house() in cmd/peakd/floors_test.go, "+
				"on the lowest floor above everything it imports")
			continue
		}
		for _, imported := range packages[pkg] {
			fault := stranger(pkg, imported)
			if ours, ok := strings.CutPrefix(imported, module); ok {
				fault = upward(pkg, ours)
			}
			if fault != "" {
				all = append(all, fault)
			}
		}
	}
	return all
}

// upward tells of an import of the house's own that does not point downward.
func upward(pkg, imported string) string {
	from, room, _ := place(pkg)
	to, other, ok := place(imported)
	switch {
	case !ok:
		return fmt.Sprintf("%s imports %s, which stands on no floor", pkg, imported)
	case room == other || to < from:
		return ""
	}
	floors := house()
	return fmt.Sprintf("%s (%s) imports %s (%s), which is not below it", pkg, floors[from].name, imported, floors[to].name)
}

// stranger tells of an import from outside that is not this package's to have.
func stranger(pkg, imported string) string {
	for prefix, who := range only() {
		if under(imported, prefix) && !slices.ContainsFunc(who, func(pattern string) bool { return covers(pattern, pkg) != "" }) {
			return fmt.Sprintf("%s imports %s, which only %s may", pkg, imported, strings.Join(who, ", "))
		}
	}
	allowed, limited := nothingBut()[pkg]
	first, _, _ := strings.Cut(imported, "/")
	if !limited || !strings.Contains(first, ".") || slices.Contains(allowed, imported) {
		return ""
	}
	if len(allowed) == 0 {
		allowed = []string{"nothing"}
	}
	return fmt.Sprintf("%s imports %s; of others it may import %s", pkg, imported, strings.Join(allowed, ", "))
}

// place is the floor and the room of a package.
func place(pkg string) (level int, room string, ok bool) {
	for i, f := range house() {
		for _, pattern := range f.rooms {
			if room := covers(pattern, pkg); room != "" {
				return i, room, true
			}
		}
	}
	return 0, "", false
}

// covers is the room that the pattern makes for the package; empty if it does not cover it.
func covers(pattern, pkg string) string {
	root, deep := strings.CutSuffix(pattern, "/...")
	if parent, each := strings.CutSuffix(root, "/*"); each {
		rest, below := strings.CutPrefix(pkg, parent+"/")
		if !below {
			return ""
		}
		folder, _, _ := strings.Cut(rest, "/")
		root = parent + "/" + folder
	}
	if pkg == root || deep && under(pkg, root) {
		return root
	}
	return ""
}

func under(pkg, root string) bool { return pkg == root || strings.HasPrefix(pkg, root+"/") }

// imports are those of every package below root, whatever system a file is for, tests aside.
func imports(t *testing.T, root string) map[string][]string {
	t.Helper()
	packages := map[string][]string{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return enter(root, name, entry.Name())
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		pkg := path.Clean(filepath.ToSlash(dir))
		packages[pkg] = append(packages[pkg], paths(file)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range packages {
		slices.Sort(packages[pkg])
		packages[pkg] = slices.Compact(packages[pkg])
	}
	return packages
}

// paths are what a file imports.
func paths(file *ast.File) []string {
	var list []string
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value) // the parser has done so before
		list = append(list, imported)
	}
	return list
}

// enter leaves out what the go command leaves out, too.
func enter(root, name, base string) error {
	if name == root {
		return nil
	}
	_, err := os.Stat(filepath.Join(name, "go.mod"))
	if err == nil || base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return filepath.SkipDir
	}
	return nil
}
