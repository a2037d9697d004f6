package daemonapp_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// nursery is a seed that states the lists of children in turn, one a run, and the last one from then on.
func nursery(lists ...[]daemonapp.Spec) *quirky {
	runs := 0
	return &quirky{children: func() []daemonapp.Spec {
		list := lists[min(runs, len(lists)-1)]
		runs++
		return list
	}}
}

func list(specs ...daemonapp.Spec) []daemonapp.Spec { return specs }

// digested is a daemon that runs once an hour, with that digest.
func digested(name, digest string) daemonapp.Spec {
	return daemonapp.Spec{Name: name, Digest: digest, Daemon: every(time.Hour, ending(schedule.Worked))}
}

func TestChildren(t *testing.T) {
	t.Parallel()
	a1, a2, b1, c1 := digested("a", "1"), digested("a", "2"), digested("b", "1"), digested("c", "1")
	tests := []struct {
		name   string
		lists  [][]daemonapp.Spec // stated a second apart
		events []string
		names  []string
	}{
		{"none", [][]daemonapp.Spec{nil, {}}, []string{"0s added s"}, []string{"s"}},
		{
			"are added in the order stated",
			[][]daemonapp.Spec{list(c1, a1)},
			[]string{"0s added s", "0s added s/c", "0s added s/a"},
			[]string{"s", "s/a", "s/c"},
		},
		{
			"of the same digest are kept",
			[][]daemonapp.Spec{list(a1, b1), list(b1, a1)},
			[]string{"0s added s", "0s added s/a", "0s added s/b"},
			[]string{"s", "s/a", "s/b"},
		},
		{
			"of another digest are replaced",
			[][]daemonapp.Spec{list(a1, b1), list(a2, b1)},
			[]string{"0s added s", "0s added s/a", "0s added s/b", "1s replaced s/a"},
			[]string{"s", "s/a", "s/b"},
		},
		{
			"that vanish are removed",
			[][]daemonapp.Spec{list(a1, b1, c1), list(b1)},
			[]string{"0s added s", "0s added s/a", "0s added s/b", "0s added s/c", "1s removed s/a", "1s removed s/c"},
			[]string{"s", "s/b"},
		},
		{
			"come back",
			[][]daemonapp.Spec{list(a1), nil, list(a1)},
			[]string{"0s added s", "0s added s/a", "1s removed s/a", "2s added s/a"},
			[]string{"s", "s/a"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				l := begin(t, daemonapp.Options{}, spec("s", nursery(tt.lists...)))
				l.until(4500 * time.Millisecond)
				kinds := []daemonapp.Kind{
					daemonapp.Added, daemonapp.Replaced, daemonapp.Changed, daemonapp.Removed, daemonapp.ChildrenRefused,
				}
				same(t, "events", l.lines(kinds...), tt.events)
				same(t, "daemons", l.names(), tt.names)
			})
		})
	}
}

func TestTheRunOfASeedTellsWhatItChanged(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := nursery(list(digested("a", "1"), digested("b", "1"), digested("c", "1")), list(digested("d", "1"), digested("b", "2"), digested("c", "1")))
		l := begin(t, daemonapp.Options{}, spec("s", s))
		l.until(2500 * time.Millisecond)
		var got []daemonapp.Change
		for _, e := range l.told(daemonapp.RunEnded) {
			if e.Daemon == "s" {
				got = append(got, e.Children)
			}
		}
		same(t, "changes", got, []daemonapp.Change{
			{Added: []string{"s/a", "s/b", "s/c"}},
			{Added: []string{"s/d"}, Replaced: []string{"s/b"}, Removed: []string{"s/a"}, Kept: 1},
			{Kept: 3},
		})
		if st := l.status("s/d"); st.Parent != "s" || st.Seed || !l.status("s").Seed {
			t.Errorf("status of the child: parent %q, seed %v", st.Parent, st.Seed)
		}
	})
}

func TestASeedThatFailsChangesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := nursery(list(digested("a", "1")), list(digested("b", "1")))
		s.next = func(last schedule.Run) time.Time { return last.Finished.Add(time.Second) }
		runs := 0
		s.run = func(context.Context) (schedule.Result, error) {
			if runs++; runs == 2 {
				return schedule.Result{}, errors.New("directory unreadable")
			}
			return schedule.Result{Outcome: schedule.Idle}, nil
		}
		l := begin(t, daemonapp.Options{}, spec("s", s))
		l.until(1500 * time.Millisecond)
		same(t, "daemons after the failure", l.names(), []string{"s", "s/a"})
		l.until(2500 * time.Millisecond)
		same(t, "daemons after an idle run", l.names(), []string{"s", "s/b"})
	})
}

func TestChildrenThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	good := digested("good", "1")
	tests := []struct {
		name string
		list []daemonapp.Spec
	}{
		{"without a name", list(good, digested("", "1"))},
		{"with a slash", list(digested("a/b", "1"))},
		{"of one name", list(digested("twin", "1"), digested("twin", "2"))},
		{"without a daemon", list(daemonapp.Spec{Name: "empty"})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				l := begin(t, daemonapp.Options{}, spec("s", nursery(list(good), tt.list)))
				l.until(1500 * time.Millisecond)
				same(t, "daemons", l.names(), []string{"s", "s/good"})
				refused := l.told(daemonapp.ChildrenRefused)
				if len(refused) != 1 || refused[0].Daemon != "s" {
					t.Fatalf("refused: %+v", refused)
				}
				is(t, "the reason", refused[0].Err, daemonapp.ErrName)
			})
		})
	}
}

