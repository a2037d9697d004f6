package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// place is where a setting stands: "run_every", "window[0].from", "deliver", "target[1]".
type place struct {
	path  string
	name  span // the attribute's name, or the block's header
	value span // the attribute's value; of a block its header
	// inherited: it came from a defaults block.
	inherited bool
	// sensitive: its value, or part of it, must not be shown.
	sensitive bool
	// unknown: its value depends on a child that is not known yet.
	unknown bool
	// failed: its value does not fit, and that was told.
	failed bool
}

// decoder decodes one block: the app, or a daemon.
type decoder struct {
	*reader
	places []place
	// making is called with each template found; it is nil where there can be none.
	making func(f *field, b block, path string) (Template, bool)
}

// at is the place of a path, or nil if it is not given.
func (d *decoder) at(path string) *place { return find(d.places, path) }

// stated tells whether a path is given, and its value is known and fits.
func (d *decoder) stated(path string) bool {
	p := d.at(path)
	return p != nil && !p.failed && !p.unknown
}

// attribute decodes an attribute into a field of a struct.
func (d *decoder) attribute(f *field, a attr, into reflect.Value, prefix string, inherited bool) {
	p := place{path: prefix + f.name, name: a.at, value: a.value, inherited: inherited, sensitive: f.sensitive}
	defer func() { d.places = append(d.places, p) }()
	if f.sensitive && !d.w.loaded {
		a.sc.src.hide(a.value)
	}
	v, ok := d.eval(a.expr, a.sc)
	if !ok {
		p.failed = true
		return
	}
	v, marks := v.UnmarkDeepWithPaths()
	p.sensitive = f.sensitive || len(marks) > 0
	d.remember(f, v, marks)
	if v.IsKnown() && v.IsNull() {
		p.failed = f.required
		if f.required {
			d.c.errorf(a.value, nil, "%s is required, and null means not given", f.name)
		}
		return
	}
	if target := into.FieldByIndex(f.index); target.Kind() == reflect.Pointer {
		fresh := reflect.New(target.Type().Elem())
		if d.value(f, v, a, fresh.Elem(), &p); !p.failed {
			target.Set(fresh)
		}
	} else {
		d.value(f, v, a, target, &p)
	}
}

// remember records what is secret in a value: all of it, or the parts that are marked.
func (d *decoder) remember(f *field, v cty.Value, marks []cty.PathValueMarks) {
	if f.sensitive {
		d.w.secrets.addValue(v)
	}
	for _, m := range marks {
		part, err := m.Path.Apply(v)
		if err != nil { // an element of a set has no path
			part = v
		}
		d.w.secrets.addValue(part)
	}
}

func (d *decoder) value(f *field, v cty.Value, a attr, into reflect.Value, p *place) {
	switch f.kind { //nolint:exhaustive // blocks do not come here
	case listKind:
		d.list(f, v, a, into, p)
	case mapKind:
		d.mapping(f, v, a, into, p)
	default:
		d.one(f, f.kind, v, a, a.value, into, p)
	}
}

// one decodes a scalar, alone or as an element.
func (d *decoder) one(f *field, k kind, v cty.Value, a attr, at span, into reflect.Value, p *place) {
	if !v.IsKnown() {
		p.unknown = true
		if !couldBe(v.Type(), k) {
			p.failed = true
			d.c.errorf(at, nil, "%s", f.misfit(k, kindOfType(v)))
		} else if k == stringKind && len(f.enum) == 0 || k == pathKind {
			into.SetString(standIn)
		}
		return
	}
	if v.IsNull() {
		p.failed = true
		d.c.errorf(at, nil, "an element of %s is null", f.name)
		return
	}
	scratch := reflect.New(into.Type()).Elem()
	if wrong := f.scalar(k, v, a.sc.src, scratch, p.sensitive); wrong != nil {
		p.failed = true
		d.c.errorf(at, wrong.hints, "%s", wrong.text)
		return
	}
	into.Set(scratch)
}

