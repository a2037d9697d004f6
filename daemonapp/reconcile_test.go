package daemonapp_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

func TestReconcileTouchesOnlyWhatChanged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		daemon := func(name, digest string) daemonapp.Spec {
			return daemonapp.Spec{Name: name, Digest: digest, Daemon: every(10*time.Second, ending(schedule.Idle))}
		}
		l := begin(t, daemonapp.Options{}, daemon("kept", "1"), daemon("changed", "1"), daemon("gone", "1"))
		l.until(35 * time.Second)
		before := l.status("kept")
		change, err := l.Reconcile(list(daemon("new", "1"), daemon("changed", "2"), daemon("kept", "1")))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "change", change, daemonapp.Change{
			Added: []string{"new"}, Replaced: []string{"changed"}, Removed: []string{"gone"}, Kept: 1,
		})
		same(t, "status of the kept", l.status("kept"), before)
		if st := l.status("changed"); st.IdleRuns != 0 || st.Digest != "2" || st.Due.Sub(l.start) != 40*time.Second {
			t.Errorf("the replaced: %d idle runs, digest %s, due at %s", st.IdleRuns, st.Digest, st.Due.Sub(l.start))
		}
		l.until(41 * time.Second)
		same(t, "starts of the new", l.starts("new"), []string{"35s"})
		same(t, "starts of the replaced", l.starts("changed"), []string{"0s", "10s", "20s", "30s", "40s"})
		same(t, "starts of the gone", l.starts("gone"), []string{"0s", "10s", "20s", "30s"})
	})
}

func TestReconcileWithAnErrorChangesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{}, digested("a", "1"))
		_, err := l.Reconcile(list(digested("b", "1"), digested("b", "1")))
		is(t, "two of one name", err, daemonapp.ErrName)
		same(t, "daemons", l.names(), []string{"a"})
		_, err = daemonapp.New(daemonapp.Options{}).Reconcile(list(digested("", "1")))
		is(t, "no name, before the app runs", err, daemonapp.ErrName)
	})
}

func TestTwoOfOneNameAmongMany(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 3, 1000} {
		specs := make([]daemonapp.Spec, n)
		for i := range specs {
			specs[i] = digested(strconv.Itoa(i), "1")
		}
		if _, err := daemonapp.New(daemonapp.Options{}).Reconcile(slices.Clone(specs)); err != nil {
			t.Errorf("%d names: %v", n, err)
		}
		for _, twice := range []int{0, n / 2, n - 1} {
			_, err := daemonapp.New(daemonapp.Options{}).Reconcile(append(slices.Clone(specs), specs[twice]))
			is(t, "one name twice", err, daemonapp.ErrName)
		}
	}
}

// label is a spec whose description, tags and priority are its own, whatever its digest.
func label(priority int, description string, tags ...string) daemonapp.Spec {
	return daemonapp.Spec{
		Name: "a", Digest: "1", Daemon: ranked(priority, 10*time.Second, ending(schedule.Idle)),
		Terms: daemonapp.Terms{Description: description, Tags: tags},
	}
}

func TestLabelsChangeWithoutReplacing(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		to      daemonapp.Spec
		changed []string
	}{
		{"nothing", label(1, "old", "x"), nil},
		{"description", label(1, "new", "x"), []string{"a"}},
		{"tags", label(1, "old", "x", "y"), []string{"a"}},
		{"priority", label(2, "old", "x"), []string{"a"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				l := begin(t, daemonapp.Options{}, label(1, "old", "x"))
				l.until(15 * time.Second)
				before := l.status("a")
				change, err := l.Reconcile(list(tt.to))
				if err != nil {
					t.Fatal(err)
				}
				same(t, "changed", change.Changed, tt.changed)
				st := l.status("a")
				if st.Due != before.Due || st.IdleRuns != before.IdleRuns {
					t.Errorf("the schedule changed: due %s, %d idle runs", st.Due, st.IdleRuns)
				}
				same(t, "description", st.Terms.Description, tt.to.Terms.Description)
				same(t, "tags", st.Terms.Tags, tt.to.Terms.Tags)
				same(t, "priority", st.Priority, tt.to.Daemon.Priority())
				same(t, "events", len(l.told(daemonapp.Changed)), len(tt.changed))
				again, err := l.Reconcile(list(tt.to))
				same(t, "the same once more", again, daemonapp.Change{Kept: 1})
				if err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// clocked is a planner that follows a calendar: each full minute.
type clocked struct{ prio int }

func (c clocked) Priority() int                       { return c.prio }
func (c clocked) NextRun(last schedule.Run) time.Time { return c.After(last.Finished) }
func (clocked) After(t time.Time) time.Time           { return t.Round(0).Truncate(time.Minute).Add(time.Minute) }
func (clocked) CatchUp() bool                         { return true }

func TestAChangeOfPriorityKeepsThePlannerOfTheDaemonThatRuns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var asked diary
		planner := func(who string, priority int) daemonapp.Spec {
			return spec("a", &quirky{
				priority: func() int { return priority },
				next: func(last schedule.Run) time.Time {
					asked.add(who)
					return last.Finished.Add(10 * time.Second)
				},
			})
		}
		minute := spec("minutely", daemonapp.Task{Planner: clocked{prio: 1}, Do: ending(schedule.Worked)})
		l := begin(t, daemonapp.Options{}, planner("first", 1), minute)
		minute.Daemon = daemonapp.Task{Planner: clocked{prio: 2}, Do: ending(schedule.Worked)}
		l.until(5 * time.Second)
		change, err := l.Reconcile(list(planner("second", 2), minute))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "changed", change.Changed, []string{"a", "minutely"})
		l.until(15 * time.Second)
		same(t, "asked", asked.lines(), []string{"first", "first"})
		l.until(2*time.Minute + time.Second)
		same(t, "starts", l.starts("minutely"), []string{"1m0s", "2m0s"})
	})
}

