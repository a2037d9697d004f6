package status

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Selection says which daemons of a status are meant.
type Selection struct {
	// Names are names and globs ("*" does not cross a "/"); a seed means its children too. None means every daemon.
	Names []string
	// Tags are those of which a daemon, or the seed that it is a child of, has at least one. None means any.
	Tags []string
}

// Everything tells whether nothing is left out.
func (s Selection) Everything() bool { return len(s.Names)+len(s.Tags) == 0 }

// UnknownError is a name or a tag that no daemon has.
type UnknownError struct {
	// Kind is "daemon" or "tag", Name what was asked for.
	Kind, Name string
}

// Error implements error.
func (e *UnknownError) Error() string {
	if e.Kind == kindTag {
		return fmt.Sprintf("no daemon has the tag %q", e.Name)
	}
	return fmt.Sprintf("no daemon is called %q", e.Name)
}

const (
	kindDaemon = "daemon"
	kindTag    = "tag"
)

// Select is the status of those daemons; what it says of the app is as it was. The error is an [*UnknownError] if a name,
// a glob or a tag fits nothing, and path.ErrBadPattern if a glob is none.
func (s Status) Select(selection Selection) (Status, error) {
	if selection.Everything() {
		return s, nil
	}
	f := finder{Selection: selection, tagged: map[string]bool{}, found: map[string]bool{}}
	kept := make([]Daemon, 0, len(s.Daemons))
	for _, d := range s.Daemons {
		ok, err := f.fits(&d)
		if err != nil {
			return s, err
		}
		if ok {
			kept = append(kept, d)
		}
	}
	for _, name := range selection.Names {
		if !f.found[kindDaemon+name] {
			return s, &UnknownError{kindDaemon, name}
		}
	}
	for _, tag := range selection.Tags {
		if !f.found[kindTag+tag] {
			return s, &UnknownError{kindTag, tag}
		}
	}
	s.Daemons = kept
	return s, nil
}

// finder looks at the daemons by name, so that a seed comes before its children.
type finder struct {
	Selection
	tagged map[string]bool // seeds that have a tag
	found  map[string]bool // what fitted, with its kind before it
}

func (f *finder) fits(d *Daemon) (bool, error) {
	named, err := f.named(d.Name)
	if err != nil {
		return false, err
	}
	return f.hasTag(d) && named, nil
}

func (f *finder) named(name string) (bool, error) {
	named := len(f.Names) == 0
	for _, pattern := range f.Names {
		for at := name; at != ""; at = at[:max(strings.LastIndexByte(at, '/'), 0)] {
			ok, err := path.Match(pattern, at)
			if err != nil && at != pattern {
				return false, fmt.Errorf("name %q: %w", pattern, err)
			}
			if ok || at == pattern {
				named = true
				f.found[kindDaemon+pattern] = true
			}
		}
	}
	return named, nil
}

func (f *finder) hasTag(d *Daemon) bool {
	has := len(f.Tags) == 0 || f.tagged[d.Parent]
	for _, tag := range f.Tags {
		if slices.Contains(d.Tags, tag) {
			has = true
			f.found[kindTag+tag] = true
		}
	}
	if has && d.Seed && len(f.Tags) > 0 {
		f.tagged[d.Name] = true
	}
	return has
}

// Nearest is the name of a daemon, or a tag, that is most like the unknown one; empty if none is like it.
func (e *UnknownError) Nearest(s Status) string {
	best, least := "", max(2, len(e.Name)/3)+1
	for i := range s.Daemons {
		d := &s.Daemons[i]
		candidates := d.Tags
		if e.Kind == kindDaemon {
			candidates = []string{d.Name, d.Name[strings.LastIndexByte(d.Name, '/')+1:]}
		}
		for _, c := range candidates {
			n := distance(e.Name, c)
			if len(e.Name) > 2 && strings.HasPrefix(c, e.Name) { // "backup" for "backup-db"
				n = min(n, 1)
			}
			if n < least {
				best, least = c, n
				if e.Kind == kindDaemon {
					best = d.Name
				}
			}
		}
	}
	return best
}

// distance is how many bytes must be inserted, removed or replaced to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := corner
			if a[i] != b[j] {
				changed++
			}
			corner = row[j+1]
			row[j+1] = min(changed, row[j]+1, corner+1)
		}
	}
	return row[len(b)]
}
