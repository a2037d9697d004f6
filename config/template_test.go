package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp/schedule"
)

const seedText = `
app "app" {}
variable "importer" { default = "/usr/local/bin/import" }
locals { long = "1h" }
defaults "exec" { kill_grace = "7s" }
defaults { timeout = "9m" }
daemon "for_each_directory" "inboxes" {
  run_every = "1m"
  directory = "/srv/inbox"
  child "exec" {
    run_every = each.name == "slow" ? local.long : "30s"
    jitter    = "10s"
    command   = [var.importer, each.path]
    script    = "for ${each.name}"
    dynamic "deliver" {
      for_each = [each.name]
      labels   = ["smtp"]
      content {
        server = "${deliver.value}.example"
      }
    }
  }
}`

func TestTemplateIsDecodedForEachChild(t *testing.T) {
	t.Parallel()
	cfg := good(t, seedText)
	templates := cfg.Daemons[0].Templates()
	if len(templates) != 1 || templates[0].Type() != "exec" || !templates[0].Given() {
		t.Fatalf("got %+v", templates)
	}
	dec, err := templates[0].Decode(config.Each{Name: "my files", Path: "/srv/inbox/my files"})
	if err != nil {
		t.Fatal(err)
	}
	s := dec.Settings.(execSettings) //nolint:forcetypeassert // it is one
	if dec.Name != "my%20files" || dec.FullName() != "inboxes/my%20files" || dec.Common.RunEvery != 30*time.Second ||
		dec.Common.KillGrace != 7*time.Second || dec.Common.Timeout != 9*time.Minute ||
		s.Command[1] != "/srv/inbox/my files" || s.Script != "for my files" || s.Deliver[0].Server != "my files.example" {
		t.Errorf("got %+v", dec)
	}
	if want := schedule.Offset("app", "mailhost", "inboxes/my%20files", 10*time.Second); dec.Terms().Offset != want {
		t.Errorf("the jitter is %s, want %s", dec.Terms().Offset, want)
	}
	slow, err := templates[0].Decode(config.Each{Name: "slow"})
	if err != nil || slow.Common.RunEvery != time.Hour {
		t.Errorf("got %v, %v", slow, err)
	}
}

func TestTemplatesOfChildrenMayBeWrong(t *testing.T) {
	t.Parallel()
	cfg := good(t, `daemon "for_each_directory" "s" {
  run_every = "1m"
  directory = "/srv"
  child "exec" {
    run_every = each.name
    command   = ["x"]
    password  = each.path
  }
}`)
	_, err := cfg.Daemons[0].Templates()[0].Decode(config.Each{Name: "5", Path: "hunter2"})
	var diags *config.Diagnostics
	if !errors.As(err, &diags) || diags.Errors() != 1 || !strings.Contains(err.Error(), `decode s/5: <stdin>:5:17: error: "5" is no duration`) {
		t.Errorf("got %v", err)
	}
	if _, err := (config.Template{}).Decode(config.Each{}); err == nil || (config.Template{}).Type() != "" {
		t.Error("the zero template decodes")
	}
}

func TestOnlyWhatIsUnknownIsSkipped(t *testing.T) {
	t.Parallel()
	_, diags := text(t, `daemon "for_each_directory" "s" {
  run_every = "1m"
  directory = "/srv"
  child "exec" {
    run_every = each.name
    timeout   = "${each.name}m"
    nice      = strlen(each.name)
    mode      = each.name
    codes     = [each.name, 2]
    env       = { (each.name) = each.path }
    tags      = toset([each.name, "x"])
    limits {
      nofile = strlen(each.path)
    }
    dynamic "deliver" {
      for_each = split(",", each.name)
      labels   = [deliver.value]
      content {
        server = deliver.value
      }
    }
    script = each.name
  }
}`)
	if diags.HasErrors() {
		t.Error(shown(t, diags))
	}
}

func TestTemplatesNest(t *testing.T) {
	t.Parallel()
	cfg := good(t, `daemon "for_each_directory" "outer" {
  run_every = "1m"
  directory = "/srv"
  child "for_each_directory" {
    run_every = "1m"
    directory = each.path
    child "exec" {
      run_every = "1m"
      command   = [each.path]
    }
  }
}`)
	inner, err := cfg.Daemons[0].Templates()[0].Decode(config.Each{Name: "a", Path: "/srv/a"})
	if err != nil {
		t.Fatal(err)
	}
	if got := inner.Settings.(seedSettings).Directory; got != "/srv/a" { //nolint:forcetypeassert // it is one
		t.Errorf("the inner directory is %s", got)
	}
	leaf, err := inner.Templates()[0].Decode(config.Each{Name: "b", Path: "/srv/a/b"})
	if err != nil {
		t.Fatal(err)
	}
	if got := leaf.Settings.(execSettings).Command[0]; got != "/srv/a/b" || leaf.FullName() != "outer/a/b" { //nolint:forcetypeassert // it is one
		t.Errorf("got %s of %s", got, leaf.FullName())
	}
}

