package control_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/control"
)

// childListen serves an app until it is killed; it says "up" when it does.
func childListen(args []string) int {
	feed := &control.Feed{}
	app := daemonapp.New(daemonapp.Options{Observers: []daemonapp.Observer{feed}})
	if _, err := app.Reconcile([]daemonapp.Spec{quick("a")}); err != nil {
		return 1
	}
	server, err := control.Listen(control.Options{App: app, Feed: feed, Path: args[0], Shared: len(args) > 1})
	if err != nil {
		fmt.Println(err)
		return 2
	}
	go func() { _ = server.Serve(context.Background()) }() // ends with the process
	go func() { fmt.Println("up") }()
	_, _ = app.Run(context.Background())
	return 0
}

// begin starts a child that listens, and returns when it does.
func begin(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "up\n" {
		t.Fatalf("the child says %q (%v)", line, err)
	}
}

func listen(t *testing.T, path string, change func(*control.Options)) (*control.Server, error) {
	t.Helper()
	o := control.Options{App: daemonapp.New(daemonapp.Options{}), Path: path}
	if change != nil {
		change(&o)
	}
	s, err := control.Listen(o)
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

func TestRightsOfTheSocket(t *testing.T) {
	t.Parallel()
	needRoot(t)
	tests := []struct {
		name, group, view string
		socket, dir       fs.FileMode
		gid               uint32
	}{
		{"nobody else", "", "", 0o600, 0o700, 0},
		{"operators", "54321", "", 0o660, 0o750, opsGroup},
		{"viewers", "", "54322", 0o660, 0o750, viewGroup},
		{"one group", "54321", "54321", 0o660, 0o750, opsGroup},
		{"two groups", "54321", "54322", 0o666, 0o755, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(shortDir(t), "run")
			s, err := listen(t, filepath.Join(dir, "a.sock"), func(o *control.Options) { o.Group, o.ViewGroup = tt.group, tt.view })
			if err != nil {
				t.Fatal(err)
			}
			for path, want := range map[string]fs.FileMode{s.Path(): tt.socket | fs.ModeSocket, dir: tt.dir | fs.ModeDir} {
				info, err := os.Lstat(path)
				if err != nil {
					t.Fatal(err)
				}
				same(t, "mode of "+path, info.Mode(), want)
				same(t, "group of "+path, info.Sys().(*syscall.Stat_t).Gid, tt.gid)
			}
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) != 1 {
				t.Errorf("there is more than the socket: %v (%v)", entries, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if _, err := os.Lstat(s.Path()); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("after Close: %v", err)
			}
		})
	}
}

// childCycle opens and closes a socket many times, with a umask that takes nothing away.
func childCycle(args []string) int {
	syscall.Umask(0)
	for range 60 {
		s, err := control.Listen(control.Options{App: daemonapp.New(daemonapp.Options{}), Path: args[0], Group: args[1]})
		if err != nil {
			fmt.Println(err)
			return 2
		}
		if err := s.Close(); err != nil {
			return 3
		}
	}
	return 0
}

// childKnock tries to connect to a socket, and to every other in its folder, until its standard input ends. It prints
// how often it could.
func childKnock(args []string) int {
	over := make(chan struct{})
	go func() { // ends with the process
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		close(over)
	}()
	connected := 0
	for {
		select {
		case <-over:
			fmt.Println(connected)
			return 0
		default:
		}
		nested, _ := filepath.Glob(filepath.Join(filepath.Dir(args[0]), ".*", "*"))
		for _, path := range append(nested, args[0]) {
			if c, err := net.Dial("unix", path); err == nil {
				connected++
				_ = c.Close()
			}
		}
	}
}

// TestRightsAtEveryInstant opens and closes a socket over and over under umask 0, while another user who must not
// connect tries to, and while its mode is looked at: it is never another than that of the end.
func TestRightsAtEveryInstant(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for _, tt := range []struct {
		name, group string
		mode        fs.FileMode
	}{{"own", "", 0o600}, {"group", "54321", 0o660}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(opened(t, shortDir(t)), "a.sock") // a folder that all may enter
			intruder := child(t, "knock", &syscall.Credential{Uid: 61238, Gid: 61238}, path)
			stdin, err := intruder.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			intruder.Stdout = &out
			if err := intruder.Start(); err != nil {
				t.Fatal(err)
			}
			cycle := child(t, "cycle", nil, path, tt.group)
			cycle.Stdout = os.Stderr
			if err := cycle.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cycle.Wait() }() // received below
			seen := 0
			for over := false; !over; {
				select {
				case err := <-ended:
					over = true
					if err != nil {
						t.Error(err)
					}
				default:
				}
				if info, err := os.Lstat(path); err == nil {
					seen++
					if info.Mode() != tt.mode|fs.ModeSocket {
						t.Fatalf("its mode is %s", info.Mode())
					}
				}
			}
			_ = stdin.Close()
			if err := intruder.Wait(); err != nil {
				t.Error(err)
			}
			if got := strings.TrimSpace(out.String()); got != "0" || seen == 0 {
				t.Errorf("somebody else connected %s times; the socket was seen %d times", got, seen)
			}
		})
	}
}

