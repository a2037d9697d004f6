package config_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/config"
)

// render is what Show says, a line for each setting.
func render(blocks []config.Shown) string {
	var b strings.Builder
	for _, s := range blocks {
		fmt.Fprintf(&b, "%s %q %q %s", s.Kind, s.Type, s.Name, s.Where)
		if s.Disabled {
			b.WriteString(" disabled")
		}
		b.WriteString("\n")
		for _, set := range s.Settings {
			fmt.Fprintf(&b, "  %s = %s  # %s\n", set.Path, set.Value, set.Origin)
		}
	}
	return b.String()
}

// TestShow compares what is shown of testdata/show.hcl with the file beside it.
func TestShow(t *testing.T) {
	t.Parallel()
	cfg, diags := config.Load(options(t, "testdata/show.hcl"))
	if diags.HasErrors() {
		t.Fatal(shown(t, diags))
	}
	got := render(cfg.Show())
	here, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/show.hcl.txt", strings.ReplaceAll(got, here, "TESTDATA"))
}

// settingsOf are the shown settings of a daemon, by path.
func settingsOf(t testing.TB, cfg *config.Config, name string) map[string]config.ShownSetting {
	t.Helper()
	all := make(map[string]config.ShownSetting)
	for _, b := range cfg.Show() {
		for _, s := range b.Settings {
			if b.Name != name {
				continue
			}
			if _, twice := all[s.Path]; twice {
				t.Errorf("%s is shown twice", s.Path)
			}
			all[s.Path] = s
		}
	}
	return all
}

func TestShowOrigins(t *testing.T) {
	t.Parallel()
	cfg := good(t, `
app "x" {
  timezone = "Europe/Vienna"
}
defaults {
  timeout = "1h"
}
defaults "exec" {
  umask = "0077"
}
daemon "exec" "a" {
  schedule = "0 2 * * *"
  command  = []
  script   = "true"
  nice     = null
  window {
    from     = "1:00"
    to       = "3:00"
    timezone = "UTC"
  }
}
daemon "exec" "b" {
  run_every = "5m"
  timezone  = "UTC"
  script    = "true"
}`)
	a := settingsOf(t, cfg, "a")
	for path, want := range map[string]config.ShownSetting{
		"run_every":          {Path: "run_every", Value: "(none)", Origin: "default"},
		"schedule":           {Path: "schedule", Value: `"0 2 * * *"`, Origin: "<stdin>:12"},
		"timezone":           {Path: "timezone", Value: `"Europe/Vienna"`, Origin: "default"},
		"timeout":            {Path: "timeout", Value: `"1h"`, Origin: "defaults, <stdin>:6"},
		"umask":              {Path: "umask", Value: `"0077"`, Origin: "defaults, <stdin>:9"},
		"command":            {Path: "command", Value: `[]`, Origin: "<stdin>:13"},
		"nice":               {Path: "nice", Value: "null", Origin: "<stdin>:15"},
		"description":        {Path: "description", Value: "(none)", Origin: "default"},
		"password":           {Path: "password", Value: "(none)", Origin: "default"},
		"mode":               {Path: "mode", Value: "(none)", Origin: "default"},
		"window[0].from":     {Path: "window[0].from", Value: `"1:00"`, Origin: "<stdin>:17"},
		"window[0].timezone": {Path: "window[0].timezone", Value: `"UTC"`, Origin: "<stdin>:19"},
		"window[0].days":     {Path: "window[0].days", Value: "(every day)", Origin: "default"},
	} {
		if diff := cmp.Diff(want, a[path]); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
	if got := settingsOf(t, cfg, "b")["schedule"].Value; got != "(none)" {
		t.Errorf("a schedule that is not given is shown as %s", got)
	}
}

// TestShownValuesCanBeWritten: what is shown of a setting gives the same setting when it is written.
func TestShownValuesCanBeWritten(t *testing.T) {
	t.Parallel()
	for path, value := range map[string]string{
		"script":  `"a $${HOME} %%{x} \\ \" \n\t ü \u0007"`,
		"command": `["a", "", "$${b}"]`,
		"env":     `{ A = "1", "b-c" = "", "d e" = "2" }`,
		"umask":   `"0077"`,
		"output":  `"64KiB"`,
		"shift":   `"-1d12h"`,
		"codes":   `[0, 75]`,
		"nice":    `-5`,
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			src := func(value string) string {
				extra := "script = \"true\"\n"
				if path == "script" {
					extra = ""
				}
				return "daemon \"exec\" \"x\" {\nrun_every = \"5m\"\n" + extra + path + " = " + value + "\n}"
			}
			first := good(t, src(value))
			text := settingsOf(t, first, "x")[path].Value
			second := good(t, src(text))
			if first.Digest != second.Digest {
				t.Errorf("%s is shown as %s, which is something else", value, text)
			}
		})
	}
}

