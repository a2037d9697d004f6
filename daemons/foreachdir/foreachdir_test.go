package foreachdir_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
)

const sec = time.Second

func TestChildrenFollowDirectories(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, simple, "b", "a")
		same(t, "at the start", l.children(), []string{"a", "b"})
		l.mkdir("c")
		l.remove("a")
		same(t, "before the scan", l.children(), []string{"a", "b"})
		l.until(1 * sec)
		same(t, "after the scan", l.children(), []string{"b", "c"})
		l.until(3 * sec)
		l.remove("b", "c")
		l.until(4 * sec)
		same(t, "at the end", l.children(), nil)
		same(t, "the scans", l.scans(), []string{"worked 2", "worked 2", "idle", "idle", "worked 2"})
		if c := l.of("c"); c.Path != l.base+"/c" || c.full != "seed/c" || c.ran.Load() < 3 || c.closed.Load() != 1 {
			t.Errorf("got %s at %s, %d runs", c.full, c.Path, c.ran.Load())
		}
		same(t, "the log", l.told(), nil)
	})
}

// TestAnyName: every name that a file system can have leads to the directory and to no other.
func TestAnyName(t *testing.T) {
	bubble(t, func(t *testing.T) {
		names := map[string]string{
			"plain.name_1-2": "plain.name_1-2", "-rf": "-rf", "a b": "a%20b", "a%20b": "a%2520b", "%": "%25", "new\nline": "new%0Aline",
			"\xff\xfe": "%FF%FE", "gr\u00fc\u00df": "gr%C3%BC%C3%9F", "$(reboot)`": "%24%28reboot%29%60", "${each.name}": "%24%7Beach.name%7D",
			"...": "...", "\x1b[31m": "%1B%5B31m", `back\slash`: "back%5Cslash", "*": "%2A", "[a": "%5Ba", "A": "A", "a": "a",
			strings.Repeat("\u00fc", 127): strings.Repeat("%C3%BC", 127), strings.Repeat("x", 255): strings.Repeat("x", 255),
		}
		var dirs, want []string
		for dir, name := range names {
			dirs, want = append(dirs, dir), append(want, name)
		}
		l := begin(t, strings.Replace(simple, "child", "exclude = []\nchild", 1), dirs...)
		slices.Sort(want)
		same(t, "the children", l.children(), want)
		for dir, name := range names {
			n := l.of(dir)
			if n.full != "seed/"+name || n.Path != l.base+"/"+dir {
				t.Errorf("%q: got %q for %q", dir, n.full, n.Path)
			}
			if info, err := os.Stat(n.Path); err != nil || !info.IsDir() {
				t.Errorf("%q: %v", n.Path, err)
			}
		}
		same(t, "the log", l.told(), nil)
	})
}

// TestNormalForms: HCL brings text into normal form C. The child of a directory named in another form would work
// on a directory that is not its own.
func TestNormalForms(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const composed, decomposed = "caf\u00e9", "cafe\u0301"
		l := begin(t, simple, composed, decomposed)
		l.until(3 * sec)
		same(t, "the children", l.children(), []string{"caf%C3%A9"})
		same(t, "the log", l.told(), []string{"child_refused " + decomposed})
	})
}

func TestSelection(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, settings string
		want           []string
	}{
		{"by default", ``, []string{"a", "b1", "b2"}},
		{"include", `include = ["b*"]`, []string{"b1", "b2"}},
		{"several", `include = ["a", "b[2-9]"]`, []string{"a", "b2"}},
		{"exclude goes first", `exclude = ["b?", ".*"]`, []string{"a"}},
		{"hidden ones", `exclude = []`, []string{".git", "a", "b1", "b2"}},
		{"symbolic links", `follow_symlinks = true`, []string{"a", "b1", "b2", "link"}},
		{"nothing matches", `include = ["x"]`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				l := begin(t, strings.Replace(simple, "child", tt.settings+"\nchild", 1), "a", "b1", "b2", ".git", "a/inner")
				must(t, os.WriteFile(l.base+"/file", nil, 0o600))
				must(t, os.Symlink("a", l.base+"/link"))
				must(t, os.Symlink("file", l.base+"/tofile"))
				must(t, os.Symlink("nowhere", l.base+"/dangling"))
				must(t, os.Symlink("loop", l.base+"/loop"))
				must(t, syscall.Mkfifo(l.base+"/fifo", 0o600))
				l.until(1 * sec)
				got := l.children()
				for i := range got {
					got[i] = strings.ReplaceAll(got[i], "%2E", ".")
				}
				same(t, "the children", got, tt.want)
			})
		})
	}
}

