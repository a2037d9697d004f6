package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
)

// exclusive is implemented by settings of a type two of whose daemons must not work on one directory.
type exclusive interface{ ExclusiveDirectory() string }

// directory is the one that must be its own; empty if there is none, or if it is not known yet.
func (s candidate) exclusiveDirectory() string {
	settings := reflect.New(reflect.TypeOf(s.Settings))
	settings.Elem().Set(reflect.ValueOf(s.Settings))
	e, ok := settings.Interface().(exclusive)
	if !ok || !s.knows("directory") {
		return ""
	}
	dir := e.ExclusiveDirectory()
	if !filepath.IsAbs(dir) {
		return ""
	}
	return filepath.Clean(dir)
}

// sameDirectory looks for two queues on one directory, also if a link leads to it.
func (w *warner) sameDirectory() {
	byPath := make(map[string]candidate)
	byFile := make(map[identity]candidate)
	for _, s := range w.all {
		dir := s.exclusiveDirectory()
		if dir == "" {
			continue
		}
		other, taken := byPath[dir]
		info, err := os.Stat(dir)
		if err == nil && !taken {
			other, taken = byFile[identify(info, dir)]
		}
		switch {
		case s.seed != nil:
			w.tell(s.place("directory"), "write a path below each.path, so that each has its own",
				fmt.Sprintf("all children of %s would work on one directory", s.seed.full))
		case taken:
			w.tell(s.place("directory"), "they would take each other's files; give each a directory of its own",
				fmt.Sprintf("%s works on the same directory as %s (%s)", s.who(), other.who(), other.place("directory")))
		}
		if taken {
			continue
		}
		byPath[dir] = s
		if err == nil {
			byFile[identify(info, dir)] = s
		}
	}
}
