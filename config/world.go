package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// world is what the blocks of one configuration share. After [Load] it does not change, but for the secrets,
// which have a lock of their own; templates keep it.
type world struct {
	registry *Registry
	program  string
	outside  outside
	secrets  *secrets
	vars     cty.Value
	locals   cty.Value
	app      App
	grammars map[string]*grammar
	defaults map[string]layer   // by type; "" is for all
	files    map[*source]*scope // bare
	plain    *hcl.EvalContext
	samples  []*Decoded // those of all templates, while daemons are checked
	// named are the daemons by name, once all are decoded; of two that share one the first.
	named map[string]*Decoded
	// partial: a file could not be parsed, so that what seems to be missing may stand there.
	partial bool
	// loaded: sources are not written to any more.
	loaded bool
}

func newWorld(o Options, s *secrets) *world {
	w := &world{
		registry: o.Registry, program: o.program(), outside: o.outside(), secrets: s,
		vars: cty.EmptyObjectVal, locals: cty.EmptyObjectVal, app: defaultApp(),
		grammars: make(map[string]*grammar), defaults: make(map[string]layer),
		files: make(map[*source]*scope),
		plain: &hcl.EvalContext{Functions: plainFunctions()},
	}
	for _, t := range o.Registry.types {
		w.grammars[t.name] = w.grammar(t.name, w.registry.common, t.shape)
	}
	return w
}

// grammar is the grammar of a daemon of a type, or of defaults for all.
func (w *world) grammar(owner string, shapes ...*shape) *grammar {
	more := "`" + w.program + " types " + owner + "` lists them all"
	if owner == "defaults" {
		more = `what belongs to a type stands in defaults "TYPE" {}`
	}
	g := newGrammar(owner, more, shapes...)
	g.elsewhere = func(name string) string {
		if w.registry.app.find(name) != nil {
			return name + " is a setting of the app block;"
		}
		return ""
	}
	return g
}

// bare is the scope of a file in which only functions are known.
func (w *world) bare(src *source) *scope {
	sc, ok := w.files[src]
	if !ok {
		ctx := w.plain.NewChild()
		ctx.Functions = w.outside.functions(src, w.secrets)
		sc = &scope{src: src, ctx: ctx, bare: true}
		w.files[src] = sc
	}
	return sc
}

// scope is the scope of a file, with variables and local values as they are known now.
func (w *world) scope(src *source) *scope { return w.bare(src).knowing(w.vars, w.locals) }

// knowing is the scope of a file with these variables and local values.
func (s *scope) knowing(vars, locals cty.Value) *scope {
	ctx := s.ctx.NewChild()
	ctx.Variables = map[string]cty.Value{"var": vars, "local": locals}
	return &scope{src: s.src, ctx: ctx}
}

func (w *world) varNames() []string   { return attributeNames(w.vars) }
func (w *world) localNames() []string { return attributeNames(w.locals) }

// layers are what is said of a daemon of a type, the nearest first.
func (w *world) layers(typ string, own layer) []layer {
	return []layer{own, w.defaults[typ], w.defaults[""]}
}
