package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/peakd/peakd/config"
)

// digestOf is the digest of the first daemon.
func digestOf(t *testing.T, src string) string {
	t.Helper()
	return good(t, src).Daemons[0].Digest
}

const digestText = `
variable "v" { default = "x" }
locals { l = "y" }
daemon "exec" "x" {
  run_every = "5m"
  command   = ["a", "b"]
  env       = { A = "1", B = "2" }
}`

func TestDigestIgnores(t *testing.T) {
	t.Parallel()
	want := digestOf(t, digestText)
	for name, change := range map[string]func(string) string{
		"layout": func(s string) string {
			return strings.ReplaceAll(strings.ReplaceAll(s, "   =", "="), `["a", "b"]`, "[\n\"a\",\n\"b\",\n]")
		},
		"comments": func(s string) string { return strings.ReplaceAll(s, "run_every", "# every\n  run_every") },
		"order": func(s string) string {
			return strings.Replace(strings.Replace(s, `run_every = "5m"`, "", 1), "env", "run_every = \"5m\"\n  env", 1)
		},
		"spelling":     func(s string) string { return strings.Replace(s, `"5m"`, `"300s"`, 1) },
		"order of env": func(s string) string { return strings.Replace(s, `A = "1", B = "2"`, `B = "2", A = "1"`, 1) },
		"description":  func(s string) string { return strings.Replace(s, "run_every", "description = \"new\"\n  run_every", 1) },
		"tags":         func(s string) string { return strings.Replace(s, "run_every", "tags = [\"new\"]\n  run_every", 1) },
		"priority":     func(s string) string { return strings.Replace(s, "run_every", "priority = 5\n  run_every", 1) },
		"variables":    func(s string) string { return strings.Replace(s, `["a", "b"]`, `[substr("abc", 0, 1), "b"]`, 1) },
		"defaults":     func(s string) string { return "defaults { timeout = \"0s\" }\n" + s },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := change(digestText)
			if changed == digestText {
				t.Fatal("nothing is changed")
			}
			if got := digestOf(t, changed); got != want {
				t.Errorf("it changes the digest:\n%s", changed)
			}
		})
	}
}

func TestDigestNotices(t *testing.T) {
	t.Parallel()
	want := digestOf(t, digestText)
	for name, change := range map[string]func(string) string{
		"a setting":      func(s string) string { return strings.Replace(s, `"b"`, `"c"`, 1) },
		"elements moved": func(s string) string { return strings.Replace(s, `["a", "b"]`, `["ab"]`, 1) },
		"pace":           func(s string) string { return strings.Replace(s, `"5m"`, `"6m"`, 1) },
		"a common one":   func(s string) string { return strings.Replace(s, "run_every", "timeout = \"5s\"\n  run_every", 1) },
		"a default":      func(s string) string { return "defaults { timeout = \"1s\" }\n" + s },
		"a zero pointer": func(s string) string { return strings.Replace(s, "run_every", "nice = 0\n  run_every", 1) },
		"a block":        func(s string) string { return strings.Replace(s, "run_every", "limits {}\n  run_every", 1) },
		"a password":     func(s string) string { return strings.Replace(s, "run_every", "password = \"x\"\n  run_every", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := digestOf(t, change(digestText)); got == want {
				t.Errorf("it does not change the digest:\n%s", change(digestText))
			}
		})
	}
	calendar := `app "x" { timezone = "UTC" }
daemon "exec" "x" {
  schedule = "0 2 * * *"
  command  = ["true"]
}`
	if digestOf(t, calendar) == digestOf(t, strings.Replace(calendar, "UTC", "Asia/Tokyo", 1)) {
		t.Error("the app's time zone does not change a calendar daemon's digest")
	}
}

const digestTemplate = `
variable "v" { default = "x" }
variable "other" { default = "x" }
locals { l = "y" }
defaults "exec" { timeout = "1h" }
defaults "file_cleanup" { timeout = "1h" }
daemon "for_each_directory" "x" {
  run_every = "5m"
  directory = "/srv"
  child "exec" {
    run_every = "5m"
    command   = [each.name == "big" ? var.v : local.l]
  }
}`

