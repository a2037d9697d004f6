package schedule_test

import (
	"math"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"pgregory.net/rapid"
)

func TestIdleBackoff(t *testing.T) {
	t.Parallel()
	m := time.Minute
	text := schedule.Backoff{RunEvery: 30 * sec, MinimumIdle: 30 * sec, IncreaseIdleBy: 10 * sec, MaximumIdle: 2 * m}
	byDefault, multiplied := text, text
	byDefault.MaximumIdle = 0
	multiplied.IncreaseIdleBy, multiplied.MultiplyIdleBy, multiplied.MaximumIdle = sec, 2, 5*m
	for _, c := range []struct {
		name string
		b    schedule.Backoff
		want []time.Duration
	}{
		{"of the text", text, []time.Duration{
			40 * sec, 50 * sec, 60 * sec, 70 * sec, 80 * sec, 90 * sec, 100 * sec, 110 * sec, 2 * m, 2 * m,
		}},
		{"three increases by default", byDefault, []time.Duration{40 * sec, 50 * sec, 60 * sec, 60 * sec}},
		{"multiplied, then increased", multiplied, []time.Duration{61 * sec, 123 * sec, 247 * sec, 5 * m, 5 * m}},
		{"no increase", schedule.Backoff{RunEvery: 7 * sec}, []time.Duration{7 * sec, 7 * sec}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []time.Duration
			for n := range c.want {
				got = append(got, c.b.AfterIdle(n+1))
			}
			same(t, got, c.want)
			same(t, c.b.AfterIdle(0), c.b.RunEvery)
			same(t, c.b.AfterIdle(math.MaxInt), c.want[len(c.want)-1])
		})
	}
}

func TestIdleBackoffInAnApp(t *testing.T) {
	t.Parallel()
	b := schedule.Backoff{RunEvery: 30 * sec, MinimumIdle: 5 * sec, IncreaseIdleBy: 10 * sec, MaximumIdle: 120 * sec}
	playAll(t, []script{
		{
			name: "work resets, more asks for the floor at once", horizon: 150 * sec,
			jobs: []job{paced("a", 0, b, idle(0), idle(0), worked(sec), more(sec), idle(0), cancel(0), idle(0))},
			want: []string{
				"a 0 0 0 idle 40", "a 40 40 40 idle 50", "a 90 90 91 worked 5", "a 96 96 97 more 0", "a 97 97 97 idle 40",
				"a 137 137 137 cancelled 40",
			},
		},
		{
			name: "a failure leaves the idle count, an idle run ends the failures", horizon: 300 * sec,
			jobs: []job{paced("a", 0, b, idle(0), failed(0), failed(0), idle(0), failed(0), worked(0))},
			want: []string{
				"a 0 0 0 idle 40", "a 40 40 40 failed 30", "a 70 70 70 failed 60", "a 130 130 130 idle 50",
				"a 180 180 180 failed 30", "a 210 210 210 worked 5", "a 215 215 215 idle 40", "a 255 255 255 failed 30",
				"a 285 285 285 failed 60",
			},
		},
	})
}

// TestIdleBackoffStepByStep compares the closed form with the increases applied one by one.
func TestIdleBackoffStepByStep(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		near := rapid.Float64Range(0, 1e-2).Draw(rt, "above one")
		b := schedule.Backoff{
			RunEvery:       time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(rt, "run_every")),
			IncreaseIdleBy: time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(rt, "increase")),
			MultiplyIdleBy: rapid.SampledFrom([]float64{0, 1, 1 + near, 1 + near*near*near, 1.5, 2, 10}).Draw(rt, "multiply"),
			MaximumIdle:    365 * 24 * time.Hour,
		}
		n := rapid.IntRange(1, 200).Draw(rt, "n")
		d := modelDaemon{modelSpec: modelSpec{
			runEvery: b.RunEvery, increase: b.IncreaseIdleBy, multiply: b.MultiplyIdleBy, maxIdle: b.MaximumIdle,
		}}
		got, want := b.AfterIdle(n), time.Duration(d.idleWait(n))
		// 200 rounded steps lose up to a few units of the last digit each.
		slack := 1 + time.Duration(float64(want)*1e-13)
		if b.MultiplyIdleBy <= 1 {
			slack = 0
		}
		if diff := (got - want).Abs(); diff > slack {
			rt.Fatalf("after %d: %d ns, step by step %d ns", n, got, want)
		}
	})
}