const secretive = `
variable "token" {
  default   = "opensesame1"
  sensitive = true
}
variable "pin" {
  default   = 77431
  sensitive = true
}
defaults "exec" {
  password = "fromdefaults2"
}
daemon "exec" "open" {
  run_every   = "5m"
  description = "uses ${var.token}"
  command     = ["curl", "-u", var.token, "at opensesame1 itself", secret("file3")]
  env         = { A = credential("cred4"), "opensesame1" = "x", B = base64encode(var.token) }
  nice        = var.pin
  deliver "http" {
    server = "a"
    token  = "literaltoken5"
  }
}
daemon "for_each_directory" "seed" {
  run_every = "5m"
  directory = "/srv/opensesame1"
  include   = [var.token]
  child "for_each_directory" {
    run_every = "5m"
    directory = "${each.path}/opensesame1"
    child "exec" {
      run_every = "5m"
      password  = each.name == "a" ? "inner6" : "inner7"
      script    = "echo opensesame1 ${each.name} ${var.token}"
      command   = [each.path, "opensesame1", secret("file3")]
      env       = { A = "${each.name}-${credential("cred4")}" }
      deliver "http" {
        server = var.token
        token  = "literaltoken8"
      }
    }
  }
}
daemon "exec" "off" {
  run_every = "5m"
  enabled   = false
  script    = "a\"b$${c}9 opensesame1"
  password  = "a\"b$${c}9"
}`

// TestNoSecretIsShown: not in what is shown, not in what is kept for plans, not in a plan.
func TestNoSecretIsShown(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"c.hcl": secretive, "file3": "fromfile3\n", "creds/cred4": "fromcred4"})
	o := options(t, dir)
	o.Environ = func(name string) (string, bool) {
		return filepath.Join(dir, "creds"), name == "CREDENTIALS_DIRECTORY"
	}
	cfg, diags := config.Load(o)
	if diags.HasErrors() {
		t.Fatal(shown(t, diags))
	}
	empty := config.Snapshot{}
	plan := config.Compare(cfg.Snapshot(), other(cfg.Snapshot()))
	for name, v := range map[string]any{
		"shown": cfg.Show(), "snapshot": cfg.Snapshot(), "plan": plan, "first plan": config.Compare(empty, cfg.Snapshot()),
	} {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{
			"opensesame1", "77431", "fromdefaults2", "fromfile3", "fromcred4", "literaltoken", "inner6", "inner7", "c}9",
			"b3BlbnNlc2FtZTE", // base64 of the token
		} {
			if i := strings.Index(string(data), secret); i >= 0 {
				t.Errorf("the %s holds %s: ...%s", name, secret, data[max(0, i-60):min(len(data), i+60)])
			}
		}
	}
	if got := settingsOf(t, cfg, "seed")["directory"].Value; got != `"/srv/(sensitive)"` {
		t.Errorf("a secret within a path is shown as %s", got)
	}
}

// other is a snapshot that differs in every setting.
func other(s config.Snapshot) config.Snapshot {
	for i := range s.Daemons {
		d := &s.Daemons[i]
		d.Digest = "another"
		for path := range d.Settings {
			d.Settings[path] = "another"
		}
	}
	return s
}

// TestAChangeOfASecretShows, though the secret does not.
func TestAChangeOfASecretShows(t *testing.T) {
	t.Parallel()
	value := func(password string) string {
		cfg := good(t, `daemon "exec" "x" {
  run_every = "5m"
  script    = "true"
  password  = "`+password+`"
}`)
		return settingsOf(t, cfg, "x")["password"].Value
	}
	one, same, two := value("first"), value("first"), value("second")
	if one != same || one == two || !strings.HasPrefix(one, "(sensitive) #") {
		t.Errorf("got %s, %s and %s", one, same, two)
	}
}
