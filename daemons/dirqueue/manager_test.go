package dirqueue_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
)

// manager is a dir_queue_manager over the base, with the function as its queues' handler.
func manager(settings, queue string) string {
	return fmt.Sprintf(`
		daemon "dir_queue_manager" "m" {
		  directory = "BASE"
		  %s
		  queue {
		    minimum_free = 0
		    deliver "go" {
		      function = "desk"
		    }
		    %s
		  }
		}`, settings, queue)
}

// Of the scans, some are by time alone, every 20 ms, and others are only of what the kernel tells.
const (
	scanning = "run_every = \"20ms\"\nwatch = false\nretry {\n every = \"20ms\"\n maximum = \"20ms\"\n}\n"
	watching = "run_every = \"1h\"\n"
	seldom   = `run_every = "1h"`
)

func (l *life) awaitChildren(want ...string) {
	l.t.Helper()
	if want == nil {
		want = []string{}
	}
	l.await(fmt.Sprintf("the children %q", want), func() bool { return slices.Equal(l.children("m"), want) })
}

func TestQueueForEachDirectory(t *testing.T) {
	t.Parallel()
	l := begin(t, manager(scanning, seldom), "b", "a")
	l.awaitChildren("a", "b")
	l.mkdir("c")
	l.awaitChildren("a", "b", "c")
	put(t, l.base+"/c", "x")
	l.awaitTaken(1)
	remove(t, l.base+"/a")
	l.awaitChildren("b", "c")
	remove(t, l.base+"/b")
	remove(t, l.base+"/c")
	l.awaitChildren()
	if ends := l.ends("m"); ends[0] != "worked 2" || !slices.Contains(ends, "idle") || slices.Contains(ends, "failed") {
		t.Errorf("the scans: %q", ends)
	}
	same(t, "the log", told(l.log), []string{})
}

// TestNewDirectoryAtOnce: with an hour between scans the kernel tells of what is new, also of what is in it.
func TestNewDirectoryAtOnce(t *testing.T) {
	t.Parallel()
	for _, depth := range []string{"a", "g/a"} {
		t.Run(depth, func(t *testing.T) {
			t.Parallel()
			l := begin(t, manager(watching+fmt.Sprintf("depth = %d", strings.Count(depth, "/")+1), seldom))
			l.awaitRuns("m", 1)
			made := l.base + "/.made" // full, then moved
			must(t, os.MkdirAll(made, 0o755))
			put(t, made, "x")
			must(t, os.MkdirAll(filepath.Dir(l.base+"/"+depth), 0o755))
			must(t, os.Rename(made, l.base+"/"+depth))
			l.awaitTaken(1)
			l.awaitChildren(strings.ReplaceAll(depth, "/", "%2F"))
		})
	}
}

func TestGoneAfter(t *testing.T) {
	t.Parallel()
	l := begin(t, manager("run_every = \"1h\"\nwatch = false\ngone_after = 3", seldom), "a")
	l.awaitChildren("a")
	remove(t, l.base+"/a")
	for i := range 3 {
		same(t, fmt.Sprint("after ", i, " scans"), l.children("m"), []string{"a"})
		must(t, l.Trigger("m", false, ""))
		l.awaitRuns("m", i+2)
	}
	l.awaitChildren()
	l.mkdir("a")
	must(t, l.Trigger("m", false, ""))
	l.awaitChildren("a")
	for range 2 { // a directory that is there again starts the count anew
		must(t, os.Rename(l.base+"/a", l.base+"/.a"))
		must(t, l.Trigger("m", false, ""))
		n := len(l.ends("m"))
		l.awaitRuns("m", n+1)
		must(t, os.Rename(l.base+"/.a", l.base+"/a"))
		must(t, l.Trigger("m", false, ""))
		l.awaitRuns("m", n+2)
	}
	same(t, "in the end", l.children("m"), []string{"a"})
}

// of counts the events of that kind about a child.
func (l *life) of(kind daemonapp.Kind, child string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, e := range l.events {
		if e.Kind == kind && e.Daemon == "m/"+child {
			n++
		}
	}
	return n
}

