package dirqueue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"go.uber.org/zap"
	"golang.org/x/text/unicode/norm"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// ManagerSettings are those of a dir_queue_manager block.
type ManagerSettings struct {
	Directory     config.Path      `hcl:"directory,required" doc:"the base directory, whose subdirectories are queues"`
	Include       []string         `hcl:"include" doc:"globs; a queue's name must match one of them"`
	Exclude       []string         `hcl:"exclude" doc:"globs; a subdirectory whose name matches one of them is no queue"`
	Depth         int              `hcl:"depth" doc:"how far below the base the queues are: 2 means BASE/GROUP/QUEUE"`
	Watch         bool             `hcl:"watch" doc:"whether to look at once when a directory comes or goes; run_every is the pace of the scans that make sure"`
	GoneAfter     int              `hcl:"gone_after" doc:"in so many scans in a row a directory must be missing before its queue ends"`
	MaximumQueues int              `hcl:"maximum_queues" doc:"of more directories, those that have a queue keep it, then the first by name count, and an error says so"`
	MaxRunning    int              `hcl:"max_running" doc:"how many of the queues may be at work at once; 0 means no limit but the app's workers"`
	OwnerUIDs     []int            `hcl:"owner_uids" doc:"user ids; a directory of others is no queue" default:"everybody's"`
	Queue         config.Template  `hcl:"queue,block,required" type:"dir_queue" doc:"what each queue is like; its directory is each.path"`
	Match         config.Overrides `hcl:"match,block" overrides:"queue" doc:"what is different for the queues whose name matches the glob; where several match, what the first says wins"`
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
	v.included(s.Include)
	v.positive("depth", s.Depth)
	v.positive("gone_after", s.GoneAfter)
	v.positive("maximum_queues", s.MaximumQueues)
	v.users("owner_uids", s.OwnerUIDs)
	if s.MaxRunning < 0 {
		v.add("max_running", "0 means no limit", "max_running cannot be negative")
	}
	return v.all
}

// Warnings tells of a base that is missing now, and of more queues than this process can have.
func (s *ManagerSettings) Warnings() []*daemonapp.FieldError {
	v := faults{}
	if info, err := os.Stat(string(s.Directory)); err != nil || !info.IsDir() {
		v.add("directory", "its runs will fail until it is there", "%s is not a directory now", s.Directory)
	}
	if why := newCrowd().tooMany(s.MaximumQueues); why != "" {
		v.add("maximum_queues", moreDescriptors, "%s", why)
	}
	return v.all
}

// Manager is a seed that keeps a queue for each directory. A queue is known by the directory itself, not by its name: one
// that was removed and made again is another.
type Manager struct {
	daemonapp.Pace
	env      config.Env
	settings ManagerSettings
	types    *types
	calendar bool
	slots    *schedule.Slots     // what bounds how many run at once; nil: nothing
	watched  map[string]*watched // by path: the base, and the groups below it
	queues   map[string]*child   // by path below the base
	shelf    map[spool.Identity]*shelved
	changed  int               // how many came and went since the last run that ended
	refused  map[string]string // directories that cannot have a queue, and why, as it was told
	unread   map[string]string // groups that cannot be read, and why, as it was told
	excess   int               // how many directories there were too many, as it was told
	crowded  bool              // it was told that there are too few descriptors
}

// child is a queue as its manager knows it.
type child struct {
	spec   daemonapp.Spec
	id     spool.Identity
	missed int // in so many scans in a row its directory was not there

	fullName string   // what the app calls it
	legacy   *bequest // what it gets from the queue of the directory's earlier name; nil: nothing
}

var (
	_ daemonapp.Seed   = (*Manager)(nil)
	_ daemonapp.Closer = (*Manager)(nil)
)

func (t *types) manager(env config.Env, s ManagerSettings) (daemonapp.Daemon, error) {
	m := &Manager{
		Pace: daemonapp.Pace{Planner: env.Planner}, env: env, settings: s, types: t,
		calendar: schedule.CalendarOf(env.Planner) != nil,
		watched:  map[string]*watched{}, queues: map[string]*child{}, shelf: map[spool.Identity]*shelved{}, refused: map[string]string{}, unread: map[string]string{},
	}
	if s.MaxRunning > 0 {
		m.slots = &schedule.Slots{Max: s.MaxRunning}
	}
	return m, nil
}

// Run scans the base directory. It worked if queues came or went, and counts them.
func (m *Manager) Run(ctx context.Context) (schedule.Result, error) {
	s, err := m.scan(ctx)
	if err != nil {
		return schedule.Result{}, err
	}
	m.drop(s)
	for _, renamed := range []bool{true, false} { // who has a queue keeps it
		for _, d := range s.found {
			if err := ctx.Err(); err != nil {
				return schedule.Result{}, context.Cause(ctx)
			}
			if (m.shelf[d.id] != nil) == renamed {
				m.admit(s, d)
			}
		}
	}
	m.clearShelf()
	m.tellExcess(s.excess)
	m.tellCrowd()
	changed := m.changed
	m.changed = 0
	if changed == 0 {
		return schedule.Result{Outcome: schedule.Idle}, nil
	}
	return schedule.Result{Outcome: schedule.Worked, Count: changed}, nil
}

