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
	include, exclude []pattern
	// before and after surround the name of a file in that of its marker; marked is whether there are markers at all.
	before, after string
	marked        bool
}

// pattern is one of path.Match. Most are a star and a plain text, and names have no slash: those need no matching, which
// counts when there are a million names.
type pattern struct {
	text   string
	begins bool // the name begins with text
	ends   bool // the name ends with text
}

func newPatterns(texts []string) []pattern {
	var patterns []pattern
	for _, text := range texts {
		p := pattern{text: text}
		if rest, ok := strings.CutPrefix(text, "*"); ok && isPlain(rest) {
			p = pattern{text: rest, ends: true}
		} else if rest, ok := strings.CutSuffix(text, "*"); ok && isPlain(rest) {
			p = pattern{text: rest, begins: true}
		}
		patterns = append(patterns, p)
	}
	return patterns
}

func isPlain(text string) bool { return !strings.ContainsAny(text, `*?[\/`) }

func (p *pattern) matches(name []byte) bool {
	switch {
	case p.begins:
		return len(name) >= len(p.text) && string(name[:len(p.text)]) == p.text
	case p.ends:
		return len(name) >= len(p.text) && string(name[len(name)-len(p.text):]) == p.text
	}
	ok, _ := path.Match(p.text, string(name))
	return ok
}

func newFilter(o Options) (filter, error) {
	f := filter{include: newPatterns(o.Include), exclude: newPatterns(o.Exclude), marked: o.Ready == ReadyMarked}
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
func (f *filter) candidate(entry []byte) ([]byte, bool) {
	if isReserved(entry) {
		return nil, false
	}
	name := entry
	if f.marked {
		if !f.isMarker(entry) {
			return nil, false
		}
		name = entry[len(f.before) : len(entry)-len(f.after)]
	}
	return name, f.wants(name)
}

func isReserved(name []byte) bool {
	return len(name) >= len(Reserved) && string(name[:len(Reserved)]) == Reserved
}

func (f *filter) isMarker(name []byte) bool {
	return len(name) > len(f.before)+len(f.after) &&
		string(name[:len(f.before)]) == f.before && string(name[len(name)-len(f.after):]) == f.after
}

func (f *filter) wants(name []byte) bool {
	return matchesAny(f.include, name) && !matchesAny(f.exclude, name)
}

// lists tells whether an entry of the directory is one for people to see.
func (f *filter) lists(name []byte) bool {
	return !isReserved(name) && !(f.marked && f.isMarker(name)) && f.wants(name)
}

// marker is the name of a file's marker.
func (f *filter) marker(name string) string { return f.before + name + f.after }

func matchesAny(patterns []pattern, name []byte) bool {
	for i := range patterns {
		if patterns[i].matches(name) {
			return true
		}
	}
	return false
}

// rank is what the window orders by, before the name: lower is first.
func (q *Queue) rank(dir int, name []byte) (int64, error) {
	switch q.options.Order {
	case OrderModified:
		st, err := statAt(dir, string(name))
		return st.modified.UnixNano(), err
	case OrderPriority:
		return -q.priority(string(name)), nil
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
