package dirqueue_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

const sec = time.Second

func TestVerdicts(t *testing.T) {
	t.Parallel()
	d := drive(t, `run_every = "1h"`, "a", "b", "never", "retry", "trip")
	d.answers(byName)
	d.wants("worked 2")
	same(t, "the files", tree(t, d.dir), []string{
		"done/a", "done/b", "failed/never", "failed/never.why", "retry/0-0/trip", "retry/1-0/retry",
	})
	same(t, "the log", told(d.log)[:1], []string{"set_aside never as never"})
	q, err := spool.Open(d.dir, spool.Options{ReadOnly: true})
	must(t, err)
	defer q.Close()
	for e, err := range q.List(spool.StateFailed) {
		must(t, err)
		if e.Failure.Reason != "as never" || string(e.Failure.Detail) != "more of it" || e.Attempts != 1 {
			t.Errorf("the reason is %+v", e)
		}
	}
	d.wants("idle")
	if got := d.taken(); !slices.Equal(got, []string{"a", "b", "never", "retry", "trip"}) {
		t.Errorf("delivered %q", got)
	}
}

// TestRetryCurve: a file waits longer after each attempt, the queue is due when the file is, and gives up at the end.
func TestRetryCurve(t *testing.T) {
	t.Parallel()
	d := drive(t, `
		run_every = "1h"
		file_retry {
		  every       = "10s"
		  multiply_by = 2
		  maximum     = "25s"
		  jitter      = 0
		  attempts    = 5
		}`, "retry")
	d.answers(byName)
	start := d.clock.Now()
	for i, want := range []time.Duration{10 * sec, 20 * sec, 25 * sec, 25 * sec} {
		asked := d.clock.Now()
		d.wants("worked 0")
		wait := d.wait()
		if exact := spool.Due(asked.Add(want), asked).Sub(asked); wait != exact {
			t.Errorf("attempt %d: the next run is in %s, want %s", i+1, wait, exact)
		}
		d.clock.Add(wait - time.Second)
		d.wants("idle")
		d.clock.Add(time.Second)
	}
	d.wants("worked 0")
	same(t, "the files", tree(t, d.dir), []string{"failed/retry", "failed/retry.why"})
	if log := told(d.log); log[len(log)-1] != "set_aside retry given up after 5 attempts: as retry" {
		t.Errorf("the log: %q", log)
	}
	if took := d.clock.Now().Sub(start); took < 80*sec || took > 95*sec {
		t.Errorf("it took %s", took)
	}
	d.wants("idle")
	if wait := d.wait(); wait != time.Hour {
		t.Errorf("the next run is in %s", wait)
	}
}

func TestRetryAsTheDestinationAsks(t *testing.T) {
	t.Parallel()
	for _, v := range []deliver.Verdict{deliver.Retry, deliver.Trip} {
		d := drive(t, "run_every = \"1h\"\nfile_retry {\n every = \"1s\"\n}", "a")
		d.answers(func(context.Context, deliver.Job) deliver.Result {
			return deliver.Result{Verdict: v, Reason: "later", After: 10 * time.Minute}
		})
		d.wants("worked 0")
		if wait := d.wait(); wait < 10*time.Minute || wait > 12*time.Minute {
			t.Errorf("%v: the next run is in %s", v, wait)
		}
	}
}

func TestMaximumAge(t *testing.T) {
	t.Parallel()
	d := drive(t, "run_every = \"1h\"\nfile_retry {\n every = \"1m\"\n attempts = 0\n maximum_age = \"1h\"\n jitter = 0\n}", "retry", "retry-old")
	must(t, os.Chtimes(d.dir+"/retry-old", time.Time{}, time.Now().Add(-time.Hour)))
	d.answers(byName)
	d.wants("worked 0")
	same(t, "the files", tree(t, d.dir), []string{"failed/retry-old", "failed/retry-old.why", "retry/1-0/retry"})
	if log := told(d.log); !slices.Contains(log, "set_aside retry-old given up at an age of more than 1h0m0s: as retry") {
		t.Errorf("the log: %q", log)
	}
}