// TestKilledServerLeavesNothingInTheWay: after kill -9 the socket is still there, and the next one replaces it.
func TestKilledServerLeavesNothingInTheWay(t *testing.T) {
	t.Parallel()
	path := filepath.Join(shortDir(t), "a.sock")
	dead := child(t, "listen", nil, path)
	begin(t, dead)
	_, err := listen(t, path, nil)
	if !errors.Is(err, control.ErrInUse) || !strings.Contains(err.Error(), "in use by process "+strconv.Itoa(dead.Process.Pid)+" of ") {
		t.Errorf("of a live one: %v", err)
	}
	_ = dead.Process.Kill()
	_ = dead.Wait()
	if _, err := os.Lstat(path); err != nil {
		t.Fatalf("the kill removed the socket: %v", err)
	}
	stage := filepath.Join(filepath.Dir(path), ".a.sock-4711")
	if err := os.Mkdir(stage, 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := listen(t, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(stage); err == nil {
		t.Error("what a killed one left while it made its socket is still there")
	}
	if _, err := control.Dial(t.Context(), path); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := control.Dial(t.Context(), path); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("after Close: %v", err)
	}
}

// TestStaleSocketIsTakenByOne: of many that find a stale socket at once, one has the place and the others are told so.
func TestStaleSocketIsTakenByOne(t *testing.T) {
	t.Parallel()
	for range 20 {
		path := filepath.Join(shortDir(t), "a.sock")
		stale(t, path)
		var group sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			group.Add(1)
			go func() { // joined below
				defer group.Done()
				_, errs[i] = listen(t, path, nil)
			}()
		}
		group.Wait()
		won := 0
		for _, err := range errs {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, control.ErrInUse):
				t.Error(err)
			}
		}
		same(t, "winners", won, 1)
		if _, err := control.Dial(t.Context(), path); err != nil {
			t.Error(err)
		}
	}
}

// stale leaves a socket at which nobody listens.
func stale(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	_ = l.Close()
}

// TestPlacesThatAreRefused: nothing of others is followed, replaced or trusted.
func TestPlacesThatAreRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		make func(t *testing.T, dir string) string // path
		want string
	}{
		{"a link", func(t *testing.T, dir string) string {
			stale(t, filepath.Join(dir, "real"))
			link(t, "real", filepath.Join(dir, "a.sock"))
			return filepath.Join(dir, "a.sock")
		}, "it is a symbolic link, which is not followed; remove it"},
		{"a link to nothing", func(t *testing.T, dir string) string {
			link(t, "nothing", filepath.Join(dir, "a.sock"))
			return filepath.Join(dir, "a.sock")
		}, "it is a symbolic link"},
		{"a file", func(t *testing.T, dir string) string {
			write(t, filepath.Join(dir, "a.sock"))
			return filepath.Join(dir, "a.sock")
		}, "there is a file of that name that is no socket; remove it"},
		{"a folder that is a file", func(t *testing.T, dir string) string {
			write(t, filepath.Join(dir, "x"))
			return filepath.Join(dir, "x", "a.sock")
		}, "is not a directory"},
		{"no folder above", func(_ *testing.T, dir string) string { return filepath.Join(dir, "x", "y", "a.sock") }, "no such file"},
		{"a folder of everybody", func(t *testing.T, dir string) string {
			if err := os.Chmod(dir, 0o777); err != nil {
				t.Fatal(err)
			}
			return filepath.Join(dir, "a.sock")
		}, "everybody can write into"},
		{"a long path", func(_ *testing.T, dir string) string { return filepath.Join(dir, strings.Repeat("x", 120)) }, "the system allows"},
		{"a path too long to be made", func(_ *testing.T, dir string) string {
			return filepath.Join(dir, strings.Repeat("x", 105-len(dir)))
		}, "the system allows"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := tt.make(t, shortDir(t))
			before, _ := os.Lstat(path)
			_, err := listen(t, path, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if after, _ := os.Lstat(path); before != nil && (after == nil || !os.SameFile(before, after)) {
				t.Error("what was there is not there any more")
			}
		})
	}
}

// TestLinksOfOthersAreNotFollowed: a folder on the way may be a link of root or of the own user, and of nobody else.
func TestLinksOfOthersAreNotFollowed(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := shortDir(t)
	if err := os.MkdirAll(filepath.Join(dir, "real", "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	link(t, "real", filepath.Join(dir, "link"))
	s, err := listen(t, filepath.Join(dir, "link", "run", "a.sock"), nil)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "path", s.Path(), filepath.Join(dir, "real", "run", "a.sock"))
	link(t, filepath.Join(dir, "real"), filepath.Join(dir, "evil"))
	if err := os.Lchown(filepath.Join(dir, "evil"), 61239, 61239); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"evil/b.sock", "evil/run/b.sock"} {
		if _, err := listen(t, filepath.Join(dir, path), nil); err == nil || !strings.Contains(err.Error(), "evil is a symbolic link of uid 61239, which is not followed") {
			t.Errorf("%s: %v", path, err)
		}
	}
	link(t, "loop", filepath.Join(dir, "loop"))
	if _, err := listen(t, filepath.Join(dir, "loop", "x", "b.sock"), nil); err == nil || !strings.Contains(err.Error(), "too many symbolic links") {
		t.Errorf("a loop: %v", err)
	}
}

