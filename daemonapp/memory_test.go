package daemonapp_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// notebook keeps what it is handed, by name.
type notebook struct {
	mu       sync.Mutex // guards all below
	memories map[string]daemonapp.Memory
	urgent   map[string]bool
	puts     int
}

func newNotebook() *notebook {
	return &notebook{memories: map[string]daemonapp.Memory{}, urgent: map[string]bool{}}
}

// Put implements [daemonapp.Rememberer].
func (n *notebook) Put(m daemonapp.Memory, urgent bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.memories[m.Name], n.urgent[m.Name] = m, urgent
	n.puts++
}

// of is what is remembered of the daemon, and whether that was urgent.
func (n *notebook) of(name string) (daemonapp.Memory, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.memories[name], n.urgent[name]
}

func TestWhatIsRemembered(t *testing.T) {
	t.Parallel()
	fail := func(context.Context) (schedule.Result, error) { return schedule.Result{}, errors.New("boom") }
	at := func(d time.Duration) time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(d) }
	tests := []struct {
		name   string
		daemon daemonapp.Daemon
		terms  daemonapp.Terms
		want   daemonapp.Memory
		urgent bool
	}{
		{
			"work", every(time.Minute, busy(time.Second)),
			daemonapp.Terms{},
			daemonapp.Memory{
				Next: at(61 * time.Second), LastStart: at(0), LastEnd: at(time.Second), LastSuccess: at(time.Second),
				LastOutcome: schedule.Worked,
			},
			true,
		},
		{
			"idle", every(time.Minute, ending(schedule.Idle)),
			daemonapp.Terms{},
			daemonapp.Memory{
				Next: at(time.Minute), IdleRuns: 1, LastStart: at(0), LastEnd: at(0), LastSuccess: at(0), LastOutcome: schedule.Idle,
			},
			false,
		},
		{
			"failure", every(time.Minute, fail),
			daemonapp.Terms{},
			daemonapp.Memory{Next: at(time.Minute), Failures: 1, LastStart: at(0), LastEnd: at(0), LastOutcome: schedule.Failed},
			true,
		},
		{
			"disarmed", every(time.Minute, fail),
			daemonapp.Terms{DisarmAfter: 1},
			daemonapp.Memory{Disarmed: "1 failures", Failures: 1, LastStart: at(0), LastEnd: at(0), LastOutcome: schedule.Failed},
			true,
		},
		{
			"run once",
			daemonapp.Task{
				Planner: &schedule.Interval{Backoff: schedule.Backoff{RunEvery: 1}, Once: true}, Do: ending(schedule.Idle),
			},
			daemonapp.Terms{RunOnce: true},
			daemonapp.Memory{Never: true, IdleRuns: 1, LastStart: at(0), LastEnd: at(0), LastSuccess: at(0), LastOutcome: schedule.Idle},
			true,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				notes := newNotebook()
				l := begin(t, daemonapp.Options{Remember: notes}, daemonapp.Spec{
					Name: "a", Type: "test", Digest: "d", Daemon: tt.daemon, Terms: tt.terms,
				})
				l.until(30 * time.Second)
				tt.want.Name, tt.want.Type, tt.want.Digest = "a", "test", "d"
				memory, urgent := notes.of("a")
				same(t, "memory", memory, tt.want)
				same(t, "urgent", urgent, tt.urgent)
			})
		})
	}
}

func TestARemovedDaemonIsRememberedAsGone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		notes := newNotebook()
		l := begin(t, daemonapp.Options{Remember: notes}, digested("a", "1"))
		l.until(time.Minute)
		_, _ = l.Reconcile(nil)
		memory, _ := notes.of("a")
		same(t, "memory", memory, daemonapp.Memory{Name: "a", Digest: "1", Gone: l.start.Add(time.Minute)})
	})
}

