package config

import (
	"slices"
	"strings"
)

// check looks at the daemons together, once all are decoded.
func (l *loader) check() {
	for _, dec := range l.decoded {
		l.checkAfter(dec)
		for _, t := range dec.Templates() {
			l.checkAfter(t.t.sample)
		}
	}
	l.checkCycles()
	if l.c.errors == 0 {
		l.warn()
	}
}

// named is the declared daemon of a name, if it was decoded.
func (l *loader) named(name string) *Decoded {
	for _, dec := range l.decoded {
		if dec.Name == name {
			return dec
		}
	}
	return nil
}

// checkAfter looks whether the daemons exist that one waits for.
func (l *loader) checkAfter(dec *Decoded) {
	p := dec.at("after")
	if p == nil || p.failed || p.unknown || p.inherited && l.inheritedAfterTold(p) {
		return
	}
	for i, name := range dec.Common.After {
		at := within(p.value, name)
		if slices.Contains(dec.Common.After[:i], name) {
			l.c.errorf(at, nil, "after names %q twice", name)
			continue
		}
		l.checkAfterOne(dec, name, at)
	}
}

// inheritedAfterTold tells whether a default, which many daemons share, has been looked at.
func (l *loader) inheritedAfterTold(p *place) bool {
	if l.checked == nil {
		l.checked = make(map[span]bool)
	}
	told := l.checked[p.value]
	l.checked[p.value] = true
	return told
}

func (l *loader) checkAfterOne(dec *Decoded, name string, at span) {
	other := l.named(name)
	_, declared := l.declared[name]
	switch {
	case name == dec.full:
		l.c.errorf(at, nil, "%s would wait for itself", name)
	case strings.Contains(name, "/"):
		l.c.errorf(at, []string{"name its seed, or a daemon of the configuration"},
			"after names %q, a child, and children come and go", name)
	case other == nil && declared, other == nil && l.w.partial:
		// what is wrong with it has been told
	case other == nil:
		l.c.errorf(at, []string{l.nearestDaemon(name)}, "after names %q, and no daemon is called that", name)
	case !other.Common.Enabled:
		l.c.errorf(at, []string{"it is disabled at " + other.place("enabled").String() + "; enable it, or take it out of after"},
			"after names %q, which is disabled and never runs", name)
	}
}

// nearestDaemon is a hint that names the daemon that may be meant, and where it stands.
func (l *loader) nearestDaemon(name string) string {
	var names []string
	for _, dec := range l.decoded {
		names = append(names, dec.Name)
	}
	hint := didYouMean(name, names)
	if hint == "" {
		return ""
	}
	return hint + " (declared at " + l.declared[nearest(name, names)].String() + ")"
}

// place is where a setting stands, or else the block.
func (d *Decoded) place(path string) span {
	if p := d.at(path); p != nil {
		return p.value
	}
	return d.header
}

// within is the place of a quoted text inside a larger place; all of that if it does not stand there.
func within(at span, text string) span {
	if i := strings.Index(at.text(), `"`+text+`"`); i >= 0 {
		return at.src.span(int(at.start)+i+1, int(at.start)+i+1+len(text))
	}
	return at
}

// checkCycles looks for daemons that would wait for each other for ever. Each cycle is told once, at the first
// of its daemons.
func (l *loader) checkCycles() {
	const (
		unseen = iota
		open
		closed
	)
	state := make(map[*Decoded]int)
	var path []*Decoded
	var visit func(dec *Decoded)
	visit = func(dec *Decoded) {
		state[dec] = open
		path = append(path, dec)
		for _, name := range dec.Common.After {
			other := l.named(name)
			switch {
			case other == nil || other == dec || !other.Common.Enabled:
			case state[other] == open:
				l.cycle(path[slices.Index(path, other):])
			case state[other] == unseen:
				visit(other)
			}
		}
		path = path[:len(path)-1]
		state[dec] = closed
	}
	for _, dec := range l.decoded {
		if state[dec] == unseen && dec.Common.Enabled {
			visit(dec)
		}
	}
}

func (l *loader) cycle(members []*Decoded) {
	names := make([]string, 0, len(members)+1)
	for _, dec := range members {
		names = append(names, dec.Name)
	}
	first := members[0]
	next := members[1%len(members)].Name
	l.c.errorf(within(first.place("after"), next), []string{"none of them could ever start; break it at one place"},
		"after goes in a circle: %s", strings.Join(append(names, names[0]), " after "))
}
