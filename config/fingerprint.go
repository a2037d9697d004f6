package config

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// fingerprint identifies a template by its text, less layout and comments, and by the values it refers to:
// what it will be for a child cannot be known before. Defaults that apply to its children are part of it.
func (t *template) fingerprint(path string) string {
	d := newDigester()
	d.text(path)
	d.text(t.typ.name)
	d.block(t.block)
	for _, o := range t.overrides {
		d.text(o.glob)
		d.block(o.block)
	}
	for _, l := range t.w.layers(t.typ.name, layer{})[1:] {
		for _, a := range l.attrs {
			d.text(a.name)
			d.tokens([]byte(a.value.text()))
			d.references(a.expr.Variables(), a.sc)
			if node, ok := a.expr.(hclsyntax.Node); ok {
				d.calls(node, a.sc)
			}
		}
		for _, b := range l.blocks {
			d.block(b)
		}
	}
	d.text(t.sample.Digest)
	for _, inner := range t.sample.Templates() {
		d.text(inner.t.digest)
	}
	return d.sum()
}

func (d digester) block(b block) {
	d.text(b.name)
	body, ok := b.body.(*hclsyntax.Body)
	if !ok {
		d.json(b)
		return
	}
	d.tokens(b.sc.src.data[body.SrcRange.Start.Byte:body.SrcRange.End.Byte])
	var all []hcl.Traversal
	_ = hclsyntax.VisitAll(body, func(n hclsyntax.Node) hcl.Diagnostics { // the function returns none
		if e, ok := n.(*hclsyntax.ScopeTraversalExpr); ok {
			all = append(all, e.Traversal)
		}
		return nil
	})
	d.references(all, b.sc)
	d.calls(body, b.sc)
}

// calls writes what the functions that look outside answer now: the text of a file, a secret. One whose arguments
// depend on the child has no answer yet.
func (d digester) calls(node hclsyntax.Node, sc *scope) {
	look := outside{}.functions(nil, nil)
	values := make(map[string]cty.Value)
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics { // the function returns none
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		if !ok {
			return nil
		}
		if _, looks := look[call.Name]; looks {
			if v, diags := call.Value(sc.ctx); !diags.HasErrors() && v.IsWhollyKnown() {
				values[sc.src.spanOf(call.Range()).text()] = v
			}
		}
		return nil
	})
	for _, name := range slices.Sorted(maps.Keys(values)) {
		d.text(name)
		d.cty(values[name])
	}
}

// tokens writes the words of the native syntax.
func (d digester) tokens(text []byte) {
	tokens, _ := hclsyntax.LexConfig(text, "", hcl.InitialPos) // it was parsed before
	for _, t := range tokens {
		switch t.Type { //nolint:exhaustive // all others count
		case hclsyntax.TokenComment, hclsyntax.TokenNewline, hclsyntax.TokenEOF:
		default:
			d.text(string(t.Bytes))
		}
	}
}

// json writes a block of the JSON syntax, and every value it could refer to: its expressions cannot be
// looked into from here.
func (d digester) json(b block) {
	var v any
	if err := json.NewDecoder(bytes.NewReader(b.sc.src.data[b.open:])).Decode(&v); err == nil {
		canonical, _ := json.Marshal(v) // it has just been decoded
		d.text(string(canonical))
	}
	for ctx := b.sc.ctx; ctx != nil; ctx = ctx.Parent() {
		for _, name := range slices.Sorted(maps.Keys(ctx.Variables)) {
			if name != "each" {
				d.cty(ctx.Variables[name])
			}
		}
	}
}

// references writes the values that traversals begin with: var.NAME, local.NAME, an iterator. They come in the
// order of their names, as the syntax tree has none.
func (d digester) references(all []hcl.Traversal, sc *scope) {
	values := make(map[string]cty.Value)
	for _, t := range all {
		root := t.RootName()
		v, ok := sc.lookup(root)
		if !ok || root == "each" {
			continue
		}
		if name, named := step(t); named && v.Type().IsObjectType() && v.Type().HasAttribute(name) {
			v = v.GetAttr(name)
			root += "." + name
		}
		values[root] = v
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		d.text(name)
		d.cty(values[name])
	}
}

func (d digester) cty(v cty.Value) {
	v, _ = v.UnmarkDeep()
	text, err := ctyjson.Marshal(v, v.Type())
	if err != nil { // unknown: there was an error, and nothing will be built
		text = nil
	}
	d.text(string(text))
}