// TestIdentity: a directory that was made anew has another queue; one that was renamed is known by its new name
// at once, and what is left in it is delivered.
func TestIdentity(t *testing.T) {
	t.Parallel()
	l := begin(t, manager(watching+"gone_after = 100", seldom), "a", "b")
	l.awaitChildren("a", "b")
	l.awaitRuns("m/a", 1)
	l.awaitRuns("m/b", 1)
	must(t, os.Rename(l.base+"/a", l.base+"/c"))
	l.awaitChildren("b", "c")
	put(t, l.base+"/c", "x")
	l.awaitTaken(1)

	must(t, os.Rename(l.base+"/b", l.base+"/.b"))
	l.mkdir("b")
	put(t, l.base+"/b", "y")
	l.awaitTaken(2)
	l.await("another queue", func() bool { return l.of(daemonapp.Replaced, "b") == 1 })
}

func TestWhichDirectories(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, settings string
		want           []string
	}{
		{"by default", ``, []string{"a", "b1", "b2"}},
		{"include", `include = ["b*"]`, []string{"b1", "b2"}},
		{"exclude goes first", `exclude = ["b?", ".*"]`, []string{"a"}},
		{"hidden ones", `exclude = []`, []string{".git", "a", "b1", "b2"}},
		{"below", `depth = 2`, []string{"a%2Finner"}},
		{"of root", `owner_uids = [0]`, []string{"a", "b1"}},
		{"of nobody", `owner_uids = [65534]`, []string{"b2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if strings.Contains(tt.settings, "owner") && os.Geteuid() != 0 {
				t.Skip("needs root")
			}
			l := prepare(t, daemonapp.Options{})
			l.mkdir("a", "b1", "b2", ".git", "a/inner", "a/inner/deeper", ".peakd/claim")
			must(t, os.WriteFile(l.base+"/file", nil, 0o600))
			must(t, os.Symlink("a", l.base+"/link"))
			must(t, os.Symlink("loop", l.base+"/loop"))
			must(t, syscall.Mkfifo(l.base+"/fifo", 0o600))
			if os.Geteuid() == 0 {
				must(t, os.Chown(l.base+"/b2", 65534, 65534))
			}
			l.configure(manager(watching+tt.settings, seldom))
			l.start()
			l.awaitRuns("m", 1)
			got := l.children("m")
			for i := range got {
				got[i] = strings.ReplaceAll(got[i], "%2E", ".")
			}
			same(t, "the queues", got, tt.want)
		})
	}
}

// TestHostileDirectoryNames: every name that a file system can have leads to the directory and to no other.
func TestHostileDirectoryNames(t *testing.T) {
	t.Parallel()
	names := []string{
		"-rf", "a b", "a%20b", "%", "new\nline", "\xff\xfe", "gr\u00fc\u00df", "$(reboot)`", "${each.name}", "...", "\x1b[31m",
		`back\slash`, "*", "[a", "A", "a", "caf\u00e9", strings.Repeat("\u00fc", 127), strings.Repeat("x", 255),
	}
	const decomposed = "cafe\u0301" // HCL would make another name of it
	l := begin(t, manager(watching+"exclude = []", seldom), append(names, decomposed)...)
	l.await("all queues", func() bool { return len(l.children("m")) == len(names) })
	for i, name := range append(names, decomposed) {
		put(t, l.base+"/"+name, fmt.Sprint(i))
	}
	l.awaitTaken(len(names))
	l.await("all done", func() bool {
		return !slices.ContainsFunc(names, func(name string) bool {
			files := tree(t, l.base+"/"+name)
			return len(files) != 1 || !strings.HasPrefix(files[0], "done/")
		})
	})
	same(t, "the one that cannot be named", tree(t, l.base+"/"+decomposed), []string{fmt.Sprint(len(names))})
	if log := told(l.log); len(log) != 1 || !strings.HasPrefix(log[0], "queue_refused "+decomposed) {
		t.Errorf("the log: %q", log)
	}
}

// remove removes a tree in which a queue may be making its folder meanwhile.
func remove(t *testing.T, path string) {
	t.Helper()
	var err error
	for range 1000 {
		if err = os.RemoveAll(path); err == nil {
			return
		}
	}
	t.Fatal(err)
}