func TestTemplateInsideADynamicDaemon(t *testing.T) {
	t.Parallel()
	cfg := good(t, `dynamic "daemon" {
  for_each = ["a", "b"]
  labels   = ["queue_manager", daemon.value]
  content {
    run_every = "1m"
    queue {
      run_every = "1m"
      command   = [daemon.value, each.name]
    }
  }
}`)
	dec, err := cfg.Daemons[1].Templates()[0].Decode(config.Each{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(dec.Settings.(execSettings).Command, " "); got != "b x" { //nolint:forcetypeassert // it is one
		t.Errorf("got %s", got)
	}
	if cfg.Daemons[0].Digest == cfg.Daemons[1].Digest {
		t.Error("templates that refer to another iterator's value have one digest")
	}
}

func TestSecretsOfChildrenAreMasked(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"a/password": "swordfish\n"})
	cfg := good(t, `daemon "for_each_directory" "s" {
  run_every = "1m"
  directory = "/srv"
  child "exec" {
    run_every = "1m"
    command   = ["x"]
    env       = { PASSWORD = secret("${each.path}/password") }
  }
}`)
	if got := cfg.Mask("swordfish"); got != "swordfish" {
		t.Fatalf("it is known too early: %s", got)
	}
	if _, err := cfg.Daemons[0].Templates()[0].Decode(config.Each{Name: "a", Path: filepath.Join(dir, "a")}); err != nil {
		t.Fatal(err)
	}
	if got := cfg.Mask("swordfish"); got != "(sensitive)" {
		t.Errorf("got %s", got)
	}
}

func TestTemplatesDecodeFromManyGoroutines(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"x/password": "swordfish\n"})
	cfg := good(t, strings.Replace(seedText, `script    =`, `password  = secret("${each.path}/password")
    script    =`, 1))
	template := cfg.Daemons[0].Templates()[0]
	var wg sync.WaitGroup
	defer wg.Wait()
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if _, err := template.Decode(config.Each{Name: "x", Path: filepath.Join(dir, "x")}); err != nil {
					t.Error(err)
					return
				}
				if _, err := template.Decode(config.Each{Name: "y", Path: "/nowhere"}); err == nil {
					t.Error("there is a secret nowhere")
					return
				}
				cfg.Mask("swordfish")
			}
		})
	}
}

func TestSpecs(t *testing.T) {
	t.Parallel()
	cfg := good(t, seedText+daemonText("plain")+strings.Replace(daemonText("off"), "run_every", "enabled = false\n  run_every", 1))
	core, logs := observer.New(zap.InfoLevel)
	var woken []string
	env := config.BuildEnv{
		Log: zap.New(core), StateDir: "/state",
		Wake: func(name string) func() { return func() { woken = append(woken, name) } },
	}
	specs, err := cfg.Specs(env)
	if err != nil {
		t.Fatal(err)
	}
	if len(specs) != 2 || specs[0].Name != "inboxes" || specs[1].Name != "plain" || specs[1].Type != "exec" || specs[1].Digest != cfg.Daemons[1].Digest {
		t.Fatalf("got %+v", specs)
	}
	seed := specs[0].Daemon.(*built) //nolint:forcetypeassert // the stand-ins build nothing else
	child, err := seed.Settings.(seedSettings).Child.Spec(config.Each{Name: "a/b", Path: "/srv/inbox/a"})
	if err != nil {
		t.Fatal(err)
	}
	got := child.Daemon.(*built) //nolint:forcetypeassert // the stand-ins build nothing else
	if child.Name != "a%2Fb" || child.Type != "exec" || child.Digest == "" || child.Terms.KillGrace != 7*time.Second {
		t.Errorf("got %+v", child)
	}
	if got.Env.App != "app" || got.Env.Name != "inboxes/a%2Fb" || got.Env.StateDir != "/state" || got.Env.Clock == nil || got.Env.Planner == nil ||
		got.Env.Mask == nil || got.Env.Terms.Timeout != 9*time.Minute {
		t.Errorf("got %+v", got.Env)
	}
	got.Env.Wake()
	if len(woken) != 1 || woken[0] != "inboxes/a%2Fb" {
		t.Errorf("woke %v", woken)
	}
	got.Env.Log.Info("hello")
	if entry := logs.All()[0]; entry.ContextMap()["daemon"] != "inboxes/a%2Fb" {
		t.Errorf("got %v", entry.ContextMap())
	}
	if _, err := cfg.Daemons[0].Templates()[0].Spec(config.Each{}); err == nil {
		t.Error("a template that was not given to a builder builds")
	}
}

func TestBuildErrorsNameTheirDaemons(t *testing.T) {
	t.Parallel()
	cfg := good(t, strings.ReplaceAll(daemonText("a")+daemonText("b"), `command   = ["true"]`, `script = "unbuildable "`)+daemonText("c"))
	specs, err := cfg.Specs(config.BuildEnv{})
	if err == nil || specs != nil || !strings.Contains(err.Error(), "build a (<stdin>:2): ") || !strings.Contains(err.Error(), "build b (<stdin>:7): ") {
		t.Errorf("got %v", err)
	}
}

func TestLoadedTemplatesDoNotNeedTheirFiles(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"x.hcl": seedText})
	cfg, diags := config.Load(options(t, dir))
	if diags.HasErrors() {
		t.Fatal(shown(t, diags))
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := cfg.Daemons[0].Templates()[0].Decode(config.Each{Name: "x"}); err != nil {
		t.Error(err)
	}
}

// TestChildrenShareTheirPace: those of one interval have one planner, the others have their own.
func TestChildrenShareTheirPace(t *testing.T) {
	t.Parallel()
	cfg := good(t, `daemon "for_each_directory" "s" {
  run_every = "1m"
  directory = "/srv"
  child "exec" {
    run_every = "30s"
    priority  = each.name == "urgent" ? 5 : 0
    command   = ["x"]
  }
}`)
	planner := func(name string) schedule.Planner {
		dec, err := cfg.Daemons[0].Templates()[0].Decode(config.Each{Name: name, Path: "/srv/" + name})
		if err != nil {
			t.Fatal(err)
		}
		return dec.Planner()
	}
	if planner("a") != planner("b") {
		t.Error("two children of one pace have a planner each")
	}
	if urgent := planner("urgent"); urgent == planner("a") || urgent.Priority() != 5 || planner("a").Priority() != 0 {
		t.Error("a child of another priority has not got a planner of its own")
	}
}
