package worker_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/delivertest"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/worker"
	"github.com/peakd/peakd/daemons/exec/process"
)

func TestMain(m *testing.M) {
	if process.Trampoline() {
		os.Exit(127)
	}
	os.Exit(m.Run())
}

// script is a deliverer whose worker is a shell script. LOG is a file in which it may write of itself.
func script(t testing.TB, text string, change func(*worker.Settings), env deliver.Env) (d *worker.Deliverer, log string) {
	t.Helper()
	log = t.TempDir() + "/log"
	s := worker.Defaults()
	s.Command = []string{"sh", "-c", text, "sh"}
	s.Env = map[string]string{"LOG": log}
	if change != nil {
		change(&s)
	}
	d, err := worker.New(s, env)
	if err != nil {
		t.Fatal(err)
	}
	delivertest.Close(t, d)
	return d, log
}

// lines of a file, none if it is not there.
func lines(t testing.TB, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
}

// numbered are n empty files f0, f1, ...
func numbered(t testing.TB, n int) []deliver.Job {
	t.Helper()
	jobs := make([]deliver.Job, n)
	for i := range jobs {
		jobs[i] = deliver.Job{Queue: "queue", Name: fileName(i), Path: "/queue/" + fileName(i), Attempt: 1, ID: fileName(i), Modified: time.Unix(1e9, 0)}
	}
	return jobs
}

func fileName(i int) string { return "f" + string(rune('0'+i/10)) + string(rune('0'+i%10)) }

// loop is a worker around a body that is run for each file, with $number, $path (still escaped), $attempt and $id.
func loop(body string) string {
	return `echo "start $$" >>"$LOG"; echo "peakd-worker 1"; while read -r verb number path attempt id; do ` + body + `; done`
}

// sourced is a worker that runs its input as a script, line by line as dash does. The body finds the number, the path and
// the attempt in $1, $2 and $3.
func sourced(body string) string {
	return `echo "start $$" >>"$LOG"; deliver() { ` + body + `; }; echo "peakd-worker 1"; . /dev/stdin`
}
