package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// machine is a root of its own, into which packages are installed.
type machine struct {
	t    *testing.T
	root string
}

// newMachine has what dpkg needs, and a systemd.
func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t, t.TempDir()}
	m.write("var/lib/dpkg/status", "Package: systemd\nStatus: install ok installed\nVersion: 252\nArchitecture: all\n"+
		"Maintainer: x <x@x>\nDescription: x\n\n")
	for _, dir := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "var/log"} {
		m.folder(dir)
	}
	m.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
	m.write("etc/group", "root:x:0:\n")
	return m
}

func (m *machine) path(name string) string { return filepath.Join(m.root, name) }

func (m *machine) folder(name string) {
	m.t.Helper()
	if err := os.MkdirAll(m.path(name), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) write(name, text string) {
	m.t.Helper()
	m.folder(filepath.Dir(name))
	if err := os.WriteFile(m.path(name), []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) has(names ...string) {
	m.t.Helper()
	for _, name := range names {
		if _, err := os.Lstat(m.path(name)); err != nil {
			m.t.Errorf("%s is gone", name)
		}
	}
}

func (m *machine) lacks(names ...string) {
	m.t.Helper()
	for _, name := range names {
		if _, err := os.Lstat(m.path(name)); err == nil {
			m.t.Errorf("%s is there", name)
		}
	}
}

// dpkg runs it on that root; maintainer scripts run outside of it, and keep to it by $DPKG_ROOT.
func (m *machine) dpkg(env []string, args ...string) string {
	m.t.Helper()
	return must(m.t, env, "dpkg", append([]string{
		"--root=" + m.root, "--force-script-chrootless", "--force-confdef", "--force-confold",
	}, args...)...)
}

const (
	program = "usr/bin/peakd"
	example = "etc/peakd/peakd.hcl.example"
	own     = "etc/peakd/own.hcl"
	state   = "var/lib/peakd/app/state.db"
)

// TestDeb lives through an installation, an upgrade, a removal and a purge.
func TestDeb(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.dpkg(nil, "--install", before["deb"])
	runs(t, m.path(program))
	if passwd := must(t, nil, "cat", m.path("etc/passwd")); !strings.Contains(passwd, "\npeakd:x:") {
		t.Errorf("there is no user peakd:\n%s", passwd)
	}
	m.lacks("etc/systemd/system/multi-user.target.wants/peakd.service")

	m.write(own, "# mine\n")
	m.write(state, "precious")
	m.write(example, "# changed\n")
	m.dpkg(nil, "--install", after["deb"])
	if text := must(t, nil, "cat", m.path(example)); text != "# changed\n" {
		t.Errorf("the upgrade wrote over a changed configuration:\n%s", text)
	}

	m.dpkg(nil, "--remove", "peakd")
	m.lacks(program, "usr/lib/systemd/system/peakd.service")
	m.has(own, state, example)
	if said := m.dpkg(nil, "--purge", "peakd"); !strings.Contains(said, "/var/lib/peakd is kept") {
		t.Errorf("the purge does not say what it keeps:\n%s", said)
	}
	m.lacks(example)
	m.has(own, state)

	m.dpkg(nil, "--install", after["deb"])
	m.dpkg([]string{"PEAKD_PURGE_STATE=yes"}, "--purge", "peakd")
	m.lacks(program, "var/lib/peakd")
	m.has(own)
}

// TestRPM does the same, without scripts: there is no shell in that root.
func TestRPM(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	rpm := func(args ...string) {
		must(t, nil, "rpm", append([]string{"--root", m.root, "--nodeps", "--noscripts"}, args...)...)
	}
	rpm("-i", before["rpm"])
	runs(t, m.path(program))
	m.write(own, "# mine\n")
	m.write(state, "precious")
	m.write(example, "# changed\n")
	rpm("-U", after["rpm"])
	if text := must(t, nil, "cat", m.path(example)); text != "# changed\n" {
		t.Errorf("the upgrade wrote over a changed configuration:\n%s", text)
	}
	rpm("-e", "peakd")
	m.lacks(program, example)
	m.has(own, state, example+".rpmsave")
}

// TestScripts runs the packagers' scripts with a systemctl that writes down what it is told.
func TestScripts(t *testing.T) {
	t.Parallel()
	const reload, active, disable = "daemon-reload\n", "--quiet is-active peakd.service\n", "--quiet disable --now peakd.service\n"
	for _, tt := range []struct {
		what, script string
		args         []string
		want         string
	}{
		{"a deb is installed", "deb/postinstall", []string{"configure", ""}, reload},
		{"a deb is upgraded", "deb/postinstall", []string{"configure", "0.1"}, reload + active},
		{"a deb's old version goes", "deb/preremove", []string{"upgrade", "0.2"}, ""},
		{"a deb is removed", "deb/preremove", []string{"remove"}, disable},
		{"a deb has been removed", "deb/postremove", []string{"remove"}, reload},
		{"a deb has been upgraded", "deb/postremove", []string{"upgrade", "0.2"}, ""},
		{"an rpm is installed", "rpm/postinstall", []string{"1"}, reload},
		{"an rpm is upgraded", "rpm/postinstall", []string{"2"}, reload + active},
		{"an rpm's old version goes", "rpm/preremove", []string{"1"}, ""},
		{"an rpm is removed", "rpm/preremove", []string{"0"}, disable},
		{"an rpm's old version has gone", "rpm/postremove", []string{"1"}, ""},
		{"an rpm has been removed", "rpm/postremove", []string{"0"}, reload},
	} {
		t.Run(tt.what, func(t *testing.T) {
			t.Parallel()
			if got := told(t, tt.script, tt.args); got != tt.want {
				t.Errorf("systemctl was told\n%swant\n%s", got, tt.want)
			}
		})
	}
}

// told is what a script tells systemctl.
func told(t *testing.T, script string, args []string) string {
	t.Helper()
	dir := t.TempDir()
	text, err := scripts.ReadFile("scripts/" + script)
	if err != nil {
		t.Fatal(err)
	}
	heard := filepath.Join(dir, "heard")
	for name, content := range map[string]string{
		"script":           strings.ReplaceAll(string(text), "/run/systemd/system", dir),
		"systemctl":        "#!/bin/sh\necho \"$@\" >>" + heard + "\n",
		"systemd-sysusers": "#!/bin/sh\n[ \"$*\" = peakd.conf ]\n",
		"heard":            "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "/bin/sh", append([]string{filepath.Join(dir, "script")}, args...)...)
	cmd.Env = []string{"PATH=" + dir + ":/usr/bin:/bin"}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return must(t, nil, "cat", heard)
}
