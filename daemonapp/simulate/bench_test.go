package simulate_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/calendar"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/simulate"
)

// fleet is n daemons at intervals from 30 s to 1 h, spread evenly: 116 runs a daemon a day.
func fleet(n int, duration time.Duration) []simulate.Daemon {
	daemons := make([]simulate.Daemon, n)
	for i := range daemons {
		every := 30*time.Second + time.Duration(i*7919%n)*(time.Hour-30*time.Second)/time.Duration(n)
		daemons[i] = simulate.Daemon{
			Entry: schedule.Entry{
				Name: fmt.Sprintf("daemon-%05d", i),
				Planner: &schedule.Interval{Backoff: schedule.Backoff{
					RunEvery: every, MinimumIdle: every,
				}},
			},
			Assume: simulate.Assumption{Duration: duration},
		}
	}
	return daemons
}

func benchmark(b *testing.B, in simulate.Input, each func(simulate.Line) error) {
	b.Helper()
	b.ReportAllocs()
	runs, before := 0, cpuTime()
	for b.Loop() {
		report, err := simulate.Run(in, each)
		if err != nil {
			b.Fatal(err)
		}
		runs += report.Sum.Runs
	}
	cpu := cpuTime() - before
	b.ReportMetric(float64(cpu.Nanoseconds())/float64(runs), "cpu-ns/run")
	b.ReportMetric(float64(cpu.Milliseconds())/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(runs)/float64(b.N), "runs")
}

// BenchmarkDay is the goal of the design: 1,000 daemons, 30 s to 1 h, for 24 hours.
func BenchmarkDay(b *testing.B) {
	for _, c := range []struct {
		name     string
		daemons  int
		workers  int
		duration time.Duration
	}{
		{"1000", 1000, 1, 0},
		{"1000/busy", 1000, 1, 100 * time.Millisecond},
		{"1000/overloaded", 1000, 1, 5 * time.Second},
		{"1000/workers=8", 1000, 8, 5 * time.Second},
		{"10000", 10000, 1, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			benchmark(b, simulate.Input{
				Daemons: fleet(c.daemons, c.duration), Limits: schedule.Limits{Workers: c.workers},
			}, nil)
		})
	}
}

// BenchmarkDayCalendar has the same day with calendars, in a zone with daylight saving: a tenth of the daemons runs every few
// minutes, the others once or more an hour or a day, 116,000 runs in all or so.
func BenchmarkDayCalendar(b *testing.B) {
	zone, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		b.Fatal(err)
	}
	daemons := fleet(1000, 0)
	for i := range daemons {
		expr := fmt.Sprintf("%d %d * * 1-5", i%60, i%24)
		switch {
		case i%10 == 0:
			expr = "* * * * *"
		case i%10 < 3:
			expr = fmt.Sprintf("%d-59/5 8-18 * * *", i%5)
		}
		s, err := calendar.Parse(expr, zone)
		if err != nil {
			b.Fatal(err)
		}
		daemons[i].Entry.Planner = &calendar.Plan{Schedule: s}
	}
	benchmark(b, simulate.Input{Daemons: daemons, Start: time.Date(2026, 10, 25, 0, 0, 0, 0, zone)}, nil)
}

// BenchmarkYear looks at the same daemons for 365 days.
func BenchmarkYear(b *testing.B) {
	benchmark(b, simulate.Input{Daemons: fleet(1000, 0), Horizon: 365 * 24 * time.Hour}, nil)
}

// BenchmarkDayJSON writes each run of the day as a line.
func BenchmarkDayJSON(b *testing.B) {
	out := simulate.NewJSONLines(io.Discard)
	benchmark(b, simulate.Input{Daemons: fleet(1000, 0)}, out.Write)
}

// BenchmarkDayDrawn is what the drawings cost beyond the run: its second pass, and one with another worker.
func BenchmarkDayDrawn(b *testing.B) {
	for _, c := range []struct {
		name string
		draw func(*simulate.Report) error
	}{
		{"text", func(r *simulate.Report) error { return simulate.WriteText(io.Discard, r, 0) }},
		{"html", func(r *simulate.Report) error { return simulate.WriteHTML(io.Discard, r) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			before := cpuTime()
			for b.Loop() {
				report, err := simulate.Run(simulate.Input{Daemons: fleet(1000, 50*time.Millisecond)}, nil)
				if err != nil {
					b.Fatal(err)
				}
				if err := c.draw(report); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpuTime()-before).Milliseconds())/float64(b.N), "cpu-ms/op")
		})
	}
}
