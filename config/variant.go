package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// kindLabel is what diagnostics call the label that selects a variant.
const kindLabel = "kind"

// setVariant reads the struct of a variant. It has no labels, as that of its block is the only one.
func (f *field) setVariant(within []reflect.Type) (err error) {
	if f.typ.Kind() != reflect.Pointer || f.typ == reflect.TypeFor[*Template]() {
		return errors.New("a variant is a pointer to a struct of settings")
	}
	f.kind = blockKind
	f.block, err = newShape(f.typ.Elem(), within...)
	if err == nil && (f.block.choice || len(f.block.labels) > 0) {
		err = errors.New("a variant has neither labels nor variants itself")
	}
	return err
}

// setChoice tells whether the fields are variants: all of them, or none.
func (s *shape) setChoice() error {
	variants := 0
	for i := range s.fields {
		if s.fields[i].variant {
			variants++
		}
	}
	s.choice = variants > 0
	if s.choice && variants < len(s.fields)+len(s.labels) {
		return fmt.Errorf("%s has variants and other settings too", s.typ)
	}
	return nil
}

// isChoice tells whether it is a block whose label selects a variant.
func (f *field) isChoice() bool { return f.kind == blockKind && f.block.choice }

// kinds are the labels that a choice may have.
func (f *field) kinds() []string {
	names := make([]string, len(f.block.fields))
	for i := range names {
		names[i] = f.block.fields[i].name
	}
	return names
}

// kindHint says which labels a choice may have; it is empty for any other field.
func (f *field) kindHint() string {
	if !f.isChoice() {
		return ""
	}
	return strings.ToUpper(kindLabel) + " is one of " + quoteAll(f.kinds())
}

// titled is a choice with its label, as a configuration has it.
func (f *field) titled(kind string) string { return f.name + ` "` + kind + `"` }

// choose decodes a block into the variant that its label selects. Where the label is wrong, or not known yet, the
// first variant stands in, so that whoever validates the settings always finds one.
func (d *decoder) choose(f *field, b block, into reflect.Value, path string) {
	variant := f.block.find(b.labels[0])
	found := variant != nil
	if !found {
		variant = &f.block.fields[0]
	}
	for i := range f.block.fields { // the defaults of the type may have chosen another
		into.FieldByIndex(f.block.fields[i].index).SetZero()
	}
	fresh := newStruct(variant.block)
	into.FieldByIndex(variant.index).Set(fresh)
	switch {
	case found:
		attrs, blocks := d.content(b.body, b.sc, f.variantGrammar(variant))
		d.body(variant.block, attrs, blocks, fresh.Elem(), path+".", b.at)
	case !b.unknown || b.labels[0] != standIn:
		d.at(path).failed = true
		hint := strings.TrimSpace(didYouMean(b.labels[0], f.kinds()) + " it is one of " + quoteAll(f.kinds()))
		d.c.errorf(b.labelAt[0], []string{hint}, "%s cannot be %q", f.name, b.labels[0])
	}
}

// variantGrammar is what the body of a variant may hold; it knows what belongs to the others.
func (f *field) variantGrammar(variant *field) *grammar {
	g := newGrammar(f.titled(variant.name), "", variant.block)
	g.elsewhere = func(name string) string {
		var others []string
		for i := range f.block.fields {
			if other := &f.block.fields[i]; other.block.find(name) != nil {
				others = append(others, f.titled(other.name))
			}
		}
		if len(others) == 0 {
			return ""
		}
		return name + " is a setting of " + strings.Join(others, " and ")
	}
	return g
}

// variants describe a choice: its label, and the block once for each.
func (f *field) variants() (labels, all []Attribute) {
	for i := range f.block.fields {
		v := &f.block.fields[i]
		all = append(all, Attribute{
			Name: f.titled(v.name), Type: blockKind.String(), Doc: v.doc,
			Attributes: v.block.attributes(newStruct(v.block).Elem()),
		})
	}
	label := Attribute{Name: kindLabel, Type: stringKind.String(), Required: true, Doc: "what the block holds", Enum: f.kinds()}
	return []Attribute{label}, all
}
