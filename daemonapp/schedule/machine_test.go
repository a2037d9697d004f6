package schedule_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"pgregory.net/rapid"
)

// action is one operation on a scheduler, as four small numbers: shrinkable, and decoded from bytes.
type action struct{ Kind, Who, What, When uint8 }

// machine applies actions to a scheduler, and knows of each daemon what may not happen to it.
type machine struct {
	t       rapid.TB
	s       *schedule.Scheduler
	now     time.Duration
	limits  schedule.Limits
	daemons map[string]*known
	flights []schedule.ID // in the order of their starts
	stopped bool
	starts  int
}

const indefinite = time.Duration(1<<63 - 1)

// known is what the machine knows of a daemon.
type known struct {
	id                                schedule.ID
	running, abandoned                bool
	disarmed, paused, leaving         bool
	pausedUntil                       time.Duration // indefinite: until resumed
	disarmLater, pauseLater, replaced bool
}

func newMachine(t rapid.TB, limits schedule.Limits) *machine {
	return &machine{t: t, s: schedule.New(epoch, limits), limits: limits, daemons: map[string]*known{}}
}

func (m *machine) time() time.Time { return at(m.now) }

func (m *machine) check(ok bool, format string, args ...any) {
	m.t.Helper()
	if !ok {
		m.t.Fatalf("at %v: %s", m.now, fmt.Sprintf(format, args...))
	}
}

// apply carries out one action and looks at the scheduler afterwards.
func (m *machine) apply(a action) {
	m.t.Helper()
	m.now += time.Duration(a.When%8) * sec / 4
	name := string(rune('a' + a.Who%6))
	k := m.daemons[name]
	switch {
	case a.Kind%4 == 0:
		m.dispatch()
	case a.Kind%4 == 1:
		m.land(a)
	case a.Kind%64 == 2:
		m.setLimits(a)
	case k == nil:
		m.add(name, a)
	default:
		m.steer(name, k, a)
	}
	m.inspect()
}

func (m *machine) steer(name string, k *known, a action) {
	switch a.Kind / 4 % 16 {
	case 0, 1:
		m.wake(k, a)
	case 2, 3:
		m.pause(k, a)
	case 4, 5:
		m.s.Resume(m.time(), k.id)
		k.paused, k.pauseLater = false, false
	case 6:
		m.s.Disarm(m.time(), k.id, "asked")
		k.disarmLater = k.running
		if !k.running {
			k.disarmed, k.paused = true, false
		}
	case 7, 8:
		m.arm(k)
	case 9:
		m.remove(name, k)
	case 10, 11:
		m.replace(name, k, a)
	case 12:
		m.abandon(k)
	case 13:
		m.returned(name, k)
	default:
		m.s.Replan(k.id, m.entry(name, a).Planner)
	}
}

func (m *machine) add(name string, a action) {
	id, err := m.s.Add(m.time(), m.entry(name, a))
	m.check(err == nil, "add %s: %v", name, err)
	_, err = m.s.Add(m.time(), m.entry(name, a))
	m.check(errors.Is(err, schedule.ErrDuplicate), "a second %s was added: %v", name, err)
	m.daemons[name] = &known{id: id}
}

// entry is a daemon made of the bits of an action.
func (m *machine) entry(name string, a action) schedule.Entry {
	w := int(a.What)
	e := schedule.Entry{
		Name: name, Background: w&1 != 0, DisarmAfter: w >> 1 & 3, StartAfter: time.Duration(w>>3&1) * sec,
		Planner: &schedule.Interval{
			Backoff: schedule.Backoff{RunEvery: sec, MinimumIdle: time.Duration(w>>4&1) * sec, IncreaseIdleBy: sec},
			Prio:    w >> 5 & 1, Once: a.Who > 240,
		},
	}
	switch a.Who / 6 % 8 {
	case 0:
		e.Conditions.After = []string{string(rune('a' + w%6))}
	case 1:
		e.Conditions.Window = &testWindow{base: epoch, every: 5 * sec, open: 2 * sec}
	case 2:
		e.Conditions.LoadBelow = 0.01
	case 3:
		e.Conditions.Hold = func() (string, time.Duration) {
			return []string{"", "not yet"}[int(m.now/sec)&1], time.Duration(w) * sec / 8
		}
	case 4:
		e.Planner = &calendar{every: 3 * sec, catchUp: w&1 != 0, prio: w >> 5 & 1}
	}
	return e
}

