// Package delivertest holds deliverers to their contract in tests.
package delivertest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
)

// File is a file to be delivered.
type File struct{ Name, Content string }

// HostileNames are names that a file can have and nobody expects.
func HostileNames() []string {
	return []string{
		"plain", "with space", "new\nline", "tab\t", "-rf", "--", "%41", "back\\slash", "quo\"te'", "$(touch x)", "*",
		"\xff\xfeinvalid", "ümläut", "trailing\n", " lead", "deliver 1", "#", ";", "\r\n.\r\n", "\x01\x7f", strings.Repeat("n", 255),
	}
}

// content opens a file once, when it is asked for.
type content struct {
	path string
	once sync.Once
	file *os.File
	err  error
}

func (c *content) File() (*os.File, error) {
	c.once.Do(func() { c.file, c.err = os.Open(c.path) })
	return c.file, c.err
}

func (c *content) close() { _ = c.file.Close() }

// Unopened is a file that cannot be opened.
func Unopened() deliver.Content { return unopened{} }

type unopened struct{}

func (unopened) File() (*os.File, error) { return nil, os.ErrPermission }

// Jobs writes the files into a folder, and opens them when a queue would.
func Jobs(t testing.TB, files ...File) []deliver.Job {
	t.Helper()
	dir := t.TempDir()
	jobs := make([]deliver.Job, len(files))
	for i, file := range files {
		path := filepath.Join(dir, file.Name)
		if err := os.WriteFile(path, []byte(file.Content), 0o600); err != nil {
			t.Fatal(err)
		}
		c := &content{path: path}
		t.Cleanup(c.close)
		jobs[i] = deliver.Job{
			Queue: "queue", Name: file.Name, Path: path, Content: c, Size: int64(len(file.Content)),
			Modified: time.Unix(1e9, 0), Attempt: 1, ID: "1:2:" + file.Name,
		}
	}
	return jobs
}

// Deliver delivers, and holds the deliverer to what it promised: one answer to each job, one call at a time, all before it
// returns, and of the form that is kept with the file.
func Deliver(ctx context.Context, t testing.TB, d deliver.Deliverer, jobs []deliver.Job) []deliver.Result {
	t.Helper()
	results := make([]deliver.Result, len(jobs))
	var inside, returned atomic.Bool
	d.Deliver(ctx, jobs, func(i int, r deliver.Result) {
		if !inside.CompareAndSwap(false, true) {
			t.Error("two answers at a time")
		}
		if returned.Load() {
			t.Error("an answer after Deliver had returned")
		}
		if results[i].Verdict != 0 {
			t.Errorf("job %d (%q) was answered twice: %+v, %+v", i, jobs[i].Name, results[i], r)
		}
		check(t, &jobs[i], r)
		results[i] = r
		inside.Store(false)
	})
	returned.Store(true)
	for i, r := range results {
		if r.Verdict == 0 {
			t.Errorf("job %d (%q) was not answered", i, jobs[i].Name)
		}
	}
	return results
}

func check(t testing.TB, job *deliver.Job, r deliver.Result) {
	t.Helper()
	if r.Verdict < deliver.Done || r.Verdict > deliver.Trip {
		t.Errorf("%q: verdict %d", job.Name, r.Verdict)
	}
	if r.Reason != deliver.Sentence(r.Reason) || len(r.Detail) > deliver.DetailBytes || r.After < 0 {
		t.Errorf("%q: not of the form: %+v", job.Name, r)
	}
}

// Verdicts are the verdicts alone, in a text.
func Verdicts(results []deliver.Result) string {
	words := make([]string, len(results))
	for i, r := range results {
		words[i] = r.Verdict.String()
	}
	return strings.Join(words, " ")
}

// Close closes the deliverer at the end of the test.
func Close(t testing.TB, d deliver.Deliverer) {
	t.Helper()
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}