// TestNextRunIsNotInThePast: what is due already makes the queue due now.
func TestNextRunIsNotInThePast(t *testing.T) {
	t.Parallel()
	d := drive(t, "run_every = \"1h\"\nfile_retry {\n every = \"1s\"\n jitter = 0\n}", "retry")
	d.answers(byName)
	d.wants("worked 0")
	d.clock.Add(time.Minute)
	if at := d.daemon.NextRun(d.last); at.Before(d.last.Finished) || at.After(d.clock.Now()) {
		t.Errorf("the next run is at %s, the last ended at %s", at, d.last.Finished)
	}
}

// TestCalendar: a queue with a schedule runs then, and not when a file is due or arrives.
func TestCalendar(t *testing.T) {
	t.Parallel()
	d := drive(t, "schedule = \"0 2 * * *\"\ntimezone = \"UTC\"\nfile_retry {\n every = \"1s\"\n}", "retry")
	d.answers(byName)
	d.wants("worked 0")
	at := d.daemon.NextRun(d.last).UTC()
	if at.Hour() != 2 || at.Minute() != 0 {
		t.Errorf("the next run is at %s", at)
	}
}

func TestTrip(t *testing.T) {
	t.Parallel()
	d := drive(t, `
		run_every   = "1s"
		file_retry {
		  every    = "10s"
		  jitter   = 0
		  attempts = 10
		}
		trip {
		  failures = 3
		  cooldown = "1m"
		}`, "a", "b", "c", "d", "e")
	bad := true
	d.answers(func(context.Context, deliver.Job) deliver.Result {
		if bad {
			return deliver.Result{Verdict: deliver.Retry, Reason: "connection refused"}
		}
		return deliver.Result{Verdict: deliver.Done}
	})
	holder := d.daemon.(daemonapp.Holder)
	if reason, _ := holder.Hold(); reason != "" {
		t.Fatalf("held before anything: %s", reason)
	}
	d.wants("worked 0")
	if got := len(d.taken()); got != 3 {
		t.Errorf("%d files were tried, want 3", got)
	}
	reason, recheck := holder.Hold()
	if reason != "its destination is bad: connection refused" || recheck != time.Minute {
		t.Errorf("held for %q, %s", reason, recheck)
	}
	d.clock.Add(59 * sec)
	if reason, recheck := holder.Hold(); reason == "" || recheck != sec {
		t.Errorf("held for %q, %s", reason, recheck)
	}
	d.clock.Add(sec)
	if reason, _ := holder.Hold(); reason != "" {
		t.Fatalf("held after the cooldown: %s", reason)
	}
	d.wants("worked 0") // half open: one file
	if got := len(d.taken()); got != 4 {
		t.Errorf("%d files were tried, want one more", got)
	}
	if reason, recheck := holder.Hold(); reason == "" || recheck != time.Minute {
		t.Errorf("held for %q, %s", reason, recheck)
	}
	d.clock.Add(time.Minute)
	bad = false
	d.wants("worked 5")
	if reason, _ := holder.Hold(); reason != "" {
		t.Errorf("held for %q", reason)
	}
	if n := len(d.log.FilterMessage("tripped").All()); n != 2 {
		t.Errorf("told %d times that it tripped", n)
	}
}

