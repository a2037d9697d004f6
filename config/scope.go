package config

import (
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// scope is what expressions can refer to at one place of the configuration.
type scope struct {
	src *source
	ctx *hcl.EvalContext
	// bare: nothing can be referred to, as in a variable's default.
	bare bool
	// each: it is inside a template.
	each bool
}

// with is the scope inside a block that knows one value more.
func (s *scope) with(name string, v cty.Value) *scope {
	ctx := s.ctx.NewChild()
	ctx.Variables = map[string]cty.Value{name: v}
	return &scope{src: s.src, ctx: ctx, bare: s.bare, each: s.each}
}

// withEach is the scope inside a template; nil stands for a child that is not known yet.
func (s *scope) withEach(e *Each) *scope {
	v := cty.ObjectVal(map[string]cty.Value{
		"name": cty.UnknownVal(cty.String), "path": cty.UnknownVal(cty.String),
	})
	if e != nil {
		v = cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(e.Name), "path": cty.StringVal(e.Path)})
	}
	inner := s.with("each", v)
	inner.each = true
	return inner
}

// lookup is the value of a root name, from the inside out.
func (s *scope) lookup(name string) (cty.Value, bool) {
	for ctx := s.ctx; ctx != nil; ctx = ctx.Parent() {
		if v, ok := ctx.Variables[name]; ok {
			return v, true
		}
	}
	return cty.NilVal, false
}

// reader reads one configuration, or one child of a template: it evaluates and takes blocks apart.
type reader struct {
	w *world
	c *collector
}

// eval is the value of an expression. If that fails it is told once, and the value is unknown.
func (r *reader) eval(expr hcl.Expression, sc *scope) (v cty.Value, ok bool) {
	at := sc.src.spanOf(expr.Range())
	defer func() {
		if recover() != nil { // the expression language is not ours, and a reload must not end the app
			r.c.errorf(at, nil, "this expression cannot be evaluated")
			v, ok = cty.DynamicVal, false
		}
	}()
	undeclared := r.undeclared(expr, sc)
	v, diags := expr.Value(sc.ctx)
	if len(undeclared) > 0 || diags.HasErrors() {
		r.explainExpr(elsewhere(diags, undeclared), expr, sc)
		return cty.DynamicVal, false
	}
	return v, true
}

// undeclared tells of references to what is not there, and where they are. HCL would do so only for those that are
// reached, and in terms of objects.
func (r *reader) undeclared(expr hcl.Expression, sc *scope) (missing []hcl.Range) {
	for _, t := range expr.Variables() {
		hints, problem := r.reference(t, sc)
		if problem == "" {
			continue
		}
		missing = append(missing, t.SourceRange())
		if !r.w.partial || t.RootName() == "each" { // else it may stand in the file that could not be parsed
			r.c.errorf(sc.src.spanOf(t.SourceRange()), hints, "%s", problem)
		}
	}
	return missing
}

// elsewhere are those that point at none of the places.
func elsewhere(diags hcl.Diagnostics, places []hcl.Range) hcl.Diagnostics {
	return slices.DeleteFunc(diags, func(d *hcl.Diagnostic) bool {
		return d.Subject != nil && slices.ContainsFunc(places, d.Subject.Overlaps)
	})
}

func (r *reader) reference(t hcl.Traversal, sc *scope) (hints []string, problem string) {
	root := t.RootName()
	known, found := sc.lookup(root)
	switch {
	case root != "var" && root != "local" && root != "each":
		return nil, ""
	case sc.bare:
		return []string{"use locals {} for what is computed from other values"}, root + " is not known here"
	case root == "each" && !found:
		return []string{"a template is a block that describes each child of a seed"}, "each is known only inside a template"
	}
	name, named := step(t)
	if !named || !known.Type().IsObjectType() || known.Type().HasAttribute(name) {
		return nil, ""
	}
	hints = []string{didYouMeanIn(root, name, known)}
	switch root {
	case "var":
		return append(hints, `variables are declared by variable "`+name+`" {}`), `no variable is called "` + name + `"`
	case "local":
		return append(hints, "local values are declared in locals {}"), `no local value is called "` + name + `"`
	}
	return hints, `each has name and path, but no "` + name + `"`
}

// didYouMeanIn is didYouMean for the attributes of an object, written with its name.
func didYouMeanIn(root, name string, object cty.Value) string {
	if near := nearest(name, attributeNames(object)); near != "" {
		return "did you mean " + root + "." + near + "?"
	}
	return ""
}

func attributeNames(object cty.Value) []string {
	var names []string
	for it := object.ElementIterator(); it.Next(); {
		key, _ := it.Element()
		names = append(names, key.AsString())
	}
	return names
}

// step is the name after the root: var.NAME or var["NAME"].
func step(t hcl.Traversal) (string, bool) {
	if len(t) < 2 {
		return "", false
	}
	switch s := t[1].(type) {
	case hcl.TraverseAttr:
		return s.Name, true
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String {
			return s.Key.AsString(), true
		}
	}
	return "", false
}
