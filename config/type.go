package config

import (
	"reflect"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// Env is all that the builder of a daemon gets besides its settings.
type Env struct {
	// App is the app's label, Name the daemon's full name ("seed/child" for a child).
	App  string
	Name string
	// Planner is made of the block's common settings; a Task embeds it.
	Planner schedule.Planner
	// Terms are the block's other common settings.
	Terms daemonapp.Terms
	// Log carries the daemon's name.
	Log   *zap.Logger
	Clock clock.Clock
	// StateDir is the app's private directory (0700, exists); empty when the app runs without memory.
	StateDir string
	// Wake makes the daemon due now, as a file-system event would. Any goroutine may call it.
	Wake func()
	// Mask replaces every secret of the configuration that occurs in the text. It is never nil.
	Mask func(string) string
}

// Type is a daemon type: a name, its settings and how to build it.
type Type struct {
	name     string
	doc      string
	shape    *shape
	wrong    error // why the registry will refuse it
	defaults reflect.Value
	build    func(Env, any) (daemonapp.Daemon, error)
}

// NewType describes a daemon type. S is a struct whose tagged fields are its settings, defaults
// holds the values of those a configuration leaves out, and doc is its description in Markdown,
// first line a sentence.
//
// A field is tagged `hcl:"NAME"`, with options behind commas: required, sensitive, signed (a duration
// that may be negative), label (of a block), block; and with `doc:"what it is"`, optionally `enum:"a|b"` and
// `default:"in words"` where the default is not the value in defaults. `hcl:"-"` leaves a field out;
// the fields of an embedded struct count as the struct's own.
//
// Fields may be string, bool, integers, floats, time.Duration, [Size], [Path], [Mode], slices of these,
// map[string] of these, pointers to these (nil: not given), and as blocks a struct, a pointer to one (nil: no such block),
// a slice of either, and [Template], alone, as a pointer or in a slice: `hcl:"child,block"` has the daemon type as
// label, `hcl:"queue,block" type:"dir_queue"` always means that type.
//
// A block whose label selects what it holds, as in deliver "smtp" { ... }, is a struct of variants and nothing else: pointers
// to structs, tagged `hcl:"smtp,variant" doc:"what it is"`. Of a block that is given exactly one is set: while its label is
// wrong, or depends on a child, the first stands in. Of one that is not given none is, also where it is required and
// Validate looks. Answers name its settings as if the label were not there: "deliver.server".
//
// If *S, or a pointer to the struct of a block or a variant, has SetDefaults(), it is called on each new one before it is decoded.
//
// If *S has Validate() []*daemonapp.FieldError, its answers become diagnostics at those fields ("limits.nofile",
// "target[1].urls"; an empty field is the block as a whole); Warnings() []*daemonapp.FieldError likewise,
// as warnings. They must not touch the system in Validate; Warnings may look (a missing program is a warning).
// Both are called on a template's settings too, with stand-ins for texts that are not known yet.
//
// If *S has ExclusiveDirectory() string, two daemons with the same one are warned of; "" is none. It must come of the
// field directory.
func NewType[S any](name, doc string, defaults S, build func(Env, S) (daemonapp.Daemon, error)) Type {
	shape, err := newShape(reflect.TypeFor[S]())
	return Type{
		name: name, doc: doc,
		shape:    shape,
		wrong:    err,
		defaults: reflect.ValueOf(&defaults).Elem(),
		build: func(env Env, settings any) (daemonapp.Daemon, error) {
			return build(env, settings.(S)) //nolint:forcetypeassert // Settings of a Decoded are always its type's
		},
	}
}

// Name is the label of its daemon blocks.
func (t Type) Name() string { return t.name }

// Doc is its description.
func (t Type) Doc() string { return t.doc }

// Attributes are its own settings in the order of the struct, without the common ones.
func (t Type) Attributes() []Attribute {
	if t.shape == nil {
		return nil
	}
	return t.shape.attributes(t.defaults)
}
