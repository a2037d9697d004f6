package control

import (
	"fmt"
	"path"
	"strings"
)

// names are patterns of daemons' names: a name means the daemon and its children, a glob what it matches and its children
// ("*" does not cross a "/"). No pattern at all means every daemon.
type names []string

// check tells of a pattern that is none.
func (n names) check() error {
	for _, pattern := range n {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			return &Error{
				Status: statusBadRequest, Message: fmt.Sprintf("%q is not a pattern of names", pattern),
				Hint: `as in "mail-*", "mail-queues/*", "queue[0-9]"`,
			}
		}
	}
	return nil
}

// match tells whether a daemon, or one that it is a child of, is meant.
func (n names) match(name string) bool {
	if len(n) == 0 {
		return true
	}
	for _, pattern := range n {
		for at := name; at != ""; at = parent(at) {
			if matches(pattern, at) {
				return true
			}
		}
	}
	return false
}

// matches tells whether the daemon itself is meant.
func matches(pattern, name string) bool {
	if pattern == name {
		return true
	}
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// isGlob tells a pattern from a name.
func isGlob(pattern string) bool { return strings.ContainsAny(pattern, `*?[\`) }

// parent is the seed that a child belongs to; empty for others.
func parent(name string) string {
	return name[:max(strings.LastIndexByte(name, '/'), 0)]
}

// nearest is the candidate that is most like what was written; empty if none is like it.
func nearest(written string, candidates []string) string {
	best, least := "", max(2, len(written)/3)+1
	for _, c := range candidates {
		if d := distance(strings.ToLower(written), strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	if best != "" {
		return best
	}
	for _, c := range candidates { // "bulk" for "mail-queues/bulk", "mail" for "mail-queues"
		if strings.HasSuffix(c, "/"+written) || len(written) > 2 && strings.HasPrefix(c, written) {
			return c
		}
	}
	return ""
}

// distance is how many bytes must be inserted, removed or replaced to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
