package launch_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/exec/process"
	"github.com/peakd/peakd/daemons/exec/process/launch"
)

func ptr[T any](v T) *T { return &v }

// fields are where the faults are.
func fields(faults []*daemonapp.FieldError) string {
	var all []string
	for _, fault := range faults {
		all = append(all, fault.Field)
	}
	return strings.Join(all, " ")
}

// variable is the value of a variable of a command, and whether there is one.
func variable(t *testing.T, cmd *process.Command, name string) (string, bool) {
	t.Helper()
	var values []string
	for _, pair := range cmd.Env {
		if is, value, _ := strings.Cut(pair, "="); is == name {
			values = append(values, value)
		}
	}
	if len(values) > 1 {
		t.Errorf("%s is set %d times", name, len(values))
	}
	if values == nil {
		return "", false
	}
	return values[0], true
}

// TestWhoseVariableWins: what is told of a run cannot be hidden by the configuration, nor that by what is inherited.
func TestWhoseVariableWins(t *testing.T) {
	t.Setenv("WANTED", "inherited")
	t.Setenv("BOTH", "inherited")
	t.Setenv("ALL", "inherited")
	t.Setenv("HIDDEN", "inherited")
	t.Setenv("LANG", "de_AT.UTF-8")
	t.Setenv("TZ", "Europe/Vienna")
	s := launch.Defaults()
	s.EnvInherit = []string{"WANTED", "BOTH", "ALL", "NOT_THERE"}
	s.Env = map[string]string{"BOTH": "configured", "ALL": "configured", "HOME": "/elsewhere", "EMPTY": ""}
	cmd, err := s.Prepare("sh", map[string]string{"ALL": "told", "TOLD": "told"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"WANTED": "inherited", "BOTH": "configured", "ALL": "told", "TOLD": "told", "HOME": "/elsewhere", "EMPTY": "",
		"LANG": "de_AT.UTF-8", "TZ": "Europe/Vienna",
	} {
		if got, ok := variable(t, cmd, name); !ok || got != want {
			t.Errorf("%s = %q (%v), want %q", name, got, ok, want)
		}
	}
	for _, name := range []string{"HIDDEN", "NOT_THERE"} {
		if got, ok := variable(t, cmd, name); ok {
			t.Errorf("%s is there: %q", name, got)
		}
	}
	if !slices.IsSorted(cmd.Env) {
		t.Errorf("the environment has no fixed order: %q", cmd.Env)
	}
}

func TestTerms(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*launch.Settings)
		want   process.Terms
	}{
		"none":         {func(*launch.Settings) {}, process.Terms{}},
		"own user":     {func(s *launch.Settings) { s.User = strconv.Itoa(os.Geteuid()); s.Group = strconv.Itoa(os.Getegid()) }, process.Terms{}},
		"nice":         {func(s *launch.Settings) { s.Nice = ptr(0) }, process.Terms{Nice: ptr(0)}},
		"umask":        {func(s *launch.Settings) { s.Umask = ptr(config.Mode(0o027)) }, process.Terms{Umask: ptr(0o027)}},
		"empty limits": {func(s *launch.Settings) { s.Limits = &launch.Limits{} }, process.Terms{}},
		"processor time is rounded up": {
			func(s *launch.Settings) { s.Limits = &launch.Limits{CPU: ptr(time.Second + 1)} },
			process.Terms{Limits: []process.Limit{{Name: "cpu", Soft: 2, Hard: 3}}},
		},
		"all limits": {
			func(s *launch.Settings) {
				size := func(n int64) *config.Size { return ptr(config.Size(n)) }
				s.Limits = &launch.Limits{
					NoFile: ptr(1), NProc: ptr(2), CPU: ptr(3 * time.Second), AS: size(4), Data: size(5), RSS: size(6), Stack: size(7),
					MemLock: size(8), FSize: size(9), Core: size(0),
				}
			},
			process.Terms{Limits: []process.Limit{
				{Name: "nofile", Soft: 1, Hard: 1},
				{Name: "nproc", Soft: 2, Hard: 2},
				{Name: "cpu", Soft: 3, Hard: 4},
				{Name: "core"},
				{Name: "fsize", Soft: 9, Hard: 9},
				{Name: "memlock", Soft: 8, Hard: 8},
				{Name: "rss", Soft: 6, Hard: 6},
				{Name: "stack", Soft: 7, Hard: 7},
				{Name: "data", Soft: 5, Hard: 5},
				{Name: "as", Soft: 4, Hard: 4},
			}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := launch.Defaults()
			tt.change(&s)
			cmd, err := s.Prepare("sh", nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, cmd.Terms); diff != "" {
				t.Errorf("terms (-want +got):\n%s", diff)
			}
			for _, limit := range cmd.Terms.Limits {
				if !slices.Contains(process.LimitNames(), limit.Name) {
					t.Errorf("no limit is called %s", limit.Name)
				}
			}
		})
	}
}

// other is a user who is neither root nor this one.
func other(t *testing.T) *user.User {
	t.Helper()
	for _, name := range []string{"nobody", "daemon"} {
		if entry, err := user.Lookup(name); err == nil && entry.Uid != strconv.Itoa(os.Geteuid()) {
			return entry
		}
	}
	t.Fatal("there is neither nobody nor daemon")
	return nil
}

