package dirqueue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"go.uber.org/zap"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/dirqueue/watch"
)

// ManagerSettings are those of a dir_queue_manager block.
type ManagerSettings struct {
	Directory     config.Path      `hcl:"directory,required" doc:"the base directory, whose subdirectories are queues"`
	Include       []string         `hcl:"include" doc:"globs; a queue's name must match one of them"`
	Exclude       []string         `hcl:"exclude" doc:"globs; a subdirectory whose name matches one of them is no queue"`
	Depth         int              `hcl:"depth" doc:"how far below the base the queues are: 2 means BASE/GROUP/QUEUE"`
	Watch         bool             `hcl:"watch" doc:"whether to look at once when a directory comes or goes; run_every is the pace of the scans that make sure"`
	GoneAfter     int              `hcl:"gone_after" doc:"in so many scans in a row a directory must be missing before its queue ends"`
	MaximumQueues int              `hcl:"maximum_queues" doc:"of more directories the first by name count, and an error says so"`
	MaximumRun    int              `hcl:"max_running" doc:"how many of the queues may be at work at once; 0 means no limit but the app's workers"`
	OwnerUIDs     []int            `hcl:"owner_uids" doc:"user ids; a directory of others is no queue" default:"everybody's"`
	Queue         config.Template  `hcl:"queue,block,required" type:"dir_queue" doc:"what each queue is like; its directory is each.path"`
	Match         config.Overrides `hcl:"match,block" overrides:"queue" doc:"what is different for the queues whose name matches the glob; of several blocks the first wins"`
}

func managerDefaults() ManagerSettings {
	return ManagerSettings{
		Include: []string{"*"}, Exclude: []string{".*"}, Depth: 1, Watch: true, GoneAfter: 2, MaximumQueues: 10_000,
	}
}

// Validate finds what cannot be.
func (s *ManagerSettings) Validate() []*daemonapp.FieldError {
	v := faults{}
	v.globs("include", s.Include)
	v.globs("exclude", s.Exclude)
	v.positive("depth", s.Depth)
	v.positive("gone_after", s.GoneAfter)
	v.positive("maximum_queues", s.MaximumQueues)
	if s.MaximumRun < 0 {
		v.add("max_running", "0 means no limit", "max_running cannot be negative")
	}
	return v.all
}

// Warnings tells of a base that is missing now.
func (s *ManagerSettings) Warnings() []*daemonapp.FieldError {
	if info, err := os.Stat(string(s.Directory)); err != nil || !info.IsDir() {
		return []*daemonapp.FieldError{{
			Field: "directory", Message: fmt.Sprintf("%s is not a directory now", s.Directory), Hint: "its runs will fail until it is there",
		}}
	}
	return nil
}

// Manager is a seed that keeps a queue for each directory. A queue is known by the directory itself, not by its name: one
// that was removed and made again is another.
type Manager struct {
	daemonapp.Pace
	env      config.Env
	settings ManagerSettings
	types    *types
	slots    *schedule.Slots
	watched  map[string]*watch.Watch // by path: the base, and the groups below it
	queues   map[string]*child       // by path below the base
	order    []string                // their keys, sorted
	told     bool                    // that there are too many
}

// child is a queue as its manager knows it.
type child struct {
	spec    daemonapp.Spec
	device  uint64
	inode   uint64
	missed  int
	refused string // why there is no spec
}

var (
	_ daemonapp.Seed   = (*Manager)(nil)
	_ daemonapp.Closer = (*Manager)(nil)
)

func (t *types) manager(env config.Env, s ManagerSettings) (daemonapp.Daemon, error) {
	m := &Manager{
		Pace: daemonapp.Pace{Planner: env.Planner}, env: env, settings: s, types: t,
		watched: map[string]*watch.Watch{}, queues: map[string]*child{},
	}
	if s.MaximumRun > 0 {
		m.slots = &schedule.Slots{Max: s.MaximumRun}
	}
	return m, nil
}

// Run scans the base directory. It worked if queues came or went, and counts them.
func (m *Manager) Run(ctx context.Context) (schedule.Result, error) {
	s := &scan{Manager: m, found: map[string]bool{}, groups: map[string]bool{}}
	if err := s.directory("", 1); err != nil {
		return schedule.Result{}, err
	}
	if err := ctx.Err(); err != nil {
		return schedule.Result{}, context.Cause(ctx)
	}
	s.forget()
	m.order = m.order[:0]
	for name := range m.queues {
		m.order = append(m.order, name)
	}
	slices.Sort(m.order)
	if s.changed == 0 {
		return schedule.Result{Outcome: schedule.Idle}, nil
	}
	return schedule.Result{Outcome: schedule.Worked, Count: s.changed}, nil
}

