package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// serving is an app with a queue on a directory; it notes in OUT what it delivers.
func serving(t *testing.T, name, dir, script, settings string) string {
	t.Helper()
	return file(t, "a.hcl", fmt.Sprintf(`
app %q {
  workers = 2
}
daemon "dir_queue" "q" {
  run_every    = "1h"
  directory    = %q
  minimum_free = 0
  %s
  deliver "exec" {
    command = ["/bin/sh", "-c", %q]
    timeout = "1m"
  }
}
`, name, dir, settings, strings.ReplaceAll(script, "${", "$${")))
}

// standing are the files of a queue that are in a state.
func standing(t *testing.T, dir string, state spool.State) []string {
	t.Helper()
	q, err := spool.Open(dir, spool.Options{ReadOnly: true})
	must(t, err)
	defer q.Close()
	names := []string{}
	for e, err := range q.List(state) {
		must(t, err)
		names = append(names, e.Name)
	}
	slices.Sort(names)
	return names
}

// until waits for something that another process does.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after a minute", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// TestQueueBesideARunningApp: what the commands do is noticed at once, though the app looks once an hour.
func TestQueueBesideARunningApp(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := filepath.Join(t.TempDir(), "good")
	p := start(t, "", "run", "-c", serving(t, "a", dir, "test -e "+good+" || exit 65", ""))
	p.await(`q +idle`, 1)
	does(t, "enqueue", dir, file(t, "order", "1"))
	p.await(`q +set_aside +file=order`, 1)
	want(t, "the list", does(t, "queue", "ls", dir), `^failed .* order +exit 65`)
	must(t, os.WriteFile(good, nil, 0o600))
	does(t, "queue", "retry", dir, "order")
	p.await(`q +worked +count=1`, 1)
	want(t, "the list", does(t, "queue", "ls", "--state", "done", dir), `^done .* order`)
	p.signal(syscall.SIGTERM)
	p.ends(0)
}

// TestTwoAppsOnOneQueue: each file is delivered by one of them.
func TestTwoAppsOnOneQueue(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "out")
	script := `echo "$PEAKD_NAME $PEAKD_ATTEMPT" >>` + out
	var apps []*peakd
	for _, name := range []string{"a", "b"} {
		apps = append(apps, start(t, "", "run", "-c", serving(t, name, dir, script, "concurrency = 2\nbatch = 4")))
	}
	for _, p := range apps {
		p.await(`q +idle`, 1)
	}
	const files = 200
	var want []string
	p, err := spool.OpenProducer(dir, spool.ProducerOptions{Volatile: true})
	must(t, err)
	for i := range files {
		name := fmt.Sprintf("%03d", i)
		must(t, p.Put(name, strings.NewReader(name)))
		want = append(want, name+" 1")
	}
	must(t, p.Close())
	until(t, "all done", func() bool { return len(standing(t, dir, spool.StateDone)) == files })
	for _, p := range apps {
		p.signal(syscall.SIGTERM)
		p.ends(0)
	}
	text, err := os.ReadFile(out)
	must(t, err)
	got := strings.Split(strings.TrimSpace(string(text)), "\n")
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%d deliveries of %d files", len(got), files)
	}
	for i, p := range apps {
		if !regexp.MustCompile(`q +(worked|more) +count=`).MatchString(p.logged()) {
			t.Logf("app %d had nothing to do", i)
		}
	}
}

// TestKilledWithAHandler: when peakd is killed, a handler that lives on keeps its file, and when it has ended the file is
// tried again.
func TestKilledWithAHandler(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), t.TempDir()
	script := `echo $$ >` + out + `/pid.$PEAKD_ATTEMPT
if [ $PEAKD_ATTEMPT = 1 ]; then while [ ! -e ` + out + `/go ]; do sleep 0.02; done; fi
echo "$PEAKD_NAME $PEAKD_ATTEMPT" >>` + out + `/done`
	must(t, spool.Enqueue(dir, "order", strings.NewReader("1"), spool.ProducerOptions{}))
	config := serving(t, "a", dir, script, "retry {\n every = \"1s\"\n}")
	first := start(t, "", "run", "-c", config)
	until(t, "the handler runs", func() bool { _, err := os.Stat(out + "/pid.1"); return err == nil })
	first.signal(syscall.SIGKILL)
	_ = first.cmd.Wait()

	second := start(t, "", "run", "-c", config)
	second.await(`q +idle`, 1)
	q, err := spool.Open(dir, spool.Options{ReadOnly: true})
	must(t, err)
	defer q.Close()
	for e, err := range q.List(spool.StateClaimed) {
		must(t, err)
		if !e.Alive || e.Name != "order" {
			t.Errorf("the file of a handler that lives: %+v", e)
		}
	}
	want(t, "the list", does(t, "queue", "ls", dir), `^claimed .* order +by `, `0 ready, 1 claimed`)
	if strings.Contains(second.logged(), "recovered") {
		t.Error("a living handler was robbed")
	}
	must(t, os.WriteFile(out+"/go", nil, 0o600))
	until(t, "the handler has ended", func() bool { text, _ := os.ReadFile(out + "/done"); return string(text) == "order 1\n" })
	second.signal(syscall.SIGTERM)
	second.ends(0)

	third := start(t, "", "run", "-c", config) // looks at once, the others would within half a minute of their time
	third.await(`q +recovered +file=order attempt=1 crashes=1`, 1)
	until(t, "delivered", func() bool { return slices.Equal(standing(t, dir, spool.StateDone), []string{"order"}) })
	text, err := os.ReadFile(out + "/done")
	must(t, err)
	if string(text) != "order 1\norder 2\n" {
		t.Errorf("it was handled as %q", text)
	}
	third.signal(syscall.SIGTERM)
	third.ends(0)
}
