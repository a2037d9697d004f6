package config

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// written is a value as a configuration would have it, with each text put in quotes by a function.
func written(v reflect.Value, text func(string) string) string {
	switch value := v.Interface().(type) {
	case time.Duration:
		return quoted(FormatDuration(value))
	case Size:
		return quoted(value.String())
	case Mode:
		return quoted(value.String())
	}
	switch v.Kind() { //nolint:exhaustive // the others print as they are
	case reflect.String:
		return text(v.String())
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = written(v.Index(i), text)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		parts := make(map[string]string, v.Len())
		for _, k := range v.MapKeys() {
			parts[k.String()] = key(k.String(), text) + " = " + written(v.MapIndex(k), text)
		}
		var all []string
		for _, k := range slices.Sorted(maps.Keys(parts)) {
			all = append(all, parts[k])
		}
		return "{ " + strings.Join(all, ", ") + " }"
	}
	return fmt.Sprint(v.Interface())
}

func key(name string, text func(string) string) string {
	if shown := text(name); !hclsyntax.ValidIdentifier(name) || shown != quoted(name) {
		return shown
	}
	return name
}

// quoted is a text in quotes, as HCL has it: with ${ and %{ written as $${ and %%{.
func quoted(text string) string {
	return string(hclwrite.TokensForValue(cty.StringVal(text)).Bytes())
}

// empty tells whether a value says no more than one that is not given: of numbers, a zero does.
func empty(v reflect.Value) bool {
	switch v.Kind() { //nolint:exhaustive // all others say something
	case reflect.String, reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return false
}

// secretMark hides a value and yet shows whether it is another one than before.
func secretMark(p *place, value reflect.Value) string {
	sum := hmac.New(sha256.New, []byte("peakd setting"))
	d := digester{sum}
	if p != nil && p.unknown {
		d.text(p.value.text())
	} else if value.IsValid() {
		d.value(value)
	}
	return masked + " #" + hex.EncodeToString(sum.Sum(nil))[:8]
}

// compact is the text of a place without its layout: comments are left out, and words are one space apart at
// most. What stands in quotes or in a heredoc is left as it is.
func (s span) compact() string {
	text := []byte(s.text())
	if s.src.json {
		var out bytes.Buffer
		if json.Compact(&out, text) == nil {
			return out.String()
		}
		return string(text)
	}
	var out strings.Builder
	tokens, _ := hclsyntax.LexExpression(text, "", hcl.InitialPos) // it was parsed before
	end, gap := 0, false
	for _, t := range tokens {
		gap = gap || t.Range.Start.Byte > end
		end = t.Range.End.Byte
		switch t.Type { //nolint:exhaustive // all others are words
		case hclsyntax.TokenComment, hclsyntax.TokenNewline:
			gap = true
			continue
		case hclsyntax.TokenEOF:
			continue
		}
		if gap && out.Len() > 0 {
			out.WriteByte(' ')
		}
		gap = false
		out.Write(t.Bytes)
	}
	return out.String()
}
