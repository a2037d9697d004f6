package config_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"
	"pgregory.net/rapid"

	"github.com/peakd/peakd/config"
)

// TestSecretsAreNeverShown makes mistakes beside secrets in every way, and looks for the secret in every output.
func TestSecretsAreNeverShown(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	dir := files(t, map[string]string{"secret": secret + "\n", "cred/db": secret, "list": secret + ",x", "short": "q7", "wrapped": "pre" + secret})
	file := func(name string) string { return `secret("` + filepath.Join(dir, name) + `")` }
	const daemon = "daemon \"exec\" \"x\" {\n  run_every = \"5m\"\n  command = [\"true\"]\n"
	for name, src := range map[string]string{
		"literal of a sensitive attribute":    daemon + `password = ["hunter2"]` + "\n}",
		"beside another mistake":              daemon + `env = { A = "hunter2", B = [1] }` + "\n password = \"hunter2\"\n}",
		"escaped literal":                     daemon + `password = ["\u0068unter2", "hunter2"]` + "\n}",
		"in a block":                          daemon + "deliver \"smtp\" {\n server = [1]\n token = { a = \"hunter2\" }\n}\n}",
		"in a block on one line":              daemon + "limits {\n nofile = \"hunter2\"\n}\npassword = \"hunter2\"\n}",
		"duration of a secret":                daemon + "timeout = " + file("secret") + "\n}",
		"size of a secret":                    daemon + "output = " + file("secret") + "\n}",
		"mode of a secret":                    daemon + "umask = " + file("secret") + "\n}",
		"enum of a secret":                    daemon + "mode = " + file("secret") + "\n}",
		"number of a secret":                  daemon + "nice = " + file("secret") + "\n}",
		"schedule of a secret":                "daemon \"exec\" \"x\" {\n command = [\"true\"]\n schedule = " + file("secret") + "\n}",
		"time zone of a secret":               daemon + "timezone = " + file("secret") + "\n}",
		"window of a secret":                  daemon + "window {\n from = " + file("secret") + "\n to = \"1:00\"\n}\n}",
		"derived":                             daemon + "timeout = trimprefix(" + file("wrapped") + ", \"pre\")\n}",
		"derived by a function that fails":    daemon + "nice = parseint(trimprefix(" + file("wrapped") + ", \"pre\"), 10)\n}",
		"of a local that fails":               "locals { s = " + file("wrapped") + " }\n" + daemon + "nice = parseint(substr(local.s, 3, -1), 10)\n}",
		"in a for expression":                 daemon + "codes = [for s in [" + file("wrapped") + "] : parseint(trimprefix(s, \"pre\"), 10)]\n}",
		"as an index":                         daemon + "script = { a = 1 }[" + file("secret") + "]\n}",
		"as a key":                            daemon + "env = { (" + file("secret") + ") = [1] }\n}",
		"decoded":                             daemon + "script = jsondecode(" + file("secret") + ")\n}",
		"as a regular expression":             daemon + "script = regex(\"(${" + file("secret") + "}\", \"x\")\n}",
		"as a path":                           daemon + "script = file(" + file("secret") + ")\n}",
		"as the path of a secret":             daemon + "script = secret(" + file("secret") + ")\n}",
		"as the name of a variable":           daemon + "script = env(" + file("secret") + ")\n}",
		"as a label":                          "dynamic \"daemon\" {\n for_each = [" + file("secret") + "]\n labels = [\"exec\", daemon.value]\n content {\n run_every = \"5m\"\n}\n}",
		"in a dynamic block":                  daemon + "dynamic \"deliver\" {\n for_each = [" + file("secret") + "]\n labels = [\"smtp\"]\n content {\n server = [deliver.value]\n}\n}\n}",
		"default of a sensitive variable":     "variable \"v\" {\n default = \"hunter2\"\n sensitive = true\n}\n" + daemon + "timeout = var.v\n}",
		"bad default of a sensitive variable": "variable \"v\" {\n default = upper(hunter2)\n sensitive = true\n}\n",
		"sensitive is wrong":                  "variable \"v\" {\n default = [\"hunter2\", nothing]\n sensitive = \"perhaps\"\n}\n",
		"sensitive variable, set":             "variable \"set\" {\n sensitive = true\n}\n" + daemon + "timeout = \"${var.set}\"\n}",
		"sensitive variable, set wrong":       "variable \"set\" {\n default = 5\n sensitive = true\n}\n" + daemon + "nice = var.set\n}",
		"credential":                          daemon + "timeout = credential(\"db\")\n}",
		"settings that complain":              daemon + "script = \"bad\"\n password = \"hunter2\"\n limits {\n nofile = 0\n }\n }\n# hunter2",
		"syntax error on the line":            daemon + "password = \"hunter2${x\"\n}",
		"syntax error in a heredoc":           daemon + "password = <<EOT\nhunter2 ${\nEOT\n}",
		"syntax error in a sensitive default": "variable \"v\" {\n sensitive = true\n default = \"hunter2\\d\"\n}",
		"syntax error in one line":            "variable \"v\" { sensitive = true, default = \"hunter2\" }",
		"json":                                `{"daemon": {"exec": {"x": {"run_every": 5, "password": "hunter2", "command": [[]]}}}}`,
		"json syntax":                         `{"daemon": {"exec": {"x": {"run_every": 5, "password": "hunter2",}}}}`,
		"template":                            "daemon \"for_each_directory\" \"s\" {\n run_every = \"5m\"\n directory = \"/\"\n child \"exec\" {\n run_every = 5\n password = [\"hunter2\"]\n timeout = " + file("secret") + "\n}\n}",
		"short, where its place is known":     daemon + "password = [\"q7\"]\n}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(t, "-")
			o.Stdin = strings.NewReader(src)
			o.Environ = func(name string) (string, bool) {
				return map[string]string{"CREDENTIALS_DIRECTORY": filepath.Join(dir, "cred"), "PEAKD_VAR_set": secret}[name],
					name == "CREDENTIALS_DIRECTORY" || name == "PEAKD_VAR_set"
			}
			_, diags := config.Load(o)
			if !diags.HasErrors() {
				t.Fatal("there is no mistake")
			}
			var all bytes.Buffer
			all.WriteString(shown(t, diags) + diags.Error())
			if err := diags.WriteJSON(&all); err != nil {
				t.Fatal(err)
			}
			if err := diags.WriteGitHub(&all); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(strings.ToLower(all.String()), secret) || strings.Contains(all.String(), "u0068unter") || strings.Contains(all.String(), "q7") {
				t.Errorf("the secret is shown:\n%s", all.String())
			}
		})
	}
}

func TestSecretFilesAreThereForTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("hunter2\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[fs.FileMode]string{
		0o600: "", 0o400: "", 0o640: "", // its group is the test's own
		0o644: "others can read", 0o604: "others can read", 0o602: "others can read",
	} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		got, diags := evaluated(t, options(t), "", `secret("`+path+`")`)
		switch text := shown(t, diags); {
		case want == "" && got != "hunter2\n":
			t.Errorf("mode %o: got %q, want one newline less\n%s", mode, got, text)
		case want != "" && (!strings.Contains(text, want) || !strings.Contains(text, "chmod 0600 "+path)):
			t.Errorf("mode %o: got\n%s", mode, text)
		}
	}
}

func TestCredentialsHaveNames(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"secret": "hunter2", "cred/x": "x"})
	o := options(t)
	o.Environ = func(string) (string, bool) { return filepath.Join(dir, "cred"), true }
	for _, name := range []string{"../secret", "", ".", "..", "/etc/passwd", "none"} {
		if _, diags := evaluated(t, o, "", `credential("`+name+`")`); !diags.HasErrors() {
			t.Errorf("credential(%q) is read", name)
		}
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"key": "-----BEGIN KEY-----\nMIIBabcdefgh\nx\n-----END KEY-----\n"})
	cfg := good(t, `
variable "long" {
  default   = "swordfish-and-more"
  sensitive = true
}
variable "list" {
  default   = ["inlist", 1234567]
  sensitive = true
}
locals { upper = upper(var.long) }
daemon "exec" "x" {
  run_every = "5m"
  command   = ["x", local.upper]
  password  = "swordfish"
  script    = secret("`+filepath.Join(dir, "key")+`")
  env       = { QUOTED = jsonencode({ a = var.long }) }
  deliver "smtp" {
    server = "not a secret"
    token  = "abc"
  }
}`)
	for in, want := range map[string]string{
		"a swordfish b":              "a (sensitive) b",
		"a swordfish-and-more b":     "a (sensitive) b",
		"SWORDFISH-AND-MORE":         "(sensitive)",
		"swordfishswordfish":         "(sensitive)(sensitive)",
		"inlist=1234567":             "(sensitive)=(sensitive)",
		"abc is too short":           "abc is too short",
		"not a secret":               "not a secret",
		"line MIIBabcdefgh":          "line (sensitive)",
		`{"a":"swordfish-and-more"}`: "(sensitive)",
		"":                           "",
	} {
		if got := cfg.Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
	if got := good(t, "").Mask("nothing to hide"); got != "nothing to hide" {
		t.Errorf("got %q", got)
	}
}

func TestMaskHidesWhateverSecret(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		secret := rapid.StringMatching(`[ -~äöü\n"\\]{4,20}`).Draw(rt, "secret")
		o := options(t, "-")
		literal, err := json.Marshal(secret)
		if err != nil {
			rt.Fatal(err)
		}
		escaped := strings.NewReplacer("${", "$${", "%{", "%%{").Replace(string(literal))
		o.Stdin = strings.NewReader(`{"daemon": {"exec": {"x": {"run_every": "5m", "command": ["x"], "password": ` + escaped + `}}}}`)
		cfg, diags := config.Load(o)
		if diags.HasErrors() {
			rt.Fatal(shown(t, diags))
		}
		got := only[execSettings](t, cfg).Password
		if got != secret {
			rt.Fatalf("got %q, want %q", got, secret)
		}
		before, after := rapid.String().Draw(rt, "before"), rapid.String().Draw(rt, "after")
		if masked := cfg.Mask(before + secret + after); strings.Contains(strings.ReplaceAll(masked, "(sensitive)", ""), secret) {
			rt.Fatalf("%q is shown in %q", secret, masked)
		}
	})
}

func TestBuildersGetTheMask(t *testing.T) {
	t.Parallel()
	cfg := good(t, `daemon "exec" "x" {
  run_every = "5m"
  script    = "unbuildable hunter2"
  password  = "hunter2"
}`)
	_, err := cfg.Specs(config.BuildEnv{Log: zap.NewNop()})
	if err == nil || err.Error() != "build x (<stdin>:1): cannot take (sensitive)" {
		t.Errorf("got %v", err)
	}
}
