package program

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/benbjohnson/clock"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/exec/process"
)

// Prepare makes the program ready to start, with the arguments behind its own and the variables added to its
// environment. The program is looked up each time, so that a change on the host needs no reload.
func (s *Settings) Prepare(clk clock.Clock, vars map[string]string, args ...string) (*process.Command, error) {
	env := s.Environment()
	maps.Copy(env, vars)
	path, err := s.find(env["PATH"])
	if err != nil {
		return nil, err
	}
	pairs := make([]string, 0, len(env))
	for _, name := range slices.Sorted(maps.Keys(env)) {
		pairs = append(pairs, name+"="+env[name])
	}
	return &process.Command{
		Path: path, Argv: slices.Concat(s.Command, args), Env: pairs, Dir: s.dir(), Grace: s.KillGrace, Clock: clk,
	}, nil
}

// find finds the program: a name with a slash in dir, any other in the absolute directories of path.
func (s *Settings) find(path string) (string, error) {
	name := s.Command[0]
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(s.dir(), name)
		}
		return name, executable(name)
	}
	for _, in := range filepath.SplitList(path) {
		if file := filepath.Join(in, name); filepath.IsAbs(in) && executable(file) == nil {
			return file, nil
		}
	}
	return "", fmt.Errorf("find program %s in %s: %w", name, path, fs.ErrNotExist)
}

func executable(file string) error {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return fmt.Errorf("find program: %w", err)
	case info.IsDir():
		return fmt.Errorf("find program: %s is a directory", file)
	case info.Mode()&0o111 == 0:
		return fmt.Errorf("find program: %s is not executable (its mode is %04o)", file, info.Mode().Perm())
	}
	return nil
}

// Killed is closed when the run that ctx belongs to is to die at once; nil outside of a run.
func Killed(ctx context.Context) <-chan struct{} {
	if run, ok := daemonapp.RunFrom(ctx); ok {
		return run.Killed()
	}
	return nil
}

// Into copies a stream to a writer that does not fail.
func Into(w io.Writer) func(io.Reader) {
	return func(r io.Reader) { _, _ = io.Copy(w, r) } // ends when the stream does
}
