package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/config"
)

func TestRegistryRefuses(t *testing.T) {
	t.Parallel()
	type recursive struct {
		Inner []struct {
			Again *struct {
				X string `hcl:"x" doc:"x"`
			} `hcl:"again,block"`
		} `hcl:"inner,block" doc:"x"`
	}
	for name, tt := range map[string]struct {
		typ  config.Type
		want string
	}{
		"name": {newType("Exec", struct{}{}), "not of lowercase letters"},
		"common name": {newType("x", struct {
			X string `hcl:"timeout" doc:"x"`
		}{}), "timeout is a setting common to all daemons"},
		"common block": {newType("x", struct {
			X struct{} `hcl:"retry,block" doc:"x"`
		}{}), "retry is a setting common to all daemons"},
		"no doc": {newType("x", struct {
			X string `hcl:"x"`
		}{}), "field X of"},
		"no doc within a block": {newType("x", recursive{}), "it has no doc tag"},
		"no tag":                {newType("x", struct{ X string }{}), "no name for a setting"},
		"unexported": {newType("x", struct {
			x string `hcl:"x" doc:"x"` //nolint:unused // that is the case
		}{}), "it is not exported"},
		"unknown option": {newType("x", struct {
			X string `hcl:"x,optional" doc:"x"`
		}{}), `unknown option "optional"`},
		"type that cannot be": {newType("x", struct {
			X chan int `hcl:"x" doc:"x"`
		}{}), "a setting cannot be a chan int"},
		"list of lists": {newType("x", struct {
			X [][]string `hcl:"x" doc:"x"`
		}{}), "a setting cannot be a [][]string"},
		"map of other keys": {newType("x", struct {
			X map[int]string `hcl:"x" doc:"x"`
		}{}), "a setting cannot be a map[int]string"},
		"two of a name": {newType("x", struct {
			X string `hcl:"x" doc:"x"`
			Y string `hcl:"x" doc:"x"`
		}{}), `there are two settings called "x"`},
		"label outside a block": {newType("x", struct {
			X string `hcl:"x,label" doc:"x"`
		}{}), "only blocks have labels"},
		"label that is no string": {newType("x", struct {
			X int `hcl:"x,label" doc:"x"`
		}{}), "a label is a string"},
		"block that is no struct": {newType("x", struct {
			X string `hcl:"x,block" doc:"x"`
		}{}), "string is not a struct"},
		"settings that are no struct": {newType("x", 5), "int is not a struct"},
		"template of nobody": {newType("x", struct {
			X config.Template `hcl:"x,block" type:"nobody" doc:"x"`
		}{}), "x is a template of nobody, which is not registered"},
		"variant outside a block": {newType("x", struct {
			X *struct{} `hcl:"x,variant" doc:"x"`
		}{}), "only blocks have variants"},
		"variant among settings": {newType("x", struct {
			X struct {
				Y *struct{} `hcl:"y,variant" doc:"x"`
				Z string    `hcl:"z" doc:"x"`
			} `hcl:"x,block" doc:"x"`
		}{}), "has variants and other settings too"},
		"variant beside a label": {newType("x", struct {
			X struct {
				Y *struct{} `hcl:"y,variant" doc:"x"`
				Z string    `hcl:"z,label" doc:"x"`
			} `hcl:"x,block" doc:"x"`
		}{}), "has variants and other settings too"},
		"variant without doc": {newType("x", struct {
			X struct {
				Y *struct{} `hcl:"y,variant"`
			} `hcl:"x,block" doc:"x"`
		}{}), "it has no doc tag"},
		"two variants of a name": {newType("x", struct {
			X struct {
				Y *struct{} `hcl:"y,variant" doc:"x"`
				Z *struct{} `hcl:"y,variant" doc:"x"`
			} `hcl:"x,block" doc:"x"`
		}{}), `there are two settings called "y"`},
		"variant that is required": {newType("x", struct {
			X struct {
				Y *struct{} `hcl:"y,variant,required" doc:"x"`
			} `hcl:"x,block" doc:"x"`
		}{}), "a variant takes no other option"},
		"variant that is no pointer": {newType("x", struct {
			X struct {
				Y struct{} `hcl:"y,variant" doc:"x"`
			} `hcl:"x,block" doc:"x"`
		}{}), "a variant is a pointer to a struct of settings"},
		"variant that is no struct": {newType("x", struct {
			X struct {
				Y *string `hcl:"y,variant" doc:"x"`
			} `hcl:"x,block" doc:"x"`
		}{}), "string is not a struct"},
		"variant that is a template": {newType("x", struct {
			X struct {
				Y *config.Template `hcl:"y,variant" doc:"x"`
			} `hcl:"x,block" doc:"x"`
		}{}), "a variant is a pointer to a struct of settings"},
		"variant with a label": {newType("x", struct {
			X struct {
				Y *deliver `hcl:"y,variant" doc:"x"`
			} `hcl:"x,block" doc:"x"`
		}{}), "a variant has neither labels nor variants itself"},
		"variant with variants": {newType("x", struct {
			X struct {
				Y *delivery `hcl:"y,variant" doc:"x"`
			} `hcl:"x,block" doc:"x"`
		}{}), "a variant has neither labels nor variants itself"},
		"template of nobody in a variant": {newType("x", struct {
			X struct {
				Y *struct {
					Z config.Template `hcl:"z,block" type:"nobody" doc:"x"`
				} `hcl:"y,variant" doc:"x"`
			} `hcl:"x,block" doc:"x"`
		}{}), "z is a template of nobody, which is not registered"},
		"dynamic": {newType("x", struct {
			X string `hcl:"dynamic" doc:"x"`
		}{}), `no setting can be called "dynamic"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := config.NewRegistry(tt.typ); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
	if _, err := config.NewRegistry(newType("x", struct{}{}), newType("x", struct{}{})); err == nil {
		t.Error("two types of one name are accepted")
	}
	if _, err := config.NewRegistry(config.NewType("x", "", struct{}{}, build[struct{}])); err == nil {
		t.Error("a type without doc is accepted")
	}
}

func newType[S any](name string, defaults S) config.Type {
	return config.NewType(name, "Is a test.", defaults, build[S])
}

type selfish struct {
	Inner *selfish `hcl:"inner,block" doc:"itself"`
}

func TestRegistryRefusesEndlessSettings(t *testing.T) {
	t.Parallel()
	if _, err := config.NewRegistry(newType("x", selfish{})); err == nil || !strings.Contains(err.Error(), "contains itself") {
		t.Errorf("got %v", err)
	}
}

func TestRegistryKeepsOrder(t *testing.T) {
	t.Parallel()
	var names []string
	for _, typ := range testRegistry(t).Types() {
		names = append(names, typ.Name())
	}
	if diff := cmp.Diff([]string{"exec", "for_each_directory", "queue_manager", "file_cleanup", "outbox"}, names); diff != "" {
		t.Error(diff)
	}
	if typ, ok := testRegistry(t).Lookup("exec"); !ok || typ.Doc() != "Runs a program." {
		t.Errorf("got %q, %v", typ.Doc(), ok)
	}
	if _, ok := testRegistry(t).Lookup("nobody"); ok {
		t.Error("found nobody")
	}
}

type embedded struct {
	Directory config.Path `hcl:"directory" doc:"where"`
}

func TestAttributes(t *testing.T) {
	t.Parallel()
	type settings struct {
		embedded
		Age    time.Duration     `hcl:"age,required" doc:"how old"`
		Every  time.Duration     `hcl:"every" doc:"how often"`
		Size   config.Size       `hcl:"size" doc:"how large"`
		Mode   config.Mode       `hcl:"mode" doc:"which mode"`
		Nice   *int              `hcl:"nice" doc:"niceness" default:"the parent's"`
		Names  []string          `hcl:"names" doc:"which"`
		Env    map[string]string `hcl:"env" doc:"environment"`
		Kind   string            `hcl:"kind" enum:"a|b" doc:"one of two"`
		Key    string            `hcl:"key,sensitive" doc:"secret"`
		On     bool              `hcl:"on" doc:"whether"`
		Limits *limits           `hcl:"limits,block" doc:"limits"`
		To     []deliver         `hcl:"to,block" doc:"where to"`
		Child  config.Template   `hcl:"child,block" doc:"child"`
		Queue  config.Template   `hcl:"queue,block" type:"exec" doc:"queue"`
	}
	typ := newType("x", settings{
		Every: 90 * time.Second, Size: 4096, Mode: 0o22, Names: []string{"a"}, Env: map[string]string{"A": "1"}, Kind: "a", Key: "secret",
	})
	want := []config.Attribute{
		{Name: "directory", Type: "path", Doc: "where"},
		{Name: "age", Type: "duration", Doc: "how old", Required: true},
		{Name: "every", Type: "duration", Doc: "how often", Default: `"1m30s"`},
		{Name: "size", Type: "size", Doc: "how large", Default: `"4KiB"`},
		{Name: "mode", Type: "octal mode", Doc: "which mode", Default: `"0022"`},
		{Name: "nice", Type: "whole number", Doc: "niceness", Default: "the parent's"},
		{Name: "names", Type: "list of strings", Doc: "which", Default: `["a"]`},
		{Name: "env", Type: "map of strings", Doc: "environment", Default: `{ A = "1" }`},
		{Name: "kind", Type: "string", Doc: "one of two", Default: `"a"`, Enum: []string{"a", "b"}},
		{Name: "key", Type: "string", Doc: "secret", Sensitive: true},
		{Name: "on", Type: "bool", Doc: "whether", Default: "false"},
		{Name: "limits", Type: "block", Doc: "limits", Attributes: []config.Attribute{
			{Name: "nofile", Type: "whole number", Doc: "open files", Default: "1024"},
			{Name: "memory", Type: "size", Doc: "memory", Default: `"0B"`},
		}},
		{
			Name: "to", Type: "block", Doc: "where to", Repeated: true,
			Labels: []config.Attribute{{Name: "kind", Type: "string", Doc: "how", Enum: []string{"smtp", "http"}}},
			Attributes: []config.Attribute{
				{Name: "server", Type: "string", Doc: "where to", Required: true},
				{Name: "token", Type: "string", Doc: "for the server", Sensitive: true},
			},
		},
		{
			Name: "child", Type: "template of any type", Doc: "child",
			Labels: []config.Attribute{{Name: "type", Type: "string", Required: true, Doc: "a daemon type"}},
		},
		{Name: "queue", Type: "template of type exec", Doc: "queue"},
	}
	if diff := cmp.Diff(want, typ.Attributes(), cmp.Comparer(func(a, b []string) bool { return strings.Join(a, " ") == strings.Join(b, " ") })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCommonAttributesAreComplete holds the contract's list against the struct.
func TestCommonAttributesAreComplete(t *testing.T) {
	t.Parallel()
	got := func(attributes []config.Attribute) string {
		var names []string
		for _, a := range attributes {
			names = append(names, a.Name)
			for _, inner := range a.Attributes {
				names = append(names, a.Name+"."+inner.Name)
			}
			if a.Doc == "" {
				t.Errorf("%s has no doc", a.Name)
			}
		}
		return strings.Join(names, " ")
	}
	common := "run_every schedule timezone missed priority minimum_idle increase_idle_by multiply_idle_by maximum_idle start_after jitter " +
		"timeout kill_grace background enabled run_once after run_if_load_below disarm_after description tags " +
		"window window.from window.to window.days window.timezone window.at_close retry retry.every retry.multiply_by retry.maximum retry.attempts"
	if diff := cmp.Diff(common, got(config.CommonAttributes())); diff != "" {
		t.Error(diff)
	}
	app := "stay_alive_for shutdown_after shutdown_if_idle shutdown_if_no_work workers shutdown_grace aging timezone state_dir" +
		" observe observe.listen control control.socket control.group control.view_group" +
		" history history.enabled history.keep_for history.keep_failed_for history.keep_runs history.maximum_size"
	if diff := cmp.Diff(app, got(config.AppAttributes())); diff != "" {
		t.Error(diff)
	}
}

func TestDefaultsInWords(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"missed": `"once"`, "multiply_idle_by": "1", "kill_grace": `"5s"`, "enabled": "true",
		"minimum_idle": "run_every", "workers": "1", "shutdown_grace": `"20s"`,
		"window.at_close": `"finish"`, "retry.multiply_by": "2",
	}
	for _, a := range append(config.CommonAttributes(), config.AppAttributes()...) {
		for _, inner := range a.Attributes {
			if w, ok := want[a.Name+"."+inner.Name]; ok && inner.Default != w {
				t.Errorf("the default of %s.%s is %s, want %s", a.Name, inner.Name, inner.Default, w)
			}
		}
		if w, ok := want[a.Name]; ok && a.Default != w {
			t.Errorf("the default of %s is %s, want %s", a.Name, a.Default, w)
		}
	}
}
