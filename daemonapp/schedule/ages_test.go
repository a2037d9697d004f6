package schedule_test

import (
	"errors"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"pgregory.net/rapid"
)

// plainly hides everything of a planner but that it is one.
type plainly struct{ schedule.Planner }

// TestAgesAndTimesDecideAlike drives one scheduler by times and another by ages. For the first some intervals are
// hidden in planners that it does not know, so that asking an interval directly and by NextRun come to the same, too.
func TestAgesAndTimesDecideAlike(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		limits := drawLimits(rt)
		limits.Workers = rapid.IntRange(1, 3).Draw(rt, "workers")
		p := twins{t: rt, m: newMachine(rt, limits), byAge: schedule.New(epoch, limits)}
		b := rapid.SampledFrom(allBytes())
		for i := range rapid.IntRange(1, 6).Draw(rt, "daemons") {
			a := action{Who: b.Draw(rt, "who"), What: b.Draw(rt, "what")}
			p.add(p.m.entry(string(rune('a'+i)), a), rapid.Bool().Draw(rt, "hidden"))
		}
		for range rapid.IntRange(1, 200).Draw(rt, "steps") {
			p.dispatch()
			p.m.now += rapid.SampledFrom([]time.Duration{0, 1, sec / 4, sec, time.Hour}).Draw(rt, "on")
			for len(p.flights) > 0 && rapid.Bool().Draw(rt, "land") {
				p.land(schedule.Outcome(rapid.IntRange(1, 5).Draw(rt, "outcome")))
			}
		}
	})
}

// twins is two schedulers that are told the same.
type twins struct {
	t       rapid.TB
	m       *machine
	byAge   *schedule.Scheduler
	flights []schedule.ID
}

func (p *twins) add(e schedule.Entry, hidden bool) {
	age := e
	if _, isCalendar := e.Planner.(schedule.Calendar); hidden && !isCalendar {
		e.Planner = plainly{e.Planner}
	}
	for s, e := range map[*schedule.Scheduler]schedule.Entry{p.m.s: e, p.byAge: age} {
		if _, err := s.Add(epoch, e); err != nil {
			p.t.Fatal(err)
		}
	}
}

// age is a time as the age of the app.
func (p *twins) age(t time.Time) time.Duration {
	if t.IsZero() {
		return schedule.NeverAge
	}
	return t.Sub(epoch)
}

func (p *twins) dispatch() {
	for {
		d, v := p.m.s.Next(p.m.time()), p.byAge.NextAt(p.m.now)
		want := schedule.Verdict{Action: d.Action, Reason: d.Reason, ID: d.ID}
		if d.Action == schedule.Wait {
			want.Until = p.age(d.Until)
		}
		p.m.check(v == want, "by age %+v, by time %+v", v, want)
		if d.Action != schedule.Start {
			return
		}
		p.flights = append(p.flights, d.ID)
	}
}

func (p *twins) land(o schedule.Outcome) {
	id := p.flights[0]
	p.flights = p.flights[1:]
	var err error
	if o == schedule.Failed {
		err = errors.New("boom")
	}
	result := schedule.Result{Outcome: o, Count: 3}
	r, next := p.m.s.Done(id, p.m.time(), result, err)
	ended, want := p.byAge.DoneAt(id, p.m.now, result, err), schedule.Ended{
		Due: p.age(r.Due), Started: p.age(r.Started), Next: p.age(next), Failures: r.Failures,
	}
	p.m.check(ended == want, "by age %+v, by time %+v", ended, want)
	byAge, byTime := p.byAge.Status(id), p.m.s.Status(id)
	p.m.check(byAge == byTime, "by age %+v, by time %+v", byAge, byTime)
	p.m.check(p.byAge.Now().Equal(p.m.s.Now()), "it is %v by age, %v by time", p.byAge.Now(), p.m.s.Now())
}
