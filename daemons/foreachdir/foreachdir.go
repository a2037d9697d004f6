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
	"strings"

	"go.uber.org/zap"
	"golang.org/x/text/unicode/norm"

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

// Validate finds globs that are none, or match nothing.
func (s *Settings) Validate() []*daemonapp.FieldError {
	faults := append(globs("include", s.Include), globs("exclude", s.Exclude)...)
	if len(s.Include) == 0 {
		faults = append(faults, &daemonapp.FieldError{
			Field: "include", Message: "include is empty, so that no directory gets a child", Hint: `leave it out, or write include = ["*"]`,
		})
	}
	if s.MaximumChildren < 1 {
		faults = append(faults, &daemonapp.FieldError{Field: "maximum_children", Message: "maximum_children must be at least 1"})
	}
	return faults
}

func globs(field string, list []string) []*daemonapp.FieldError {
	var faults []*daemonapp.FieldError
	for _, glob := range list {
		if _, err := path.Match(glob, ""); err != nil {
			faults = append(faults, &daemonapp.FieldError{
				Field: field, Message: fmt.Sprintf("%q is not a glob", glob),
				Hint: `*, ? and [a-z] stand for characters; write \\[ for a bracket itself`,
			})
		} else if strings.Contains(glob, "/") {
			faults = append(faults, &daemonapp.FieldError{
				Field: field, Message: fmt.Sprintf("%q matches no directory: globs are for names, and no name has a /", glob),
				Hint: "only directories right below the base directory get children",
			})
		}
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
	// specs are the children, by directory name: each is decoded and built once.
	specs map[string]daemonapp.Spec
	// changed is how many came and went since the last run that ended.
	changed int
	// refused are the directories whose child could not be built, with the error told.
	refused map[string]string
	// excess is how many directories there were, if that was told to be too many.
	excess int
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
	wanted := make(map[string]bool, len(names))
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return schedule.Result{}, err
		}
		wanted[name] = true
		s.admit(name)
	}
	s.drop(wanted)
	changed := s.changed
	s.changed = 0
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

// admit builds the child of a directory that has none. One that cannot be built does not keep the others
// from theirs; it is tried at each scan, and told once.
func (s *seed) admit(name string) {
	if _, there := s.specs[name]; there {
		return
	}
	spec, err := s.child(name)
	if err != nil {
		if s.refused[name] != err.Error() {
			s.refused[name] = err.Error()
			s.log.Error("child_refused", zap.String("directory", name), zap.Error(err))
		}
		return
	}
	delete(s.refused, name)
	s.specs[name] = spec
	s.changed++
}

// errForm is the error of a directory that a configuration cannot name: HCL brings all text into one normal form,
// and each.path would be the path of another directory, or of none.
var errForm = errors.New("the directory's name is not in Unicode normal form C: rename it")

func (s *seed) child(name string) (daemonapp.Spec, error) {
	each := config.Each{Name: name, Path: filepath.Join(string(s.settings.Directory), name)}
	if !norm.NFC.IsNormalString(each.Path) {
		return daemonapp.Spec{}, errForm
	}
	return s.settings.Child.Spec(each)
}

// drop forgets the directories that are not wanted any more.
func (s *seed) drop(wanted map[string]bool) {
	for name := range s.specs {
		if !wanted[name] {
			delete(s.specs, name)
			s.changed++
		}
	}
	for name := range s.refused {
		if !wanted[name] {
			delete(s.refused, name)
		}
	}
}

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
	return s.first(names), nil
}

// first are as many of the names as there may be children; that there are more is told when it changes.
func (s *seed) first(names []string) []string {
	most := s.settings.MaximumChildren
	if len(names) <= most {
		s.excess = 0
		return names
	}
	if s.excess != len(names) {
		s.excess = len(names)
		s.log.Error("too_many_directories", zap.Int("directories", len(names)), zap.Int("maximum_children", most))
	}
	return names[:most]
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