// TestBaseCannotBeRead: the run fails, and the children stay and go on.
func TestBaseCannotBeRead(t *testing.T) {
	t.Parallel()
	away := func(l *life) { must(l.t, os.Rename(l.base, l.base+".away")) }
	tests := []struct {
		name  string
		spoil func(l *life)
	}{
		{"missing", away},
		{"a file", func(l *life) { away(l); must(l.t, os.WriteFile(l.base, nil, 0o600)) }},
		{"a symbolic link to itself", func(l *life) { away(l); must(l.t, os.Symlink(l.base, l.base)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				l := begin(t, simple, "a", "b")
				tt.spoil(l)
				l.until(2 * sec)
				before := l.of("a").ran.Load()
				same(t, "the children", l.children(), []string{"a", "b"})
				if got := l.scans(); got[1] != "failed" {
					t.Errorf("the scans: %q", got)
				}
				must(t, os.RemoveAll(l.base))
				must(t, os.Rename(l.base+".away", l.base))
				l.mkdir("c")
				l.remove("b")
				l.until(10 * sec)
				same(t, "once it is there again", l.children(), []string{"a", "c"})
				if after := l.of("a").ran.Load(); after < before+7 {
					t.Errorf("a ran %d times, then %d: it did not go on", before, after)
				}
			})
		})
	}
}

func TestMaximumChildren(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, strings.Replace(simple, "child", "maximum_children = 2\nchild", 1), "d", "b", "c")
		same(t, "the first by name", l.children(), []string{"b", "c"})
		l.until(3 * sec)
		same(t, "told once", l.told(), []string{"too_many_directories <nil>"})
		l.mkdir("a")
		l.until(4 * sec)
		same(t, "another comes first", l.children(), []string{"a", "b"})
		same(t, "told again as there are more", l.told(), []string{"too_many_directories <nil>", "too_many_directories <nil>"})
		l.remove("a", "b")
		l.until(6 * sec)
		same(t, "they fit", l.children(), []string{"c", "d"})
		l.mkdir("x")
		l.until(8 * sec)
		if n := len(l.told()); n != 3 {
			t.Errorf("told %d times, want 3", n)
		}
	})
}

// TestRefusedChild: one directory that does not fit the template does not keep the others from theirs.
func TestRefusedChild(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, `
			daemon "for_each_directory" "seed" {
			  run_every = "1s"
			  directory = "BASE"
			  child "note" {
			    run_every = each.name
			    name      = each.name
			    fails     = "${each.path}/cursed"
			  }
			}`, "1s", "2s", "often", "3s", "zero")
		must(t, os.WriteFile(l.base+"/3s/cursed", nil, 0o600))
		same(t, "the children", l.children(), []string{"1s", "2s", "3s"}) // 3s was built before
		l.remove("3s/cursed", "3s")
		l.mkdir("4s")
		must(t, os.WriteFile(l.base+"/4s/cursed", nil, 0o600))
		l.until(3 * sec)
		same(t, "the children", l.children(), []string{"1s", "2s"})
		same(t, "each is told once", l.told(), []string{"child_refused often", "child_refused zero", "child_refused 4s"})
		l.remove("4s/cursed", "often")
		l.until(4 * sec)
		same(t, "the children", l.children(), []string{"1s", "2s", "4s"})
		l.mkdir("often")
		l.until(5 * sec)
		if n := len(l.told()); n != 4 {
			t.Errorf("told %d times, want 4: it vanished and came again", n)
		}
		if got := l.scans(); !slices.Equal(got, []string{"worked 3", "worked 1", "idle", "idle", "worked 1", "idle"}) {
			t.Errorf("the scans: %q", got)
		}
	})
}

