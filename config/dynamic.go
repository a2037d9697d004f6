package config

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// dynamicBlock generates blocks of its label's type, one for each element of a collection:
//
//	dynamic "daemon" {
//	  for_each = var.sites
//	  labels   = ["exec", "sync-${daemon.key}"]
//	  content { ... }
//	}
//
// It is what HCL's dynblock extension does, done here so that what is generated can refer to each, and be a
// template itself: a body wrapped by the extension cannot be expanded again with other values.
const dynamicBlock = "dynamic"

// dynamicParts are the contents of a dynamic block.
type dynamicParts struct {
	forEach  *attr
	labels   *attr
	iterator string
	content  *block
}

// expand makes the blocks that a dynamic block stands for.
func (r *reader) expand(b block, g *grammar) []block {
	target := b.labels[0]
	header, ok := g.header(target)
	if !ok {
		r.unknown(b.labelAt[0], target, "block", g)
		return nil
	}
	parts, ok := r.dynamicParts(b)
	if !ok {
		return nil
	}
	elements, known := r.elements(parts.forEach)
	var made []block
	for _, e := range elements {
		sc := b.sc.with(parts.iterator, e)
		labels, ok := r.dynamicLabels(parts, header, b, sc)
		if !ok {
			continue
		}
		one := block{name: target, at: b.at, body: parts.content.body, sc: sc, unknown: !known}
		if labels == nil {
			one.unknown = true
			labels = slices.Repeat([]string{standIn}, len(header.LabelNames))
		}
		for _, l := range labels {
			one.labels = append(one.labels, l)
			one.labelAt = append(one.labelAt, parts.labels.value)
		}
		made = append(made, one)
	}
	return made
}

func (r *reader) dynamicParts(b block) (parts dynamicParts, ok bool) {
	g := &grammar{owner: "dynamic", schema: &hcl.BodySchema{
		Attributes: []hcl.AttributeSchema{{Name: "for_each"}, {Name: "labels"}, {Name: "iterator"}},
		Blocks:     []hcl.BlockHeaderSchema{{Type: "content"}},
	}}
	attrs, blocks := r.items(b.body, b.sc, g)
	parts.iterator = b.labels[0]
	for i, a := range attrs {
		switch a.name {
		case "for_each":
			parts.forEach = &attrs[i]
		case "labels":
			parts.labels = &attrs[i]
		case "iterator":
			parts.iterator = hcl.ExprAsKeyword(a.expr)
			if parts.iterator == "" {
				r.c.errorf(a.value, []string{"write iterator = NAME, without quotes"}, "iterator is a name")
				return parts, false
			}
		}
	}
	switch {
	case parts.forEach == nil:
		r.c.errorf(b.at, []string{"it is the collection that is gone through: for_each = [...]"}, "dynamic needs for_each")
	case len(blocks) != 1:
		r.c.errorf(b.at, []string{"it holds what each generated block holds: content { ... }"}, "dynamic needs one content block")
	default:
		parts.content = &blocks[0]
		return parts, true
	}
	return parts, false
}

// elements are the values of the iterator. If they are not known yet there is one, of which nothing is known.
func (r *reader) elements(forEach *attr) (all []cty.Value, known bool) {
	v, ok := r.eval(forEach.expr, forEach.sc)
	if !ok {
		return nil, true
	}
	v, marks := v.Unmark()
	switch {
	case !v.IsKnown():
		return []cty.Value{element(cty.DynamicVal, cty.DynamicVal)}, false
	case v.IsNull() || !v.CanIterateElements():
		r.c.errorf(forEach.value, nil, "for_each is a list, a set or a map, not %s", kindOf(v))
		return nil, true
	}
	for it := v.ElementIterator(); it.Next(); {
		key, value := it.Element()
		if v.Type().IsSetType() {
			key = value
		}
		all = append(all, element(key.WithMarks(marks), value.WithMarks(marks)))
	}
	return all, true
}

func element(key, value cty.Value) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"key": key, "value": value})
}

// dynamicLabels are the labels of one generated block; none if they are not known yet.
func (r *reader) dynamicLabels(parts dynamicParts, header hcl.BlockHeaderSchema, b block, sc *scope) ([]string, bool) {
	want := len(header.LabelNames)
	if parts.labels == nil {
		if want > 0 {
			r.c.errorf(b.at, []string{"write labels = [" + strings.ToUpper(quoteAll(header.LabelNames)) + "]"}, "dynamic %q needs labels", b.labels[0])
		}
		return []string{}, want == 0
	}
	v, ok := r.eval(parts.labels.expr, sc)
	if !ok {
		return nil, false
	}
	if v.ContainsMarked() {
		r.c.errorf(parts.labels.value, nil, "a label cannot be made of a sensitive value")
		return nil, false
	}
	if !v.IsWhollyKnown() {
		return nil, true
	}
	v, err := convert.Convert(v, cty.List(cty.String))
	if err != nil || v.IsNull() || v.LengthInt() != want {
		r.c.errorf(parts.labels.value, nil, "labels is a list of %s", count(want, "string"))
		return nil, false
	}
	labels := []string{}
	for it := v.ElementIterator(); it.Next(); {
		_, label := it.Element()
		if label.IsNull() {
			r.c.errorf(parts.labels.value, nil, "a label cannot be null")
			return nil, false
		}
		labels = append(labels, label.AsString())
	}
	return labels, true
}
