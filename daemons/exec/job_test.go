package exec_test

import (
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemons/exec"
)

func TestCleanEnvironment(t *testing.T) {
	t.Setenv("TMOUT", "1")
	t.Setenv("WANTED", "from peakd")
	t.Setenv("BOTH", "inherited")
	t.Setenv("TZ", "Europe/Vienna")
	t.Setenv("LANG", "de_AT.UTF-8")
	t.Setenv("PATH", "/leaked:"+os.Getenv("PATH"))
	s := exec.Defaults()
	s.Command = []string{"/usr/bin/env"}
	s.Env = map[string]string{"BOTH": "configured", "EMPTY": "", "LINES": "a\nb"}
	s.EnvInherit = []string{"WANTED", "BOTH", "NOT_THERE"}
	b := start(t, s)
	b.ok(t)
	got := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(strings.ReplaceAll(b.text(), "a\nb", "a|b")), "\n") {
		name, value, _ := strings.Cut(line, "=")
		got[name] = value
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": me.HomeDir, "USER": me.Username, "LOGNAME": me.Username,
		"SHELL": got["SHELL"], "LANG": "de_AT.UTF-8", "TZ": "Europe/Vienna", "WANTED": "from peakd",
		"BOTH": "configured", "EMPTY": "", "LINES": "a|b", "PEAKD_DAEMON": "seed/job", "PEAKD_REPORT_FD": "3",
	}
	if os.Geteuid() == 0 {
		want["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	}
	if !maps.Equal(got, want) || !filepath.IsAbs(got["SHELL"]) {
		t.Errorf("environment\n%v, want\n%v", got, want)
	}
}

func TestScript(t *testing.T) {
	t.Parallel()
	s := script("tr a-z A-Z\ntr '\\0' ' ' </proc/$$/cmdline\necho\nls /proc/self/fd | wc -l\n# " + strings.Repeat("long ", 100_000))
	s.Stdin = "input"
	b := start(t, s)
	b.ok(t)
	if got := strings.Split(b.text(), "\n"); !strings.HasPrefix(got[0], "INPUT/bin/sh /proc/self/fd/") || len(got[0]) > 40 {
		t.Errorf("output %q", b.text())
	}
}

func TestScriptCannotBeChanged(t *testing.T) {
	t.Parallel()
	b := start(t, script(`if echo x >>"$0"; then echo changed; else echo sealed; fi 2>&-`))
	b.ok(t)
	if b.text() != "sealed\n" {
		t.Errorf("output %q", b.text())
	}
}

func TestInterpreters(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"bash": `[[ a == a ]] && echo worked`, "perl": `print "worked\n";`, "python3": `print("worked")`, "awk": "",
	} {
		if text == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := script(text)
			s.Interpreter = name
			if len(s.Warnings()) > 0 {
				t.Skip("not on this host")
			}
			b := start(t, s)
			if b.ok(t); b.text() != "worked\n" {
				t.Errorf("output %q", b.text())
			}
		})
	}
}

func TestCommandMeetsNoShell(t *testing.T) {
	t.Parallel()
	s := exec.Defaults()
	s.Command = []string{"printf", "%s|", "a b", "$HOME", "; exit 1", "`id`", "*", "", "\xff"}
	b := start(t, s)
	b.ok(t)
	if want := "a b|$HOME|; exit 1|`id`|*||\xff|"; b.text() != want {
		t.Errorf("output %q, want %q", b.text(), want)
	}
}

func TestProgramIsFoundByTheJob(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"here", "there/here"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("#!/bin/sh\necho \"$0\" in \"$PWD\"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct {
		command, path, want string
	}{
		"absolute":         {dir + "/here", "", dir + "/here"},
		"relative to dir":  {"./here", "", dir + "/here"},
		"below dir":        {"there/here", "", dir + "/there/here"},
		"path of the job":  {"here", dir + "/none:there:" + dir + "/there:" + dir, dir + "/there/here"},
		"not from the dir": {"here", ":.:there:" + dir, dir + "/here"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := exec.Defaults()
			s.Command, s.Dir = []string{tt.command}, config.Path(dir)
			if tt.path != "" {
				s.Env = map[string]string{"PATH": tt.path}
			}
			b := start(t, s)
			if b.ok(t); b.text() != tt.want+" in "+dir+"\n" {
				t.Errorf("output %q, want %s", b.text(), tt.want)
			}
		})
	}
}

func TestTermsOfTheJob(t *testing.T) {
	t.Parallel()
	s := script(`echo $(nice) $(umask) $(ulimit -Sn) $(ulimit -c) $(ulimit -St) $(ulimit -Ht) $(ulimit -v)`)
	s.Nice, s.Umask = ptr(5), ptr(config.Mode(0o077))
	s.Limits = &exec.Limits{
		NoFile: ptr(64), Core: ptr(config.Size(0)), CPU: ptr(1500 * time.Millisecond), AS: ptr(config.Size(256 << 20)),
	}
	b := start(t, s)
	if b.ok(t); b.text() != "5 0077 64 0 2 3 262144\n" {
		t.Errorf("output %q", b.text())
	}
}

func TestLimitIsFelt(t *testing.T) {
	t.Parallel()
	s := script(`while :; do :; done`)
	s.Limits = &exec.Limits{CPU: ptr(time.Second)}
	_, err := start(t, s).Run(t.Context())
	if got := errorText(err); got != "killed by SIGXCPU" {
		t.Errorf("error = %q", got)
	}
}

func TestUser(t *testing.T) {
	t.Parallel()
	asRoot(t)
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip("there is no nobody")
	}
	groups, err := nobody.GroupIds()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*exec.Settings){
		"name":         func(s *exec.Settings) { s.User = "nobody" },
		"number":       func(s *exec.Settings) { s.User = nobody.Uid },
		"with a group": func(s *exec.Settings) { s.User, s.Group = "nobody", "12345" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := script("id -u; id -g; echo $USER $LOGNAME $HOME $PATH; id -G")
			change(&s)
			b := start(t, s)
			b.ok(t)
			gid := nobody.Gid
			if s.Group != "" {
				gid = s.Group
			}
			lines := strings.Split(b.text(), "\n")
			want := []string{nobody.Uid, gid, "nobody nobody " + nobody.HomeDir + " /usr/local/bin:/usr/bin:/bin"}
			if !slices.Equal(lines[:3], want) {
				t.Errorf("output %q, want %q", lines, want)
			}
			for _, id := range strings.Fields(lines[3]) {
				if id != gid && !slices.Contains(groups, id) {
					t.Errorf("it kept the group %s", id)
				}
			}
		})
	}
}

func TestUserMayNot(t *testing.T) {
	t.Parallel()
	asRoot(t)
	closed := t.TempDir()
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	s := script("pwd")
	s.User, s.Dir = "nobody", config.Path(closed)
	_, err := start(t, s).Run(t.Context())
	if want := "enter " + closed + ": permission denied"; !strings.Contains(errorText(err), want) {
		t.Errorf("error = %v, want %q in it", err, want)
	}
}
