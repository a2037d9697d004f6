package config

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// localValue is one attribute of a locals block on its way to a value.
type localValue struct {
	attr
	value   cty.Value
	started bool
	done    bool
}

// locals evaluates the locals blocks, each value after those it refers to.
func (l *loader) locals(blocks []block) {
	all := make(map[string]*localValue)
	var order []*localValue
	for _, b := range blocks {
		attrs, diags := b.body.JustAttributes()
		l.explain(diags, b.sc.src)
		for _, a := range attrs {
			at := b.sc.src.spanOf(a.NameRange)
			order = append(order, &localValue{attr: attr{a.Name, a.Expr, at, b.sc.src.spanOf(a.Expr.Range()), b.sc}})
		}
	}
	slices.SortFunc(order, func(a, b *localValue) int {
		return cmp.Or(cmp.Compare(a.at.src.order, b.at.src.order), cmp.Compare(a.at.start, b.at.start))
	})
	for _, v := range order {
		if first, twice := all[v.name]; twice {
			l.c.errorf(v.at, []string{"the first is at " + first.at.String()}, "there are two local values called %q", v.name)
			continue
		}
		all[v.name] = v
	}
	for _, v := range order {
		l.local(v, all, nil)
	}
	l.w.locals = objectOf(all)
}

// objectOf is the object of all local values; those without one yet are unknown, so that their names are known.
func objectOf(all map[string]*localValue) cty.Value {
	values := make(map[string]cty.Value, len(all))
	for name, v := range all {
		values[name] = cty.DynamicVal
		if v.done {
			values[name] = v.value
		}
	}
	return cty.ObjectVal(values)
}

// local evaluates one value; via are the names that led to it.
func (l *loader) local(v *localValue, all map[string]*localValue, via []string) {
	if v.done {
		return
	}
	if v.started {
		cycle := append(via[slices.Index(via, v.name):], v.name)
		l.c.errorf(v.at, []string{"local." + strings.Join(cycle, " needs local.")}, "local.%s refers to itself", v.name)
		v.value, v.done = cty.DynamicVal, true
		return
	}
	v.started = true
	needs := make(map[string]*localValue)
	for _, t := range v.expr.Variables() {
		if t.RootName() != "local" {
			continue
		}
		if name, named := step(t); !named {
			needs = maps.Clone(all)
		} else if all[name] != nil {
			needs[name] = all[name]
		}
	}
	for _, name := range slices.Sorted(maps.Keys(needs)) {
		l.local(needs[name], all, append(slices.Clone(via), v.name))
	}
	if v.done { // a cycle came back to it
		return
	}
	v.value = l.localValue(v, all, needs)
	v.done = true
}

// localValue evaluates with those values in sight that it needs. The others are only named.
func (l *loader) localValue(v *localValue, all, needs map[string]*localValue) cty.Value {
	known := objectOf(needs)
	for _, t := range v.expr.Variables() {
		if name, named := step(t); t.RootName() == "local" && named && all[name] == nil {
			known = objectOf(all) // for the suggestion
		}
	}
	sc := v.sc.knowing(l.w.vars, known)
	value, _ := l.eval(v.expr, sc)
	return value
}
