package config_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
)

// outboxSettings are those of a stand-in for the type that delivers files.
type outboxSettings struct {
	Deliver delivery    `hcl:"deliver,block,required" doc:"how files are delivered"`
	Failed  *delivery   `hcl:"failed,block" doc:"what is done with those that cannot be"`
	Copies  []delivery  `hcl:"copy,block" doc:"where else they go"`
	Archive []*delivery `hcl:"archive,block" doc:"where they end"`
}

type delivery struct {
	Exec  *execDelivery `hcl:"exec,variant" doc:"one process for each file"`
	SMTP  *smtpDelivery `hcl:"smtp,variant" doc:"one message for each file"`
	Hand  *handDelivery `hcl:"hand,variant" doc:"a daemon for each file"`
	Waste *struct{}     `hcl:"waste,variant" doc:"nowhere"`
	None  *struct{}     `hcl:"none,variant" doc:"they stay"`
}

type execDelivery struct {
	Command []string      `hcl:"command,required" doc:"program and arguments"`
	Timeout time.Duration `hcl:"timeout" doc:"for each file"`
	Limits  *limits       `hcl:"limits,block" doc:"limits of the process"`
}

type smtpDelivery struct {
	Server  string        `hcl:"server,required" doc:"where to"`
	Token   string        `hcl:"token,sensitive" doc:"for the server"`
	Timeout time.Duration `hcl:"timeout" doc:"for each file"`
}

// SetDefaults gives a delivery its defaults.
func (s *smtpDelivery) SetDefaults() { s.Timeout = time.Minute }

type handDelivery struct {
	Child config.Template `hcl:"child,block,required" doc:"each daemon"`
}

// chosen is how many variants are set.
func (d delivery) chosen() int {
	n := 0
	for _, set := range []bool{d.Exec != nil, d.SMTP != nil, d.Hand != nil, d.Waste != nil, d.None != nil} {
		if set {
			n++
		}
	}
	return n
}

// Validate implements what config asks settings. It relies on every block that is given having one variant, also where
// its label is wrong or not known yet.
func (s *outboxSettings) Validate() []*daemonapp.FieldError {
	var all []*daemonapp.FieldError
	for _, d := range s.Copies {
		if d.chosen() != 1 {
			panic("a copy is not one of the variants")
		}
	}
	if smtp := s.Deliver.SMTP; smtp != nil && smtp.Server == "nowhere" {
		all = append(all,
			&daemonapp.FieldError{Field: "deliver.server", Message: "there is no server nowhere"},
			&daemonapp.FieldError{Field: "deliver.timeout", Message: "nowhere is far"},
			&daemonapp.FieldError{Field: "deliver", Message: "choose another way"})
	}
	if exec := s.Deliver.Exec; exec != nil && len(exec.Command) == 0 {
		all = append(all, &daemonapp.FieldError{Field: "deliver.command", Message: "the command is empty"})
	}
	return all
}

// Warnings implements what config asks settings.
func (s *outboxSettings) Warnings() []*daemonapp.FieldError {
	if len(s.Copies) > 1 && s.Copies[1].SMTP != nil {
		return []*daemonapp.FieldError{{Field: "copy[1].server", Message: "it does not answer"}}
	}
	return nil
}

// outbox is a configuration with one outbox.
func outbox(body string) string {
	return "daemon \"outbox\" \"q\" {\nrun_every = \"5m\"\n" + body + "\n}\n"
}

