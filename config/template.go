package config

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/peakd/peakd/daemonapp"
)

// Each is what a template's expressions know of the child they are decoded for: each.name and each.path.
type Each struct {
	Name string
	Path string
}

// Template is a setting that describes the children of a seed. In the type's struct it is tagged
// `hcl:"child,block"` (the block's label is the daemon type) or `hcl:"queue,block" type:"dir_queue"`. The zero
// value is one that was not given. It may be used from any goroutine.
type Template struct {
	t       *template
	builder *builder
}

// template is what is known of it after loading.
type template struct {
	w     *world
	typ   Type
	block block
	seed  string // the full name of the daemon it stands in
	// overrides change it for some of the children.
	overrides []override
	sample    *Decoded
	digest    string
	// fixed: the type that it stands in says which type the children are of.
	fixed bool
}

// errNoTemplate is the error of a Template that is the zero value.
var errNoTemplate = errors.New("the configuration has no such template")

// template makes the value of a template's field, after checking it with a child that is not known yet.
func (r *reader) template(q request, f *field, b block, path string, overrides []override) (Template, bool) {
	name, at := f.daemon, b.at
	if name == "" {
		name, at = b.labels[0], b.labelAt[0]
	}
	typ, ok := r.w.registry.Lookup(name)
	if !ok {
		if !b.unknown {
			r.unknownType(at, name)
		}
		return Template{}, false
	}
	t := &template{w: r.w, typ: typ, block: b, seed: q.full, overrides: overrides, fixed: f.daemon != ""}
	sample := t.request(nil)
	sample.check = q.check
	t.sample = r.daemon(sample)
	for i := range overrides { // each is checked for itself, as there may be children that only it matches
		o := &overrides[i]
		sample.over, sample.check = []block{o.block}, false
		if o.sample = r.daemon(sample); o.sample.broken {
			return Template{}, false
		}
	}
	if q.check {
		r.w.samples = append(r.w.samples, t.sample)
	}
	if t.sample.broken {
		return Template{}, false
	}
	t.digest = t.fingerprint(path)
	return Template{t: t}, true
}

// request asks for one child; nil stands for one that is not known yet.
func (t *template) request(each *Each) request {
	q := request{
		typ: t.typ, name: eachName, header: t.block.at, body: t.block.body, sc: t.block.sc.withEach(each), each: each, child: true,
	}
	if t.fixed {
		q.implied = standIn
	}
	if each != nil {
		q.name, q.over = EncodeName(each.Name), t.matching(each.Name)
		if t.fixed {
			q.implied = each.Path
		}
	}
	q.full = t.seed + "/" + q.name
	return q
}

// eachName stands for the name of a child that is not known yet.
const eachName = "each.name"

func (r *reader) unknownType(at span, name string) {
	hint := didYouMean(name, r.w.registry.names())
	r.c.errorf(at, []string{hint, "`" + r.w.program + " types` lists them all"}, "there is no daemon type %q", name)
}

// Given tells whether the configuration has it.
func (t Template) Given() bool { return t.t != nil }

// Type is the daemon type of the children; empty if it was not given.
func (t Template) Type() string {
	if t.t == nil {
		return ""
	}
	return t.t.typ.name
}

// Decode decodes and checks the template for one child. The name of what comes back is that of the child
// alone, encoded by [EncodeName]. The error holds [*Diagnostics].
func (t Template) Decode(each Each) (*Decoded, error) {
	if t.t == nil {
		return nil, errNoTemplate
	}
	c := &collector{secrets: t.t.w.secrets}
	r := &reader{t.t.w, c}
	q := t.t.request(&each)
	full := q.full
	dec := r.daemon(q)
	(&checker{reader: r}).after(dec)
	if err := c.done(1, 1).Err(); err != nil {
		return nil, fmt.Errorf("decode %s: %w", full, err)
	}
	dec.planner = shared(dec.planner, t.t.sample.planner)
	return dec, nil
}

// Spec decodes the template for one child and builds it. It is an error unless the template is in the settings
// that a builder was given.
func (t Template) Spec(each Each) (daemonapp.Spec, error) {
	dec, err := t.Decode(each)
	if err != nil {
		return daemonapp.Spec{}, err
	}
	if t.builder == nil {
		return daemonapp.Spec{}, fmt.Errorf("build %s: its seed was not built", dec.full)
	}
	return t.builder.spec(dec)
}

// Templates are the templates among the settings, in the order of the struct.
func (d *Decoded) Templates() []Template {
	var all []Template
	eachTemplate(reflect.ValueOf(d.Settings), func(t Template) {
		if t.Given() {
			all = append(all, t)
		}
	})
	return all
}

// eachTemplate visits the templates within a settings value.
func eachTemplate(v reflect.Value, visit func(Template)) {
	switch v.Kind() { //nolint:exhaustive // the others hold none
	case reflect.Struct:
		if t, ok := v.Interface().(Template); ok {
			visit(t)
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				eachTemplate(v.Field(i), visit)
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			eachTemplate(v.Elem(), visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachTemplate(v.Index(i), visit)
		}
	}
}