// Children states a queue for each directory, by name.
func (m *Manager) Children() []daemonapp.Spec {
	specs := make([]daemonapp.Spec, 0, len(m.order))
	for _, name := range m.order {
		if c := m.queues[name]; c.refused == "" {
			specs = append(specs, c.spec)
		}
	}
	slices.SortFunc(specs, func(a, b daemonapp.Spec) int { return cmp.Compare(a.Name, b.Name) })
	return specs
}

// Close implements [daemonapp.Closer].
func (m *Manager) Close() error {
	for path, w := range m.watched {
		w.Close()
		delete(m.watched, path)
	}
	return nil
}

// scan is one look at all directories.
type scan struct {
	*Manager
	found   map[string]bool // queues
	groups  map[string]bool // directories that were read
	changed int
}

// directory looks at one directory below the base: at its subdirectories, which are queues, or groups of them.
func (s *scan) directory(below string, depth int) error {
	path := filepath.Join(string(s.settings.Directory), below)
	entries, err := s.read(path)
	if err != nil {
		if below == "" || !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("scan for queues: %w", err)
		}
		return nil // it has just gone
	}
	s.groups[path] = true
	for _, e := range entries {
		name := filepath.Join(below, e.Name())
		switch {
		case !e.IsDir() || e.Name() == ".peakd":
		case depth < s.settings.Depth:
			if !matches(s.settings.Exclude, e.Name()) {
				if err := s.directory(name, depth+1); err != nil {
					return err
				}
			}
		case matches(s.settings.Include, e.Name()) && !matches(s.settings.Exclude, e.Name()):
			s.queue(name)
		}
	}
	return nil
}

// read lists a directory; it is watched first, so that nothing is missed between.
func (s *scan) read(path string) ([]fs.DirEntry, error) {
	dir, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	if s.settings.Watch && s.watched[path] == nil {
		w, err := s.types.watches.Add(int(dir.Fd()), watch.Directories, s.env.Wake)
		if err != nil && !errors.Is(err, watch.ErrUnsupported) {
			s.env.Log.Warn("not_watched", zap.String("directory", path), zap.Error(err))
		}
		if err == nil {
			s.watched[path] = w
		}
	}
	entries, err := dir.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return entries, err
}

// queue notes a directory that is a queue, and makes its daemon if it has none.
func (s *scan) queue(name string) {
	path := filepath.Join(string(s.settings.Directory), name)
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() {
		return
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || len(s.settings.OwnerUIDs) > 0 && !slices.Contains(s.settings.OwnerUIDs, int(st.Uid)) {
		return
	}
	c := s.queues[name]
	same := c != nil && c.device == device(st) && c.inode == st.Ino
	if c == nil && s.full() {
		return
	}
	s.found[name] = true
	if same {
		c.missed = 0
		if c.refused == "" {
			return
		}
	}
	s.admit(name, path, &child{device: device(st), inode: st.Ino}, c)
}

// full tells whether there are as many queues as there may be.
func (s *scan) full() bool {
	if len(s.queues) < s.settings.MaximumQueues {
		s.told = false
		return false
	}
	if !s.told {
		s.told = true
		s.env.Log.Error("too_many_queues", zap.Int("maximum_queues", s.settings.MaximumQueues))
	}
	return true
}

// admit makes the daemon of a directory. One that cannot be made keeps the others from nothing.
func (s *scan) admit(name, path string, c, before *child) {
	spec, err := s.settings.Queue.Spec(config.Each{Name: name, Path: path})
	if err != nil {
		c.refused = err.Error()
		if before == nil || before.refused != c.refused {
			s.env.Log.Error("queue_refused", zap.String("directory", path), zap.Error(err))
		}
		s.queues[name] = c
		return
	}
	spec.Digest += ":" + strconv.FormatUint(c.device, 16) + ":" + strconv.FormatUint(c.inode, 16)
	spec.Terms.Slots = s.slots
	c.spec = spec
	s.queues[name] = c
	s.changed++
}

// forget drops the queues that have been missing for long enough, and the watches of groups that are gone.
func (s *scan) forget() {
	for name, c := range s.queues {
		if s.found[name] {
			continue
		}
		if c.missed++; c.missed >= s.settings.GoneAfter {
			delete(s.queues, name)
			s.changed++
		}
	}
	for path, w := range s.watched {
		if !s.groups[path] {
			w.Close()
			delete(s.watched, path)
		}
	}
}

// device is the number of a file's file system; its type differs between systems.
func device(st *syscall.Stat_t) uint64 { return uint64(st.Dev) } //nolint:unconvert // not on all of them
