package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// Registry holds the daemon types that a configuration may use. It does not change once made, and may be
// used from any goroutine.
type Registry struct {
	types  []Type
	byName map[string]Type
	common *shape
	app    *shape
}

// NewRegistry makes a registry of types. It refuses, all at once, types that share a name, whose settings
// take the name of a common one, have no doc, or cannot be written in a configuration.
func NewRegistry(types ...Type) (*Registry, error) {
	r := &Registry{byName: make(map[string]Type, len(types))}
	var errs [3]error
	r.common, errs[0] = newShape(reflect.TypeFor[Common]())
	r.app, errs[1] = newShape(reflect.TypeFor[App]())
	problems := errs[:]
	for _, t := range types {
		if _, twice := r.byName[t.name]; twice {
			problems = append(problems, fmt.Errorf("register daemon type %s: there are two of that name", t.name))
			continue
		}
		r.types = append(r.types, t)
		r.byName[t.name] = t
	}
	for _, t := range r.types {
		if err := r.accept(t); err != nil {
			problems = append(problems, fmt.Errorf("register daemon type %s: %w", t.name, err))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Registry) accept(t Type) error {
	if t.wrong != nil {
		return t.wrong
	}
	switch {
	case !identifier(t.name):
		return errors.New("the name is not of lowercase letters, digits and _")
	case t.doc == "":
		return errors.New("it has no doc")
	case len(t.shape.labels) > 0:
		return errors.New("only blocks have labels")
	case t.shape.choice:
		return errors.New("only blocks have variants")
	}
	for _, f := range t.shape.fields {
		if r.common.find(f.name) != nil {
			return fmt.Errorf("%s is a setting common to all daemons", f.name)
		}
	}
	return r.acceptTemplates(t.shape)
}

// acceptTemplates checks the types that templates name.
func (r *Registry) acceptTemplates(s *shape) error {
	for _, f := range s.fields {
		if f.kind == blockKind {
			if err := r.acceptTemplates(f.block); err != nil {
				return err
			}
		}
		if f.kind != templateKind || f.daemon == "" {
			continue
		}
		if _, ok := r.byName[f.daemon]; !ok {
			return fmt.Errorf("%s is a template of %s, which is not registered", f.name, f.daemon)
		}
	}
	return nil
}

// Types are the types in the order of registration.
func (r *Registry) Types() []Type { return slices.Clone(r.types) }

// Lookup is the type of a name.
func (r *Registry) Lookup(name string) (Type, bool) {
	t, ok := r.byName[name]
	return t, ok
}

func (r *Registry) names() []string {
	names := make([]string, len(r.types))
	for i, t := range r.types {
		names[i] = t.name
	}
	return names
}