// TestVanishesDuringItsRun: the run finishes first; a directory that is there again then has a new child.
func TestVanishesDuringItsRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, strings.Replace(simple, "each.path", "each.path\ntakes = \"5s\"", 1), "a")
		first := l.of("a")
		l.remove("a")
		l.until(2 * sec)
		if first.closed.Load() != 0 {
			t.Error("closed in its run")
		}
		l.mkdir("a")
		l.until(4 * sec)
		l.until(5 * sec)
		if first.ran.Load() != 1 || first.closed.Load() != 1 {
			t.Errorf("the first ran %d times and was closed %d times, want once", first.ran.Load(), first.closed.Load())
		}
		l.until(8 * sec)
		if second := l.of("a"); second == first || second.ran.Load() != 1 {
			t.Errorf("the second child did not begin")
		}
		for _, e := range l.ends("seed/a") {
			if e.Run.Err != nil {
				t.Errorf("a run did not end by itself: %v", e.Run.Err)
			}
		}
	})
}

// TestGoneBetweenScans: what no scan sees did not happen.
func TestGoneBetweenScans(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, simple, "a")
		l.remove("a")
		l.mkdir("a")
		l.until(3 * sec)
		if len(l.all()) != 1 || l.of("a").closed.Load() != 0 || l.of("a").ran.Load() != 4 {
			t.Errorf("%d children were built, want 1, or it did not go on", len(l.all()))
		}
	})
}

// TestReplacedBySymlink: a directory that becomes a symbolic link is none any more, and a race of the two
// harms nobody.
func TestReplacedBySymlink(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, simple, "a", "b")
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() { // joined below
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
				}
				_ = os.Remove(l.base + "/a")
				_ = os.Symlink("b", l.base+"/a")
				_ = os.Remove(l.base + "/a")
				_ = os.Mkdir(l.base+"/a", 0o755)
				time.Sleep(sec / 7)
			}
		}()
		l.until(100 * sec)
		close(stop)
		<-stopped
		if slices.Contains(l.scans(), "failed") {
			t.Errorf("the scans: %q", l.scans())
		}
		l.remove("a")
		must(t, os.Symlink("b", l.base+"/a"))
		l.until(102 * sec)
		same(t, "the children", l.children(), []string{"b"})
		l.remove("a")
		l.mkdir("a")
		l.until(104 * sec)
		same(t, "the children", l.children(), []string{"a", "b"})
	})
}

// TestNested is a seed of seeds: each inside its own template is that of the inner directory.
func TestNested(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, `
			daemon "for_each_directory" "seed" {
			  run_every = "1s"
			  directory = "BASE"
			  child "for_each_directory" {
			    run_every = "1s"
			    directory = each.path
			    child "note" {
			      run_every = "1s"
			      name      = each.name
			      path      = each.path
			    }
			  }
			}`, "x", "y", "x/1", "y/2")
		l.until(1 * sec)
		same(t, "the children", l.children(), []string{"x", "x/1", "y", "y/2"})
		if n := l.of("2"); n.Path != l.base+"/y/2" || n.full != "seed/y/2" {
			t.Errorf("got %s at %s", n.full, n.Path)
		}
		l.remove("y/2", "y")
		l.mkdir("x/3")
		l.until(3 * sec)
		same(t, "the children", l.children(), []string{"x", "x/1", "x/3"})
		if n := l.of("2"); n.closed.Load() != 1 {
			t.Errorf("the grandchild was closed %d times", n.closed.Load())
		}
	})
}

// TestReloadOfTheSeed: another pace of the seed leaves its children as they are.
func TestReloadOfTheSeed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, simple, "a")
		first := l.of("a")
		l.until(3 * sec)
		l.configure(strings.Replace(simple, `"1s"`, `"2s"`, 1), nil)
		l.until(20 * sec)
		if first.closed.Load() != 0 || first.ran.Load() != 21 {
			t.Errorf("the child was closed %d times and ran %d times, want 0 and 21", first.closed.Load(), first.ran.Load())
		}
		for _, n := range l.all()[1:] {
			if n.ran.Load() != 0 || n.closed.Load() != 1 {
				t.Errorf("a child that was built to be compared ran %d times and was closed %d times", n.ran.Load(), n.closed.Load())
			}
		}
	})
}

