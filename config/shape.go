package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// kind is what a field is in a configuration.
type kind uint8

const (
	stringKind kind = iota + 1
	boolKind
	intKind
	floatKind
	durationKind
	sizeKind
	pathKind
	modeKind
	listKind
	mapKind
	blockKind
	templateKind
	overridesKind
)

// field is a setting: a field of a struct as its tags describe it.
type field struct {
	name      string
	index     []int
	typ       reflect.Type // of the struct's field
	kind      kind
	elem      kind // of a list's or a map's elements
	required  bool
	sensitive bool
	signed    bool
	label     bool
	variant   bool   // a block's label selects it
	many      bool   // a block that may come several times
	block     *shape // of a blockKind
	daemon    string // of a templateKind: the daemon type it always has
	template  string // of an overridesKind: the template that it changes
	each      bool   // in a template of a fixed type it need not be given: it is each.path
	enum      []string
	doc       string
	words     string // the default in words
}

// isBlock tells whether it is written as a block.
func (f *field) isBlock() bool {
	return f.kind == blockKind || f.kind == templateKind || f.kind == overridesKind
}

// shape is a struct as a configuration sees it.
type shape struct {
	typ    reflect.Type
	fields []field // attributes and blocks, in order; of a choice its variants
	labels []field
	choice bool // a label selects one of the fields, which are variants
}

// find is the attribute or block of a name.
func (s *shape) find(name string) *field {
	for i := range s.fields {
		if s.fields[i].name == name {
			return &s.fields[i]
		}
	}
	return nil
}

// newShape reads the tags of a settings struct. Its errors are for the author of a daemon type.
func newShape(t reflect.Type, within ...reflect.Type) (*shape, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%s is not a struct", t)
	}
	if slices.Contains(within, t) {
		return nil, fmt.Errorf("%s contains itself", t)
	}
	s := &shape{typ: t}
	if err := s.addFields(t, nil, append(within, t)); err != nil {
		return s, err
	}
	return s, s.setChoice()
}

func (s *shape) addFields(t reflect.Type, index []int, within []reflect.Type) error {
	for i := range t.NumField() {
		sf := t.Field(i)
		at := append(slices.Clone(index), i)
		tag, tagged := sf.Tag.Lookup("hcl")
		switch {
		case tag == "-":
			continue
		case sf.Anonymous && !tagged && sf.Type.Kind() == reflect.Struct:
			if err := s.addFields(sf.Type, at, within); err != nil {
				return err
			}
			continue
		case !sf.IsExported() && !tagged:
			continue
		}
		f, err := newField(sf, at, within)
		if err == nil {
			err = s.add(f)
		}
		if err != nil {
			return fmt.Errorf("field %s of %s: %w", sf.Name, t, err)
		}
	}
	return nil
}

func (s *shape) add(f field) error {
	if f.name == "dynamic" {
		return errors.New(`no setting can be called "dynamic"`)
	}
	if s.find(f.name) != nil {
		return fmt.Errorf("there are two settings called %q", f.name)
	}
	if f.label {
		s.labels = append(s.labels, f)
	} else {
		s.fields = append(s.fields, f)
	}
	return nil
}

func newField(sf reflect.StructField, index []int, within []reflect.Type) (field, error) {
	name, options, _ := strings.Cut(sf.Tag.Get("hcl"), ",")
	f := field{
		name: name, index: index, typ: sf.Type,
		doc: sf.Tag.Get("doc"), words: sf.Tag.Get("default"), daemon: sf.Tag.Get("type"), template: sf.Tag.Get("overrides"),
	}
	if enum := sf.Tag.Get("enum"); enum != "" {
		f.enum = strings.Split(enum, "|")
	}
	block := false
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "":
		case "required":
			f.required = true
		case "sensitive":
			f.sensitive = true
		case "signed":
			f.signed = true
		case "label":
			f.label = true
		case "block":
			block = true
		case "variant":
			f.variant = true
		case "each":
			f.each = true
		default:
			return f, fmt.Errorf("unknown option %q of the hcl tag", option)
		}
	}
	switch {
	case !sf.IsExported():
		return f, errors.New("it is not exported")
	case !identifier(name):
		return f, fmt.Errorf("%q is no name for a setting", name)
	case f.doc == "":
		return f, errors.New("it has no doc tag")
	case f.variant && options != "variant":
		return f, errors.New("a variant takes no other option")
	case f.variant:
		return f, f.setVariant(within)
	case block:
		return f, f.setBlock(within)
	}
	return f, f.setKind()
}

// identifier tells whether a name is one of lowercase words, as settings and types have.
func identifier(name string) bool {
	for i, r := range name {
		if r != '_' && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != "" && name[0] != '_'
}

func (f *field) setBlock(within []reflect.Type) (err error) {
	t := f.typ
	if t.Kind() == reflect.Slice {
		f.many = true
		t = t.Elem()
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[Template]():
		f.kind = templateKind
		return nil
	case reflect.TypeFor[Overrides]():
		f.kind, f.many = overridesKind, true
		if f.template == "" {
			return errors.New("overrides say which template they change: overrides:\"NAME\"")
		}
		return nil
	}
	f.kind = blockKind
	f.block, err = newShape(t, within...)
	return err
}

func (f *field) setKind() error {
	t := f.typ
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if f.kind = scalarKind(t); f.kind != 0 {
		if f.label && f.kind != stringKind {
			return errors.New("a label is a string")
		}
		return nil
	}
	switch {
	case f.label:
		return errors.New("a label is a string")
	case t.Kind() == reflect.Slice:
		f.kind, f.elem = listKind, scalarKind(t.Elem())
	case t.Kind() == reflect.Map && t.Key() == reflect.TypeFor[string]():
		f.kind, f.elem = mapKind, scalarKind(t.Elem())
	}
	if f.elem == 0 {
		return fmt.Errorf("a setting cannot be a %s", f.typ)
	}
	return nil
}

// scalarKind is the kind of a type that takes one value, or 0.
func scalarKind(t reflect.Type) kind {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return durationKind
	case reflect.TypeFor[Size]():
		return sizeKind
	case reflect.TypeFor[Path]():
		return pathKind
	case reflect.TypeFor[Mode]():
		return modeKind
	}
	switch t.Kind() { //nolint:exhaustive // the others are no settings
	case reflect.String:
		return stringKind
	case reflect.Bool:
		return boolKind
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return intKind
	case reflect.Float32, reflect.Float64:
		return floatKind
	}
	return 0
}