func TestTheLabelSelectsTheVariant(t *testing.T) {
	t.Parallel()
	want := outboxSettings{
		Deliver: delivery{SMTP: &smtpDelivery{Server: "a", Timeout: time.Minute}},
		Failed:  &delivery{Waste: &struct{}{}},
		Copies: []delivery{
			{Exec: &execDelivery{Command: []string{"cp", "x"}, Limits: &limits{Nofile: 1024, Memory: 5}}},
			{SMTP: &smtpDelivery{Server: "b", Token: "t", Timeout: time.Second}},
		},
		Archive: []*delivery{{Exec: &execDelivery{Command: []string{"mv"}, Timeout: time.Hour}}},
	}
	for name, src := range map[string]string{
		"native": outbox(`
deliver "smtp" {
  server = "a"
}
failed "waste" {}
copy "exec" {
  command = ["cp", "x"]
  limits {
    memory = "5B"
  }
}
copy "smtp" {
  server  = "b"
  token   = "t"
  timeout = "1s"
}
archive "exec" {
  command = ["mv"]
  timeout = "1h"
}`),
		"json": `{"daemon": {"outbox": {"q": {
  "run_every": "5m",
  "deliver": {"smtp": {"server": "a"}},
  "failed": {"waste": {}},
  "copy": [
    {"exec": {"command": ["cp", "x"], "limits": {"memory": "5B"}}},
    {"smtp": {"server": "b", "token": "t", "timeout": "1s"}}
  ],
  "archive": {"exec": [{"command": ["mv"], "timeout": "1h"}]}
}}}}`,
		"dynamic": outbox(`
dynamic "deliver" {
  for_each = ["a"]
  labels   = ["smtp"]
  content {
    server = deliver.value
  }
}
dynamic "failed" {
  for_each = { waste = 1 }
  labels   = [failed.key]
  content {}
}
dynamic "copy" {
  for_each = [1]
  labels   = ["exec"]
  content {
    command = ["cp", "x"]
    dynamic "limits" {
      for_each = ["5B"]
      content {
        memory = limits.value
      }
    }
  }
}
copy "smtp" {
  server  = "b"
  token   = "t"
  timeout = "1s"
}
archive "exec" {
  command = ["mv"]
  timeout = "1h"
}`),
		"defaults": `
defaults "outbox" {
  deliver "exec" {
    command = ["overruled"]
    timeout = "2h"
  }
  failed "waste" {}
  copy "exec" {
    command = ["cp", "x"]
    limits {
      memory = "5B"
    }
  }
  copy "smtp" {
    server  = "b"
    token   = "t"
    timeout = "1s"
  }
}
` + outbox(`
deliver "smtp" {
  server = "a"
}
archive "exec" {
  command = ["mv"]
  timeout = "1h"
}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(want, only[outboxSettings](t, good(t, src))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestAVariantReplacesTheDefaultOne: where the type's defaults have chosen, one is set all the same.
func TestAVariantReplacesTheDefaultOne(t *testing.T) {
	t.Parallel()
	type settings struct {
		Deliver delivery `hcl:"deliver,block" doc:"how"`
	}
	preset := settings{delivery{SMTP: &smtpDelivery{Server: "preset"}}}
	registry, err := config.NewRegistry(newType("x", preset))
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]settings{
		"":                               preset,
		"deliver \"waste\" {}":           {delivery{Waste: &struct{}{}}},
		"deliver \"smtp\" {server=\"\"}": {delivery{SMTP: &smtpDelivery{Timeout: time.Minute}}},
	} {
		o := options(t, "-")
		o.Registry = registry
		o.Stdin = strings.NewReader("daemon \"x\" \"x\" {\nrun_every = \"5m\"\n" + body + "\n}")
		cfg, diags := config.Load(o)
		if diags.HasErrors() {
			t.Fatal(shown(t, diags))
		}
		if diff := cmp.Diff(want, only[settings](t, cfg)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
	if preset.Deliver.SMTP.Server != "preset" {
		t.Error("the defaults of the type were written to")
	}
}

const outboxTemplate = `
daemon "for_each_directory" "seed" {
  run_every = "5m"
  directory = "/srv"
  child "outbox" {
    run_every = "5m"
    dynamic "deliver" {
      for_each = [each.name]
      labels   = [deliver.value]
      content {
        server = "s"
      }
    }
    copy "smtp" {
      server = each.path
    }
    dynamic "copy" {
      for_each = split(",", each.name)
      labels   = [each.name]
      content {
        server = copy.value
      }
    }
  }
}`

func TestVariantsOfATemplate(t *testing.T) {
	t.Parallel()
	seed := good(t, outboxTemplate).Daemons[0].Templates()[0]
	dec, err := seed.Decode(config.Each{Name: "smtp", Path: "/srv/smtp"})
	if err != nil {
		t.Fatal(err)
	}
	want := outboxSettings{
		Deliver: delivery{SMTP: &smtpDelivery{Server: "s", Timeout: time.Minute}},
		Copies: []delivery{
			{SMTP: &smtpDelivery{Server: "/srv/smtp", Timeout: time.Minute}},
			{SMTP: &smtpDelivery{Server: "smtp", Timeout: time.Minute}},
		},
	}
	if diff := cmp.Diff(want, dec.Settings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{
		"smpt":  `<stdin>:9:18: error: deliver cannot be "smpt"`,
		"waste": `<stdin>:11:9: error: deliver "waste" has no attribute "server"`,
	} {
		if _, err := seed.Decode(config.Each{Name: name, Path: "/"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}

// TestATemplateInAVariant is found, checked and built as any other.
func TestATemplateInAVariant(t *testing.T) {
	t.Parallel()
	cfg := good(t, outbox(`
deliver "hand" {
  child "exec" {
    run_every = "5m"
    command   = [each.path]
  }
}`))
	all := cfg.Daemons[0].Templates()
	if len(all) != 1 || all[0].Type() != "exec" {
		t.Fatalf("got %v", all)
	}
	specs, err := cfg.Specs(config.BuildEnv{})
	if err != nil {
		t.Fatal(err)
	}
	settings := specs[0].Daemon.(*built).Settings.(outboxSettings) //nolint:forcetypeassert // the stand-in builds these
	spec, err := settings.Deliver.Hand.Child.Spec(config.Each{Name: "a", Path: "/a"})
	if err != nil || spec.Name != "a" {
		t.Errorf("got %+v, %v", spec, err)
	}
}

func TestFaultsInAVariantHaveTheirPlace(t *testing.T) {
	t.Parallel()
	_, diags := text(t, outbox("deliver \"smtp\" {\n  server = \"nowhere\"\n}"))
	want := `<stdin>:3:1: error: deliver.timeout: nowhere is far
<stdin>:3:1: error: choose another way
<stdin>:4:12: error: there is no server nowhere
`
	var got strings.Builder
	for _, d := range diags.All() {
		if d.Severity == config.Error {
			got.WriteString(d.String() + "\n")
		}
	}
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, diags = text(t, outbox("deliver \"waste\" {}\ncopy \"waste\" {}\ncopy \"smtp\" {\n  server = \"x\"\n}"))
	if got := shown(t, diags); !strings.Contains(got, "<stdin>:6:12: warning: it does not answer") {
		t.Errorf("got %s", got)
	}
}

// TestDigestOfAVariant: the label counts, and so does everything below it, and nothing else.
func TestDigestOfAVariant(t *testing.T) {
	t.Parallel()
	bodies := []string{
		`deliver "waste" {}`,
		"deliver \"smtp\" {\nserver = \"a\"\n}",
		"deliver \"smtp\" {\nserver = \"b\"\n}",
		"deliver \"exec\" {\ncommand = [\"a\"]\n}",
		"deliver \"exec\" {\ncommand = [\"a\"]\ntimeout = \"1m\"\n}",
		`deliver "none" {}`,
		"deliver \"waste\" {}\nfailed \"waste\" {}",
		"deliver \"waste\" {}\nfailed \"none\" {}",
		"deliver \"waste\" {}\ncopy \"waste\" {}",
		"deliver \"waste\" {}\ncopy \"waste\" {}\ncopy \"waste\" {}",
	}
	seen := make(map[string]string)
	for _, body := range bodies {
		digest := good(t, outbox(body)).Daemons[0].Digest
		if other, twice := seen[digest]; twice {
			t.Errorf("one digest for\n%s\nand\n%s", other, body)
		}
		seen[digest] = body
	}
	same := "deliver \"smtp\" {\ntimeout = \"60s\"\nserver = join(\"\", [\"a\"])\n}"
	if digest := good(t, outbox(same)).Daemons[0].Digest; seen[digest] != bodies[1] {
		t.Error("the same settings written otherwise have another digest")
	}
}

// TestDigestOfATemplateWithVariants: what children take counts, its label too, be it in the template or in the defaults.
func TestDigestOfATemplateWithVariants(t *testing.T) {
	t.Parallel()
	seed := func(kind string) string {
		return strings.Replace(outboxTemplate, `copy "smtp" {`, "failed \""+kind+"\" {}\n    copy \"smtp\" {", 1)
	}
	defaults := func(kind string) string {
		return "defaults \"outbox\" {\n  failed \"" + kind + "\" {}\n}\n" + outboxTemplate
	}
	seen := make(map[string]bool)
	for _, src := range []string{outboxTemplate, seed("waste"), seed("none"), defaults("waste"), defaults("none")} {
		seen[good(t, src).Daemons[0].Digest] = true
	}
	if len(seen) != 5 {
		t.Errorf("5 templates have %d digests", len(seen))
	}
}

func TestShowVariants(t *testing.T) {
	t.Parallel()
	dir := files(t, map[string]string{"token": "swordfish\n", "c.hcl": outbox(`
deliver "smtp" {
  server = "a"
  token  = secret("token")
}
copy "waste" {}
copy "exec" {
  command = ["x"]
  limits {}
}`) + outboxTemplate})
	cfg, diags := config.Load(options(t, dir))
	if diags.HasErrors() {
		t.Fatal(shown(t, diags))
	}
	got := settingsFrom(cfg, "deliver", "copy", "failed", "archive", "child.deliver", "child.copy")
	got = regexp.MustCompile(`#[0-9a-f]{8}`).ReplaceAllString(got, "#MARK")
	want := `deliver = "smtp"  # 4
deliver.server = "a"  # 5
deliver.token = (sensitive) #MARK  # 6
deliver.timeout = "1m"  # default
copy[0] = "waste"  # 8
copy[1] = "exec"  # 9
copy[1].command = ["x"]  # 10
copy[1].timeout = "0s"  # default
copy[1].limits.nofile = 1024  # default
copy[1].limits.memory = "0B"  # default
child.deliver = (depends on the child)  # 20
child.copy[0] = "smtp"  # 27
child.copy[0].server = each.path  # 28
child.copy[1] = (depends on the child)  # 30
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPlanOfVariants(t *testing.T) {
	t.Parallel()
	const before = "deliver \"exec\" {\ncommand = [\"a\"]\ntimeout = \"1s\"\n}\ncopy \"waste\" {}"
	for body, want := range map[string]string{
		before: "",
		"deliver \"smtp\" {\nserver = \"a\"\ntimeout = \"1s\"\n}\ncopy \"waste\" {}": `replace outbox q
  deliver: "exec" -> "smtp"
  deliver.command: ["a"] -> 
  deliver.server:  -> "a"
  deliver.token:  -> (none)`,
		"deliver \"exec\" {\ncommand = [\"b\"]\ntimeout = \"1s\"\n}\ncopy \"waste\" {}": "replace outbox q\n  deliver.command: [\"a\"] -> [\"b\"]",
		"deliver \"exec\" {\ncommand = [\"a\"]\ntimeout = \"1s\"\n}\ncopy \"none\" {}":  "replace outbox q\n  copy[0]: \"waste\" -> \"none\"",
	} {
		p := config.Compare(good(t, outbox(before)).Snapshot(), good(t, outbox(body)).Snapshot())
		if diff := cmp.Diff(want, planned(p)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}

func TestAttributesOfVariants(t *testing.T) {
	t.Parallel()
	type settings struct {
		Deliver []delivery `hcl:"deliver,block,required" doc:"how"`
	}
	var b strings.Builder
	var list func(indent string, all []config.Attribute)
	list = func(indent string, all []config.Attribute) {
		for _, a := range all {
			b.WriteString(indent + a.Name + " | " + a.Type + " | " + a.Default + " | " + a.Doc + "\n")
			list(indent+"  ", a.Labels)
			list(indent+"  ", a.Attributes)
		}
	}
	all := newType("x", settings{}).Attributes()
	list("", all)
	want := `deliver | block |  | how
  kind | string |  | what the block holds
  deliver "exec" | block |  | one process for each file
    command | list of strings |  | program and arguments
    timeout | duration | "0s" | for each file
    limits | block |  | limits of the process
      nofile | whole number | 1024 | open files
      memory | size | "0B" | memory
  deliver "smtp" | block |  | one message for each file
    server | string |  | where to
    token | string |  | for the server
    timeout | duration | "1m" | for each file
  deliver "hand" | block |  | a daemon for each file
    child | template of any type |  | each daemon
      type | string |  | a daemon type
  deliver "waste" | block |  | nowhere
  deliver "none" | block |  | they stay
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if a := all[0]; !a.IsBlock() || !a.Repeated || !a.Required || strings.Join(a.Labels[0].Enum, " ") != "exec smtp hand waste none" {
		t.Errorf("got %+v", a)
	}
}

func TestReferenceOfVariants(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := config.WriteTypeReference(&b, newType("x", outboxSettings{})); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"| `deliver \"KIND\" {}` | block | required | how files are delivered; KIND: what the block holds, one of `exec`, `smtp`, `hand`, `waste`, `none` |",
		"### The block `deliver \"KIND\"`",
		"| `deliver \"smtp\" {}` | block |  | one message for each file |",
		"#### The block `deliver \"smtp\"`",
		"| `server` | string | required | where to |",
	} {
		if !strings.Contains(b.String(), "\n"+line+"\n") {
			t.Errorf("there is no line %s in\n%s", line, b.String())
		}
	}
	columns(t, b.String())
}

// settingsFrom are the settings below some paths, with the lines they come from.
func settingsFrom(cfg *config.Config, paths ...string) string {
	var b strings.Builder
	for _, block := range cfg.Show() {
		for _, s := range block.Settings {
			for _, p := range paths {
				if rest, ok := strings.CutPrefix(s.Path, p); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
					b.WriteString(s.Path + " = " + s.Value + "  # " + s.Origin[strings.LastIndex(s.Origin, ":")+1:] + "\n")
				}
			}
		}
	}
	return b.String()
}
