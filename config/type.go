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
	// Build makes a child of a template that this daemon holds; see [Template].
	build func(Decoded, daemonapp.Spec) daemonapp.Spec
}

// Type is a daemon type: a name, its settings and how to build it.
type Type struct {
	name     string
	doc      string
	settings reflect.Type
	defaults reflect.Value
	build    func(Env, any) (daemonapp.Daemon, error)
}

// NewType describes a daemon type. S is a struct whose tagged fields are its settings, defaults
// holds the values of those a configuration leaves out, and doc is its description in Markdown,
// first line a sentence.
//
// A field is tagged `hcl:"NAME"`, with options behind commas: required, sensitive, label (of a block),
// block; and with `doc:"what it is"`, optionally `enum:"a|b"` and `default:"in words"` where
// the default is not the value in defaults. Fields may be string, bool, integers, float64,
// time.Duration, [Size], [Path], [Mode], []string, []int, []Path, map[string]string, a struct or a pointer to one or a
// slice of them (blocks), and [Template].
//
// If *S has Validate() []*daemonapp.FieldError, its answers become diagnostics at those fields;
// Warnings() []*daemonapp.FieldError likewise, as warnings. They must not touch the system in Validate;
// Warnings may look (a missing program is a warning).
func NewType[S any](name, doc string, defaults S, build func(Env, S) (daemonapp.Daemon, error)) Type {
	return Type{
		name: name, doc: doc,
		settings: reflect.TypeFor[S](),
		defaults: reflect.ValueOf(defaults),
		build: func(env Env, settings any) (daemonapp.Daemon, error) {
			return build(env, settings.(S))
		},
	}
}

// Name is the label of its daemon blocks.
func (t Type) Name() string { return t.name }

// Doc is its description.
func (t Type) Doc() string { return t.doc }

// Size is a number of bytes, written "512KiB" or "2GB".
type Size int64

// Path is a file or directory; one that is relative is taken from the folder of the file it stands in.
type Path string

// Mode is a file mode or umask, written in octal: "0027".
type Mode uint32
