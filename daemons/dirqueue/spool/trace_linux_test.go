package spool_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

var update = flag.Bool("update", false, "write the golden files anew")

// tracedDir tells TestOrderOfSystemCalls that it is the one that is traced.
const tracedDir = "PEAKD_TEST_TRACED_DIRECTORY"

// The order of what is synced and what is renamed is what survives a power cut on every file system; here it is for all to
// read. The test runs anywhere that strace may.
func TestOrderOfSystemCalls(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv(tracedDir); dir != "" {
		beTraced(t, dir)
		return
	}
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("needs strace: apt-get install strace")
	}
	dir := filepath.Join(t.TempDir(), "Q")
	must(t, os.Mkdir(dir, 0o700))
	openQueue(t, dir, spool.Options{})
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := exec.CommandContext(t.Context(), "strace", "-f", "-y", "-s", "512", "-o", trace,
		"-e", "trace=fsync,fdatasync,syncfs,linkat,renameat2,renameat,rename,unlinkat,mkdirat,faccessat,faccessat2",
		"/proc/self/exe", "-test.run=^TestOrderOfSystemCalls$")
	self, err := os.Executable()
	must(t, err)
	cmd.Args[len(cmd.Args)-2] = self
	cmd.Env = append(os.Environ(), tracedDir+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		if strings.Contains(string(out), "ptrace") {
			t.Skipf("strace may not trace here: %s", out)
		}
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(trace)
	must(t, err)
	got := readable(string(text), dir)
	golden := filepath.Join("testdata", "syscalls.txt")
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("system calls (-want +got):\n%s", diff)
	}
}

// beTraced marks each chapter by asking for a file of that name.
func beTraced(t *testing.T, dir string) {
	chapter := func(name string) { _ = unix.Access("/chapter/"+name, unix.F_OK) }
	p, err := spool.OpenProducer(dir, spool.ProducerOptions{})
	must(t, err)
	chapter("hand in one")
	must(t, p.Put("a", strings.NewReader("a")))
	chapter("hand in a group")
	var group []spool.File
	for _, name := range []string{"b", "c", "d", "e", "f"} {
		group = append(group, spool.File{Name: name, From: strings.NewReader(name)})
	}
	for _, err := range p.PutAll(group) {
		must(t, err)
	}
	chapter("open")
	q := openQueue(t, dir, spool.Options{})
	now := time.Now()
	chapter("claim")
	b := claim(t, q, 6, now)
	chapter("done, two in a group")
	must(t, q.Done(b.Claimed[0], now))
	must(t, q.Done(b.Claimed[1], now))
	must(t, q.Sync())
	chapter("retry")
	must(t, q.Retry(b.Claimed[2], now.Add(time.Hour), now))
	must(t, q.Sync())
	chapter("fail")
	must(t, q.Fail(b.Claimed[3], spool.Failure{Reason: "r"}, now))
	must(t, q.Sync())
	chapter("put back")
	must(t, q.PutBack(b.Claimed[4], now, now))
	must(t, q.Sync())
	q.Die()
	chapter("open again")
	q = openQueue(t, dir, spool.Options{})
	chapter("recover")
	_, err = q.Recover(now)
	must(t, err)
	chapter("end")
}

// readable keeps the successful calls on the queue, without what differs from run to run.
func readable(trace, dir string) string {
	call := regexp.MustCompile(`^\d+ +(\w+)\((.*)\) += (-?\d+)(?: (\w+))?`)
	var b strings.Builder
	begun := map[string]string{} // calls that another thread's have interrupted in the trace
	for line := range strings.Lines(trace) {
		thread, _, _ := strings.Cut(line, " ")
		if head, ok := strings.CutSuffix(line, " <unfinished ...>\n"); ok {
			begun[thread] = head
			continue
		}
		if _, tail, ok := strings.Cut(line, " resumed>"); ok {
			line = begun[thread] + tail
		}
		m := call.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if _, title, ok := strings.Cut(m[2], `"/chapter/`); ok {
			title, _, _ = strings.Cut(title, `"`)
			b.WriteString("\n" + title + "\n")
			continue
		}
		if !strings.Contains(m[2], dir) || strings.HasPrefix(m[1], "faccess") {
			continue
		}
		result := ""
		if m[3] != "0" {
			result = " = " + m[4]
		}
		b.WriteString("  " + m[1] + " " + plain(m[2], dir) + result + "\n")
	}
	text := b.String()
	from := strings.Index(text, "\nhand in one")
	to := strings.Index(text, "\nend\n")
	if from < 0 || to < 0 {
		return text
	}
	return text[from+1 : to]
}

// plain writes the arguments of a call as paths from the queue.
func plain(arguments, dir string) string {
	for _, r := range []struct{ pattern, with string }{
		{`\d+<` + regexp.QuoteMeta(dir) + `/?([^>]*)>(?:\(deleted\))?, "([^"]*)"`, `$1/$2`},
		{`AT_FDCWD(<[^>]*>)?, "/proc/self/fd/\d+"`, `FILE`},
		{`\d+<` + regexp.QuoteMeta(dir) + `/?([^>]*)>`, `$1/`},
		{regexp.QuoteMeta(dir), ``},
		{`(\.peakd/tmp/)?#\d+(\S*deleted\)*)?/?( \(deleted\))?`, `FILE`},
		{`\.peakd-tmp-\w+`, `FILE`},
		{`claim/(\.?)\d+-\w+\.`, `claim/${1}OWNER.`},
		{`retry/[0-9a-f]{16}`, `retry/DUE`},
		{`done/[\d-]{10}`, `done/DATE`},
		{`, (RENAME_NOREPLACE|AT_SYMLINK_FOLLOW|0700|0)$`, ``},
		{`(^|, )/`, `${1}`},
		{`^$`, `.`},
	} {
		arguments = regexp.MustCompile(r.pattern).ReplaceAllString(arguments, r.with)
	}
	return arguments
}
