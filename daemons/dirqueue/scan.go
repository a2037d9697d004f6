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
	"strings"
	"syscall"

	"go.uber.org/zap"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
	"github.com/peakd/peakd/daemons/dirqueue/watch"
)

// directory is one that is to be a queue; its name is its path below the base.
type directory struct {
	name string
	id   spool.Identity
}

// scan is one look at all directories.
type scan struct {
	*Manager
	found  []directory // by name
	byName map[string]spool.Identity
	byID   map[spool.Identity]bool
	groups map[string]bool // paths of the directories that were read
	hidden []string        // groups that could not be read: what is in them is not known
	excess int             // how many directories there are too many
}

// scan looks at all directories. It fails if the base cannot be read.
func (m *Manager) scan(ctx context.Context) (*scan, error) {
	s := &scan{Manager: m, byName: map[string]spool.Identity{}, byID: map[spool.Identity]bool{}, groups: map[string]bool{}}
	if err := s.look(ctx, "", 1); err != nil {
		return nil, fmt.Errorf("scan for queues: %w", err)
	}
	slices.SortFunc(s.found, func(a, b directory) int { return cmp.Compare(a.name, b.name) })
	for path := range m.watched {
		if !s.groups[path] {
			m.unwatch(path)
		}
	}
	return s, nil
}

// look looks at one directory below the base: at its subdirectories, which are queues, or groups of them.
func (s *scan) look(ctx context.Context, below string, depth int) error {
	entries, err := s.read(below)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if !e.IsDir() || strings.HasPrefix(e.Name(), spool.Reserved) || matches(s.settings.Exclude, e.Name()) {
			continue
		}
		name := filepath.Join(below, e.Name())
		switch {
		case depth < s.settings.Depth:
			err = s.group(ctx, name, depth+1)
		case matches(s.settings.Include, e.Name()):
			s.queue(name, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// group looks at a directory of queues. One that cannot be read does not keep the others from theirs.
func (s *scan) group(ctx context.Context, name string, depth int) error {
	err := s.look(ctx, name, depth)
	switch {
	case ctx.Err() != nil:
		return err
	case err == nil || errors.Is(err, fs.ErrNotExist):
		delete(s.unread, name)
		return nil
	}
	s.hidden = append(s.hidden, name)
	if s.unread[name] != err.Error() {
		s.unread[name] = err.Error()
		s.env.Log.Error("group_unread", zap.String("directory", name), zap.Error(err))
	}
	return nil
}

// isHidden tells whether a queue lies in a group that could not be read.
func (s *scan) isHidden(name string) bool {
	return slices.ContainsFunc(s.hidden, func(group string) bool { return strings.HasPrefix(name, group+"/") })
}

// queue notes a directory that is to be a queue.
func (s *scan) queue(name string, e fs.DirEntry) {
	info, err := e.Info()
	if err != nil {
		return // it has just gone
	}
	id, owner, err := identityOf(info)
	if err != nil || len(s.settings.OwnerUIDs) > 0 && !slices.Contains(s.settings.OwnerUIDs, owner) {
		return
	}
	s.found = append(s.found, directory{name, id})
	s.byName[name], s.byID[id] = id, true
}

// read lists the base or a group; it is watched first, so that nothing is missed between.
func (s *scan) read(below string) ([]fs.DirEntry, error) {
	path, flags := filepath.Join(string(s.settings.Directory), below), os.O_RDONLY|syscall.O_DIRECTORY
	if below != "" {
		flags |= syscall.O_NOFOLLOW
	}
	dir, err := os.OpenFile(path, flags, 0)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	s.groups[path] = true
	if err := s.watch(path, dir); err != nil {
		return nil, err
	}
	return dir.ReadDir(-1)
}

// watched is a directory that is watched.
type watched struct {
	*watch.Watch
	id spool.Identity
}

// watch sees to it that a directory is watched, be it another one than the last time.
func (m *Manager) watch(path string, dir *os.File) error {
	if !m.settings.Watch || m.calendar {
		return nil
	}
	info, err := dir.Stat()
	if err != nil {
		return err
	}
	id, _, err := identityOf(info)
	if err != nil {
		return err
	}
	if w := m.watched[path]; w != nil && w.id == id && !w.Lost() {
		return nil
	}
	m.unwatch(path)
	w, err := m.types.watches.Add(int(dir.Fd()), watch.Directories, func(watch.Mask) { m.env.Wake() })
	if err != nil {
		m.types.unwatched(m.env.Log, err)
		return nil
	}
	m.watched[path] = &watched{w, id}
	return nil
}

func (m *Manager) unwatch(path string) {
	if w := m.watched[path]; w != nil {
		w.Close()
		delete(m.watched, path)
	}
}
