package filecleanup

import "time"

// ForbidOpenat2 makes a cleaner work as on a kernel without it.
func ForbidOpenat2(c *Cleaner) { c.steps = true }

// JudgeJump is the comparison of the two clocks.
func JudgeJump(wall, monotonic time.Duration) error { return judgeJump(wall, monotonic) }

// Ranked is what goes, by the ranking and its plan, of files with these times and sizes: their
// indices in the order in which they go. Those in stuck cannot be removed.
func Ranked(limit, keep int, maximum int64, at, size []int64, stuck map[int]bool, old, removable func(int64) bool) []int {
	r := &ranking{limit: limit}
	for i := range at {
		r.add(candidate{id: fileID{ino: uint64(i)}, name: string(rune('a' + i)), at: at[i], size: size[i]})
	}
	p := r.plan(keep, maximum)
	gone := []int{}
	for {
		c, more := p.next(old, removable)
		if !more {
			return gone
		}
		i := int(c.id.ino)
		p.done(!stuck[i])
		if !stuck[i] {
			gone = append(gone, i)
		}
	}
}

// Old is the rule of age for one time.
func Old(olderThan, minimumAge time.Duration, at, now int64) bool {
	return rule{olderThan: olderThan, minimumAge: minimumAge}.old(at, now)
}

// MatchGlob tells whether a pattern matches a path.
func MatchGlob(pattern, dir, name string) (bool, error) {
	g, err := newGlobs([]string{pattern})
	if err != nil {
		return false, err
	}
	return g.match(func() string { return dir }, name), nil
}

// Numbered is the n-th name for a file whose name is taken.
func Numbered(name string, n int) string { return numbered(name, n) }

// CutPath cuts a path as it is handed to the kernel.
func CutPath(path string, limit int) (string, string) { return cutPath(path, limit) }

// LinkAndUnlink is how a file is moved where the file system cannot refuse to overwrite.
func LinkAndUnlink(fromDir int, from string, toDir int, to string) error {
	return linkAndUnlink(fromDir, from, toDir, to)
}

// DiffersFromParent is how the root of a mount is told without the kernel's word.
func DiffersFromParent(fd int) (bool, error) { return differsFromParent(fd) }