func (m *machine) wake(k *known, a action) {
	err := m.s.Wake(m.time(), k.id, schedule.Waker(a.What%3)+schedule.ByEvent)
	ended := k.paused && k.pausedUntil <= m.now // perhaps not noticed yet
	switch {
	case ended:
	case k.abandoned:
		m.check(errors.Is(err, schedule.ErrStuck), "a stuck daemon was woken: %v", err)
	case k.disarmed || (k.running && k.disarmLater):
		m.check(errors.Is(err, schedule.ErrDisarmed), "a disarmed daemon was woken: %v", err)
	case k.paused || k.pauseLater:
		m.check(errors.Is(err, schedule.ErrPaused), "a paused daemon was woken: %v", err)
	default:
		m.check(err == nil, "wake: %v", err)
	}
}

func (m *machine) pause(k *known, a action) {
	until, length := time.Time{}, indefinite
	if a.What&1 != 0 {
		length = m.now + time.Duration(a.What>>1&7)*sec
		until = at(length)
	}
	err := m.s.Pause(m.time(), k.id, until)
	m.check((err != nil) == k.disarmed, "pause of a daemon (disarmed: %t): %v", k.disarmed, err)
	if err == nil {
		k.paused, k.pauseLater, k.pausedUntil = !k.running, k.running, length
	}
}

func (m *machine) arm(k *known) {
	err := m.s.Arm(m.time(), k.id)
	m.check(errors.Is(err, schedule.ErrStuck) == k.abandoned, "arm (abandoned: %t): %v", k.abandoned, err)
	if err == nil {
		k.disarmed, k.disarmLater = false, false
	}
}

func (m *machine) remove(name string, k *known) {
	gone := m.s.Remove(m.time(), k.id)
	m.check(gone == !(k.running || k.abandoned), "removed at once: %t", gone)
	k.leaving, k.replaced = !gone, false
	if gone {
		delete(m.daemons, name)
	}
}

func (m *machine) replace(name string, k *known, a action) {
	m.s.Replace(m.time(), k.id, m.entry(name, a))
	k.leaving, k.replaced = false, k.running
	if !k.running {
		k.disarmed = k.abandoned
		k.paused = k.paused && !k.disarmed
	}
}

func (m *machine) abandon(k *known) {
	if !k.running {
		return
	}
	m.s.Abandon(m.time(), k.id, errBroken)
	m.forget(k)
	*k = known{id: k.id, abandoned: true, disarmed: true, leaving: k.leaving, replaced: k.replaced}
}

func (m *machine) returned(name string, k *known) {
	if !k.abandoned {
		return
	}
	m.s.Returned(m.time(), k.id)
	k.abandoned = false
	if k.leaving {
		delete(m.daemons, name)
	}
	k.disarmed = m.s.Status(k.id).State == schedule.Disarmed // a successor is armed
}

// forget takes the daemon's run out of those in flight.
func (m *machine) forget(k *known) {
	k.running = false
	for i, id := range m.flights {
		if id == k.id {
			m.flights = append(m.flights[:i], m.flights[i+1:]...)
			return
		}
	}
}

// land ends the run in flight that started first.
func (m *machine) land(a action) {
	if len(m.flights) == 0 {
		return
	}
	id := m.flights[0]
	name := m.s.Name(id)
	k := m.daemons[name]
	o := schedule.Outcome(a.What%5) + schedule.Worked
	r, next := m.s.Done(id, m.time(), schedule.Result{Outcome: o}, nil)
	m.check(next.IsZero() || !next.Before(m.time()), "%s wants to run in the past: %v", name, next)
	m.check(!r.Started.After(r.Finished) && !r.Due.After(r.Started), "the record of %s is out of order: %+v", name, r)
	m.forget(k)
	m.settle(name, k)
}

// settle is what becomes of a daemon at the end of its run.
func (m *machine) settle(name string, k *known) {
	if k.leaving {
		delete(m.daemons, name)
		return
	}
	state := m.s.Status(k.id).State
	k.disarmed = state == schedule.Disarmed
	m.check(k.replaced || !k.disarmLater || k.disarmed, "%s was to be disarmed, but is %v", name, state)
	k.paused = k.pauseLater && !k.disarmed
	k.disarmLater, k.pauseLater, k.replaced = false, false, false
}

