package spool

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
)

// filter says which names in the directory are those of ready files.
type filter struct {
	include, exclude []string
	// before and after surround the name of a file in that of its marker; marked is whether there are markers at all.
	before, after string
	marked        bool
}

func newFilter(o Options) (filter, error) {
	f := filter{include: o.Include, exclude: o.Exclude, marked: o.Ready == ReadyMarked}
	if len(f.include) == 1 && f.include[0] == "*" {
		f.include = nil
	}
	if !f.marked {
		return f, nil
	}
	var found bool
	f.before, f.after, found = strings.Cut(o.Marker, "{name}")
	if !found || strings.ContainsAny(o.Marker, "/\x00") || f.before+f.after == "" {
		return f, fmt.Errorf("marker %q: want a name with {name} and something else in it", o.Marker)
	}
	return f, nil
}

// candidate turns the name of an entry into that of a file that may be taken. With markers, it is the marker that leads to
// its file: so what waits for its marker costs nothing, however much it is.
func (f *filter) candidate(entry []byte) (string, bool) {
	name := string(entry)
	if strings.HasPrefix(name, Reserved) {
		return "", false
	}
	if f.marked {
		if len(name) <= len(f.before)+len(f.after) || !strings.HasPrefix(name, f.before) || !strings.HasSuffix(name, f.after) {
			return "", false
		}
		name = name[len(f.before) : len(name)-len(f.after)]
	}
	return name, f.wants(name)
}

func (f *filter) wants(name string) bool {
	if f.include != nil && !matchesAny(f.include, name) {
		return false
	}
	return !matchesAny(f.exclude, name)
}

// marker is the name of a file's marker.
func (f *filter) marker(name string) string { return f.before + name + f.after }

func matchesAny(patterns []string, name string) bool {
	for _, pattern := range patterns {
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
	}
	return false
}

// rank is what the window orders by, before the name: lower is first.
func (q *Queue) rank(dir int, name string) (int64, error) {
	switch q.options.Order {
	case OrderModified:
		st, err := statAt(dir, name)
		return st.modified.UnixNano(), err
	case OrderPriority:
		return -q.priority(name), nil
	case OrderName, OrderNone:
	}
	return 0, nil
}

func (q *Queue) priority(name string) int64 {
	groups := q.options.Priority.FindStringSubmatch(name)
	if len(groups) == 0 {
		return 0
	}
	n, err := strconv.ParseInt(groups[min(1, len(groups)-1)], 10, 32)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0
	}
	return n
}