func TestAccount(t *testing.T) {
	t.Parallel()
	who := other(t)
	uid, _ := strconv.Atoi(who.Uid)
	gid, _ := strconv.Atoi(who.Gid)
	for name, tt := range map[string]struct {
		user, group string
		gid         int
	}{
		"name":     {who.Username, "", gid},
		"number":   {who.Uid, "", gid},
		"group":    {who.Username, "12345", 12345}, // a number needs no entry
		"own name": {who.Username, who.Gid, gid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := launch.Defaults()
			s.User, s.Group = tt.user, tt.group
			cmd, err := s.Prepare("sh", nil)
			if err != nil {
				t.Fatal(err)
			}
			if id := cmd.Terms.Identity; id == nil || id.UID != uid || id.GID != tt.gid || slices.Contains(id.Groups, 0) != slices.Contains(groupsOf(t, who), "0") {
				t.Errorf("identity = %+v, want user %d, group %d", id, uid, tt.gid)
			}
			if !s.ChangesUser() {
				t.Error("it does not change the user")
			}
			for name, want := range map[string]string{
				"USER": who.Username, "LOGNAME": who.Username, "HOME": who.HomeDir, "PATH": "/usr/local/bin:/usr/bin:/bin",
			} {
				if got, _ := variable(t, cmd, name); got != want {
					t.Errorf("%s = %q, want %q", name, got, want)
				}
			}
		})
	}
}

func groupsOf(t *testing.T, who *user.User) []string {
	t.Helper()
	groups, err := who.GroupIds()
	if err != nil {
		t.Fatal(err)
	}
	return groups
}

func TestChangesUser(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]launch.Settings{
		"nobody given": {}, "own": {User: strconv.Itoa(os.Geteuid())}, "root": {User: "root"}, "unknown": {User: "no-such-user"},
		"only the group": {Group: "12345"},
	} {
		if s.ChangesUser() {
			t.Errorf("%s: it changes the user", name)
		}
	}
}

func TestPrepareFails(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		settings launch.Settings
		program  string
		want     string
	}{
		"user":    {launch.Settings{User: "no-such-user"}, "sh", "look up user no-such-user: "},
		"group":   {launch.Settings{Group: "no-such-group"}, "sh", "look up group no-such-group: "},
		"program": {launch.Settings{Env: map[string]string{"PATH": "/nowhere"}}, "sh", "find program sh in /nowhere: "},
		"path":    {launch.Settings{}, "/nowhere/sh", "find program: stat /nowhere/sh: "},
		"folder":  {launch.Settings{}, "/", "find program: / is a directory"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.settings.Prepare(tt.program, nil)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
				t.Errorf("error = %v, want %s", err, tt.want)
			}
			if name == "program" && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("error = %v is not that of a missing file", err)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		settings launch.Settings
		want     string
	}{
		"nothing":        {launch.Settings{}, ""},
		"relative dir":   {launch.Settings{Dir: "srv"}, "dir"},
		"NUL in dir":     {launch.Settings{Dir: "/\x00"}, "dir"},
		"env":            {launch.Settings{Env: map[string]string{"": "", "A=": "", "B\x00": "", "OK": "x", "V": "\x00"}}, "env env env env"},
		"reserved":       {launch.Settings{Env: map[string]string{"MINE": ""}, EnvInherit: []string{"MINE"}}, "env env_inherit"},
		"user and group": {launch.Settings{User: "a:b", Group: "-x"}, "user group"},
		"nice":           {launch.Settings{Nice: ptr(-21)}, "nice"},
		"umask":          {launch.Settings{Umask: ptr(config.Mode(0o1000))}, "umask"},
		"limits":         {launch.Settings{Limits: &launch.Limits{NoFile: ptr(-1), AS: ptr(config.Size(-1))}}, "limits.nofile limits.as"},
		"no cpu":         {launch.Settings{Limits: &launch.Limits{CPU: ptr(time.Duration(-1))}}, "limits.cpu"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f launch.Faults
			tt.settings.Check(&f, []string{"MINE"})
			if got := fields(f); got != tt.want {
				t.Errorf("faults at %q, want %q", got, tt.want)
			}
			if first := f.Err(); (first != nil) != (tt.want != "") {
				t.Errorf("first fault = %v", first)
			}
		})
	}
}

// TestLook holds for root and for everybody else: only root may become another user or go below nice 0.
func TestLook(t *testing.T) {
	t.Parallel()
	forbidden := func(field string) string {
		if os.Geteuid() == 0 {
			return ""
		}
		return field
	}
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		settings launch.Settings
		program  string
		want     string
	}{
		"all is there":   {launch.Settings{}, "sh", ""},
		"another user":   {launch.Settings{User: other(t).Username}, "sh", forbidden("user")},
		"another group":  {launch.Settings{Group: "12345"}, "sh", forbidden("group")},
		"below 0":        {launch.Settings{Nice: ptr(-1)}, "sh", forbidden("nice")},
		"above 0":        {launch.Settings{Nice: ptr(1)}, "sh", ""},
		"no such user":   {launch.Settings{User: "no-such-user"}, "sh", "user"},
		"no such group":  {launch.Settings{Group: "no-such-group"}, "sh", "group"},
		"no dir":         {launch.Settings{Dir: "/nowhere"}, "sh", "dir"},
		"no program":     {launch.Settings{}, "no-such-program", "program"},
		"not executable": {launch.Settings{}, plain, "program"},
		"no use":         {launch.Settings{Limits: &launch.Limits{RSS: ptr(config.Size(1))}}, "sh", "limits.rss"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f launch.Faults
			tt.settings.Look(&f, "its runs", "program", tt.program)
			if got := fields(f); got != tt.want {
				t.Errorf("faults at %q, want %q: %v", got, tt.want, fmt.Sprint(f.Err()))
			}
		})
	}
}
