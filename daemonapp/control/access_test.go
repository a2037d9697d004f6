package control_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/control"
)

// opsGroup and viewGroup are groups that need not be known to the system.
const opsGroup, viewGroup = 54321, 54322

// TestWhoMay connects as other users and groups, each a process of its own.
func TestWhoMay(t *testing.T) {
	t.Parallel()
	needRoot(t)
	const user = 61234
	tests := []struct {
		name        string
		group, view string
		cred        syscall.Credential
		denied      bool // by the rights of the file already
		look, steer bool
	}{
		{"root", "", "", syscall.Credential{}, false, true, true},
		{"another user", "", "", syscall.Credential{Uid: user, Gid: user}, true, false, false},
		{"a user of another group", "54321", "", syscall.Credential{Uid: user, Gid: user, Groups: []uint32{7, 8}}, true, false, false},
		{"a primary member", "54321", "", syscall.Credential{Uid: user, Gid: opsGroup}, false, true, true},
		{"a supplementary member", "54321", "", syscall.Credential{Uid: user, Gid: user, Groups: []uint32{7, opsGroup, 8}}, false, true, true},
		{"a member of many groups", "54321", "", syscall.Credential{Uid: user, Gid: user, Groups: append(many(200), opsGroup)}, false, true, true},
		{"a viewer", "", "54322", syscall.Credential{Uid: user, Gid: viewGroup}, false, true, false},
		{"a supplementary viewer", "", "54322", syscall.Credential{Uid: user, Gid: user, Groups: []uint32{viewGroup}}, false, true, false},
		{"a viewer beside operators", "54321", "54322", syscall.Credential{Uid: user, Gid: viewGroup}, false, true, false},
		{"an operator beside viewers", "54321", "54322", syscall.Credential{Uid: user, Gid: opsGroup}, false, true, true},
		{"one of both", "54321", "54322", syscall.Credential{Uid: user, Gid: opsGroup, Groups: []uint32{viewGroup}}, false, true, true},
		{"one of neither", "54321", "54322", syscall.Credential{Uid: user, Gid: user}, false, false, false},
		{"one group for both", "54321", "54321", syscall.Credential{Uid: user, Gid: opsGroup}, false, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(o *control.Options) {
				o.Group, o.ViewGroup = tt.group, tt.view
				o.Path = filepath.Join(opened(t, shortDir(t)), "run", "shop.sock")
			}, quick("a"))
			s.ranOnce("a")
			got := asks(t, s.path, tt.cred)
			same(t, "denied", got.Denied, tt.denied)
			same(t, "looks", got.Looked == "", tt.look)
			same(t, "steers", got.Steered == "", tt.steer)
			if !tt.denied && !tt.look && !strings.Contains(got.Looked, "uid 61234 may not look at this app; root, members of the group 54321 and members of the group 54322 may") {
				t.Errorf("it was told %q", got.Looked)
			}
			if !tt.denied && tt.look && !tt.steer && !strings.Contains(got.Steered, "uid 61234 may look at this app, and not steer it; ") {
				t.Errorf("it was told %q", got.Steered)
			}
			paused := s.events(daemonapp.DaemonPaused)
			if tt.steer != (len(paused) == 1) {
				t.Errorf("the app was told %q", paused)
			}
			if tt.steer && tt.cred.Uid != 0 {
				same(t, "who", paused[0], "a uid 61234")
			}
		})
	}
}

func many(n int) []uint32 {
	groups := make([]uint32, n)
	for i := range groups {
		groups[i] = uint32(70000 + i)
	}
	return groups
}

// opened lets everybody enter a folder.
func opened(t *testing.T, dir string) string {
	t.Helper()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// asks is what another process is told.
func asks(t *testing.T, path string, cred syscall.Credential, env ...string) answerOf {
	t.Helper()
	cmd := child(t, "ask", &cred, path)
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("child: %v", err)
	}
	var a answerOf
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatalf("%q: %v", out, err)
	}
	return a
}

// TestRootUnderSudo: root is believed for whom it acts, as root could do anything; nobody else is.
func TestRootUnderSudo(t *testing.T) {
	t.Parallel()
	needRoot(t)
	tests := []struct {
		name, sudo string
		uid        uint32
		want       string
	}{
		{"root", "", 0, "a root"},
		{"root for alice", "alice", 0, "a root (sudo alice)"},
		{"root for root", "root", 0, "a root"},
		{"what is no name", "alice) (or bob", 0, "a root"},
		{"somebody for alice", "alice", 61235, "a uid 61235"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(o *control.Options) {
				o.Group = "54321"
				o.Path = filepath.Join(opened(t, shortDir(t)), "run", "shop.sock")
			}, quick("a"))
			s.ranOnce("a")
			got := asks(t, s.path, syscall.Credential{Uid: tt.uid, Gid: opsGroup}, "SUDO_USER="+tt.sudo)
			same(t, "steers", got.Steered, "")
			sameList(t, "who", s.events(daemonapp.DaemonPaused), []string{tt.want})
		})
	}
}

// TestOwnUserMay: whoever the app runs as needs no group. The app is a child here, as another user.
func TestOwnUserMay(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := opened(t, shortDir(t))
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "run", "shop.sock")
	listener := child(t, "listen", &syscall.Credential{Uid: 61236, Gid: 61236}, path)
	begin(t, listener)
	for _, tt := range []struct {
		name string
		uid  uint32
		may  bool
	}{{"its own user", 61236, true}, {"root", 0, true}, {"another", 61237, false}} {
		got := asks(t, path, syscall.Credential{Uid: tt.uid, Gid: tt.uid})
		if (got.Steered == "") != tt.may || got.Denied == tt.may {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

func TestUnknownGroup(t *testing.T) {
	t.Parallel()
	for _, o := range []control.Options{{Group: "no-such-group"}, {ViewGroup: "no-such-group"}} {
		o.App, o.Path = daemonapp.New(daemonapp.Options{}), filepath.Join(shortDir(t), "a.sock")
		_, err := control.Listen(o)
		if err == nil || !strings.Contains(err.Error(), `"no-such-group" of control: group: unknown group`) {
			t.Errorf("got %v", err)
		}
		if _, err := os.Lstat(o.Path); err == nil {
			t.Error("there is a socket")
		}
	}
}