func TestARunCancelledByTheShutdownIsNotRemembered(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"drain", "force", "operator"} {
		t.Run(how, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				notes := newNotebook()
				l := begin(t, daemonapp.Options{Remember: notes}, spec("a", every(time.Hour, busy(10*time.Hour))))
				l.until(time.Second)
				want := 0
				switch how {
				case "force":
					l.Drain(daemonapp.DrainOptions{Reason: schedule.Signalled})
					l.Force()
				case "operator":
					want = 1
					_ = l.Cancel("a", false, "")
					l.until(2 * time.Second)
				}
				l.drain()
				same(t, "the end", l.told(daemonapp.RunEnded)[0].Run.Result.Outcome, schedule.Cancelled)
				same(t, "memories", notes.puts, want)
			})
		})
	}
}

func TestMemoriesAreRestored(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(d) }
	memory := daemonapp.Memory{
		Name: "a", Digest: "1", Next: at(time.Hour), IdleRuns: 2, Failures: 3,
		LastStart: at(-2 * time.Hour), LastEnd: at(-time.Hour), LastSuccess: at(-time.Hour), LastOutcome: schedule.Idle,
	}
	with := func(change func(*daemonapp.Memory)) daemonapp.Memory {
		m := memory
		change(&m)
		return m
	}
	tests := []struct {
		name   string
		memory daemonapp.Memory
		starts []string
		state  schedule.State
		idle   int
	}{
		{"the next run", memory, nil, schedule.Waiting, 2},
		{"a time that has passed", with(func(m *daemonapp.Memory) { m.Next = at(-time.Minute) }), []string{"0s"}, schedule.Waiting, 0},
		{"never", with(func(m *daemonapp.Memory) { m.Next, m.Never = time.Time{}, true }), nil, schedule.Finished, 2},
		{"no knowledge", with(func(m *daemonapp.Memory) { m.Next = time.Time{} }), []string{"0s"}, schedule.Waiting, 0},
		{"disarmed", with(func(m *daemonapp.Memory) { m.Next, m.Disarmed = time.Time{}, "5 failures" }), nil, schedule.Disarmed, 2},
		{"other settings", with(func(m *daemonapp.Memory) { m.Digest = "other" }), []string{"0s"}, schedule.Waiting, 0},
		{"gone", with(func(m *daemonapp.Memory) { m.Gone = at(-time.Minute) }), []string{"0s"}, schedule.Waiting, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				l := begin(t, daemonapp.Options{Memories: map[string]daemonapp.Memory{"a": tt.memory}}, digested("a", "1"))
				l.until(time.Minute)
				same(t, "starts", l.starts("a"), tt.starts)
				st := l.status("a")
				if st.State != tt.state || st.IdleRuns != tt.idle || st.Reason != tt.memory.Disarmed {
					t.Errorf("state %s, %d idle runs, reason %q", st.State, st.IdleRuns, st.Reason)
				}
			})
		})
	}
}

func TestMemoriesOfChildren(t *testing.T) {
	bubble(t, func(t *testing.T) {
		memories := map[string]daemonapp.Memory{"s/a": {Name: "s/a", Digest: "1", Next: time.Now().Add(time.Minute)}}
		l := begin(t, daemonapp.Options{Memories: memories}, spec("s", nursery(list(digested("a", "1")), nil, list(digested("a", "1")))))
		l.until(1500 * time.Millisecond)
		same(t, "daemons", l.names(), []string{"s"})
		l.until(2500 * time.Millisecond) // the child of that name that comes now is new
		same(t, "starts", l.starts("s/a"), []string{"2s"})
	})
}

func TestOneLifeRemembersForTheNext(t *testing.T) {
	bubble(t, func(t *testing.T) {
		notes := newNotebook()
		idle := func() daemonapp.Spec { return spec("a", every(time.Hour, ending(schedule.Idle))) }
		first := begin(t, daemonapp.Options{Remember: notes, Limits: schedule.Limits{IdleThreshold: time.Minute}}, idle())
		first.stopped()
		time.Sleep(20 * time.Minute)
		second := begin(t, daemonapp.Options{Memories: notes.memories}, idle())
		second.until(41 * time.Minute)
		same(t, "starts in the second life", second.starts("a"), []string{"40m0s"})
		same(t, "idle runs", second.status("a").IdleRuns, 2)
	})
}