// TestTooManyDirectories: who has a queue keeps it.
func TestTooManyDirectories(t *testing.T) {
	t.Parallel()
	l := begin(t, manager("run_every = \"1h\"\nwatch = false\ngone_after = 1\nmaximum_queues = 2", seldom), "d", "b", "c")
	scan := func() {
		t.Helper()
		n := len(l.ends("m"))
		must(t, l.Trigger("m", false, ""))
		l.awaitRuns("m", n+1)
	}
	l.awaitRuns("m", 1)
	same(t, "the first by name", l.children("m"), []string{"b", "c"})
	scan()
	same(t, "told once", told(l.log), []string{"too_many_queues"})
	l.mkdir("a")
	scan()
	same(t, "another comes first", l.children("m"), []string{"b", "c"})
	remove(t, l.base+"/b")
	remove(t, l.base+"/d")
	scan()
	l.awaitChildren("a", "c")
	scan()
	same(t, "told as there were more", told(l.log), []string{"too_many_queues", "too_many_queues"})
}

// TestRefusedQueue: a directory for which the template cannot be is told of once, and keeps no other from its queue.
func TestRefusedQueue(t *testing.T) {
	t.Parallel()
	l := begin(t, manager(scanning, `run_every = each.name`), "1h", "2h", "often")
	l.awaitChildren("1h", "2h")
	l.awaitRuns("m", 5)
	same(t, "the log", len(told(l.log)), 1)
	must(t, os.Rename(l.base+"/often", l.base+"/3h"))
	l.awaitChildren("1h", "2h", "3h")
}

// TestQueueElsewhere: a queue is on the directory that it is made for, or on one in it.
func TestQueueElsewhere(t *testing.T) {
	t.Parallel()
	l := prepare(t, daemonapp.Options{})
	l.mkdir("a", "b", "c", "c/in", "d")
	l.configure(strings.TrimSuffix(strings.TrimSpace(manager(watching, seldom)), "}") + `
		  match "b" {
		    directory = "${each.path}x"
		  }
		  match "c" {
		    directory = "${each.path}/in"
		  }
		  match "d" {
		    directory = "${each.path}/../a"
		  }
		}`)
	l.start()
	l.awaitChildren("a", "c")
	put(t, l.base+"/c/in", "x")
	l.awaitTaken(1)
	l.await("told", func() bool { return len(told(l.log)) == 2 })
	for _, entry := range l.log.All() {
		if why := fmt.Sprint(entry.ContextMap()["error"]); entry.Message == "queue_refused" && !strings.Contains(why, "leave directory out") {
			t.Errorf("refused: %s", why)
		}
	}
}

// TestOneDirectoryForAll: a directory that is every queue's is refused when the configuration is read.
func TestOneDirectoryForAll(t *testing.T) {
	t.Parallel()
	_, found := load(t, newDesk(), t.TempDir(), strings.TrimSuffix(strings.TrimSpace(manager(watching, seldom)), "}")+`
		  match "b" {
		    directory = "BASE/a"
		  }
		}`)
	if err := found.Err(); err == nil || !strings.Contains(err.Error(), "directory would be the same for every child") {
		t.Errorf("got %v", err)
	}
}

// TestMatch: match blocks change the template for some, and what the first says wins.
func TestMatch(t *testing.T) {
	t.Parallel()
	l := prepare(t, daemonapp.Options{})
	l.mkdir("mail", "mail-urgent", "news")
	l.configure(strings.TrimSuffix(strings.TrimSpace(manager(watching, seldom)), "}") + `
		  match "*-urgent" {
		    priority = 10
		  }
		  match "mail*" {
		    priority   = 5
		    on_success = "delete"
		  }
		}`)
	l.start()
	l.awaitChildren("mail", "mail-urgent", "news")
	for _, st := range l.Status() {
		if want := map[string]int{"m/mail": 5, "m/mail-urgent": 10}[st.Name]; st.Priority != want {
			t.Errorf("%s has priority %d, want %d", st.Name, st.Priority, want)
		}
	}
	put(t, l.base+"/mail", "a")
	put(t, l.base+"/mail-urgent", "b")
	l.awaitTaken(2)
	l.await("the ends", func() bool {
		return len(tree(t, l.base+"/mail")) == 0 && len(tree(t, l.base+"/mail-urgent")) == 0
	})
	put(t, l.base+"/news", "c")
	l.await("the archive", func() bool {
		return slices.Equal(tree(t, l.base+"/news"), []string{"done/c"})
	})
}

