package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// checker looks at the daemons of a configuration together, once all are decoded.
type checker struct {
	*reader
	declared map[string]span // also those that could not be decoded
}

// check tells what is wrong between daemons, and then what is most likely not meant.
func (l *loader) check() {
	l.w.named = make(map[string]*Decoded, len(l.decoded))
	for _, dec := range l.decoded {
		if _, twice := l.w.named[dec.Name]; !twice {
			l.w.named[dec.Name] = dec
		}
	}
	k := &checker{l.reader, l.declared}
	k.defaults()
	for _, dec := range slices.Concat(l.decoded, l.w.samples) {
		k.after(dec)
	}
	k.cycles(l.decoded)
	l.warn()
	l.w.samples = nil
}

// defaults checks the after of defaults blocks, which need not have a daemon that takes it.
func (k *checker) defaults() {
	f := k.w.registry.common.find("after")
	for _, typ := range slices.Sorted(maps.Keys(k.w.defaults)) {
		for _, a := range k.w.defaults[typ].attrs {
			if a.name != f.name {
				continue
			}
			var common Common
			d := &decoder{reader: &reader{k.w, &collector{secrets: k.w.secrets}}} // its mistakes have been told
			d.attribute(f, a, reflect.ValueOf(&common).Elem(), "", true)
			k.names(nil, common.After, d.at(f.name))
		}
	}
}

// after checks the names that a daemon, or the sample of a template, waits for.
func (k *checker) after(dec *Decoded) {
	p := dec.at("after")
	switch {
	case p == nil:
	case !p.inherited:
		k.names(dec, dec.Common.After, p)
	case slices.Contains(dec.Common.After, dec.full):
		at, _ := within(p.value, dec.full, 0)
		k.c.errorf(at, []string{"it takes this from the defaults; give it an after of its own, if only after = []"},
			"%s (%s) would wait for itself", dec.full, dec.header)
	}
}

// names checks the names of one after; dec is nil if it stands in defaults.
func (k *checker) names(dec *Decoded, after []string, p *place) {
	if p.failed {
		return
	}
	for i, name := range after {
		before := after[:i]
		at, written := within(p.value, name, occurrences(before, name))
		switch {
		case p.unknown && !written: // it depends on the child
		case slices.Contains(before, name):
			k.c.errorf(at, nil, "after names %q twice", name)
		case dec != nil && name == dec.full:
			k.c.errorf(at, nil, "%s would wait for itself", name)
		case strings.Contains(name, "/"):
			k.c.errorf(at, []string{"name its seed, or a daemon of the configuration"},
				"after names %q, a child, and children come and go", name)
		default:
			k.name(dec, name, at)
		}
	}
}

// name checks one name of an after.
func (k *checker) name(dec *Decoded, name string, at span) {
	other := k.w.named[name]
	_, declared := k.declared[name]
	waits := dec == nil || dec.Common.Enabled
	switch {
	case other == nil && (declared || k.w.partial):
		// what is wrong with it has been told
	case other == nil:
		k.c.errorf(at, []string{k.nearestDaemon(name)}, "after names %q, and no daemon is called that", name)
	case !other.Common.Enabled && waits:
		k.c.errorf(at, []string{"it is disabled at " + other.place("enabled").String() + "; enable it, or take it out of after"},
			"after names %q, which is disabled and never runs", name)
	}
}

// nearestDaemon is a hint that names the daemon that may be meant, and where it stands.
func (k *checker) nearestDaemon(name string) string {
	names := slices.Sorted(maps.Keys(k.w.named))
	hint := didYouMean(name, names)
	if hint == "" {
		return ""
	}
	return hint + " (declared at " + k.w.named[nearest(name, names)].Where() + ")"
}

// place is where the value of a setting stands, or else the block.
func (d *Decoded) place(path string) span {
	if p := d.at(path); p != nil {
		return p.value
	}
	return d.header
}

// within is the place of a text in quotes inside a larger place, after so many others like it; all of that, and
// false, if it does not stand there.
func within(at span, text string, others int) (span, bool) {
	quoted := `"` + text + `"`
	all, from := at.text(), 0
	for {
		i := strings.Index(all[from:], quoted)
		if i < 0 {
			return at, false
		}
		from += i
		if others == 0 {
			return at.src.span(int(at.start)+from, int(at.start)+from+len(quoted)), true
		}
		others--
		from += len(quoted)
	}
}

func occurrences(names []string, name string) int {
	n := 0
	for _, other := range names {
		if other == name {
			n++
		}
	}
	return n
}
