package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// shortDigest is how many hexadecimal digits a digest has.
const shortDigest = 24

// digester hashes values so that equal ones, and only these, give the same sum. What is secret goes in as all
// else does: nothing can be read out of the sum.
type digester struct{ h hash.Hash }

func newDigester() digester { return digester{sha256.New()} }

func (d digester) sum() string { return hex.EncodeToString(d.h.Sum(nil))[:shortDigest] }

// text writes one text, with its length so that two never run together.
func (d digester) text(s string) { fmt.Fprintf(d.h, "%d:", len(s)); io.WriteString(d.h, s) } //nolint:errcheck // a hash takes everything

// digestOf identifies a daemon: its type, its settings, and the common ones whose change makes it another.
func digestOf(dec *Decoded) string {
	d := newDigester()
	d.text(dec.Type)
	d.value(reflect.ValueOf(dec.Settings))
	common := dec.Common
	common.Description, common.Tags, common.Priority = "", nil, 0
	d.value(reflect.ValueOf(common))
	d.text(dec.zone)
	return d.sum()
}

// value writes a value of Go: exported fields in order, maps by key.
func (d digester) value(v reflect.Value) {
	switch v.Kind() { //nolint:exhaustive // the others print as they are
	case reflect.Struct:
		d.structure(v)
	case reflect.Pointer:
		if v.IsNil() {
			d.text("nil")
			return
		}
		d.value(v.Elem())
	case reflect.Slice:
		d.text(itoa(v.Len()))
		for i := range v.Len() {
			d.value(v.Index(i))
		}
	case reflect.Map:
		d.mapping(v)
	default:
		d.text(fmt.Sprint(v.Interface()))
	}
}

func (d digester) structure(v reflect.Value) {
	if t, ok := v.Interface().(Template); ok {
		if t.t != nil {
			d.text(t.t.digest)
		}
		return
	}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			d.text(f.Name)
			d.value(v.Field(i))
		}
	}
}

func (d digester) mapping(v reflect.Value) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	d.text(itoa(len(keys)))
	for _, k := range keys {
		d.text(k.String())
		d.value(v.MapIndex(k))
	}
}

// digest identifies the whole configuration, whatever the order of its files.
func (c *Config) digest() string {
	d := newDigester()
	d.text(c.App.Label)
	d.value(reflect.ValueOf(c.App))
	lines := make(map[string]string)
	for _, dec := range append(slices.Clone(c.Daemons), c.Disabled...) {
		common := newDigester()
		common.value(reflect.ValueOf(dec.Common))
		lines[dec.Name] = dec.Digest + common.sum()
	}
	for _, name := range slices.Sorted(maps.Keys(lines)) {
		d.text(name)
		d.text(lines[name])
	}
	return d.sum()[:12]
}