func TestReconcileWhileTheDaemonRuns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var closed diary
		daemon := func(digest string, priority int) daemonapp.Spec {
			return daemonapp.Spec{Name: "a", Digest: digest, Daemon: &quirky{
				run: busy(10 * time.Second), priority: func() int { return priority },
				close: func() error { closed.add(digest); return nil },
			}}
		}
		l := begin(t, daemonapp.Options{}, daemon("1", 0))
		steps := []struct {
			spec daemonapp.Spec
			want daemonapp.Change
		}{
			{daemon("2", 0), daemonapp.Change{Replaced: []string{"a"}}},
			{daemon("2", 0), daemonapp.Change{Kept: 1}},                // the successor stands
			{daemon("2", 5), daemonapp.Change{Changed: []string{"a"}}}, // with another priority
			{daemon("3", 5), daemonapp.Change{Replaced: []string{"a"}}},
		}
		for i, step := range steps {
			l.until(time.Duration(i+1) * time.Second)
			change, err := l.Reconcile(list(step.spec))
			if err != nil {
				t.Fatal(err)
			}
			same(t, "change", change, step.want)
		}
		l.until(9 * time.Second)
		same(t, "closed before the run has ended", closed.lines(), []string{"2", "2", "2"})
		l.until(15 * time.Second)
		same(t, "closed", closed.lines(), []string{"2", "2", "2", "1"})
		st := l.status("a")
		same(t, "digest", st.Digest, "3")
		same(t, "priority", st.Priority, 5)
	})
}

func TestWhatIsRemovedInItsRunMayComeBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		daemon := func() daemonapp.Spec { return spec("a", every(time.Second, busy(10*time.Second))) }
		l := begin(t, daemonapp.Options{}, daemon())
		l.until(time.Second)
		_, _ = l.Reconcile(nil)
		if !l.status("a").Leaving {
			t.Error("the removed daemon is not leaving")
		}
		change, err := l.Reconcile(list(daemon()))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "change", change, daemonapp.Change{Replaced: []string{"a"}})
		l.until(15 * time.Second)
		same(t, "starts", l.starts("a"), []string{"0s", "11s"})
		same(t, "removed", len(l.told(daemonapp.Removed)), 0)
	})
}

// TestAChildMadeOnlyToBeComparedIsClosedOnce, however often a seed that was replaced states it.
func TestAChildMadeOnlyToBeComparedIsClosedOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var closed diary
		seed := func(digest string) daemonapp.Spec {
			child := spec("child", &quirky{close: func() error { closed.add(digest); return nil }})
			return daemonapp.Spec{Name: "seed", Digest: digest, Daemon: nursery(list(child))}
		}
		l := begin(t, daemonapp.Options{}, seed("1"))
		for i, digest := range []string{"2", "3"} {
			l.until(time.Duration(1+10*i)*time.Second + time.Millisecond)
			if _, err := l.Put(seed(digest)); err != nil {
				t.Fatal(err)
			}
		}
		l.until(30 * time.Second)
		same(t, "closed", closed.lines(), []string{"2", "3"})
		l.drain()
		same(t, "closed at the end", closed.lines(), []string{"2", "3", "1"})
	})
}

func TestADaemonMadeOnlyToBeComparedIsClosed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		closed := make(chan string, 3)
		daemon := func(who string) daemonapp.Spec {
			return spec("a", &quirky{close: func() error { closed <- who; return nil }})
		}
		first := daemon("first")
		l := begin(t, daemonapp.Options{}, first)
		_, _ = l.Reconcile(list(first)) // itself: it goes on
		_, _ = l.Reconcile(list(daemon("second")))
		same(t, "closed", <-closed, "second")
		l.drain()
		same(t, "closed", <-closed, "first")
		same(t, "closed again", len(closed), 0)
	})
}
