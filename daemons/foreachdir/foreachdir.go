// Package foreachdir is the daemon type for_each_directory: a seed that keeps one child daemon of any
// type for each directory below a base directory.
package foreachdir

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"

	"go.uber.org/zap"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// Settings are those of a for_each_directory block.
type Settings struct {
	Directory       config.Path     `hcl:"directory,required" doc:"the base directory, whose subdirectories get a child each"`
	Include         []string        `hcl:"include" doc:"globs; a subdirectory's name must match one of them"`
	Exclude         []string        `hcl:"exclude" doc:"globs; a subdirectory whose name matches one of them gets no child"`
	FollowSymlinks  bool            `hcl:"follow_symlinks" doc:"whether a symbolic link to a directory counts as one"`
	MaximumChildren int             `hcl:"maximum_children" doc:"how many children there may be; of more directories the first by name count, and an error says so"`
	Child           config.Template `hcl:"child,block,required" doc:"the child daemon: its type as label; each.name and each.path are known inside"`
}

//go:embed doc.md
var doc string

// Type is the daemon type.
func Type() config.Type {
	return config.NewType("for_each_directory", doc, Settings{
		Include: []string{"*"}, Exclude: []string{".*"}, MaximumChildren: 10_000,
	}, build)
}

// Validate finds globs that are none.
func (s *Settings) Validate() []*daemonapp.FieldError {
	var faults []*daemonapp.FieldError
	for _, list := range []struct {
		field string
		globs []string
	}{{"include", s.Include}, {"exclude", s.Exclude}} {
		for _, glob := range list.globs {
			if _, err := path.Match(glob, ""); err != nil {
				faults = append(faults, &daemonapp.FieldError{
					Field: list.field, Message: fmt.Sprintf("%q is not a glob", glob),
					Hint: `*, ? and [a-z] stand for characters; write \\[ for a bracket itself`,
				})
			}
		}
	}
	if s.MaximumChildren < 1 {
		faults = append(faults, &daemonapp.FieldError{Field: "maximum_children", Message: "maximum_children must be at least 1"})
	}
	return faults
}

// Warnings tells of a directory that is missing now.
func (s *Settings) Warnings() []*daemonapp.FieldError {
	if info, err := os.Stat(string(s.Directory)); err != nil || !info.IsDir() {
		return []*daemonapp.FieldError{{
			Field: "directory", Message: fmt.Sprintf("%s is not a directory now", s.Directory),
			Hint: "its runs will fail until it is there",
		}}
	}
	return nil
}

// seed is the daemon. Its fields are touched by its runs only, which never overlap.
type seed struct {
	daemonapp.Pace
	settings Settings
	log      *zap.Logger
	// specs are those stated last, by directory name: a child is decoded and built once.
	specs map[string]daemonapp.Spec
	// refused are the directories whose child could not be built, with the error told.
	refused map[string]string
}

var _ daemonapp.Seed = (*seed)(nil)

func build(env config.Env, s Settings) (daemonapp.Daemon, error) {
	return &seed{
		Pace: daemonapp.Pace{Planner: env.Planner}, settings: s, log: env.Log,
		specs: map[string]daemonapp.Spec{}, refused: map[string]string{},
	}, nil
}

// Run scans the base directory. It worked if the set of children is another than before, and counts how
// many came and went.
func (s *seed) Run(ctx context.Context) (schedule.Result, error) {
	names, err := s.scan()
	if err != nil {
		return schedule.Result{}, err
	}
	changed := 0
	wanted := make(map[string]bool, len(names))
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return schedule.Result{}, err
		}
		wanted[name] = true
		if s.admit(name) {
			changed++
		}
	}
	for name := range s.specs {
		if !wanted[name] {
			delete(s.specs, name)
			changed++
		}
	}
	for name := range s.refused {
		if !wanted[name] {
			delete(s.refused, name)
		}
	}
	if changed == 0 {
		return schedule.Result{Outcome: schedule.Idle}, nil
	}
	return schedule.Result{Outcome: schedule.Worked, Count: changed}, nil
}

// Children states a child for each directory, by name.
func (s *seed) Children() []daemonapp.Spec {
	specs := make([]daemonapp.Spec, 0, len(s.specs))
	for _, spec := range s.specs {
		specs = append(specs, spec)
	}
	slices.SortFunc(specs, func(a, b daemonapp.Spec) int { return cmp.Compare(a.Name, b.Name) })
	return specs
}

// admit builds the child of a directory that has none, and tells whether it did. One that cannot be
// built does not keep the others from theirs.
func (s *seed) admit(name string) bool {
	if _, there := s.specs[name]; there {
		return false
	}
	spec, err := s.settings.Child.Spec(config.Each{Name: name, Path: filepath.Join(string(s.settings.Directory), name)})
	if err != nil {
		if s.refused[name] != err.Error() {
			s.refused[name] = err.Error()
			s.log.Error("child_refused", zap.String("directory", name), zap.Error(err))
		}
		return false
	}
	delete(s.refused, name)
	s.specs[name] = spec
	return true
}

// ErrTooMany is logged when there are more directories than maximum_children.
var ErrTooMany = errors.New("more directories than maximum_children")

// scan lists the names of the directories that are to have a child, sorted.
func (s *seed) scan() ([]string, error) {
	entries, err := os.ReadDir(string(s.settings.Directory))
	if err != nil {
		return nil, fmt.Errorf("scan for children: %w", err)
	}
	var names []string
	for _, e := range entries {
		if s.selects(e.Name()) && s.isDirectory(e) {
			names = append(names, e.Name())
		}
	}
	if most := s.settings.MaximumChildren; len(names) > most {
		s.log.Error("too_many_directories", zap.Int("directories", len(names)), zap.Int("maximum_children", most),
			zap.Error(ErrTooMany))
		names = names[:most]
	}
	return names, nil
}

func (s *seed) isDirectory(e os.DirEntry) bool {
	if e.Type()&os.ModeSymlink == 0 || !s.settings.FollowSymlinks {
		return e.IsDir()
	}
	info, err := os.Stat(filepath.Join(string(s.settings.Directory), e.Name()))
	return err == nil && info.IsDir()
}

func (s *seed) selects(name string) bool {
	return matches(s.settings.Include, name) && !matches(s.settings.Exclude, name)
}

func matches(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		ok, err := path.Match(glob, name)
		return err == nil && ok
	})
}