// TestSharedFolder: the folder of the default place is widened for an app with groups, one that somebody chose is not,
// and one of another user is refused.
func TestSharedFolder(t *testing.T) {
	t.Parallel()
	needRoot(t)
	for _, shared := range []bool{true, false} {
		dir := filepath.Join(shortDir(t), "peakd")
		if _, err := listen(t, filepath.Join(dir, "a.sock"), func(o *control.Options) { o.Shared = shared }); err != nil {
			t.Fatal(err)
		}
		s, err := listen(t, filepath.Join(dir, "b.sock"), func(o *control.Options) { o.Shared, o.Group = shared, "54321" })
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		want, notes := fs.FileMode(0o755), 0
		if !shared {
			want, notes = 0o700, 1
		}
		same(t, "mode", info.Mode().Perm(), want)
		same(t, "notes", len(s.Notes()), notes)
	}
	dir := shortDir(t)
	if err := os.Chown(dir, 61240, 61240); err != nil {
		t.Fatal(err)
	}
	_, err := listen(t, filepath.Join(dir, "a.sock"), func(o *control.Options) { o.Shared = true })
	if err == nil || !strings.Contains(err.Error(), "belongs to uid 61240, who could replace the socket") {
		t.Errorf("of another user: %v", err)
	}
}

// TestCloseLeavesTheNextOne: a server that ends late does not remove the socket of its successor.
func TestCloseLeavesTheNextOne(t *testing.T) {
	t.Parallel()
	path := filepath.Join(shortDir(t), "a.sock")
	first, err := listen(t, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := listen(t, path, nil); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if err := first.Close(); err != nil {
		t.Errorf("once more: %v", err)
	}
	if _, err := control.Dial(t.Context(), path); err != nil {
		t.Errorf("the next one's socket: %v", err)
	}
}

func TestDefaultPlaces(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		places control.Places
		want   string
	}{
		{"root", control.Places{Program: "peakd", Root: true, XDGRuntimeDir: "/run/user/0"}, "/run/peakd/shop.sock"},
		{"root, under systemd", control.Places{Program: "peakd", Root: true, RuntimeDirectory: "/run/x"}, "/run/x/shop.sock"},
		{"systemd", control.Places{Program: "peakd", RuntimeDirectory: "/run/peakd:/run/other", XDGRuntimeDir: "/run/user/7"}, "/run/peakd/shop.sock"},
		{"a user", control.Places{Program: "peakd", XDGRuntimeDir: "/run/user/7", StateOf: "/home/a/state/shop"}, "/run/user/7/peakd/shop.sock"},
		{"nowhere else", control.Places{Program: "peakd", XDGRuntimeDir: "relative", StateOf: "/home/a/state/shop"}, "/home/a/state/shop/run/shop.sock"},
		{"nowhere", control.Places{Program: "peakd"}, ""},
	}
	for _, tt := range tests {
		got, err := tt.places.Path("shop")
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %q (%v), want %q", tt.name, got, err, tt.want)
		}
	}
	for _, app := range []string{"", "a/b", "..", ".x", "a\x00"} {
		if got, err := (control.Places{Program: "peakd", Root: true}).Path(app); err == nil {
			t.Errorf("%q has the place %s", app, got)
		}
	}
}

// TestClientsLookEverywhere: what Path says a client finds.
func TestClientsLookEverywhere(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	for _, p := range []control.Places{
		{Program: "pk", RuntimeDirectory: filepath.Join(dir, "ru*n")},
		{Program: "pk", XDGRuntimeDir: filepath.Join(dir, "xdg")},
		{Program: "pk", StateOf: filepath.Join(dir, "state", "shop"), StateDir: filepath.Join(dir, "state")},
	} {
		path, err := p.Path("shop")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		stale(t, path)
		write(t, filepath.Join(filepath.Dir(path), "file.sock"))
		sameList(t, "found", p.Sockets(), []string{path})
		same(t, "app", control.AppOf(path), "shop")
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestLockOfAnotherIsNotTaken: in a folder of everybody somebody else could hold the lock for ever.
func TestLockOfAnotherIsNotTaken(t *testing.T) {
	t.Parallel()
	needRoot(t)
	dir := shortDir(t)
	lock := filepath.Join(dir, ".a.sock.lock")
	write(t, lock)
	if err := os.Chown(lock, 61241, 61241); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { // received below
		_, err := listen(t, filepath.Join(dir, "a.sock"), nil)
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), "it belongs to uid 61241") {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits")
	}
}
