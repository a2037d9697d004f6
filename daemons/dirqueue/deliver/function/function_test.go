package function_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/function"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/delivertest"
)

func one(t *testing.T, f function.Func, env deliver.Env) *function.Deliverer {
	t.Helper()
	d, err := function.Functions{"one": f}.New(function.Settings{Function: "one"}, env)
	if err != nil {
		t.Fatal(err)
	}
	delivertest.Close(t, d)
	return d
}

func TestResults(t *testing.T) {
	t.Parallel()
	mask := func(text string) string { return strings.ReplaceAll(text, "hunter2", "***") }
	tests := map[string]struct {
		f      function.Func
		want   deliver.Result
		detail string
	}{
		"done":      {always(deliver.Result{Verdict: deliver.Done, Reason: "x"}), deliver.Result{Verdict: deliver.Done}, ""},
		"retry":     {always(deliver.Result{Verdict: deliver.Retry, Reason: "a\nb", After: time.Hour}), deliver.Result{Verdict: deliver.Retry, Reason: "a b", After: time.Hour}, ""},
		"permanent": {always(deliver.Result{Verdict: deliver.Permanent, Reason: "hunter2", Detail: []byte("pw hunter2")}), deliver.Result{Verdict: deliver.Permanent, Reason: "***"}, "pw ***"},
		"trip":      {always(deliver.Result{Verdict: deliver.Trip, After: -1}), deliver.Result{Verdict: deliver.Trip}, ""},
		"none":      {always(deliver.Result{}), deliver.Result{Verdict: deliver.Retry, Reason: "the function one gave no verdict."}, ""},
		"strange":   {always(deliver.Result{Verdict: 99}), deliver.Result{Verdict: deliver.Retry, Reason: "the function one gave no verdict."}, ""},
		"panic": {
			func(context.Context, deliver.Job) deliver.Result { panic("at hunter2") },
			deliver.Result{Verdict: deliver.Retry, Reason: "the function one panicked: at ***"},
			"goroutine ",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := delivertest.Deliver(t.Context(), t, one(t, tt.f, deliver.Env{Mask: mask}), make([]deliver.Job, 3))[2]
			if got.Verdict != tt.want.Verdict || got.Reason != tt.want.Reason || got.After != tt.want.After || !strings.HasPrefix(string(got.Detail), tt.detail) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func always(r deliver.Result) function.Func {
	return func(context.Context, deliver.Job) deliver.Result { return r }
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	fs := function.Functions{"resize": always(deliver.Result{}), "crop": always(deliver.Result{})}
	for _, name := range []string{"", "resise"} {
		if _, err := fs.New(function.Settings{Function: name}, deliver.Env{}); err == nil {
			t.Errorf("%q was found", name)
		}
	}
	faults := fs.Check(function.Settings{Function: "resise"})
	if len(faults) != 1 || faults[0].Field != "function" || faults[0].Hint != "it offers crop, resize" {
		t.Errorf("faults = %v", faults)
	}
	if faults := function.Functions(nil).Check(function.Settings{Function: "x"}); len(faults) != 1 {
		t.Errorf("faults = %v", faults)
	}
}

// Example registers a function, and delivers a file by it.
func Example() {
	functions := function.Functions{
		"length": func(_ context.Context, job deliver.Job) deliver.Result {
			file, err := job.Open()
			if err != nil {
				return deliver.Unopened(err)
			}
			text, err := io.ReadAll(file)
			if err != nil {
				return deliver.Result{Verdict: deliver.Retry, Reason: err.Error()}
			}
			fmt.Printf("%s has %d bytes\n", job.Name, len(text))
			return deliver.Result{Verdict: deliver.Done}
		},
	}
	d, err := functions.New(function.Settings{Function: "length"}, deliver.Env{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()

	dir, _ := os.MkdirTemp("", "queue")
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "greeting")
	_ = os.WriteFile(path, []byte("hello"), 0o600)

	d.Deliver(context.Background(), []deliver.Job{{Name: "greeting", Path: path, Content: content(path)}}, func(_ int, r deliver.Result) {
		fmt.Println(r.Verdict)
	})
	// Output:
	// greeting has 5 bytes
	// done
}

// content is a file by its path; a queue brings its own.
type content string

func (c content) File() (*os.File, error) { return os.Open(string(c)) }