// TestTripDoesNotCount: what speaks against the destination is not held against the file, however often.
func TestTripDoesNotCount(t *testing.T) {
	t.Parallel()
	d := drive(t, "run_every = \"1s\"\nfile_retry {\n every = \"1s\"\n attempts = 2\n}\ntrip {\n failures = 0\n}", "trip")
	d.answers(byName)
	for range 5 {
		d.wants("worked 0")
		d.clock.Add(5 * sec)
	}
	same(t, "the files", tree(t, d.dir), []string{"retry/0-0/trip"})
	if n := len(d.log.FilterMessage("put_back").All()); n != 5 {
		t.Errorf("told %d times that the file was put back, want 5", n)
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	d := drive(t, "run_every = \"1m\"\nrate = 2", "a", "b", "c", "d", "e")
	d.wants("worked 2") // a second's worth
	for range 3 {
		if wait := d.wait(); wait != sec/2 {
			t.Errorf("the next run is in %s, want 0.5s", wait)
		}
		d.clock.Add(sec / 2)
		d.wants("worked 1")
	}
	d.clock.Add(time.Hour)
	d.wants("idle")
	put(t, d.dir, "f", "g", "h", "i")
	d.wants("worked 2")
}

func TestSlowRate(t *testing.T) {
	t.Parallel()
	d := drive(t, "run_every = \"1h\"\nrate = 0.1", "a", "b")
	d.wants("worked 1")
	if wait := d.wait(); wait != 10*sec {
		t.Errorf("the next run is in %s, want 10s", wait)
	}
	d.clock.Add(10 * sec)
	d.wants("worked 1")
}

// TestSlices: a backlog is worked off in slices, and a batch is no larger than what is left of one.
func TestSlices(t *testing.T) {
	t.Parallel()
	var names []string
	for i := range 12 {
		names = append(names, fmt.Sprintf("%02d", i))
	}
	d := drive(t, "run_every = \"1m\"\nslice = \"500ms\"", names...)
	d.answers(func(context.Context, deliver.Job) deliver.Result {
		d.clock.Add(100 * time.Millisecond)
		return deliver.Result{Verdict: deliver.Done}
	})
	d.wants("more 5")
	d.wants("more 5")
	d.wants("worked 2")
	d.wants("idle")
	if got := d.taken(); !slices.Equal(got, names) {
		t.Errorf("delivered %q", got)
	}
}

// TestOrderByPriority: the number in the name decides.
func TestOrderByPriority(t *testing.T) {
	t.Parallel()
	d := drive(t, "run_every = \"1m\"\norder = \"priority\"\npriority_pattern = \"^([0-9]+)-\"", "1-a", "9-b", "5-c", "none")
	d.wants("worked 4")
	same(t, "the order", d.taken(), []string{"9-b", "5-c", "1-a", "none"})
}

// TestEndingsAreKept: what was delivered but cannot be put on record is not delivered again.
func TestEndingsAreKept(t *testing.T) {
	t.Parallel()
	d := drive(t, "run_every = \"1m\"\nbatch = 2\nconcurrency = 2", "a", "b", "c")
	d.answers(func(context.Context, deliver.Job) deliver.Result {
		must(t, os.RemoveAll(d.dir+"/.peakd/done"))
		must(t, os.WriteFile(d.dir+"/.peakd/done", nil, 0o600)) // what it is not
		return deliver.Result{Verdict: deliver.Done}
	})
	for range 2 { // the first delivers, the second only tries to put it on record
		if got := d.run(); !strings.HasPrefix(got, "failed: finish") {
			t.Errorf("the run: %q", got)
		}
	}
	same(t, "the files", tree(t, d.dir), []string{"c", "claim/0-0/a", "claim/0-0/b", "done"})
	must(t, os.Remove(d.dir+"/.peakd/done"))
	d.answers(nil)
	d.wants("worked 3")
	same(t, "the files", tree(t, d.dir), []string{"done/a", "done/b", "done/c"})
	got := d.taken()
	slices.Sort(got)
	same(t, "what was delivered", got, []string{"a", "b", "c"})
}

func TestDirectoryVanishes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		vanish func(d *driven)
		want   string
	}{
		"removed": {func(d *driven) { must(d.t, os.RemoveAll(d.dir)) }, "no such file"},
		"renamed": {func(d *driven) { must(d.t, os.Rename(d.dir, d.dir+".old")) }, "no such file"},
		"replaced by a link": {func(d *driven) {
			must(d.t, os.Rename(d.dir, d.dir+".old"))
			must(d.t, os.Symlink(d.dir+".old", d.dir))
		}, "symbolic link"},
		"replaced by a file": {func(d *driven) {
			must(d.t, os.RemoveAll(d.dir))
			must(d.t, os.WriteFile(d.dir, nil, 0o600))
		}, "not a directory"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := drive(t, `run_every = "1m"`, "a")
			d.wants("worked 1")
			tt.vanish(d)
			d.clock.Add(time.Minute)
			if got := d.run(); !strings.HasPrefix(got, "failed: ") || !strings.Contains(got, tt.want) {
				t.Errorf("without its directory: %q", got)
			}
			must(t, os.RemoveAll(d.dir))
			must(t, os.Mkdir(d.dir, 0o755))
			put(t, d.dir, "b")
			d.clock.Add(time.Minute)
			d.wants("worked 1")
			same(t, "the files", tree(t, d.dir), []string{"done/b"})
		})
	}
}

