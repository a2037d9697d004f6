package exec_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/exec"
)

func TestOutputIsLogged(t *testing.T) {
	t.Parallel()
	b := start(t, script(`echo one; echo two >&2; printf 'pass hunter2\r\n'; printf 'no newline \377'`))
	b.ok(t)
	if got := strings.Join(b.lines("out"), "|"); got != "one|pass ***|no newline \uFFFD" {
		t.Errorf("stdout logged as %q", got)
	}
	if got := strings.Join(b.lines("err"), "|"); got != "two" {
		t.Errorf("stderr logged as %q", got)
	}
	if got := b.text(); strings.Contains(got, "hunter2") || !strings.Contains(got, "two\n") {
		t.Errorf("kept %q", got)
	}
	b.Daemon.Run(t.Context()) //nolint:errcheck // looked at below
	if kept := b.Captured(); kept.Dropped != 0 || len(kept.Tail) != 0 {
		t.Errorf("kept %+v", kept)
	}
}

// TestLongLines: neither a line of a megabyte nor one of 64 KiB exactly harms what comes after it.
func TestLongLines(t *testing.T) {
	t.Parallel()
	for _, length := range []string{"65535", "65536", "65537", "131072", "1000000"} {
		t.Run(length, func(t *testing.T) {
			t.Parallel()
			b := start(t, script(`head -c `+length+` /dev/zero | tr '\0' x; echo; echo after; echo the end >&2; exit 1`))
			_, err := b.Run(t.Context())
			lines := b.lines("out")
			kept := b.Captured()
			if text := string(kept.Head) + string(kept.Tail); !strings.Contains(text, "\nafter\n") || strings.Contains(text, "xafter") {
				t.Errorf("the kept output ends in %q", text[max(0, len(text)-20):])
			}
			if len(lines) != 2 || len(lines[0]) > 9000 || lines[1] != "after" || errorText(err) != "exit 1: the end" {
				t.Errorf("%d lines, error %v", len(lines), err)
			}
		})
	}
}

func TestSecretAtTheCut(t *testing.T) {
	t.Parallel()
	// The secret lies across the cut of a logged line, that of the head and that of the tail.
	b := start(t, script(`
		x() { head -c "$1" /dev/zero | tr '\0' x; }
		x 8189; echo hunter2; x 57340; echo hunter2
		for i in 1 2 3 4 5 6 7 8 9; do x 60000; echo; done
		echo hunter2; x 65530; echo`))
	b.ok(t)
	kept := b.Captured()
	for name, text := range map[string]string{
		"log": strings.Join(b.lines("out"), "\n"), "head": string(kept.Head), "tail": string(kept.Tail),
	} {
		if strings.ContainsAny(text, "hunter2") || len(text) == 0 {
			t.Errorf("%s shows a part of the secret", name)
		}
	}
	if len(kept.Head) != exec.KeepBytes || len(kept.Tail) != exec.KeepBytes || kept.Dropped == 0 {
		t.Errorf("kept %d and %d, dropped %d", len(kept.Head), len(kept.Tail), kept.Dropped)
	}
}

// TestFlood writes 100 MB on both streams, and reports without end: bounded in memory and in the log.
func TestFlood(t *testing.T) {
	flood := `yes 'a line that nobody will ever read' | head -c 100000000`
	s := script(flood + `; ` + flood + ` >&2; yes 'progress 1/2' | head -c 10000000 >&3; yes x | head -c 1000000 >&3; echo last >&2; echo worked 3 >&3`)
	b := start(t, s)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	got := b.ok(t)
	runtime.ReadMemStats(&after)
	if got != (schedule.Result{Outcome: schedule.Worked, Count: 3}) {
		t.Errorf("result = %+v", got)
	}
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 32<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
	if n := b.logs.FilterMessage("output").Len(); n != 1000 {
		t.Errorf("%d lines logged", n)
	}
	if n := b.logs.FilterMessage("report_ignored").Len(); n != 5 {
		t.Errorf("%d complaints", n)
	}
	dropped := b.logs.FilterMessage("output_dropped").All()
	kept := b.Captured()
	if len(dropped) != 1 || kept.Dropped != 200_000_005-2*exec.KeepBytes || !strings.Contains(string(kept.Tail), "last\n") {
		t.Errorf("told %v, dropped %d", dropped, kept.Dropped)
	}
	if len(kept.Head) != exec.KeepBytes || len(kept.Tail) != exec.KeepBytes {
		t.Errorf("kept %d and %d", len(kept.Head), len(kept.Tail))
	}
}
