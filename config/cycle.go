package config

import (
	"slices"
	"strings"
)

// circle is a search for daemons that would wait for each other for ever.
type circle struct {
	*checker
	done map[*Decoded]bool
	path []*Decoded       // from where the search began to where it is
	at   map[*Decoded]int // where in the path each stands
}

// cycles tells of each circle once, at the first of its daemons.
func (k *checker) cycles(all []*Decoded) {
	c := &circle{checker: k, done: make(map[*Decoded]bool, len(all)), at: make(map[*Decoded]int)}
	for _, dec := range all {
		if dec.Common.Enabled {
			c.visit(dec)
		}
	}
}

func (c *circle) visit(dec *Decoded) {
	if c.done[dec] {
		return
	}
	c.done[dec] = true
	c.at[dec] = len(c.path)
	c.path = append(c.path, dec)
	for _, name := range dec.Common.After {
		other := c.w.named[name]
		if other == nil || other == dec || !other.Common.Enabled {
			continue // told elsewhere
		}
		if i, waiting := c.at[other]; waiting {
			c.tell(c.path[i:])
		} else {
			c.visit(other)
		}
	}
	c.path = c.path[:len(c.path)-1]
	delete(c.at, dec)
}

func (c *circle) tell(members []*Decoded) {
	first := 0
	for i, dec := range members {
		if byHeader(dec, members[first]) < 0 {
			first = i
		}
	}
	ring := slices.Concat(members[first:], members[:first+1])
	names := make([]string, len(ring))
	for i, dec := range ring {
		names[i] = dec.Name
	}
	at, _ := within(ring[0].place("after"), ring[1].Name, 0)
	c.c.errorf(at, []string{"none of them could ever start; break it at one place"},
		"after goes in a circle: %s", strings.Join(shortened(names), " after "))
}

func byHeader(a, b *Decoded) int { return byPlace(finding{at: a.header}, finding{at: b.header}) }

// shortened keeps the ends of a long list.
func shortened(names []string) []string {
	const most = 8
	if len(names) <= most {
		return names
	}
	return slices.Concat(names[:most/2], []string{"..."}, names[len(names)-2:])
}