// TestReplacedWhileAtRest: another directory of its name is the queue, at once.
func TestReplacedWhileAtRest(t *testing.T) {
	t.Parallel()
	d := drive(t, `run_every = "1m"`)
	d.wants("idle")
	must(t, os.Rename(d.dir, d.dir+".old"))
	must(t, os.Mkdir(d.dir, 0o755))
	put(t, d.dir, "a")
	d.clock.Add(time.Minute)
	d.wants("worked 1")
	same(t, "the files", tree(t, d.dir), []string{"done/a"})
}

// TestRecovers: files of owners that died are tried again, and set aside when they may be the reason.
func TestRecovers(t *testing.T) {
	t.Parallel()
	d := drive(t, "run_every = \"1m\"\ncrash_attempts = 2", "a", "poison")
	die := func(now time.Time) {
		q, err := spool.Open(d.dir, spool.Options{Ready: spool.ReadyRenamed})
		must(t, err)
		_, err = q.Claim(spool.Request{Now: now, N: 2})
		must(t, err)
		must(t, q.Close()) // with its claims, as death does
	}
	die(d.clock.Now())
	d.wants("idle")
	same(t, "the files", tree(t, d.dir), []string{"retry/1-1/a", "retry/1-1/poison"})
	if wait := d.wait(); wait > 3*sec {
		t.Errorf("the next run is in %s, want soon", wait)
	}
	d.answers(func(_ context.Context, job deliver.Job) deliver.Result {
		if job.Attempt != 2 {
			t.Errorf("%s: attempt %d, want 2", job.Name, job.Attempt)
		}
		return byName(t.Context(), job)
	})
	must(t, os.Remove(d.dir+"/.peakd/retry/"+first(t, d.dir+"/.peakd/retry")+"/1-1/a"))
	d.clock.Add(5 * sec)
	die(d.clock.Now())
	d.clock.Add(time.Minute)
	d.run()
	same(t, "the files", tree(t, d.dir), []string{"failed/poison", "failed/poison.why"})
	log := told(d.log)
	slices.Sort(log)
	same(t, "the log", log, []string{
		"recovered a", "recovered poison", "set_aside poison peakd or the machine died 2 times while it was handled",
	})
}

func first(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	return entries[0].Name()
}

// TestKeep: what was kept long enough is deleted, and nothing else.
func TestKeep(t *testing.T) {
	t.Parallel()
	d := drive(t, "run_every = \"1m\"\nkeep = \"2d\"\nkeep_failed = \"3d\"", "a", "never")
	d.answers(byName)
	d.wants("worked 1")
	d.clock.Add(24 * time.Hour)
	put(t, d.dir, "b")
	d.wants("worked 1")
	same(t, "after a day", tree(t, d.dir), []string{"done/a", "done/b", "failed/never", "failed/never.why"})
	d.clock.Add(25*time.Hour + 24*time.Hour)
	d.wants("idle")
	d.clock.Add(24 * time.Hour)
	d.wants("idle")
	d.clock.Add(48 * time.Hour)
	d.wants("idle")
	same(t, "at the end", tree(t, d.dir), []string{})
	if _, err := os.Stat(filepath.Join(d.dir, ".peakd")); err != nil {
		t.Error(err)
	}
}

// TestArrivalsBetweenSlices: what comes while a backlog is worked off in slices is seen before the queue rests, though the
// slice that it has woken went on with what was known.
func TestArrivalsBetweenSlices(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"name", "none", "mtime"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			d := drive(t, "run_every = \"1h\"\nslice = \"0s\"\nbatch = 1\norder = \""+order+"\"", "m", "n", "o")
			d.wants("more 1")
			put(t, d.dir, "a", "z")
			for ends := 0; ends < 10 && d.last.Result.Outcome == schedule.More; ends++ {
				d.run()
			}
			same(t, "the files", tree(t, d.dir), []string{"done/a", "done/m", "done/n", "done/o", "done/z"})
		})
	}
}
