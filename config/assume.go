package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/simulate"
)

// Assumption is an assume block: how a simulation takes the runs of a daemon to go.
type Assumption struct {
	Outcomes []string      `hcl:"outcomes" enum:"worked|more|idle|failed" doc:"how the runs end, one after the other and then from the first again"`
	Duration time.Duration `hcl:"duration" doc:"how long each run takes"`
	Children []string      `hcl:"children" doc:"the children that appear after the first run of a seed that does not fail"`

	at    span
	child map[string]span // where each child stands
}

// Assumptions are what a simulation takes for granted, by the full names of daemons.
type Assumptions struct {
	all   map[string]*Assumption
	names []string
	c     *collector
	files int
}

// LoadAssumptions reads assume blocks. The diagnostics are never nil. Options are those the configuration is
// loaded with, but for Paths; no path means no assumptions.
func LoadAssumptions(o Options) (*Assumptions, *Diagnostics) {
	known := &secrets{}
	l := &loader{
		reader: &reader{newWorld(o, known), &collector{secrets: known}},
		o:      o,
		cfg:    &Config{registry: o.Registry, secrets: known},
	}
	a := &Assumptions{all: map[string]*Assumption{}, c: l.c}
	if len(o.Paths) > 0 {
		shape, err := newShape(reflect.TypeFor[Assumption]())
		if err != nil {
			l.c.faultf("", nil, "%s", err)
			return a, l.c.done(0, 0)
		}
		for _, f := range l.read() {
			l.assumptions(a, f, shape)
		}
		a.files = len(l.cfg.Files)
	}
	return a, l.c.done(a.files, 0)
}

func (l *loader) assumptions(a *Assumptions, f file, shape *shape) {
	g := &grammar{owner: "a file of assumptions", schema: &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "assume", LabelNames: []string{"name"}},
	}}}
	_, blocks := l.items(f.body, l.w.bare(f.src), g)
	for _, b := range blocks {
		name := b.labels[0]
		if first, twice := a.all[name]; twice {
			l.c.errorf(b.labelAt[0], []string{"the first is at " + first.at.String()}, "there are two assumptions for %q", name)
			continue
		}
		one := &Assumption{at: b.labelAt[0], child: map[string]span{}}
		d := &decoder{reader: l.reader}
		attrs, inner := l.content(b.body, b.sc, newGrammar("assume", "", shape))
		d.body(shape, attrs, inner, reflect.ValueOf(one).Elem(), "", b.at)
		l.checkChildren(d, one)
		a.all[name] = one
		a.names = append(a.names, name)
	}
}

// checkChildren notes where each child stands.
func (l *loader) checkChildren(d *decoder, one *Assumption) {
	if !d.stated("children") {
		return
	}
	for i, name := range one.Children {
		before := one.Children[:i]
		at, _ := within(d.at("children").value, name, occurrences(before, name))
		switch {
		case name == "":
			l.c.errorf(at, nil, "a child has no name")
		case slices.Contains(before, name):
			l.c.errorf(at, nil, "the child %q is listed twice", name)
		default:
			one.child[name] = at
		}
	}
}

// Simulation is the configuration as a simulation takes it: each daemon with its assumption, each seed with the
// children that its assumption lists. An assumption for a daemon that is not there is an error.
func (c *Config) Simulation(a *Assumptions) (simulate.Input, *Diagnostics) {
	in := simulate.Input{App: c.App.Label, Limits: c.App.Limits(), ShutdownGrace: c.App.ShutdownGrace}
	s := &simulation{assumed: a, c: &collector{secrets: c.secrets}, there: map[string]bool{}}
	for _, dec := range c.Daemons {
		in.Daemons = append(in.Daemons, s.daemon(dec))
	}
	for _, name := range a.names {
		if !s.there[name] {
			s.c.errorf(a.all[name].at, c.whyNobody(name, slices.Sorted(maps.Keys(s.there))), "no daemon is called %q", name)
		}
	}
	return in, s.c.done(a.files, len(s.there))
}

// whyNobody are hints for an assumption about a daemon that is not there.
func (c *Config) whyNobody(name string, there []string) []string {
	for _, dec := range c.Disabled {
		if dec.Name == name {
			return []string{"it is disabled at " + dec.place("enabled").String()}
		}
	}
	seed, child, ok := cutLast(name)
	if encoded := seed + "/" + EncodeName(child); ok && slices.Contains(there, encoded) {
		return []string{fmt.Sprintf("its full name is %q", encoded)}
	}
	if ok && slices.Contains(there, seed) {
		return []string{didYouMean(name, there), fmt.Sprintf("a child is there once its seed's assumption lists it: assume %q { children = [%q] }", seed, child)}
	}
	return []string{didYouMean(name, there)}
}

// cutLast splits the full name of a child.
func cutLast(name string) (seed, child string, ok bool) {
	i := strings.LastIndexByte(name, '/')
	if i < 0 {
		return "", "", false
	}
	return name[:i], name[i+1:], true
}

// simulation makes the input of a simulation.
type simulation struct {
	assumed *Assumptions
	c       *collector
	there   map[string]bool // the daemons that may come to exist, by full name
}

func (s *simulation) daemon(dec *Decoded) simulate.Daemon {
	s.there[dec.full] = true
	terms := dec.terms
	d := simulate.Daemon{
		Entry: terms.Entry(dec.full, dec.planner), Timeout: terms.Timeout, KillGrace: terms.KillGrace,
	}
	one := s.assumed.all[dec.full]
	if one == nil {
		return d
	}
	d.Assume.Duration = one.Duration
	for _, word := range one.Outcomes {
		outcome, _ := schedule.ParseOutcome(word) // checked when it was decoded
		d.Assume.Outcomes = append(d.Assume.Outcomes, outcome)
	}
	if len(one.Children) > 0 {
		d.Children = s.children(dec, one)
	}
	return d
}

// children decodes the template of a seed for each child that its assumption lists.
func (s *simulation) children(dec *Decoded, one *Assumption) []simulate.Daemon {
	templates := dec.Templates()
	if len(templates) == 0 {
		s.c.errorf(one.at, nil, "%s (%s) has no children", dec.full, dec.Type)
		return nil
	}
	var all []simulate.Daemon
	for _, name := range one.Children {
		child, err := templates[0].Decode(Each{Name: name, Path: filepath.Join(dec.directory(), name)})
		if err != nil {
			s.there[dec.full+"/"+EncodeName(name)] = true // there is no more to say of it
			s.c.errorf(one.child[name], nil, "the child %q: %s", name, err)
			continue
		}
		all = append(all, s.daemon(child))
	}
	return all
}

// directory is the directory setting of a daemon that has one.
func (d *Decoded) directory() string {
	f := reflect.ValueOf(d.Settings)
	if f.Kind() != reflect.Struct {
		return ""
	}
	if dir := f.FieldByName("Directory"); dir.IsValid() && dir.Kind() == reflect.String {
		return fmt.Sprint(dir.Interface())
	}
	return ""
}