// TestMaxRunning: however many workers there are, no more queues of one manager are at work at once.
func TestMaxRunning(t *testing.T) {
	t.Parallel()
	l := prepare(t, daemonapp.Options{Limits: schedule.Limits{Workers: 8}})
	const queues = 6
	for i := range queues {
		l.mkdir(fmt.Sprint(i))
		put(t, fmt.Sprint(l.base, "/", i), "a", "b", "c", "d")
	}
	l.answers(func(context.Context, deliver.Job) deliver.Result {
		time.Sleep(time.Millisecond) // so that they would overlap
		return deliver.Result{Verdict: deliver.Done}
	})
	l.configure(manager(watching+"max_running = 2", "run_every = \"1h\"\nslice = \"0s\"\nbatch = 1\nready = \"rename\""))
	l.start()
	l.awaitTaken(4 * queues)
	l.stop()
	inside, most := 0, 0
	for _, e := range l.events {
		if !strings.HasPrefix(e.Daemon, "m/") {
			continue
		}
		switch e.Kind { //nolint:exhaustive // the others do not matter
		case daemonapp.RunStarted:
			inside++
		case daemonapp.RunEnded:
			inside--
		}
		most = max(most, inside)
	}
	if most != 2 {
		t.Errorf("%d ran at once, want 2", most)
	}
}

// TestBaseCannotBeRead: the scan fails, and the queues stay and go on; another base is the base.
func TestBaseCannotBeRead(t *testing.T) {
	t.Parallel()
	l := begin(t, manager(scanning, seldom), "a", "b")
	l.awaitChildren("a", "b")
	l.awaitRuns("m/a", 1)
	must(t, os.Rename(l.base, l.base+".away"))
	l.await("a failure", func() bool { return slices.Contains(l.ends("m"), "failed") })
	same(t, "the queues", l.children("m"), []string{"a", "b"})
	must(t, os.Rename(l.base+".away", l.base))
	put(t, l.base+"/a", "x")
	l.awaitTaken(1)
	must(t, os.Rename(l.base, l.base+".away"))
	l.mkdir("b", "c")
	l.awaitChildren("b", "c")
	put(t, l.base+"/b", "y")
	put(t, l.base+"/c", "z")
	l.awaitTaken(3)
}

// TestBaseReplacedIsWatched: the watch goes with the name of the base, not with what was called that once.
func TestBaseReplacedIsWatched(t *testing.T) {
	t.Parallel()
	l := begin(t, manager(watching, seldom), "a")
	l.awaitChildren("a")
	must(t, os.Rename(l.base, l.base+".away"))
	l.mkdir(".")
	l.await("the scan after the move", func() bool { return len(l.ends("m")) >= 2 })
	must(t, l.Trigger("m", false, "")) // the move may have been seen before the new base was there
	l.awaitRuns("m", 3)
	l.mkdir("b")
	l.await("the new queue", func() bool { return slices.Contains(l.children("m"), "b") })
}

// TestGroupCannotBeRead: what is in it keeps its queues, and the others are found. Root can read everything, so that the
// test calls itself as somebody else.
func TestGroupCannotBeRead(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		self := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.v", "-test.run=^TestGroupCannotBeRead$")
		self.Dir, self.SysProcAttr = "/", &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		if out, err := self.CombinedOutput(); err != nil {
			t.Fatalf("as nobody: %v\n%s", err, out)
		}
		return
	}
	l := begin(t, manager(scanning+"gone_after = 1\ndepth = 2", seldom), "g/a", "h/b")
	l.awaitChildren("g%2Fa", "h%2Fb")
	must(t, os.Chmod(l.base+"/g", 0))
	l.await("told", func() bool { return len(told(l.log)) > 0 })
	l.mkdir("h/c")
	l.awaitChildren("g%2Fa", "h%2Fb", "h%2Fc")
	l.awaitRuns("m", len(l.ends("m"))+3)
	if log := told(l.log); len(log) != 1 || !strings.HasPrefix(log[0], "group_unread g") {
		t.Errorf("the log: %q", log)
	}
	must(t, os.Chmod(l.base+"/g", 0o755))
	remove(t, l.base+"/g")
	l.awaitChildren("h%2Fb", "h%2Fc")
}