// couldBe tells whether a value of a type, not known yet, may turn out to fit.
func couldBe(t cty.Type, k kind) bool {
	if t == cty.DynamicPseudoType {
		return true
	}
	switch k { //nolint:exhaustive // all others are written as strings
	case boolKind:
		return convert.GetConversionUnsafe(t, cty.Bool) != nil || t == cty.Bool
	case intKind, floatKind:
		return convert.GetConversionUnsafe(t, cty.Number) != nil || t == cty.Number
	case durationKind, sizeKind, modeKind:
		return t == cty.String
	}
	return t.IsPrimitiveType()
}

func (d *decoder) list(f *field, v cty.Value, a attr, into reflect.Value, p *place) {
	t := v.Type()
	if t.IsSetType() && !v.IsWhollyKnown() {
		v = cty.DynamicVal // not even how many there are is known
	}
	if !t.IsListType() && !t.IsTupleType() && !t.IsSetType() && t != cty.DynamicPseudoType {
		p.failed = true
		d.c.errorf(a.value, []string{"write " + f.name + " = [...]"}, "%s is a %s, not %s", f.name, f.inWords(), kindOfType(v))
		return
	}
	if !v.IsKnown() {
		p.unknown = true
		into.Set(reflect.MakeSlice(into.Type(), 1, 1))
		d.one(f, f.elem, cty.UnknownVal(cty.String), a, a.value, into.Index(0), &place{})
		return
	}
	ranges := elementSpans(a, v.LengthInt())
	made := reflect.MakeSlice(into.Type(), v.LengthInt(), v.LengthInt())
	i := 0
	for it := v.ElementIterator(); it.Next(); i++ {
		_, e := it.Element()
		d.one(f, f.elem, e, a, ranges(i), made.Index(i), p)
	}
	into.Set(made)
}

// kindOfType is kindOf for a value that may be unknown.
func kindOfType(v cty.Value) string {
	if v.IsKnown() {
		return kindOf(v)
	}
	return "a " + v.Type().FriendlyName()
}

// elementSpans are the places of a list's elements, if it is written out.
func elementSpans(a attr, n int) func(int) span {
	exprs, diags := hcl.ExprList(a.expr)
	if diags.HasErrors() || len(exprs) != n {
		return func(int) span { return a.value }
	}
	return func(i int) span { return a.sc.src.spanOf(exprs[i].Range()) }
}

func (d *decoder) mapping(f *field, v cty.Value, a attr, into reflect.Value, p *place) {
	t := v.Type()
	if !t.IsMapType() && !t.IsObjectType() && t != cty.DynamicPseudoType {
		p.failed = true
		d.c.errorf(a.value, []string{"write " + f.name + " = { NAME = ... }"}, "%s is a %s, not %s", f.name, f.inWords(), kindOfType(v))
		return
	}
	if !v.IsKnown() {
		p.unknown = true
		return
	}
	made := reflect.MakeMap(into.Type())
	for it := v.ElementIterator(); it.Next(); {
		key, e := it.Element()
		one := reflect.New(into.Type().Elem()).Elem()
		d.one(f, f.elem, e, a, d.keySpan(a, key), one, p)
		made.SetMapIndex(reflect.ValueOf(key.AsString()), one)
	}
	into.Set(made)
}

// keySpan is the place of a map's value, if the map is written out.
func (d *decoder) keySpan(a attr, key cty.Value) span {
	pairs, diags := hcl.ExprMap(a.expr)
	if diags.HasErrors() {
		return a.value
	}
	for _, pair := range pairs {
		if k, diags := pair.Key.Value(a.sc.ctx); !diags.HasErrors() && !k.IsMarked() && k.RawEquals(key) {
			return a.sc.src.spanOf(pair.Value.Range())
		}
	}
	return a.value
}

// body decodes what a body holds into a struct, and tells what is missing.
func (d *decoder) body(s *shape, attrs []attr, blocks []block, into reflect.Value, prefix string, header span) {
	for _, a := range attrs {
		if f := s.find(a.name); f != nil {
			d.attribute(f, a, into, prefix, false)
		}
	}
	for i := range s.fields {
		if f := &s.fields[i]; f.isBlock() {
			d.blocks(f, blocksOf(blocks, f.name), into, prefix, false)
		}
	}
	d.missing(s, prefix, header)
}

