package filecleanup

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// store is a tree that takes files in under the paths they had, and never overwrites any.
type store struct {
	root   int
	opener *opener
	// rel and fd are the folder used last: files come folder by folder.
	rel string
	fd  int
}

func newStore(root int, o *opener) *store { return &store{root: root, opener: o, fd: -1} }

// close forgets the folder used last; the root belongs to the caller.
func (s *store) close() {
	closeFD(s.fd)
	s.fd, s.rel = -1, ""
}

// folder opens the folder of that path, making what is missing of it. The descriptor belongs to the
// store and is good until the next call.
func (s *store) folder(rel string) (int, error) {
	if rel == "" {
		return s.root, nil
	}
	if s.fd >= 0 && s.rel == rel {
		return s.fd, nil
	}
	at, rest := s.root, rel
	if below, ok := strings.CutPrefix(rel, s.rel+"/"); ok && s.fd >= 0 {
		at, rest = s.fd, below
	}
	fd, err := s.opener.open(at, rest)
	if errors.Is(err, unix.ENOENT) {
		fd, err = s.make(at, rest)
	}
	if err != nil {
		return -1, fmt.Errorf("open folder %q: %w", rel, err)
	}
	closeFD(s.fd)
	s.fd, s.rel = fd, rel
	return fd, nil
}

func (s *store) make(dir int, rel string) (int, error) {
	at := dir
	for {
		name, rest, more := strings.Cut(rel, "/")
		err := unix.Mkdirat(at, name, 0o700)
		if errors.Is(err, unix.EEXIST) {
			err = nil
		}
		fd := -1
		if err == nil {
			fd, err = s.opener.open(at, name)
		}
		if at != dir {
			closeFD(at)
		}
		if err != nil || !more {
			return fd, err
		}
		at, rel = fd, rest
	}
}

// maxNumber is how many files of one name a folder takes.
const maxNumber = 10_000

// put calls place with the name, then with numbered ones, until it does not answer EEXIST.
func put(name string, place func(name string) error) (string, error) {
	for i := range maxNumber {
		to := numbered(name, i)
		if err := place(to); !errors.Is(err, unix.EEXIST) {
			return to, err
		}
	}
	return "", unix.EEXIST
}

// maxName is the longest name that file systems take.
const maxName = 255

// numbered is the n-th name for a file whose name may be taken; the 0th is its own.
func numbered(name string, n int) string {
	if n == 0 {
		return name
	}
	suffix := fmt.Sprintf(".~%d~", n)
	if limit := maxName - len(suffix); len(name) > limit {
		name = cutName(name, limit)
	}
	return name + suffix
}

// cutName shortens a name without cutting a character in two.
func cutName(name string, limit int) string {
	for i := limit; i > limit-utf8.UTFMax; i-- {
		if utf8.RuneStart(name[i]) {
			return name[:i]
		}
	}
	return name[:limit]
}
