package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// variable is a variable block.
type variable struct {
	name      string
	at        span // its label
	sensitive bool
	fallback  cty.Value // its default; NilVal if there is none
}

// setting is a value given to a variable from outside.
type setting struct {
	origin string
	at     span // of a variable file
	value  cty.Value
	text   *string // not yet a value
}

// variables gives each declared variable its value: of --var, else of a variable file, else of the environment,
// else its default.
func (l *loader) variables(blocks []block) {
	declared := l.declare(blocks)
	given := make(map[string]setting)
	l.fromEnvironment(declared, given)
	l.fromFiles(declared, given)
	l.fromFlags(declared, given)
	values := make(map[string]cty.Value, len(declared))
	for _, v := range declared {
		values[v.name] = l.valueOf(v, given)
	}
	l.w.vars = cty.ObjectVal(values)
}

func (l *loader) declare(blocks []block) []variable {
	var all []variable
	for _, b := range blocks {
		v := variable{name: b.labels[0], at: b.labelAt[0]}
		if !hclsyntax.ValidIdentifier(v.name) {
			l.c.errorf(v.at, []string{"letters, digits, _ and -, as in var.NAME"}, "%q is no name for a variable", v.name)
			continue
		}
		if i := slices.IndexFunc(all, func(w variable) bool { return w.name == v.name }); i >= 0 {
			l.c.errorf(v.at, []string{"the first is at " + all[i].at.String()}, "there are two variables called %q", v.name)
			continue
		}
		l.describe(&v, b)
		all = append(all, v)
	}
	return all
}

// describe reads what a variable block holds.
func (l *loader) describe(v *variable, b block) {
	g := &grammar{owner: "variable", schema: &hcl.BodySchema{
		Attributes: []hcl.AttributeSchema{{Name: "default"}, {Name: "description"}, {Name: "sensitive"}},
	}}
	attrs, _ := l.items(b.body, b.sc, g)
	for _, a := range attrs {
		if a.name != "sensitive" {
			continue
		}
		value, ok := l.eval(a.expr, a.sc)
		if value, err := convert.Convert(value, cty.Bool); ok && err == nil && value.IsWhollyKnown() && !value.IsNull() && !value.IsMarked() {
			v.sensitive = value.True()
		} else {
			v.sensitive = true // rather too much is hidden than too little
			l.c.errorf(a.value, nil, "sensitive is true or false")
		}
	}
	for _, a := range attrs {
		if a.name != "default" {
			continue
		}
		if v.sensitive {
			a.sc.src.hide(a.value)
		}
		v.fallback, _ = l.eval(a.expr, a.sc)
	}
}

func (l *loader) fromEnvironment(declared []variable, given map[string]setting) {
	for _, v := range declared {
		name := l.o.envPrefix() + "_VAR_" + v.name
		if text, ok := l.w.outside.environ(name); ok {
			given[v.name] = setting{origin: name, text: &text}
		}
	}
}

func (l *loader) fromFiles(declared []variable, given map[string]setting) {
	for _, path := range l.o.VarFiles {
		src, body := l.open(path)
		if body == nil {
			continue
		}
		attrs, diags := body.JustAttributes()
		l.explain(diags, src)
		for name, a := range attrs {
			at := src.spanOf(a.NameRange)
			v := named(declared, name)
			if v == nil {
				l.undeclared(finding{at: at}, name, declared)
				src.hide(src.spanOf(a.Expr.Range()))
				continue
			}
			if v.sensitive {
				src.hide(src.spanOf(a.Expr.Range()))
			}
			value, ok := l.eval(a.Expr, l.w.bare(src))
			if !ok {
				value = cty.DynamicVal
			}
			given[name] = setting{origin: path, at: src.spanOf(a.Expr.Range()), value: value}
		}
	}
}

func (l *loader) fromFlags(declared []variable, given map[string]setting) {
	for _, flag := range l.o.Vars {
		name, text, ok := strings.Cut(flag, "=")
		origin := "--var " + name
		switch {
		case !ok:
			l.c.faultf("--var", []string{"write --var NAME=VALUE"}, "there is no value")
		case named(declared, name) == nil:
			l.undeclared(finding{origin: origin}, name, declared)
		default:
			given[name] = setting{origin: origin, text: &text}
		}
	}
}

func named(declared []variable, name string) *variable {
	for i := range declared {
		if declared[i].name == name {
			return &declared[i]
		}
	}
	return nil
}

func (l *loader) undeclared(f finding, name string, declared []variable) {
	if l.w.partial {
		return
	}
	var names []string
	for _, v := range declared {
		names = append(names, v.name)
	}
	f.severity = Error
	f.summary = "no variable is called \"" + name + "\""
	f.hints = []string{didYouMean(name, names), `variables are declared by variable "NAME" {}`}
	l.c.add(f)
}

// valueOf is a variable's value, marked if it is sensitive; unknown if it has none that is right.
func (l *loader) valueOf(v variable, given map[string]setting) cty.Value {
	value := v.fallback
	if s, ok := given[v.name]; ok {
		value = l.set(v, s)
	} else if value == cty.NilVal {
		l.c.errorf(v.at, []string{
			"set " + l.o.envPrefix() + "_VAR_" + v.name + ", --var " + v.name + "=... or a --var-file, or give it a default",
		}, "variable %q has no value", v.name)
		value = cty.DynamicVal
	}
	if v.sensitive {
		l.w.secrets.addValue(value)
		return value.Mark(sensitive{})
	}
	return value
}

// set is what a variable was set to, as its default's type.
func (l *loader) set(v variable, s setting) cty.Value {
	value := s.value
	if s.text != nil {
		if v.sensitive {
			l.w.secrets.add(*s.text)
		}
		value = l.parseText(v, s)
	}
	if v.fallback == cty.NilVal || !v.fallback.Type().IsPrimitiveType() || v.fallback.IsNull() {
		return value
	}
	fit, err := convert.Convert(value, v.fallback.Type())
	if err != nil || value.IsKnown() && value.IsNull() {
		bare, _ := value.UnmarkDeep()
		l.c.add(finding{
			at: s.at, origin: s.origin, severity: Error,
			summary: "variable \"" + v.name + "\" is " + kindOf(v.fallback) + ", not " + kindOf(bare),
			hints:   []string{"its default is at " + v.at.String()},
		})
		return cty.DynamicVal
	}
	return fit
}

// parseText is the value of a text: the text itself for a variable whose default is a string, is null
// or absent, else an expression without variables.
func (l *loader) parseText(v variable, s setting) cty.Value {
	if v.fallback == cty.NilVal || v.fallback.IsNull() || v.fallback.Type() == cty.String {
		return cty.StringVal(*s.text)
	}
	expr, diags := hclsyntax.ParseExpression([]byte(*s.text), s.origin, hcl.InitialPos)
	if !diags.HasErrors() && len(expr.Variables()) == 0 {
		value, diags := expr.Value(l.w.plain)
		if !diags.HasErrors() {
			return value
		}
	}
	l.c.faultf(s.origin, []string{
		"its default is not a string (" + v.at.String() + `), so the text is read as an expression: 5, true, ["a", "b"]`,
	}, "the text is no value")
	return cty.DynamicVal
}