func blocksOf(all []block, name string) []block {
	var found []block
	for _, b := range all {
		if b.name == name {
			found = append(found, b)
		}
	}
	return found
}

// missing tells of what is required and not given.
func (d *decoder) missing(s *shape, prefix string, header span) {
	for i := range s.fields {
		f := &s.fields[i]
		path := prefix + f.name
		if d.w.partial || !f.required || d.at(path) != nil || f.many && d.at(path+"[0]") != nil {
			continue
		}
		example := f.name + " = ..."
		if f.isBlock() {
			example = strings.TrimSpace(f.name+" "+labelExample(f)) + " { ... }"
		}
		d.c.errorf(header, []string{"write " + example + " (" + f.doc + ")", f.kindHint()}, "%s is missing", f.name)
		d.places = append(d.places, place{path: path, name: header, value: header, failed: true})
	}
}

func labelExample(f *field) string {
	var labels []string
	for _, name := range f.labelNames() {
		labels = append(labels, `"`+strings.ToUpper(name)+`"`)
	}
	return strings.Join(labels, " ")
}

// blocks decodes all blocks of one name.
func (d *decoder) blocks(f *field, given []block, into reflect.Value, prefix string, inherited bool) {
	if len(given) == 0 {
		return
	}
	if f.kind == overridesKind {
		d.overrides(f, given)
		return
	}
	target := into.FieldByIndex(f.index)
	if !f.many && len(given) > 1 {
		d.c.errorf(given[1].at, []string{"the first is at " + given[0].at.String()}, "there can be only one %s block", f.name)
		given = given[:1]
	}
	var made reflect.Value
	if f.many {
		made = reflect.MakeSlice(target.Type(), 0, len(given))
	}
	for i, b := range given {
		path := prefix + f.name
		if f.many {
			path = fmt.Sprintf("%s[%d]", path, i)
		}
		d.places = append(d.places, place{path: path, name: b.at, value: b.at, inherited: inherited, unknown: b.unknown})
		if !f.many {
			d.block(f, b, target, path, inherited)
			continue
		}
		one := reflect.New(target.Type().Elem()).Elem()
		d.block(f, b, one, path, inherited)
		made = reflect.Append(made, one)
	}
	if f.many {
		target.Set(made)
	}
}

// block decodes one block into a struct, a pointer to one, or a template.
func (d *decoder) block(f *field, b block, into reflect.Value, path string, inherited bool) {
	if into.Kind() == reflect.Pointer {
		fresh := reflect.New(into.Type().Elem())
		if f.kind == blockKind {
			fresh = newStruct(f.block)
		}
		into.Set(fresh)
		into = fresh.Elem()
	} else if f.many && f.kind == blockKind {
		into.Set(newStruct(f.block).Elem())
	}
	if f.kind == templateKind {
		if t, ok := d.making(f, b, path); ok {
			into.Set(reflect.ValueOf(t))
		} else {
			d.at(path).failed = true
		}
		return
	}
	from := len(d.places)
	if f.isChoice() {
		d.choose(f, b, into, path)
	} else {
		d.settings(f, b, into, path)
	}
	for i := range d.places[from:] {
		d.places[from+i].inherited = inherited
	}
}

// settings decodes the labels of a block and what it holds.
func (d *decoder) settings(f *field, b block, into reflect.Value, path string) {
	attrs, blocks := d.content(b.body, b.sc, newGrammar(f.name, "", f.block))
	for i, l := range f.block.labels {
		d.label(&l, b, i, into, path)
	}
	d.body(f.block, attrs, blocks, into, path+".", b.at)
}

func (d *decoder) label(f *field, b block, i int, into reflect.Value, path string) {
	p := place{path: path + "." + f.name, name: b.labelAt[i], value: b.labelAt[i], unknown: b.unknown && b.labels[i] == standIn}
	if !p.unknown {
		if wrong := f.setString(into.FieldByIndex(f.index), b.labels[i], `"`+b.labels[i]+`"`); wrong != nil {
			p.failed = true
			d.c.errorf(b.labelAt[i], wrong.hints, "%s", wrong.text)
		}
	}
	d.places = append(d.places, p)
}
