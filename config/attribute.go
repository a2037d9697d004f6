package config

import (
	"reflect"
	"slices"
	"strings"
)

// Attribute describes one setting, for people and for the generated reference.
type Attribute struct {
	Name string
	// Type in words: "duration", "list of strings", "block", "template of any type".
	Type string
	// Default in words; empty if there is none.
	Default   string
	Doc       string
	Enum      []string
	Required  bool
	Sensitive bool
	// Repeated blocks may be given several times.
	Repeated bool
	// Labels are the labels of a block, Attributes what it holds. If a label selects what that is, Attributes are the
	// block once for each label, which is part of the name then: `deliver "smtp"`.
	Labels     []Attribute
	Attributes []Attribute
}

// IsBlock tells whether it is written as a block.
func (a Attribute) IsBlock() bool { return a.Type == "block" || strings.HasPrefix(a.Type, "template") }

// CommonAttributes are the settings that every daemon has.
func CommonAttributes() []Attribute {
	return describe(reflect.TypeFor[Common](), reflect.ValueOf(defaultCommon()))
}

// AppAttributes are the settings of the app block.
func AppAttributes() []Attribute {
	return describe(reflect.TypeFor[App](), reflect.ValueOf(defaultApp()))
}

func describe(t reflect.Type, defaults reflect.Value) []Attribute {
	s, err := newShape(t)
	if err != nil {
		return nil // a registry refuses to exist then
	}
	return s.attributes(defaults)
}

func (s *shape) attributes(defaults reflect.Value) []Attribute {
	all := make([]Attribute, 0, len(s.fields))
	for i := range s.fields {
		all = append(all, s.fields[i].attribute(defaults))
	}
	return all
}

func (f *field) attribute(defaults reflect.Value) Attribute {
	a := Attribute{
		Name: f.name, Type: f.inWords(), Default: f.words, Doc: f.doc, Enum: slices.Clone(f.enum),
		Required: f.required, Sensitive: f.sensitive, Repeated: f.many,
	}
	if f.kind == templateKind && f.daemon == "" {
		a.Labels = []Attribute{{Name: "type", Type: stringKind.String(), Required: true, Doc: "a daemon type"}}
	}
	if f.kind == overridesKind {
		a.Labels = []Attribute{{Name: "glob", Type: stringKind.String(), Required: true, Doc: "for the children's names"}}
		return a
	}
	value, given := inside(defaults, f.index)
	switch {
	case f.isChoice():
		a.Labels, a.Attributes = f.variants()
	case f.kind == blockKind:
		for _, l := range f.block.labels {
			a.Labels = append(a.Labels, l.attribute(reflect.Zero(f.block.typ)))
		}
		if !given || value.Type() != f.block.typ {
			value = newStruct(f.block).Elem()
		}
		a.Attributes = f.block.attributes(value)
	case f.kind != templateKind && a.Default == "" && !f.required && !f.sensitive && given && !f.label:
		a.Default = inWords(value)
	}
	return a
}

// inside is a field's value without its pointer; not given if the pointer is nil.
func inside(s reflect.Value, index []int) (reflect.Value, bool) {
	v := s.FieldByIndex(index)
	if v.Kind() == reflect.Pointer {
		return v.Elem(), !v.IsNil()
	}
	return v, true
}

// newStruct is a pointer to a new struct of a block, with its own defaults set.
func newStruct(s *shape) reflect.Value {
	v := reflect.New(s.typ)
	if d, ok := v.Interface().(interface{ SetDefaults() }); ok {
		d.SetDefaults()
	}
	return v
}

// String is the kind in words.
func (k kind) String() string {
	switch k {
	case stringKind:
		return "string"
	case boolKind:
		return "bool"
	case intKind:
		return "whole number"
	case floatKind:
		return "number"
	case durationKind:
		return "duration"
	case sizeKind:
		return "size"
	case pathKind:
		return "path"
	case modeKind:
		return "octal mode"
	case listKind:
		return "list"
	case mapKind:
		return "map"
	case blockKind:
		return "block"
	case templateKind:
		return "template of any type"
	case overridesKind:
		return "block"
	}
	return "unknown"
}

func (f *field) inWords() string {
	switch {
	case f.elem != 0:
		return f.kind.String() + " of " + f.elem.String() + "s"
	case f.kind == overridesKind:
		return "block, with any setting of " + f.template
	case f.kind == templateKind && f.daemon != "":
		return "template of type " + f.daemon
	}
	return f.kind.String()
}

// inWords writes a value as a configuration would; the empty ones of strings, lists and maps are no default.
func inWords(v reflect.Value) string {
	if empty(v) {
		return ""
	}
	return written(v, quoted)
}