func (m *machine) setLimits(a action) {
	m.limits = schedule.Limits{
		Workers: int(a.Who % 4), Aging: time.Duration(a.What&3) * sec, SoftDeadline: time.Duration(a.What>>2&3) * sec,
		IdleThreshold: time.Duration(a.What>>4&3) * sec / 2, NoWorkTimeout: time.Duration(a.What>>6) * 4 * sec,
	}
	if a.Who > 200 {
		m.limits.HardDeadline = time.Duration(a.Who) * sec / 4
	}
	m.s.SetLimits(m.time(), m.limits)
}

// dispatch asks for decisions until there is nothing to start.
func (m *machine) dispatch() {
	for {
		d := m.s.Next(m.time())
		switch d.Action {
		case schedule.Stop:
			m.stop(d.Reason)
			return
		case schedule.Wait:
			m.waits(d.Until)
			return
		case schedule.Start:
			m.start(d)
			m.inspect()
		}
	}
}

func (m *machine) start(d schedule.Decision) {
	k := m.daemons[d.Name]
	m.check(k != nil && k.id == d.ID, "%s starts, which is not there", d.Name)
	m.check(!k.running && !k.abandoned && !k.disarmed && !k.leaving, "%s starts: %+v", d.Name, *k)
	m.check(!k.paused || k.pausedUntil <= m.now, "%s starts, but is paused", d.Name)
	hard := m.limits.HardDeadline
	m.check(hard == 0 || m.now < hard, "%s starts at %v, the hard deadline is %v", d.Name, m.now, hard)
	m.flights = append(m.flights, d.ID)
	m.check(len(m.flights) <= max(m.limits.Workers, 1), "%d runs on %d workers", len(m.flights), m.limits.Workers)
	m.first(d)
	k.running, k.paused = true, false
	m.starts++
}

// first checks that nothing ready was to go before d.
func (m *machine) first(d schedule.Decision) {
	aging := m.limits.Aging
	if aging > 0 {
		return // keys depend on priorities asked for earlier; the model covers it
	}
	mine := m.s.Status(d.ID)
	for id := range m.s.All() {
		st := m.s.Status(id)
		if st.State != schedule.Ready {
			continue
		}
		m.check(st.Priority <= mine.Priority, "%s starts before %s, which has a higher priority", d.Name, st.Name)
		m.check(st.Priority < mine.Priority || !st.Due.Before(d.Due), "%s starts before its equal %s", d.Name, st.Name)
	}
}

// waits checks the time that the scheduler wants to be asked again.
func (m *machine) waits(until time.Time) {
	m.check(until.IsZero() || until.After(m.time()), "waits until %v", until.Sub(epoch))
	if len(m.flights) >= max(m.limits.Workers, 1) {
		return
	}
	m.check(m.s.Ready() == 0, "waits with %d ready and a free worker", m.s.Ready())
	for id := range m.s.All() {
		st := m.s.Status(id)
		due := st.Due
		if st.State != schedule.Waiting {
			due = st.Until
		}
		if due.IsZero() {
			m.check(st.State != schedule.Waiting, "%s waits for no time", st.Name)
			continue
		}
		ends := st.State == schedule.Waiting || st.State == schedule.Paused || st.State == schedule.HeldByWindow
		m.check(!ends || (!until.IsZero() && !until.After(due)), "%s is due at %v, but the wait is until %v",
			st.Name, due.Sub(epoch), until)
	}
}

// stop checks that the reason is a true one.
func (m *machine) stop(why schedule.Reason) {
	m.stopped = true
	if why == schedule.HardDeadline {
		m.check(m.limits.HardDeadline > 0 && m.now >= m.limits.HardDeadline, "stops: %v", why)
		return
	}
	m.check(m.now >= m.limits.SoftDeadline && len(m.flights) == 0, "stops: %v with %d runs", why, len(m.flights))
	for name, k := range m.daemons {
		m.check(!k.paused || k.pausedUntil <= m.now, "stops: %v with %s paused", why, name)
		st := m.s.Status(k.id)
		soon := st.State == schedule.Waiting && !st.Background && st.Due.Before(at(m.now+m.limits.IdleThreshold))
		m.check(why != schedule.IdleGap || !soon, "stops: %v with %s due at %v", why, name, st.Due.Sub(epoch))
	}
}