func TestAChildThatVanishesInItsRunFinishesFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		child := daemonapp.Spec{Name: "a", Digest: "1", Daemon: every(time.Hour, busy(5*time.Second))}
		s := nursery(list(child), nil)
		l := begin(t, daemonapp.Options{Limits: schedule.Limits{Workers: 2}}, spec("s", s))
		l.until(time.Minute)
		lines := l.lines(daemonapp.RunEnded, daemonapp.Removed)
		var got []string
		for _, e := range lines {
			if e != "" && e[len(e)-1] == 'a' {
				got = append(got, e)
			}
		}
		same(t, "its end", got, []string{"5s run_ended s/a", "5s removed s/a"})
		removals := 0
		for _, e := range l.told(daemonapp.RunEnded) {
			removals += len(e.Children.Removed)
		}
		same(t, "removals told", removals, 1)
	})
}

func TestASuccessorWaitsForTheRunOfTheOneBefore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var closed diary
		child := func(digest string, run daemonapp.RunFunc) daemonapp.Spec {
			return daemonapp.Spec{Name: "a", Digest: digest, Type: digest, Daemon: &quirky{
				run: run, close: func() error { closed.add(digest); return nil },
			}}
		}
		s := nursery(
			list(child("1", busy(5*time.Second))), list(child("2", busy(time.Second))), list(child("3", busy(time.Second))))
		s.next = func(last schedule.Run) time.Time { return last.Finished.Add(1500 * time.Millisecond) }
		l := begin(t, daemonapp.Options{Limits: schedule.Limits{Workers: 2}}, spec("s", s))
		l.until(8500 * time.Millisecond)
		var got []string
		for _, e := range l.told(daemonapp.RunStarted, daemonapp.Replaced) {
			if e.Daemon == "s/a" {
				got = append(got, e.At.Sub(l.start).String()+" "+e.Kind.String()+" "+e.Type)
			}
		}
		same(t, "events", got, []string{
			"0s run_started 1", "5s replaced 3", "6s run_started 3", "8s run_started 3",
		})
		l.drain()
		same(t, "closed", closed.lines(), []string{"2", "1", "3"})
	})
}

func TestRemovingASeedStopsItsChildren(t *testing.T) {
	bubble(t, func(t *testing.T) {
		inner := daemonapp.Spec{Name: "inner", Digest: "1", Daemon: nursery(list(digested("leaf", "1")))}
		l := begin(t, daemonapp.Options{}, spec("s", nursery(list(inner))), digested("other", "1"))
		l.until(time.Minute)
		same(t, "daemons", l.names(), []string{"other", "s", "s/inner", "s/inner/leaf"})
		change, err := l.Reconcile(list(digested("other", "1")))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "change", change, daemonapp.Change{Removed: []string{"s"}, Kept: 1})
		same(t, "daemons", l.names(), []string{"other"})
	})
}

func TestASeedThatBecomesSomethingElseStopsItsChildren(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{}, spec("s", nursery(list(digested("a", "1")))))
		l.until(time.Minute)
		if _, err := l.Reconcile(list(digested("s", "other"))); err != nil {
			t.Fatal(err)
		}
		same(t, "daemons", l.names(), []string{"s"})
	})
}

func TestTheSuccessorOfASeedKeepsItsChildren(t *testing.T) {
	bubble(t, func(t *testing.T) {
		next := daemonapp.Spec{Name: "s", Digest: "2", Daemon: nursery(list(digested("a", "1"), digested("b", "1")))}
		l := begin(t, daemonapp.Options{}, spec("s", nursery(list(digested("a", "1")))))
		l.until(10500 * time.Millisecond)
		if _, err := l.Reconcile(list(next)); err != nil {
			t.Fatal(err)
		}
		l.until(20 * time.Second)
		same(t, "daemons", l.names(), []string{"s", "s/a", "s/b"})
		same(t, "starts of the child kept", l.starts("s/a"), []string{"0s"})
	})
}

func TestAnOrphanInItsRunIsTakenOverByTheSeedThatComesBack(t *testing.T) {
	bubble(t, func(t *testing.T) {
		child := func(digest string) daemonapp.Spec {
			return daemonapp.Spec{Name: "a", Digest: digest, Type: digest, Daemon: every(time.Second, busy(10*time.Second))}
		}
		l := begin(t, daemonapp.Options{Limits: schedule.Limits{Workers: 2}}, spec("s", nursery(list(child("1")))))
		l.until(2 * time.Second)
		if _, err := l.Reconcile(nil); err != nil {
			t.Fatal(err)
		}
		l.until(3500 * time.Millisecond)
		same(t, "daemons", l.names(), []string{"s/a"})
		if _, err := l.Reconcile(list(digested("first", "1"), spec("s", nursery(list(child("2")))))); err != nil {
			t.Fatal(err)
		}
		l.until(15 * time.Second)
		same(t, "starts of the child", l.starts("s/a"), []string{"0s", "11s"})
		same(t, "its parent", l.status("s/a").Parent, "s")
		if _, err := l.Reconcile(nil); err != nil {
			t.Fatal(err)
		}
		l.until(time.Minute)
		same(t, "daemons", l.names(), nil)
	})
}

func TestDisarmingOrPausingASeedLeavesItsChildrenRunning(t *testing.T) {
	bubble(t, func(t *testing.T) {
		child := spec("a", every(time.Second, ending(schedule.Worked)))
		l := begin(t, daemonapp.Options{}, spec("s", nursery(list(child))))
		l.until(1500 * time.Millisecond)
		if err := l.Disarm("s", "by hand", "alice"); err != nil {
			t.Fatal(err)
		}
		l.until(9500 * time.Millisecond)
		same(t, "runs of the child", len(l.starts("s/a")), 10)
	})
}