func TestDiagnostics(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, settings string
		want           []string
	}{
		{"good", `directory = "BASE"`, nil},
		{"missing now", `directory = "BASE/x"`, []string{"-:4:15: warning: BASE/x is not a directory now"}},
		{"a file", `directory = "BASE/file"`, []string{"-:4:15: warning: BASE/file is not a directory now"}},
		{"no directory", ``, []string{"-:2:1: error: directory is missing"}},
		{"not a glob", "directory = \"BASE\"\ninclude = [\"[\"]", []string{`-:5:11: error: "[" is not a glob`}},
		{"not a glob to exclude", "directory = \"BASE\"\nexclude = [\"a\", \"b[\"]", []string{`-:5:11: error: "b[" is not a glob`}},
		{
			"a path", "directory = \"BASE\"\ninclude = [\"a/*\"]",
			[]string{`-:5:11: error: "a/*" matches no directory: globs are for names, and no name has a /`},
		},
		{"nothing to include", "directory = \"BASE\"\ninclude = []", []string{`-:5:11: error: include is empty, so that no directory gets a child`}},
		{"no children", "directory = \"BASE\"\nmaximum_children = 0", []string{"-:5:20: error: maximum_children must be at least 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			base := t.TempDir()
			must(t, os.WriteFile(filepath.Join(base, "file"), nil, 0o600))
			same(t, "the diagnostics", diagnostics(t, base, `
daemon "for_each_directory" "seed" {
  run_every = "1s"
  `+tt.settings+`
  child "note" {
    run_every = "1s"
  }
}
`), tt.want)
		})
	}
}

// TestTemplateIsChecked: what is wrong inside child is told at load, at its place, with each unknown; what is
// unknown then is not held against it.
func TestTemplateIsChecked(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	same(t, "the diagnostics", diagnostics(t, base, `
daemon "for_each_directory" "seed" {
  run_every = "1s"
  directory = "BASE"
  child "for_each_directory" {
    run_every = "1s"
    directory = each.path
    include   = ["["]
    child "note" {
      run_every = 5
      pat       = each.nam
    }
  }
}
`), []string{
		`-:8:17: error: "[" is not a glob`,
		`-:10:19: error: run_every is a duration, and a duration is a string with a unit`,
		`-:11:7: error: note has no attribute "pat"`,
	})
	same(t, "no child at all", diagnostics(t, base, "\ndaemon \"for_each_directory\" \"seed\" {\n  run_every = \"1s\"\n  directory = \"BASE\"\n}\n"),
		[]string{"-:2:1: error: child is missing"})
}

// diagnostics are the first lines of all.
func diagnostics(t *testing.T, base, text string) []string {
	t.Helper()
	_, found := load(t, &book{}, base, text)
	var lines []string
	for _, d := range found.All() {
		lines = append(lines, strings.NewReplacer(base, "BASE", "<stdin>", "-").Replace(d.String()))
	}
	return lines
}

// BenchmarkIdleScan is a scan of a thousand directories that finds nothing new, beside the listing alone.
func BenchmarkIdleScan(b *testing.B) {
	base := b.TempDir()
	for i := range 1000 {
		if err := os.Mkdir(fmt.Sprintf("%s/%d", base, i), 0o755); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("listing", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := os.ReadDir(base); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("scan", func(b *testing.B) {
		b.ReportAllocs()
		d := seedOf(b, base)
		for b.Loop() {
			if _, err := d.Run(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// seedOf builds the seed of the simple configuration.
func seedOf(tb testing.TB, base string) daemonapp.Daemon {
	tb.Helper()
	cfg, found := load(tb, &book{}, base, simple)
	if found.HasErrors() {
		tb.Fatal(found)
	}
	specs, err := cfg.Specs(config.BuildEnv{})
	if err != nil {
		tb.Fatal(err)
	}
	return specs[0].Daemon
}