func TestDigestOfATemplate(t *testing.T) {
	t.Parallel()
	want := digestOf(t, digestTemplate)
	for range 20 { // syntax trees have maps, whose order must not show
		if digestOf(t, digestTemplate) != want {
			t.Fatal("the same configuration has two digests")
		}
	}
	for name, tt := range map[string]struct {
		from, to string
		same     bool
	}{
		"layout":             {"command   = [", "command = [\n", true},
		"comment":            {"command   =", "# why\n  command =", true},
		"another variable":   {`"other" { default = "x"`, `"other" { default = "z"`, true},
		"another's defaults": {`"file_cleanup" { timeout = "1h"`, `"file_cleanup" { timeout = "2h"`, true},
		"its text":           {`"big"`, `"small"`, false},
		"its variable":       {`"v" { default = "x"`, `"v" { default = "z"`, false},
		"its local":          {`l = "y"`, `l = "z"`, false},
		"its defaults":       {`"exec" { timeout = "1h"`, `"exec" { timeout = "2h"`, false},
		"its pace":           {"    run_every = \"5m\"", "    run_every = \"6m\"", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := strings.Replace(digestTemplate, tt.from, tt.to, 1)
			if changed == digestTemplate {
				t.Fatal("nothing is changed")
			}
			if got := digestOf(t, changed); (got == want) != tt.same {
				t.Errorf("the same digest: %v, want %v\n%s", got == want, tt.same, changed)
			}
		})
	}
}

func TestDigestOfATemplateInJSON(t *testing.T) {
	t.Parallel()
	src := `{"variable": {"v": {"default": "x"}}, "daemon": {"queue_manager": {"q": {"run_every": "5m",
  "queue": {"run_every": "5m", "command": ["${each.name}", "${var.v}"]}}}}}`
	want := digestOf(t, src)
	if digestOf(t, strings.Replace(src, `{"run_every": "5m", "command"`, `{ "run_every" : "5m", "command"`, 1)) != want {
		t.Error("layout changes the digest")
	}
	for _, change := range [][2]string{{`"${each.name}"`, `"${each.path}"`}, {`"default": "x"`, `"default": "y"`}} {
		if digestOf(t, strings.Replace(src, change[0], change[1], 1)) == want {
			t.Errorf("%s for %s does not change the digest", change[1], change[0])
		}
	}
}

func TestDigestOfTheConfiguration(t *testing.T) {
	t.Parallel()
	load := func(contents map[string]string) *config.Config {
		cfg, diags := config.Load(options(t, files(t, contents)))
		if diags.HasErrors() {
			t.Fatal(shown(t, diags))
		}
		return cfg
	}
	one := load(map[string]string{"1.hcl": daemonText("a"), "2.hcl": daemonText("b")})
	moved := load(map[string]string{"1.hcl": daemonText("b") + daemonText("a")})
	if one.Digest != moved.Digest || len(one.Digest) != 12 {
		t.Errorf("got %s and %s", one.Digest, moved.Digest)
	}
	for name, contents := range map[string]string{
		"name":        daemonText("a") + daemonText("c"),
		"removed":     daemonText("a"),
		"app":         "app \"x\" {}\n" + daemonText("a") + daemonText("b"),
		"limits":      "app \"x\" { workers = 2 }\n" + daemonText("a") + daemonText("b"),
		"description": daemonText("a") + strings.Replace(daemonText("b"), "run_every", "description = \"x\"\n  run_every", 1),
		"disabled":    daemonText("a") + strings.Replace(daemonText("b"), "run_every", "enabled = false\n  run_every", 1),
	} {
		if got := load(map[string]string{"1.hcl": contents}).Digest; got == one.Digest {
			t.Errorf("%s: the digest is the same", name)
		}
	}
}

func TestSecretsEnterDigestsAsHashes(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"one": "hunter2", "two": "swordfish"})
	with := func(name string) string {
		return digestOf(t, strings.Replace(digestText, "run_every", `password = secret("`+filepath.Join(dir, name)+`")
  run_every`, 1))
	}
	if with("one") == with("two") || strings.Contains(with("one"), "hunter2") {
		t.Errorf("got %s and %s", with("one"), with("two"))
	}
}
