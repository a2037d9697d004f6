package config

import (
	"path"
	"reflect"
)

// Overrides is a setting for blocks that change a template for some of the children: `match "mail-*" { priority = 5 }`.
// In the type's struct it is tagged `hcl:"match,block" overrides:"queue"`, with the name of the template's
// field. The label is a glob for each.name; of several that match, the first wins. What they say is in what the
// template decodes to; the value itself tells nothing.
type Overrides struct{}

// override is one of these blocks.
type override struct {
	glob   string
	block  block
	sample *Decoded // a child that is not known yet, as it changes it
}

// overrides checks the labels of override blocks. What is in them is checked with the template.
func (d *decoder) overrides(f *field, given []block) {
	for _, b := range given {
		d.places = append(d.places, place{path: f.name, name: b.at, value: b.at, unknown: b.unknown})
		if _, err := path.Match(b.labels[0], ""); err != nil {
			d.c.errorf(b.labelAt[0], []string{"*, ? and [a-z] stand for characters"}, "%q is not a glob", b.labels[0])
		}
	}
}

// overridesOf are the override blocks of a layer for the template of a field.
func overridesOf(s *shape, template *field, blocks []block) []override {
	var all []override
	for i := range s.fields {
		if f := &s.fields[i]; f.kind == overridesKind && f.template == template.name {
			for _, b := range blocksOf(blocks, f.name) {
				all = append(all, override{glob: b.labels[0], block: b})
			}
		}
	}
	return all
}

// matching are those for a child of that name.
func (t *template) matching(name string) []block {
	var some []block
	for _, o := range t.overrides {
		if ok, err := path.Match(o.glob, name); err == nil && ok {
			some = append(some, o.block)
		}
	}
	return some
}

// imply sets what a template of a fixed type need not say: the settings tagged each are the child's path.
func (d *decoder) imply(q request, into *Decoded, settings reflect.Value) {
	if q.implied == "" {
		return
	}
	for i := range q.typ.shape.fields {
		f := &q.typ.shape.fields[i]
		if !f.each {
			continue
		}
		if given := d.at(f.name); given != nil {
			if q.implied == standIn && !given.unknown {
				d.c.errorf(given.value, []string{"leave it out: it is each.path then"}, "%s would be the same for every child", f.name)
			}
			continue
		}
		settings.FieldByIndex(f.index).SetString(q.implied)
		d.places = append(d.places, place{
			path: f.name, name: into.header, value: into.header, inherited: true, unknown: q.implied == standIn,
		})
	}
}
