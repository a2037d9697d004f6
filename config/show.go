package config

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Shown is one block of a configuration as decoded, for people.
type Shown struct {
	// Kind is app or daemon, Type a daemon's type, Name the app's label or the daemon's name.
	Kind string `json:"kind"`
	Type string `json:"type,omitempty"`
	Name string `json:"name"`
	// Where is the block's place, "file:line"; empty if it was not written.
	Where    string         `json:"where,omitempty"`
	Digest   string         `json:"digest,omitempty"`
	Disabled bool           `json:"disabled,omitempty"`
	Settings []ShownSetting `json:"settings"`
}

// ShownSetting is one setting: its path ("retry.every"), its value as it would be written, and where that
// comes from: "file:line", "defaults, file:line" or "default".
type ShownSetting struct {
	Path   string `json:"path"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

// Show tells what the configuration says, with every default in place and every secret masked.
func (c *Config) Show() []Shown {
	app := viewer{places: c.App.places, secrets: c.secrets}
	app.fields(c.registry.app, reflect.ValueOf(c.App), "")
	all := []Shown{{Kind: "app", Name: c.App.Label, Settings: app.shown}}
	for _, list := range [][]*Decoded{c.Daemons, c.Disabled} {
		for _, dec := range list {
			all = append(all, c.show(dec))
		}
	}
	return all
}

func (c *Config) show(dec *Decoded) Shown {
	return Shown{
		Kind: "daemon", Type: dec.Type, Name: dec.Name, Where: dec.Where(), Digest: dec.Digest,
		Disabled: !dec.Common.Enabled, Settings: c.settings(dec),
	}
}

func (c *Config) settings(dec *Decoded) []ShownSetting {
	v := viewer{places: dec.places, secrets: c.secrets}
	v.fields(c.registry.common, reflect.ValueOf(dec.Common), "")
	if typ, ok := c.registry.Lookup(dec.Type); ok {
		v.fields(typ.shape, reflect.ValueOf(dec.Settings), "")
	}
	return v.shown
}

// Where is the place of the block, "file:line".
func (d *Decoded) Where() string { return d.header.String() }

// viewer writes settings as text.
type viewer struct {
	places  []place
	secrets *secrets
	shown   []ShownSetting
}

func (v *viewer) fields(s *shape, value reflect.Value, prefix string) {
	for i := range s.fields {
		f := &s.fields[i]
		v.field(f, value.FieldByIndex(f.index), prefix+f.name)
	}
}

func (v *viewer) field(f *field, value reflect.Value, path string) {
	if value.Kind() == reflect.Pointer {
		if value.IsNil() {
			if !f.isBlock() {
				v.add(f, path, f.absent())
			}
			return
		}
		value = value.Elem()
	}
	switch {
	case f.kind == templateKind:
		v.template(path, value.Interface().(Template)) //nolint:forcetypeassert // the shape says that it is one
	case f.kind == blockKind && f.many:
		for i := range value.Len() {
			v.block(f, value.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case f.kind == blockKind:
		v.block(f, value, path)
	case value.IsZero() && find(v.places, path) == nil && f.words != "":
		v.add(f, path, f.absent())
	default:
		v.add(f, path, written(value))
	}
}

// absent stands for a value that is not given: its default in words.
func (f *field) absent() string {
	if f.words == "" {
		return "(none)"
	}
	return "(" + f.words + ")"
}

func (v *viewer) block(f *field, value reflect.Value, path string) {
	if value.Kind() == reflect.Pointer {
		value = value.Elem()
	}
	for i := range f.block.labels {
		l := &f.block.labels[i]
		v.add(l, path+"."+l.name, written(value.FieldByIndex(l.index)))
	}
	v.fields(f.block, value, path+".")
}

// template shows what is written in it: what that becomes depends on the child.
func (v *viewer) template(path string, t Template) {
	if !t.Given() {
		return
	}
	v.shown = append(v.shown, ShownSetting{path, strconv.Quote(t.Type()), v.origin(path)})
	for _, p := range t.t.sample.places {
		if p.value == p.name { // a block: what is in it follows
			continue
		}
		value := strings.Join(strings.Fields(p.value.text()), " ")
		if p.sensitive {
			value = secretText(value)
		}
		inner := viewer{places: t.t.sample.places}
		v.shown = append(v.shown, ShownSetting{path + "." + p.path, v.secrets.mask(value), inner.origin(p.path)})
	}
}

func (v *viewer) add(f *field, path, text string) {
	if p := find(v.places, path); f.sensitive || p != nil && p.sensitive {
		text = secretText(text)
	}
	v.shown = append(v.shown, ShownSetting{path, v.secrets.mask(text), v.origin(path)})
}

// secretText hides a value and yet shows whether it is another one.
func secretText(text string) string {
	sum := hmac.New(sha256.New, []byte("peakd setting"))
	sum.Write([]byte(text))
	return masked + " #" + hex.EncodeToString(sum.Sum(nil))[:8]
}

func (v *viewer) origin(path string) string {
	p := find(v.places, path)
	switch {
	case p == nil:
		return "default"
	case p.inherited:
		return "defaults, " + p.name.String()
	}
	return p.name.String()
}

// written is a value as a configuration would have it.
func written(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case time.Duration:
		return strconv.Quote(FormatDuration(value))
	case Size:
		return strconv.Quote(value.String())
	case Mode:
		return strconv.Quote(value.String())
	}
	switch v.Kind() { //nolint:exhaustive // the others print as they are
	case reflect.String:
		return strconv.Quote(v.String())
	case reflect.Slice:
		parts := make([]string, 0, v.Len())
		for i := range v.Len() {
			parts = append(parts, written(v.Index(i)))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		parts := make(map[string]string, v.Len())
		for _, k := range v.MapKeys() {
			parts[k.String()] = k.String() + " = " + written(v.MapIndex(k))
		}
		var all []string
		for _, k := range slices.Sorted(maps.Keys(parts)) {
			all = append(all, parts[k])
		}
		return "{ " + strings.Join(all, ", ") + " }"
	}
	return fmt.Sprint(v.Interface())
}
