package config

import (
	"cmp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// grammar is what a body may hold.
type grammar struct {
	owner  string // what its sentences call the body: "file_cleanup", "retry"
	more   string // a hint that follows a name that is not known
	schema *hcl.BodySchema
	// choices are the blocks whose label selects what they hold.
	choices []*field
	// elsewhere explains a name that belongs into another block; it may be nil.
	elsewhere func(name string) string
}

// newGrammar is the grammar of one or more shapes in one body.
func newGrammar(owner, more string, shapes ...*shape) *grammar {
	g := &grammar{owner: owner, more: more, schema: &hcl.BodySchema{}}
	for _, s := range shapes {
		for i := range s.fields {
			f := &s.fields[i]
			if !f.isBlock() {
				g.schema.Attributes = append(g.schema.Attributes, hcl.AttributeSchema{Name: f.name})
				continue
			}
			g.schema.Blocks = append(g.schema.Blocks, hcl.BlockHeaderSchema{Type: f.name, LabelNames: f.labelNames()})
			if f.isChoice() {
				g.choices = append(g.choices, f)
			}
		}
	}
	g.schema.Blocks = append(g.schema.Blocks, hcl.BlockHeaderSchema{Type: dynamicBlock, LabelNames: []string{"type"}})
	return g
}

func (f *field) labelNames() []string {
	if f.kind == overridesKind {
		return []string{"glob"}
	}
	if f.kind == templateKind {
		if f.daemon == "" {
			return []string{"type"}
		}
		return nil
	}
	if f.isChoice() {
		return []string{kindLabel}
	}
	var names []string
	for _, l := range f.block.labels {
		names = append(names, l.name)
	}
	return names
}

// header is the header of a block that may be there.
func (g *grammar) header(name string) (hcl.BlockHeaderSchema, bool) {
	i := slices.IndexFunc(g.schema.Blocks, func(b hcl.BlockHeaderSchema) bool { return b.Type == name })
	if i < 0 || name == dynamicBlock {
		return hcl.BlockHeaderSchema{}, false
	}
	return g.schema.Blocks[i], true
}

func (g *grammar) hasAttribute(name string) bool {
	return slices.ContainsFunc(g.schema.Attributes, func(a hcl.AttributeSchema) bool { return a.Name == name })
}

func (g *grammar) names() []string {
	var names []string
	for _, a := range g.schema.Attributes {
		names = append(names, a.Name)
	}
	for _, b := range g.schema.Blocks {
		names = append(names, b.Type)
	}
	return names
}

// attr is an attribute as it stands in a file.
type attr struct {
	name  string
	expr  hcl.Expression
	at    span // its name
	value span
	sc    *scope
}

// block is a block as it stands in a file, or as a dynamic block made it.
type block struct {
	name    string
	labels  []string
	labelAt []span
	at      span // its header
	body    hcl.Body
	sc      *scope
	open    int // in JSON: where what it holds starts
	// unknown: a dynamic block whose for_each is not known yet made it, so that there may be none or several.
	unknown bool
}

// content takes a body apart, in the order of the file, and expands dynamic blocks.
func (r *reader) content(body hcl.Body, sc *scope, g *grammar) ([]attr, []block) {
	attrs, raw := r.items(body, sc, g)
	var blocks []block
	for _, b := range raw {
		if b.name == dynamicBlock {
			blocks = append(blocks, r.expand(b, g)...)
		} else {
			blocks = append(blocks, b)
		}
	}
	return attrs, blocks
}

// items is content without expanding anything.
func (r *reader) items(body hcl.Body, sc *scope, g *grammar) ([]attr, []block) {
	content, diags := body.Content(g.schema)
	r.explainContent(diags, sc.src, g)
	attrs := make([]attr, 0, len(content.Attributes))
	for _, a := range content.Attributes {
		attrs = append(attrs, attr{a.Name, a.Expr, sc.src.spanOf(a.NameRange), sc.src.spanOf(a.Expr.Range()), sc})
	}
	slices.SortFunc(attrs, func(a, b attr) int { return cmp.Compare(a.at.start, b.at.start) })
	blocks := make([]block, 0, len(content.Blocks))
	for _, b := range content.Blocks {
		blocks = append(blocks, newBlock(b, sc))
	}
	return attrs, blocks
}

func newBlock(b *hcl.Block, sc *scope) block {
	made := block{name: b.Type, labels: b.Labels, at: sc.src.spanOf(b.DefRange), body: b.Body, sc: sc}
	if sc.src.json {
		made.at = sc.src.spanOf(b.TypeRange)
		made.open = b.DefRange.Start.Byte
	}
	for _, l := range b.LabelRanges {
		made.labelAt = append(made.labelAt, sc.src.spanOf(l))
	}
	if n := len(made.labelAt); n > 0 && sc.src.json {
		made.at = made.labelAt[n-1]
	}
	return made
}

// explainContent is explain for what does not fit a grammar.
func (r *reader) explainContent(diags hcl.Diagnostics, src *source, g *grammar) {
	for _, d := range diags {
		at := subjectOf(d, src)
		name := strings.Trim(at.text(), `"`)
		switch {
		case d.Summary == "Unsupported argument", d.Summary == "Extraneous JSON object property":
			r.unknown(at, name, "attribute", g)
		case d.Summary == "Unsupported block type":
			r.unknown(at, name, "block", g)
		case strings.HasPrefix(d.Summary, "Missing ") && strings.Contains(d.Summary, " for "):
			what, of, _ := strings.Cut(strings.TrimPrefix(d.Summary, "Missing "), " for ")
			r.c.errorf(at, g.howTo(of), "%s needs a %s as label", of, what)
		case strings.HasPrefix(d.Summary, "Extraneous label for "):
			of := strings.TrimPrefix(d.Summary, "Extraneous label for ")
			sentence := " has a label too many"
			if h, _ := g.header(of); len(h.LabelNames) == 0 {
				sentence = " has no label"
			}
			r.c.errorf(at, g.howTo(of), "%s", of+sentence)
		default:
			r.explain(hcl.Diagnostics{d}, src)
		}
	}
}

// unknown tells of a name that the grammar does not have.
func (r *reader) unknown(at span, name, what string, g *grammar) {
	if _, isBlock := g.header(name); isBlock {
		r.c.errorf(at, g.howTo(name), "%s is a block, not an attribute", name)
		return
	}
	if g.hasAttribute(name) {
		r.c.errorf(at, []string{"write " + name + " = ..."}, "%s is an attribute, not a block", name)
		return
	}
	hint := didYouMean(name, g.names())
	if g.elsewhere != nil {
		if belongs := g.elsewhere(name); belongs != "" {
			hint = belongs
		}
	}
	r.c.errorf(at, []string{strings.TrimSpace(hint + " " + g.more)}, "%s has no %s %q", g.owner, what, name)
}

// howTo are the hints that say how a block of the grammar is written.
func (g *grammar) howTo(name string) []string {
	hints := []string{"write " + g.example(name)}
	for _, f := range g.choices {
		if f.name == name {
			hints = append(hints, f.kindHint())
		}
	}
	return hints
}

// example is how a block of the grammar is written.
func (g *grammar) example(name string) string {
	text := name
	if h, ok := g.header(name); ok {
		for _, l := range h.LabelNames {
			text += ` "` + strings.ToUpper(l) + `"`
		}
	}
	return text + " { ... }"
}
