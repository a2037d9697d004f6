package config

import (
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// problem is why a value does not fit a setting.
type problem struct {
	text  string
	hints []string
}

// standIn stands for a text that is not known yet, so that a template's settings can be validated.
const standIn = "unknown"

// durationUnits follows what says that a duration is written wrong.
const durationUnits = `(units: ns us ms s m h d w, as in "1d12h")`

// a is the kind with its article.
func (k kind) a() string {
	switch k { //nolint:exhaustive // the others are nouns that start with a consonant
	case modeKind:
		return "an " + k.String()
	case boolKind:
		return "true or false"
	}
	return "a " + k.String()
}

// kindOf is what a value is, in words and without the value.
func kindOf(v cty.Value) string {
	t := v.Type()
	switch {
	case v.IsNull():
		return "null"
	case t == cty.String:
		return "a string"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "a bool"
	case t.IsListType(), t.IsTupleType(), t.IsSetType():
		return "a list"
	}
	return "a map"
}

// scalar puts one value into a variable of Go. The value is known, not null and without marks; secret tells
// whether sentences must not show it.
func (f *field) scalar(k kind, v cty.Value, src *source, into reflect.Value, secret bool) *problem {
	if f.wantsText(k) && v.Type() == cty.Number {
		return f.number(k, v)
	}
	text, fit := converted(v, k)
	if !fit {
		return &problem{text: f.misfit(k, kindOf(v))}
	}
	shown := masked
	if text.Type() == cty.String && !secret {
		shown = strconv.Quote(text.AsString())
	}
	switch k { //nolint:exhaustive // the others are no scalars
	case stringKind:
		return f.setString(into, text.AsString(), shown)
	case pathKind:
		into.SetString(src.path(text.AsString()))
	case boolKind:
		into.SetBool(text.True())
	case intKind:
		return f.setInt(into, text.AsBigFloat())
	case floatKind:
		return f.setFloat(into, text.AsBigFloat())
	case durationKind:
		return f.setDuration(into, text.AsString(), shown)
	case sizeKind:
		size, err := ParseSize(text.AsString())
		into.SetInt(int64(size))
		return misspelt(shown, k, err, `(units: B KB MB GB TB PB KiB MiB GiB TiB PiB, as in "512KiB")`)
	case modeKind:
		mode, err := ParseMode(text.AsString())
		into.SetUint(uint64(mode))
		return misspelt(shown, k, err, `(as in "0640")`)
	}
	return nil
}

// misfit is the sentence for a value, or an element, of another kind.
func (f *field) misfit(k kind, given string) string {
	if f.elem != 0 {
		return f.name + " is a " + f.inWords() + ", and this is " + given
	}
	return f.name + " is " + k.a() + ", not " + given
}

// wantsText tells whether a number is a mistake rather than a text without quotes.
func (f *field) wantsText(k kind) bool { return k == durationKind || k == sizeKind || k == modeKind }

// number is the problem of a number where a text with a unit is due.
func (f *field) number(k kind, v cty.Value) *problem {
	n := v.AsBigFloat().Text('f', -1)
	if len(n) > 20 {
		n = "30"
	}
	switch k { //nolint:exhaustive // wantsText names these three
	case sizeKind:
		return &problem{f.name + " is a size, and a size is a string with a unit", []string{f.write(n+"B", `"512KiB" or "2GB"`)}}
	case modeKind:
		return &problem{f.name + " is a mode, and a mode is a string of octal digits", []string{f.write("0"+n, `"0640"`)}}
	}
	return &problem{f.name + " is a duration, and a duration is a string with a unit", []string{f.write(n+"s", durationUnits)}}
}

func (f *field) write(value, more string) string {
	if !strings.HasPrefix(more, "(") {
		more = "(as in " + more + ")"
	}
	return "write " + f.name + " = " + strconv.Quote(value) + " " + more
}

// converted is the value as the kind's type of the expression language: "5" fits a number, 5 a string.
func converted(v cty.Value, k kind) (cty.Value, bool) {
	want := cty.String
	switch k { //nolint:exhaustive // all others are written as strings
	case boolKind:
		want = cty.Bool
	case intKind, floatKind:
		want = cty.Number
	}
	if v.Type() == cty.Number && want == cty.String && !sane(v.AsBigFloat()) {
		return v, false
	}
	out, err := convert.Convert(v, want)
	return out, err == nil && out.IsKnown() && !out.IsNull()
}

// sane tells whether a number can be written out: 1e999999999 has a billion digits.
func sane(n *big.Float) bool { return !n.IsInf() && n.MantExp(nil) < 4096 && n.MantExp(nil) > -4096 }

func (f *field) setString(into reflect.Value, text, shown string) *problem {
	if len(f.enum) > 0 && !slices.Contains(f.enum, text) {
		hint := didYouMean(text, f.enum)
		if hint != "" {
			hint += " "
		}
		if shown == masked {
			hint = ""
		}
		return &problem{f.name + " cannot be " + shown, []string{hint + "it is one of " + quoteAll(f.enum)}}
	}
	into.SetString(text)
	return nil
}

func (f *field) setInt(into reflect.Value, n *big.Float) *problem {
	if !n.IsInt() {
		return &problem{text: f.misfit(intKind, "a fraction")}
	}
	if into.CanUint() {
		u, accuracy := n.Uint64()
		if accuracy != big.Exact || into.OverflowUint(u) {
			return &problem{text: f.name + " is out of range"}
		}
		into.SetUint(u)
		return nil
	}
	i, accuracy := n.Int64()
	if accuracy != big.Exact || into.OverflowInt(i) {
		return &problem{text: f.name + " is out of range"}
	}
	into.SetInt(i)
	return nil
}

func (f *field) setFloat(into reflect.Value, n *big.Float) *problem {
	x, _ := n.Float64()
	if math.IsInf(x, 0) || into.OverflowFloat(x) {
		return &problem{text: f.name + " is out of range"}
	}
	into.SetFloat(x)
	return nil
}

func (f *field) setDuration(into reflect.Value, text, shown string) *problem {
	d, err := ParseDuration(text)
	into.SetInt(int64(d))
	if err == nil && d < 0 && !f.signed {
		return &problem{text: f.name + " cannot be negative"}
	}
	return misspelt(shown, durationKind, err, durationUnits)
}

// misspelt is the problem of a text that does not parse; nil if err is nil.
func misspelt(shown string, k kind, err error, units string) *problem {
	switch {
	case err == nil:
		return nil
	case shown == masked:
		return &problem{masked + " is no " + k.String(), []string{strings.Trim(units, "()")}}
	}
	return &problem{fmt.Sprintf("%s is no %s: %s", shown, k, err), []string{strings.Trim(units, "()")}}
}

// quoteAll is `"a", "b", "c"`.
func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.Quote(w)
	}
	return strings.Join(quoted, ", ")
}
