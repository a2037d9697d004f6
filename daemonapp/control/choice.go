package control

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/peakd/peakd/daemonapp"
)

// chosen is a daemon that a choice means.
type chosen struct {
	*daemonapp.DaemonStatus
	// named tells that it was chosen by its very name: a verb that means nothing to it is then an error.
	named bool
}

// among finds the daemons that are meant, sorted by name: a seed comes before its children. It is an error if a name, a
// glob or a tag means none.
func (c *Choice) among(list []daemonapp.DaemonStatus) ([]chosen, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	picked := picks{}
	for _, pattern := range c.Names {
		if err := pick(picked, list, pattern); err != nil {
			return nil, err
		}
	}
	for _, tag := range c.Tags {
		if err := pickTagged(picked, list, tag); err != nil {
			return nil, err
		}
	}
	var all []chosen
	for i := range list {
		d := &list[i]
		if named, ok := picked[d.Name]; ok || c.All || !c.Self && within(picked, d.Name) {
			all = append(all, chosen{d, named})
		}
	}
	if len(all) == 0 {
		return nil, &Error{Status: statusNotFound, Message: "the app has no daemons"}
	}
	slices.SortFunc(all, func(a, b chosen) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

func (c *Choice) check() error {
	some := len(c.Names)+len(c.Tags) > 0
	switch {
	case !some && !c.All:
		return &Error{Status: statusBadRequest, Message: "no daemon is named", Hint: "name some, by names, tags, or all"}
	case some && c.All:
		return &Error{Status: statusBadRequest, Message: "it is either all daemons or some", Hint: "leave out all, or names and tags"}
	}
	return names(c.Names).check()
}

// picks are the names that were picked; true: by the very name.
type picks map[string]bool

func (p picks) note(name string, very bool) { p[name] = p[name] || very }

// within tells whether the daemon is a descendant of one that was picked.
func within(picked picks, name string) bool {
	for at := parent(name); at != ""; at = parent(at) {
		if _, ok := picked[at]; ok {
			return true
		}
	}
	return false
}

func pick(picked picks, list []daemonapp.DaemonStatus, pattern string) error {
	found := false
	for i := range list {
		name := list[i].Name
		if !matches(pattern, name) {
			continue
		}
		found = true
		picked.note(name, name == pattern)
	}
	if found {
		return nil
	}
	if isGlob(pattern) {
		return &Error{Status: statusNotFound, Message: "no daemon's name matches " + quoted(pattern), Hint: `"*" does not cross a "/"`}
	}
	return unknown(pattern, list)
}

func pickTagged(picked picks, list []daemonapp.DaemonStatus, tag string) error {
	found := false
	tags := map[string]bool{}
	for i := range list {
		for _, t := range list[i].Terms.Tags {
			tags[t] = true
		}
		if slices.Contains(list[i].Terms.Tags, tag) {
			found = true
			picked.note(list[i].Name, false)
		}
	}
	if found {
		return nil
	}
	return &Error{Status: statusNotFound, Message: "no daemon has the tag " + quoted(tag), Hint: didYouMean(tag, keys(tags))}
}

// unknown is the error of a name that nobody has.
func unknown(name string, list []daemonapp.DaemonStatus) error {
	all := make([]string, len(list))
	for i := range list {
		all[i] = list[i].Name
	}
	slices.Sort(all)
	return &Error{Status: statusNotFound, Message: "no daemon is called " + quoted(name), Hint: didYouMean(name, all)}
}

func didYouMean(written string, candidates []string) string {
	if near := nearest(written, candidates); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return ""
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// quoted is what somebody wrote, bounded.
func quoted(text string) string {
	const most = 80
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return strconv.Quote(text)
}
