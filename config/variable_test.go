package config_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/config"
)

// evaluated is the value of an expression, as a string.
func evaluated(t *testing.T, o config.Options, declarations, expr string) (string, *config.Diagnostics) {
	t.Helper()
	o.Paths = []string{"-"}
	o.Stdin = strings.NewReader(declarations + "\ndaemon \"exec\" \"x\" {\n  run_every = \"5m\"\n  command = [\"true\"]\n  script = " + expr + "\n}\n")
	cfg, diags := config.Load(o)
	if diags.HasErrors() {
		return "", diags
	}
	return only[execSettings](t, cfg).Script, diags
}

func TestVariablePrecedence(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{
		"one.hcl":       `v = "file one"`,
		"two.hcl.json":  `{"v": "file two"}`,
		"empty.hcl":     ``,
		"functions.hcl": `v = upper("file")`,
	})
	in := func(name string) string { return filepath.Join(dir, name) }
	env := map[string]string{"PEAKD_VAR_v": "env", "HOST_VAR_v": "host env"}
	for name, tt := range map[string]struct {
		vars, files []string
		env         bool
		prefix      string
		want        string
	}{
		"default":     {want: "default"},
		"environment": {env: true, want: "env"},
		"prefix":      {env: true, prefix: "HOST", want: "host env"},
		"file":        {env: true, files: []string{in("one.hcl")}, want: "file one"},
		"last file":   {files: []string{in("one.hcl"), in("two.hcl.json"), in("empty.hcl")}, want: "file two"},
		"function":    {files: []string{in("functions.hcl")}, want: "FILE"},
		"flag":        {env: true, files: []string{in("one.hcl")}, vars: []string{"v=flag"}, want: "flag"},
		"last flag":   {vars: []string{"v=flag", "v=a=b"}, want: "a=b"},
		"empty flag":  {vars: []string{"v="}, want: ""},
		"raw text":    {vars: []string{`v=["a"] ${x} "q"`}, want: `["a"] ${x} "q"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(t)
			o.Vars, o.VarFiles, o.EnvPrefix = tt.vars, tt.files, tt.prefix
			if tt.env {
				o.Environ = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
			}
			got, diags := evaluated(t, o, `variable "v" { default = "default" }`, "var.v")
			if diags.HasErrors() || got != tt.want {
				t.Errorf("got %q, want %q\n%s", got, tt.want, shown(t, diags))
			}
		})
	}
}

func TestTextOfVariablesIsAnExpressionUnlessTheDefaultIsAString(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ variable, text, expr, want string }{
		"number":              {"default = 5", "7", "var.v + 1", "8"},
		"list":                {"default = []", `["a", "b"]`, `join("-", var.v)`, "a-b"},
		"map":                 {"default = {}", `{ a = 1 }`, `var.v.a`, "1"},
		"bool":                {"default = true", "false", `var.v ? "yes" : "no"`, "no"},
		"string":              {`default = ""`, "7", `"${var.v}!"`, "7!"},
		"null":                {"default = null", "seven", "var.v", "seven"},
		"none":                {"", "seven", "var.v", "seven"},
		"none, looks like it": {"", "[1]", "var.v", "[1]"},
		"function":            {"default = 5", "max(2, 9)", "var.v", "9"},
		"text as number":      {"default = 5", `"6"`, "var.v + 1", "7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(t)
			o.Vars = []string{"v=" + tt.text}
			got, diags := evaluated(t, o, "variable \"v\" {\n"+tt.variable+"\n}", tt.expr)
			if diags.HasErrors() || got != tt.want {
				t.Errorf("got %q, want %q\n%s", got, tt.want, shown(t, diags))
			}
		})
	}
}

func TestWrongVariables(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"wrong.hcl": "regon = 1\nnumber = [1]\nbad = var.x\n", "syntax.hcl": "a = \n"})
	declarations := "variable \"region\" { default = \"eu\" }\nvariable \"number\" { default = 5 }\nvariable \"bad\" { default = 1 }"
	for name, tt := range map[string]struct {
		change func(*config.Options)
		want   []string
	}{
		"flag": {func(o *config.Options) { o.Vars = []string{"regoin=x"} }, []string{`--var regoin: error: no variable is called "regoin"`, `did you mean "region"?`}},
		"file": {func(o *config.Options) { o.VarFiles = []string{filepath.Join(dir, "wrong.hcl")} }, []string{
			`wrong.hcl:1:1: error: no variable is called "regon"`, `wrong.hcl:2:10: error: variable "number" is a number, not a list`,
			"wrong.hcl:3:7: error: var is not known here",
		}},
		"syntax":     {func(o *config.Options) { o.VarFiles = []string{filepath.Join(dir, "syntax.hcl")} }, []string{"syntax.hcl:1:5: error: invalid expression"}},
		"expression": {func(o *config.Options) { o.Vars = []string{"number=[", "bad=var.x"} }, []string{"--var number: error: the text is no value", "--var bad: error: the text is no value"}},
		"type":       {func(o *config.Options) { o.Vars = []string{"number=null", "bad=[1]"} }, []string{`--var number: error: variable "number" is a number, not null`, `--var bad: error: variable "bad" is a number, not a list`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(t)
			tt.change(&o)
			_, diags := evaluated(t, o, declarations, `"${var.region} ${var.number}"`)
			if diags.Errors() != len(tt.want) && name != "flag" {
				t.Errorf("got %d errors, want %d", diags.Errors(), len(tt.want))
			}
			for _, want := range tt.want {
				if got := shown(t, diags); !strings.Contains(got, want) {
					t.Errorf("got\n%s\nwant %q", got, want)
				}
			}
		})
	}
}

func TestLocals(t *testing.T) {
	t.Parallel()
	got, diags := evaluated(t, options(t), `
variable "v" { default = "V" }
locals { c = "${local.b}c" }
locals {
  a = "${var.v}a"
  b = "${local.a}b"
  n = { x = [for s in ["p", "q"] : "${s}${local.b}"] }
}`, `"${local.c} ${local.n.x[1]}"`)
	if diags.HasErrors() || got != "Vabc qVab" {
		t.Errorf("got %q\n%s", got, shown(t, diags))
	}
}

func TestLocalCyclesAreToldOnce(t *testing.T) {
	t.Parallel()
	for name, locals := range map[string]string{
		"itself":    `a = local.a`,
		"two":       "a = local.b\n b = local.a",
		"whole":     `a = keys(local)`,
		"in a list": "a = [local.b]\n b = { x = local.a }",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, diags := evaluated(t, options(t), "locals {\n"+locals+"\n}", "upper(local.a)")
			if got := shown(t, diags); diags.Errors() != 1 || !strings.Contains(got, "local.a refers to itself") {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"script.sh": "echo ${HOME}\n", "credentials/db": "swordfish\n", "secret": "hunter2\r\n"})
	env := map[string]string{"USER": "joe", "EMPTY": "", "CREDENTIALS_DIRECTORY": filepath.Join(dir, "credentials")}
	for expr, want := range map[string]string{
		`env("USER")`:                                              "joe",
		`env("EMPTY")`:                                             "",
		`env("EMPTY", "x")`:                                        "",
		`env("NONE", "x")`:                                         "x",
		`hostname()`:                                               "mailhost",
		`file("` + dir + `/script.sh")`:                            "echo ${HOME}\n",
		`credential("db")`:                                         "swordfish",
		`secret("` + dir + `/secret")`:                             "hunter2",
		`upper("a")`:                                               "A",
		`lower("A")`:                                               "a",
		`join(",", ["a", "b"])`:                                    "a,b",
		`join(",", split(" ", "a b"))`:                             "a,b",
		`format("%s-%03d", "a", 5)`:                                "a-005",
		`join(",", formatlist("%s!", ["a", "b"]))`:                 "a!,b!",
		`join(",", concat(["a"], ["b"]))`:                          "a,b",
		`contains(["a"], "a") ? "y" : "n"`:                         "y",
		`join(",", keys({ b = 1, a = 2 }))`:                        "a,b",
		`"${length([1, 2])}"`:                                      "2",
		`lookup({ a = "x" }, "b", "z")`:                            "z",
		`merge({ a = "x" }, { a = "y" }).a`:                        "y",
		`replace("a-b", "-", "+")`:                                 "a+b",
		`trimspace("  a ")`:                                        "a",
		`jsonencode({ a = [1, true] })`:                            `{"a":[1,true]}`,
		`jsondecode("{\"a\":\"b\"}").a`:                            "b",
		`coalesce(null, "b")`:                                      "b",
		`join(",", flatten([["a"], ["b"]]))`:                       "a,b",
		`join(",", distinct(["a", "a"]))`:                          "a",
		`join(",", [for n in range(3) : "${n}"])`:                  "0,1,2",
		`join(",", sort(["b", "a"]))`:                              "a,b",
		`"${min(3, 2)}${max(3, 2)}"`:                               "23",
		`regex("[0-9]+", "abc123")`:                                "123",
		`tostring(5)`:                                              "5",
		`"${tonumber("5") + 1}"`:                                   "6",
		`tobool("true") ? "y" : "n"`:                               "y",
		`try(jsondecode("{").x, "fallback")`:                       "fallback",
		`can(jsondecode("{")) ? "y" : "n"`:                         "n",
		`base64encode("abc")`:                                      "YWJj",
		`base64decode("YWJj")`:                                     "abc",
		`basename("/a/b")`:                                         "b",
		`dirname("/a/b")`:                                          "/a",
		`join(",", [for k, v in { a = 1 } : "${k}${v}" if v > 0])`: "a1",
	} {
		t.Run(expr, func(t *testing.T) {
			t.Parallel()
			o := options(t)
			o.Environ = func(name string) (string, bool) { v, ok := env[name]; return v, ok }
			got, diags := evaluated(t, o, "", expr)
			if diags.HasErrors() || got != want {
				t.Errorf("got %q, want %q\n%s", got, want, shown(t, diags))
			}
		})
	}
}

func TestPathsAreTakenFromTheirFile(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{
		"a/x.hcl": `daemon "exec" "x" { 
  run_every = "5m"
  script    = file("s.sh")
  dir       = "work"
}`,
		"a/s.sh":  "from a",
		"b/y.hcl": "locals { s = file(\"s.sh\") }\ndefaults \"exec\" { dir = \"default\" }\n" + strings.Replace(daemonText("y"), `["true"]`, `[local.s]`, 1),
		"b/s.sh":  "from b",
		"c/z.hcl": "daemon \"exec\" \"z\" {\n  run_every = \"5m\"\n  script = local.s\n  dir = \"/absolute\"\n}",
	})
	cfg, diags := config.Load(options(t, filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "c")))
	if diags.HasErrors() {
		t.Fatal(shown(t, diags))
	}
	got := map[string]string{}
	for _, d := range cfg.Daemons {
		s := d.Settings.(execSettings) //nolint:forcetypeassert // all are
		got[d.Name] = s.Script + strings.Join(s.Command, "") + " " + strings.TrimPrefix(string(s.Dir), dir)
	}
	want := map[string]string{"x": "from a /a/work", "y": "from b /b/default", "z": "from b /absolute"}
	if !maps.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

func TestTheProcessEnvironmentIsTheDefault(t *testing.T) {
	t.Setenv("PEAKD_VAR_v", "from the process")
	o := options(t)
	o.Environ, o.Hostname = nil, ""
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	got, diags := evaluated(t, o, `variable "v" {}`, `"${var.v} on ${hostname()}"`)
	if diags.HasErrors() || got != "from the process on "+host {
		t.Errorf("got %q\n%s", got, shown(t, diags))
	}
}
