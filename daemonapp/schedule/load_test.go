package schedule_test

import (
	"math"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"pgregory.net/rapid"
)

// busyApp starts n long runs at once on that many workers.
func busyApp(t testing.TB, workers, n int) (*schedule.Scheduler, []schedule.ID) {
	t.Helper()
	s := schedule.New(epoch, schedule.Limits{Workers: workers})
	var ids []schedule.ID
	for i := range n {
		id, err := s.Add(epoch, every(string(rune('a'+i)), 0, time.Hour).Entry)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
		if d := s.Next(epoch); d.Action != schedule.Start {
			t.Fatalf("decided %+v", d)
		}
	}
	return s, ids
}

func closeTo(t testing.TB, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12 {
		t.Errorf("%s is %.15f, want %.15f", what, got, want)
	}
}

func TestLoadRisesAndFalls(t *testing.T) {
	t.Parallel()
	spans := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}
	for _, c := range []struct{ workers, runs int }{{1, 1}, {4, 1}, {4, 3}} {
		s, ids := busyApp(t, c.workers, c.runs)
		busy, rest := 100*sec, 200*sec
		share := float64(c.runs) / float64(c.workers)
		s.Next(at(busy))
		up := s.Load()
		for _, id := range ids {
			s.Done(id, at(busy), schedule.Result{Outcome: schedule.Worked}, nil)
		}
		s.Next(at(busy + rest))
		down := s.Load()
		for i, span := range spans {
			high := share * (1 - math.Exp(-busy.Seconds()/span.Seconds()))
			closeTo(t, "the load after 100 s", up[i], high)
			closeTo(t, "the load 200 s later", down[i], high*math.Exp(-rest.Seconds()/span.Seconds()))
		}
	}
}

func TestLoadOfNewWorkers(t *testing.T) {
	t.Parallel()
	s, _ := busyApp(t, 2, 2)
	s.SetLimits(at(60*sec), schedule.Limits{Workers: 4})
	s.Next(at(120 * sec))
	half := math.Exp(-1)
	closeTo(t, "the load", s.Load()[0], 0.5+(1-half-0.5)*half)
	s.SetLimits(at(120*sec), schedule.Limits{Workers: 1})
	s.Next(at(3 * time.Hour))
	closeTo(t, "the load of more runs than workers", s.Load()[0], 1)
}

// TestLoadIsExact compares runs and pauses of all lengths, down to nanoseconds, with the sum of what each
// run contributes.
func TestLoadIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := schedule.New(epoch, schedule.Limits{})
		id, err := s.Add(epoch, paced("a", 0, schedule.Backoff{RunEvery: 1}, more(0)).Entry)
		if err != nil {
			rt.Fatal(err)
		}
		span := rapid.Custom(func(rt *rapid.T) time.Duration {
			most := rapid.SampledFrom([]int64{int64(sec), 1000, 400_000, 2_000_000, int64(5 * time.Minute)}).Draw(rt, "most")
			return time.Duration(rapid.Int64Range(0, most).Draw(rt, "span"))
		})
		var runs [][2]time.Duration
		now := time.Duration(0)
		for range rapid.IntRange(1, 60).Draw(rt, "runs") {
			now += span.Draw(rt, "pause")
			if d := s.Next(at(now)); d.Action != schedule.Start {
				rt.Fatalf("decided %+v", d)
			}
			from := now
			now += span.Draw(rt, "run")
			s.Done(id, at(now), schedule.Result{Outcome: schedule.More}, nil)
			runs = append(runs, [2]time.Duration{from, now})
		}
		for i, load := range s.Load() {
			want, minutes := 0.0, []float64{1, 5, 15}[i]
			past := func(t time.Duration) float64 { return math.Exp(-(now - t).Minutes() / minutes) }
			for _, r := range runs {
				want += past(r[1]) - past(r[0])
			}
			if math.Abs(load-want) > 1e-13 {
				rt.Fatalf("load %d is %.16f, want %.16f", i, load, want)
			}
		}
	})
}

// TestLoadRelease: after 100 s of work the load is 1-e^(-5/3); it falls below a half ln(2(1-e^(-5/3))) minutes later.
func TestLoadRelease(t *testing.T) {
	t.Parallel()
	long := every("long", 0, time.Hour, worked(100*sec))
	held := every("held", 1, time.Hour).with(func(e *schedule.Entry) {
		e.StartAfter, e.Conditions.LoadBelow = 100*sec, 0.5
	})
	fall := time.Duration(float64(time.Minute) * math.Log(2*(1-math.Exp(-5.0/3))))
	var st schedule.Status
	var next time.Time
	look := cue{101 * sec, func(g *stage) { g.s.Next(g.time()); st = g.status("held"); _, next = g.s.NextDue() }}
	lines := play(t, schedule.Limits{}, 200*sec, []job{long, held}, look)
	if len(lines) != 2 {
		t.Fatalf("runs: %v", lines)
	}
	if off := (next.Sub(epoch) - 100*sec - fall).Abs(); off > 2 {
		t.Errorf("released at %v, %v off", next.Sub(epoch), off)
	}
	if st.State != schedule.HeldByLoad || st.Reason == "" {
		t.Errorf("status %+v", st)
	}
	same(t, lines[1], "held "+text(next.Sub(epoch))+" "+text(next.Sub(epoch))+" "+text(next.Sub(epoch))+" worked 3600")
}
