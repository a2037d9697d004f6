package filecleanup

import (
	"errors"
	"path"
	"strings"
)

// glob is one pattern of include or exclude.
type glob struct {
	// name is matched against a name alone; it is empty if the pattern has a slash.
	name string
	// segments are matched against the path below the cleaned directory.
	segments []string
}

// anything is the segment that stands for any number of folders.
const anything = "**"

func newGlob(text string) (glob, error) {
	if text == "" {
		return glob{}, errors.New("it is empty")
	}
	if !strings.Contains(text, "/") {
		_, err := path.Match(text, "")
		return glob{name: text}, err
	}
	segments := strings.Split(strings.Trim(text, "/"), "/")
	for _, s := range segments {
		if _, err := path.Match(s, ""); err != nil {
			return glob{}, err
		}
	}
	return glob{segments: segments}, nil
}

// globs are the patterns of one attribute; the zero value matches nothing.
type globs struct {
	all   bool
	names []string
	paths [][]string
}

func newGlobs(texts []string) (globs, error) {
	var g globs
	for _, text := range texts {
		one, err := newGlob(text)
		if err != nil {
			return globs{}, err
		}
		switch {
		case one.name == "*" || one.name == anything:
			g.all = true
		case one.name != "":
			g.names = append(g.names, one.name)
		default:
			g.paths = append(g.paths, one.segments)
		}
	}
	return g, nil
}

// match tells whether any pattern matches; dir is asked for the folder's path only if one needs it.
func (g *globs) match(dir func() string, name string) bool {
	if g.all {
		return true
	}
	for _, p := range g.names {
		if ok, _ := path.Match(p, name); ok {
			return true
		}
	}
	if len(g.paths) == 0 {
		return false
	}
	segments := strings.Split(join(dir(), name), "/")
	for _, p := range g.paths {
		if matchSegments(p, segments) {
			return true
		}
	}
	return false
}

// matchSegments matches a pattern with ** against a path, in time proportional to the product of
// their lengths: after a mismatch only the last ** passed can still take more.
func matchSegments(pattern, segments []string) bool {
	p, s := 0, 0
	star, resume := -1, 0
	for s < len(segments) {
		if p < len(pattern) && pattern[p] == anything {
			star, resume = p, s
			p++
			continue
		}
		if p < len(pattern) {
			if ok, _ := path.Match(pattern[p], segments[s]); ok {
				p, s = p+1, s+1
				continue
			}
		}
		if star < 0 {
			return false
		}
		resume++
		p, s = star+1, resume
	}
	for p < len(pattern) && pattern[p] == anything {
		p++
	}
	return p == len(pattern)
}

// join is path.Join without its cleaning: names are taken as they are.
func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}
