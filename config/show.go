package config

import (
	"fmt"
	"reflect"
	"slices"
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

// ShownSetting is one setting: its path ("retry.every"), its value as it would be written, or in words in
// brackets, and where that comes from: "file:line", "defaults, file:line" or "default". What a template says is
// shown if it is written; where it depends on the child, as an expression.
type ShownSetting struct {
	Path   string `json:"path"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

// Show tells what the configuration says, with every default in place and every secret masked: first the app, then
// the daemons, then the disabled ones.
func (c *Config) Show() []Shown {
	all := []Shown{{Kind: "app", Name: c.App.Label, Where: c.App.header.String(), Settings: c.appSettings()}}
	for _, list := range [][]*Decoded{c.Daemons, c.Disabled} {
		for _, dec := range list {
			all = append(all, Shown{
				Kind: "daemon", Type: dec.Type, Name: dec.Name, Where: dec.Where(), Digest: dec.Digest,
				Disabled: !dec.Common.Enabled, Settings: c.settings(dec).shown,
			})
		}
	}
	return all
}

func (c *Config) appSettings() []ShownSetting {
	v := viewer{registry: c.registry, secrets: c.secrets, places: c.App.places}
	v.fields(c.registry.app, reflect.ValueOf(c.App), "")
	return v.shown
}

func (c *Config) settings(dec *Decoded) *viewer {
	v := &viewer{
		registry: c.registry, secrets: c.secrets, places: dec.places,
		zone: dec.zone, calendar: dec.Common.Schedule != "",
	}
	v.daemon(dec)
	return v
}

// Where is the place of the block, "file:line".
func (d *Decoded) Where() string { return d.header.String() }

// viewer writes the settings of one daemon, or of the app, as text.
type viewer struct {
	registry *Registry
	secrets  *secrets
	places   []place
	zone     string // that of the daemon's calendar and windows
	calendar bool   // it has no interval
	prefix   string // of every path: that of the template
	given    bool   // of a template only what is given is shown
	shown    []ShownSetting
	// digests of the templates, by path: they change with what expressions refer to.
	digests map[string]string
}

func (v *viewer) daemon(dec *Decoded) {
	v.fields(v.registry.common, reflect.ValueOf(dec.Common), "")
	if typ, ok := v.registry.Lookup(dec.Type); ok {
		v.fields(typ.shape, reflect.ValueOf(dec.Settings), "")
	}
}

func (v *viewer) fields(s *shape, value reflect.Value, prefix string) {
	for i := range s.fields {
		f := &s.fields[i]
		v.field(f, value.FieldByIndex(f.index), prefix+f.name)
	}
}

func (v *viewer) field(f *field, value reflect.Value, path string) {
	absent := value.Kind() == reflect.Pointer && value.IsNil()
	switch {
	case f.kind == overridesKind: // they are shown with their template
	case f.isBlock() && absent:
	case f.isBlock() && f.many:
		for i := range value.Len() {
			v.block(f, value.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case f.isBlock():
		v.block(f, value, path)
	case absent:
		v.add(f, path, reflect.Value{})
	default:
		v.add(f, path, reflect.Indirect(value))
	}
}

func (v *viewer) block(f *field, value reflect.Value, path string) {
	value = reflect.Indirect(value)
	p := find(v.places, path)
	switch {
	case p != nil && p.unknown:
		v.write(path, "(depends on the child)")
	case f.kind == templateKind:
		v.template(path, value.Interface().(Template)) //nolint:forcetypeassert // the shape says that it is one
	case f.isChoice():
		v.variant(f.block, value, path)
	default:
		for i := range f.block.labels {
			l := &f.block.labels[i]
			v.add(l, path+"."+l.name, value.FieldByIndex(l.index))
		}
		v.fields(f.block, value, path+".")
	}
}

// variant shows the label that selects it, and what it holds.
func (v *viewer) variant(choice *shape, value reflect.Value, path string) {
	for i := range choice.fields {
		f := &choice.fields[i]
		settings, chosen := inside(value, f.index)
		if !chosen || v.given && find(v.places, path) == nil {
			continue
		}
		v.write(path, quoted(f.name))
		v.fields(f.block, settings, path+".")
	}
}

// template shows what is given in it: what that becomes may depend on the child.
func (v *viewer) template(path string, t Template) {
	if !t.Given() {
		return
	}
	v.write(path, quoted(t.Type()))
	inner := viewer{
		registry: v.registry, secrets: v.secrets, places: t.t.sample.places,
		prefix: v.prefix + path + ".", given: true, digests: v.digests,
	}
	inner.daemon(t.t.sample)
	v.shown = append(v.shown, inner.shown...)
	if v.digests = inner.digests; v.digests == nil {
		v.digests = make(map[string]string)
	}
	v.digests[v.prefix+path] = t.t.digest
	v.overrides(t.t)
}

// overrides shows what the blocks that change a template say: of a child's settings those that the template has from
// elsewhere.
func (v *viewer) overrides(t *template) {
	seen := make(map[string]int)
	for _, o := range t.overrides {
		path := fmt.Sprintf("%s[%d]", o.block.name, seen[o.block.name])
		seen[o.block.name]++
		v.shown = append(v.shown, ShownSetting{v.prefix + path, quoted(o.glob), o.block.at.String()})
		inner := viewer{registry: v.registry, secrets: v.secrets, prefix: v.prefix + path + ".", given: true}
		for _, p := range o.sample.places {
			if old := find(t.sample.places, p.path); old == nil || old.name != p.name {
				inner.places = append(inner.places, p)
			}
		}
		inner.daemon(o.sample)
		v.shown = append(v.shown, inner.shown...)
	}
}

// add writes an attribute; one that is not given has no value.
func (v *viewer) add(f *field, path string, value reflect.Value) {
	p := find(v.places, path)
	if p == nil && v.given {
		return
	}
	var text string
	switch {
	case p != nil && p.unknown:
		text = v.secrets.mask(p.value.compact())
	case p == nil && path == "timezone" && v.zone != "":
		text = zoneName(v.zone)
	case p == nil && v.calendar && ofInterval(path):
		v.write(path, "(none)")
		return
	case p == nil && (!value.IsValid() || empty(value) || f.words != "" && value.IsZero()):
		v.write(path, f.absent())
		return
	case !value.IsValid():
		text = "null"
	default:
		text = written(value, func(s string) string { return quoted(v.secrets.mask(s)) })
	}
	if f.sensitive || p != nil && p.sensitive {
		text = secretMark(p, value)
	}
	v.write(path, text)
}

// ofInterval tells whether a setting says nothing beside a schedule.
func ofInterval(path string) bool {
	return path == "run_every" || slices.Contains(idleSettings(), path)
}

// absent stands for a value that is not given: its default in words.
func (f *field) absent() string {
	if f.words == "" {
		return "(none)"
	}
	return "(" + f.words + ")"
}

// zoneName is the zone of the app, or the host, that a daemon takes.
func zoneName(zone string) string {
	if zone == "Local" {
		return "(the host's)"
	}
	return quoted(zone)
}

func (v *viewer) write(path, text string) {
	v.shown = append(v.shown, ShownSetting{v.prefix + path, text, v.origin(path)})
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
