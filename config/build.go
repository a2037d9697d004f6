package config

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/benbjohnson/clock"
	"go.uber.org/zap"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// BuildEnv is what daemons are built with.
type BuildEnv struct {
	// Log is the app's log; nil drops what daemons write.
	Log *zap.Logger
	// Clock is the app's clock; nil is the system's.
	Clock clock.Clock
	// StateDir is the app's private directory; empty when it runs without memory.
	StateDir string
	// Wake gives the function that makes the daemon of a name (its full one) due; nil wakes nobody.
	Wake func(name string) func()
}

// Specs builds every enabled daemon, in the order of the configuration. The errors of all that cannot be built
// are joined; each names its daemon, file and line. Children of seeds are built later, with the same env.
func (c *Config) Specs(env BuildEnv) ([]daemonapp.Spec, error) {
	b := newBuilder(c, env)
	specs := make([]daemonapp.Spec, 0, len(c.Daemons))
	var errs []error
	for _, dec := range c.Daemons {
		spec, err := b.spec(dec)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		specs = append(specs, spec)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return specs, nil
}

// builder builds the daemons of one configuration.
type builder struct {
	registry *Registry
	app      string
	mask     func(string) string
	env      BuildEnv
}

func newBuilder(c *Config, env BuildEnv) *builder {
	if env.Log == nil {
		env.Log = zap.NewNop()
	}
	if env.Clock == nil {
		env.Clock = clock.New()
	}
	if env.Wake == nil {
		env.Wake = func(string) func() { return func() {} }
	}
	return &builder{registry: c.registry, app: c.App.Label, mask: c.Mask, env: env}
}

// spec builds one daemon.
func (b *builder) spec(dec *Decoded) (daemonapp.Spec, error) {
	typ, ok := b.registry.Lookup(dec.Type)
	if !ok {
		return daemonapp.Spec{}, fmt.Errorf("build %s: there is no daemon type %q", dec.full, dec.Type)
	}
	// Most daemons write nothing for long: a logger that has been made ready to write takes a kilobyte.
	daemon, err := typ.build(Env{
		App: b.app, Name: dec.full, Planner: dec.planner, Terms: dec.terms,
		Log: b.env.Log.WithLazy(zap.String("daemon", dec.full)), Clock: b.env.Clock,
		StateDir: b.env.StateDir, Wake: b.env.Wake(dec.full), Mask: b.mask,
	}, bind(reflect.ValueOf(dec.Settings), b).Interface())
	if err != nil {
		return daemonapp.Spec{}, fmt.Errorf("build %s (%s): %w", dec.full, dec.header, maskedError{err, b.mask})
	}
	if schedule.CalendarOf(dec.planner) != nil && schedule.CalendarOf(daemon) == nil {
		return daemonapp.Spec{}, fmt.Errorf("build %s (%s): %w", dec.full, dec.header, errHidden)
	}
	return daemonapp.Spec{Name: dec.Name, Type: dec.Type, Digest: dec.Digest, Daemon: daemon, Terms: dec.terms}, nil
}

// errHidden: a daemon embeds its planner as a bare interface. It would run at once instead of at its first calendar time.
var errHidden = errors.New("the daemon type hides the calendar that its planner follows: it is to embed daemonapp.Pace")

// maskedError is an error whose text shows no secret.
type maskedError struct {
	err  error
	mask func(string) string
}

// Error implements error.
func (e maskedError) Error() string { return e.mask(e.err.Error()) }

// Unwrap gives the error as it is.
func (e maskedError) Unwrap() error { return e.err }

// bind is a copy of settings whose templates can build children. What holds no template is shared.
func bind(v reflect.Value, b *builder) reflect.Value {
	found := false
	eachTemplate(v, func(Template) { found = true })
	if !found {
		return v
	}
	bound := reflect.New(v.Type()).Elem()
	bound.Set(v)
	switch v.Kind() { //nolint:exhaustive // the others hold no template
	case reflect.Struct:
		if t, ok := v.Interface().(Template); ok {
			return reflect.ValueOf(Template{t.t, b})
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				bound.Field(i).Set(bind(v.Field(i), b))
			}
		}
	case reflect.Pointer:
		bound.Set(reflect.New(v.Type().Elem()))
		bound.Elem().Set(bind(v.Elem(), b))
	case reflect.Slice:
		bound.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			bound.Index(i).Set(bind(v.Index(i), b))
		}
	}
	return bound
}