// inspect compares the scheduler's books with themselves and with what is known.
func (m *machine) inspect() {
	m.check(m.s.Len() == len(m.daemons), "%d daemons, not %d", m.s.Len(), len(m.daemons))
	m.check(m.s.Running() == len(m.flights), "%d runs in flight, not %d", m.s.Running(), len(m.flights))
	ready, running, all := 0, 0, 0
	for id := range m.s.All() {
		st := m.s.Status(id)
		all++
		k := m.daemons[st.Name]
		m.check(k != nil && k.id == id, "%s is there, but was removed", st.Name)
		m.check(k.running == (st.State == schedule.Running), "%s is %v, but running: %t", st.Name, st.State, k.running)
		m.check(k.disarmed == (st.State == schedule.Disarmed), "%s is %v, but disarmed: %t", st.Name, st.State, k.disarmed)
		m.check(st.Stuck == k.abandoned && st.Leaving == k.leaving, "%s: %+v, but %+v", st.Name, st, *k)
		switch st.State {
		case schedule.Ready:
			ready++
			m.check(!st.Due.After(m.time()), "%s is ready, but due at %v", st.Name, st.Due)
		case schedule.Running:
			running++
		case schedule.Waiting, schedule.Paused, schedule.Disarmed, schedule.Finished, schedule.HeldByWindow,
			schedule.HeldByAfter, schedule.HeldByLoad, schedule.HeldByDaemon:
		default:
			m.check(false, "%s is in no state: %d", st.Name, st.State)
		}
	}
	m.check(all == m.s.Len(), "%d listed of %d", all, m.s.Len())
	m.check(m.s.Ready() == ready && m.s.Running() == running, "%d ready and %d running, but %d and %d",
		ready, running, m.s.Ready(), m.s.Running())
	for i, load := range m.s.Load() {
		m.check(load >= 0 && load <= 1+1e-12, "load %d is %v", i, load)
	}
	m.check(m.s.Starved() >= 0, "starved for %v", m.s.Starved())
}

// TestInvariants applies random operations and checks what must hold whatever is done.
func TestInvariants(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		limits := drawLimits(rt)
		limits.Workers = rapid.IntRange(0, 4).Draw(rt, "workers")
		m := newMachine(rt, limits)
		b := rapid.SampledFrom(allBytes())
		drawn := rapid.Custom(func(rt *rapid.T) action {
			return action{b.Draw(rt, "kind"), b.Draw(rt, "who"), b.Draw(rt, "what"), b.Draw(rt, "when")}
		})
		for _, a := range rapid.SliceOfN(drawn, 0, 200).Draw(rt, "actions") {
			m.apply(a)
		}
		m.dispatch()
	})
}

// allBytes is every byte: rapid alone would draw mostly small ones.
func allBytes() (all []uint8) {
	for b := range 256 {
		all = append(all, uint8(b))
	}
	return all
}

// FuzzScheduler reads four bytes an action.
func FuzzScheduler(f *testing.F) {
	f.Add([]byte{6, 0, 16, 0, 6, 7, 0, 0, 0, 0, 0, 0, 1, 0, 3, 2, 0, 0, 0, 4})
	f.Add([]byte{6, 24, 0, 0, 2, 24, 0, 9, 0, 0, 0, 0, 50, 24, 0, 0, 54, 24, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		m := newMachine(t, schedule.Limits{Workers: 2})
		for ; len(data) >= 4; data = data[4:] {
			m.apply(action{data[0], data[1], data[2], data[3]})
		}
		m.dispatch()
	})
}

// calendar comes at the multiples of every since from, by default the epoch.
type calendar struct {
	every   time.Duration
	catchUp bool
	prio    int
	retry   time.Duration // after a failure; 0: none
	from    time.Time
}

var _ schedule.Calendar = (*calendar)(nil)

func (c *calendar) Priority() int { return c.prio }

func (c *calendar) CatchUp() bool { return c.catchUp }

func (c *calendar) After(t time.Time) time.Time {
	from := c.from
	if from.IsZero() {
		from = epoch
	}
	since := t.Round(0).Sub(from)
	n := since / c.every
	if since < 0 {
		n = (since+1)/c.every - 1
	}
	return from.Add((n + 1) * c.every)
}

func (c *calendar) NextRun(last schedule.Run) time.Time {
	if last.Result.Outcome == schedule.More {
		return last.Finished
	}
	next := c.After(last.Finished)
	if again := last.Finished.Add(c.retry); c.retry > 0 && last.Result.Outcome == schedule.Failed && again.Before(next) {
		return again
	}
	return next
}