// TestIdleBackoffNearOne: the closed form divides by multiply-1, which is where digits get lost.
func TestIdleBackoffNearOne(t *testing.T) {
	t.Parallel()
	for _, eps := range []float64{2.220446049250313e-16, 1e-15, 1e-12, 1e-9, 1e-6, 0.0009999, 0.001, 0.0010001} {
		b := schedule.Backoff{RunEvery: sec, IncreaseIdleBy: sec, MultiplyIdleBy: 1 + eps, MaximumIdle: 1 << 62}
		d := modelDaemon{modelSpec: modelSpec{runEvery: sec, increase: sec, multiply: 1 + eps, maxIdle: 1 << 62}}
		for _, n := range []int{1, 2, 3, 10, 1000, 10_000} {
			got, want := b.AfterIdle(n), time.Duration(d.idleWait(n))
			if diff := (got - want).Abs(); diff > 1+time.Duration(float64(want)*1e-11) {
				t.Errorf("multiply 1+%g, n %d: %v, step by step %v", eps, n, got, want)
			}
		}
	}
}

func TestBackoffNeverOverflows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		span := func(label string, low int64) time.Duration {
			return time.Duration(rapid.Int64Range(low, math.MaxInt64).Draw(rt, label))
		}
		b := schedule.Backoff{
			RunEvery: span("run_every", 1), IncreaseIdleBy: span("increase", 0),
			MultiplyIdleBy: rapid.Float64Range(1, 1e300).Draw(rt, "multiply"), MaximumIdle: span("maximum", 0),
			Retry: schedule.Retry{
				Every: span("every", 0), Maximum: span("retry_maximum", 0),
				MultiplyBy: rapid.Float64Range(1, 1e300).Draw(rt, "multiply_by"),
			},
		}
		n := rapid.IntRange(0, math.MaxInt).Draw(rt, "n")
		if idle := b.AfterIdle(n); idle <= 0 || (b.MaximumIdle > 0 && n > 0 && idle > b.MaximumIdle) {
			rt.Fatalf("idle %d: %d", n, idle)
		}
		if b.MaximumIdle == 0 || b.MaximumIdle >= b.RunEvery {
			if m := rapid.IntRange(0, n).Draw(rt, "m"); b.AfterIdle(m) > b.AfterIdle(n) {
				rt.Fatalf("the wait shrinks from %d to %d idle runs: %v, %v", m, n, b.AfterIdle(m), b.AfterIdle(n))
			}
		}
		if wait := b.AfterFailure(n); wait <= 0 || (b.Retry.Maximum > 0 && n > 0 && wait > b.Retry.Maximum) {
			rt.Fatalf("failure %d: %d", n, wait)
		}
	})
}

func TestFailureBackoff(t *testing.T) {
	t.Parallel()
	m := time.Minute
	for _, c := range []struct {
		name string
		b    schedule.Backoff
		want []time.Duration
	}{
		{"without a block", schedule.Backoff{RunEvery: 5 * m}, []time.Duration{
			5 * m, 10 * m, 20 * m, 40 * m, 60 * m, 60 * m,
		}},
		{"rarely run", schedule.Backoff{RunEvery: 2 * time.Hour}, []time.Duration{2 * time.Hour, 2 * time.Hour}},
		{
			"with a block",
			schedule.Backoff{RunEvery: m, Retry: schedule.Retry{Every: sec, MultiplyBy: 3, Maximum: 20 * sec}},
			[]time.Duration{sec, 3 * sec, 9 * sec, 20 * sec, 20 * sec},
		},
		{
			"attempts",
			schedule.Backoff{RunEvery: m, Retry: schedule.Retry{Every: sec, MultiplyBy: 1, Attempts: 2}},
			[]time.Duration{sec, sec, m, m},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []time.Duration
			for n := range c.want {
				got = append(got, c.b.AfterFailure(n+1))
			}
			same(t, got, c.want)
			same(t, c.b.AfterFailure(0), c.b.RunEvery)
			same(t, c.b.AfterFailure(math.MaxInt), c.want[len(c.want)-1])
		})
	}
}
