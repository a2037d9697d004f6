package config

import (
	"reflect"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/peakd/peakd/daemonapp"
)

// request is a daemon to be decoded.
type request struct {
	typ    Type
	name   string // its own
	full   string // with its seed's
	header span
	body   hcl.Body
	sc     *scope
	// child: it is a template's.
	child bool
	// check also looks at templates within, and at what Warnings can see of the system.
	check bool
	// each is the child of a template, nil if it is not known yet; over are blocks that change the template for it, the
	// nearest first; implied is what settings tagged each are if they are not given.
	each    *Each
	over    []block
	implied string
}

// layer is what one block says of a daemon: its own, or a defaults block.
type layer struct {
	attrs  []attr
	blocks []block
}

// daemon decodes a daemon block.
func (r *reader) daemon(q request) *Decoded {
	d := &decoder{reader: r}
	before := r.c.errors
	dec := &Decoded{Name: q.name, Type: q.typ.name, Common: defaultCommon(), full: q.full, header: q.header}
	settings := reflect.New(q.typ.shape.typ)
	settings.Elem().Set(q.typ.defaults)
	if s, ok := settings.Interface().(interface{ SetDefaults() }); ok {
		s.SetDefaults()
	}
	own := layer{}
	own.attrs, own.blocks = r.content(q.body, q.sc, r.w.grammars[q.typ.name])
	d.making = func(f *field, b block, path string) (Template, bool) {
		return r.template(q, f, b, path, overridesOf(q.typ.shape, f, own.blocks))
	}
	d.settle(q, append(r.over(q), r.w.layers(q.typ.name, own)...), reflect.ValueOf(&dec.Common).Elem(), settings.Elem())
	d.imply(q, dec, settings.Elem())
	d.missing(q.typ.shape, "", q.header)

	dec.unknown = slices.ContainsFunc(d.places, func(p place) bool { return p.unknown })
	d.common(q, dec)
	d.validate(q, dec, settings.Interface())
	dec.Settings = settings.Elem().Interface()
	dec.places = d.places
	dec.broken = r.c.errors > before
	if !dec.broken {
		dec.Digest = digestOf(dec)
	}
	return dec
}

// over are the layers of the blocks that change a template for one child.
func (r *reader) over(q request) []layer {
	var all []layer
	for _, b := range q.over {
		l := layer{}
		l.attrs, l.blocks = r.content(b.body, b.sc.withEach(q.each), r.w.grammars[q.typ.name])
		all = append(all, l)
	}
	return all
}

// settle decodes each setting from the nearest layer that has it.
func (d *decoder) settle(q request, layers []layer, common, settings reflect.Value) {
	into := func(name string) (*field, reflect.Value) {
		if f := d.w.registry.common.find(name); f != nil {
			return f, common
		}
		return q.typ.shape.find(name), settings
	}
	taken := make(map[string]bool)
	for depth, l := range layers {
		var names []string
		for _, a := range l.attrs {
			if f, target := into(a.name); f != nil && !taken[a.name] {
				d.attribute(f, a, target, "", depth > 0)
				names = append(names, a.name)
			}
		}
		for _, name := range blockNames(l.blocks) {
			if f, target := into(name); f != nil && !taken[name] {
				d.blocks(f, blocksOf(l.blocks, name), target, "", depth > 0)
				names = append(names, name)
			}
		}
		for _, name := range append(names, rivals(names)...) {
			taken[name] = true
		}
	}
}

func blockNames(blocks []block) []string {
	var names []string
	for _, b := range blocks {
		if !slices.Contains(names, b.name) {
			names = append(names, b.name)
		}
	}
	return names
}

// idleSettings are those of the idle backoff, which a calendar does not have.
func idleSettings() []string {
	return []string{"minimum_idle", "increase_idle_by", "multiply_idle_by", "maximum_idle"}
}

// rivals are the settings that a layer rules out in those behind it: whoever states a pace is not hurt by
// a default for the other.
func rivals(stated []string) []string {
	switch {
	case slices.Contains(stated, "schedule"):
		return append(idleSettings(), "run_every")
	case slices.Contains(stated, "run_every"):
		return []string{"schedule", "missed"}
	}
	return nil
}

// validate asks the settings themselves.
func (d *decoder) validate(q request, dec *Decoded, settings any) {
	if v, ok := settings.(interface {
		Validate() []*daemonapp.FieldError
	}); ok {
		d.faults(v.Validate(), q, dec, d.c.errorf)
	}
	if !q.check || !dec.Common.Enabled || d.anyFailed() {
		return
	}
	if v, ok := settings.(interface {
		Warnings() []*daemonapp.FieldError
	}); ok {
		d.faults(v.Warnings(), q, dec, d.c.warnf)
	}
}

// faults turns the answers of settings into diagnostics. What is said of a setting that is not known, or was
// told of already, is dropped; so is what is said of none as long as some are not known or wrong.
func (d *decoder) faults(all []*daemonapp.FieldError, q request, dec *Decoded, tell func(span, []string, string, ...any)) {
	for _, f := range all {
		p, exact := d.nearestPlace(f.Field)
		switch {
		case p == nil && (dec.unknown || d.anyFailed()), p != nil && (p.failed || p.unknown):
			continue
		case p == nil:
			tell(q.header, []string{f.Hint}, "%s", fieldSentence(f))
		case exact:
			tell(p.value, []string{f.Hint}, "%s", f.Message)
		default:
			tell(p.value, []string{f.Hint}, "%s", fieldSentence(f))
		}
	}
}

func (d *decoder) anyFailed() bool {
	return slices.ContainsFunc(d.places, func(p place) bool { return p.failed })
}

func fieldSentence(f *daemonapp.FieldError) string {
	if f.Field == "" {
		return f.Message
	}
	return f.Field + ": " + f.Message
}

// nearestPlace is the place of a field, or of the innermost block around it.
func (d *decoder) nearestPlace(path string) (p *place, exact bool) {
	for inner := path; inner != ""; inner = parent(inner) {
		if p := d.at(inner); p != nil {
			return p, inner == path
		}
		if p := d.at(inner + "[0]"); p != nil {
			return p, inner == path
		}
	}
	return nil, false
}

// parent is the path of the block around a setting.
func parent(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '.' || path[i] == '[' {
			return path[:i]
		}
	}
	return ""
}