// Children states a queue for each directory, by name.
func (m *Manager) Children() []daemonapp.Spec {
	specs := make([]daemonapp.Spec, 0, len(m.queues))
	for _, c := range m.queues {
		specs = append(specs, c.spec)
	}
	slices.SortFunc(specs, func(a, b daemonapp.Spec) int { return cmp.Compare(a.Name, b.Name) })
	return specs
}

// Close implements [daemonapp.Closer]. If this is because of other settings, the successor looks at once.
func (m *Manager) Close() error {
	if len(m.watched) > 0 {
		defer m.env.Wake()
	}
	for path := range m.watched {
		m.unwatch(path)
	}
	for _, s := range m.shelf {
		s.legacy.giveUp()
	}
	for _, c := range m.queues { // of what was made last the app may never have heard
		if c.legacy != nil {
			c.legacy.giveUp()
		}
	}
	return nil
}

// drop ends the queues whose directories are gone, or have another name.
func (m *Manager) drop(s *scan) {
	for name, c := range m.queues {
		id, there := s.byName[name]
		switch {
		case there && id == c.id, !there && s.isHidden(name):
			c.missed = 0
			continue
		case !there && !s.byID[c.id]:
			if c.missed++; c.missed < m.settings.GoneAfter {
				continue
			}
		default:
			m.shelve(name, c)
		}
		if there {
			continue // another in its place: admit replaces it
		}
		delete(m.queues, name)
		m.changed++
	}
	for name := range m.refused {
		if _, there := s.byName[name]; !there {
			delete(m.refused, name)
		}
	}
}

// admit makes the queue of a directory that has none. One that cannot be made does not keep the others from
// theirs; it is tried at each scan, and told once.
func (m *Manager) admit(s *scan, d directory) {
	c := m.queues[d.name]
	if c != nil && c.id == d.id {
		return
	}
	if c == nil && len(m.queues) >= m.settings.MaximumQueues {
		s.excess++
		return
	}
	spec, queue, err := m.spec(d)
	if err != nil {
		if m.refused[d.name] != err.Error() {
			m.refused[d.name] = err.Error()
			m.env.Log.Error("queue_refused", zap.String("directory", d.name), zap.Error(err))
		}
		return
	}
	delete(m.refused, d.name)
	spec.Fresh = c != nil // another directory of the same name: its queue does not wait for the pace of that one's
	m.queues[d.name] = &child{spec: spec, id: d.id, fullName: queue.env.Name, legacy: m.follow(d, queue)}
	m.changed++
}

// errForm is the error of a directory that a configuration cannot name: HCL brings all text into one normal form,
// and each.path would be the path of another directory, or of none.
var errForm = errors.New("the directory's name is not in Unicode normal form C: rename it")

func (m *Manager) spec(d directory) (daemonapp.Spec, *Queue, error) {
	each := config.Each{Name: d.name, Path: filepath.Join(string(m.settings.Directory), d.name)}
	if !norm.NFC.IsNormalString(each.Path) {
		return daemonapp.Spec{}, nil, errForm
	}
	spec, err := m.settings.Queue.Spec(each)
	if err != nil {
		return daemonapp.Spec{}, nil, err
	}
	queue, ok := spec.Daemon.(*Queue)
	if !ok {
		return daemonapp.Spec{}, nil, fmt.Errorf("a %T is no queue", spec.Daemon)
	}
	if directory := string(queue.settings.Directory); !isWithin(directory, each.Path) {
		return daemonapp.Spec{}, nil, fmt.Errorf("its queue would be on %s: leave directory out of the queue and match blocks", directory)
	}
	queue.managed, queue.directory = true, d.id
	spec.Digest = fmt.Sprintf("%s:%x:%x", spec.Digest, d.id.Dev, d.id.Ino)
	spec.Terms.Slots = m.slots
	return spec, queue, nil
}

// isWithin tells whether a path is that of a directory or of something in it.
func isWithin(path, dir string) bool {
	below, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(below)
}

// tellExcess tells that there are too many directories, when that changes.
func (m *Manager) tellExcess(n int) {
	if n > 0 && n != m.excess {
		m.env.Log.Error("too_many_queues", zap.Int("without", n), zap.Int("maximum_queues", m.settings.MaximumQueues))
	}
	m.excess = n
}

// tellCrowd tells once that there are more queues than descriptors for them.
func (m *Manager) tellCrowd() {
	why := m.types.crowd.tooMany(len(m.queues))
	if why != "" && !m.crowded {
		m.env.Log.Error("too_few_descriptors", zap.String("reason", why), zap.String("so", moreDescriptors))
	}
	m.crowded = why != ""
}
