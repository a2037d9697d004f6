package daemonapp_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

func TestPutTouchesOnlyTheOne(t *testing.T) {
	bubble(t, func(t *testing.T) {
		l := begin(t, daemonapp.Options{}, digested("a", "1"), digested("b", "1"))
		l.until(time.Minute)
		relabelled := digested("a", "2")
		relabelled.Terms.Description = "other"
		steps := []struct {
			spec daemonapp.Spec
			want daemonapp.Change
		}{
			{digested("c", "1"), daemonapp.Change{Added: []string{"c"}}},
			{digested("a", "1"), daemonapp.Change{Kept: 1}},
			{digested("a", "2"), daemonapp.Change{Replaced: []string{"a"}}},
			{relabelled, daemonapp.Change{Changed: []string{"a"}}},
		}
		for _, step := range steps {
			change, err := l.Put(step.spec)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "change", change, step.want)
		}
		l.until(time.Minute + time.Second)
		same(t, "starts of the new one", l.starts("c"), []string{"1m0s"})
		same(t, "starts of another", l.starts("b"), []string{"0s"})
		same(t, "daemons", l.names(), []string{"a", "b", "c"})
		change, err := l.Reconcile(list(relabelled, digested("c", "1")))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "what was put is one of the app's own", change, daemonapp.Change{Removed: []string{"b"}, Kept: 2})
	})
}

func TestRemoveTakesOneOut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		seed := spec("seed", nursery(list(digested("child", "1"))))
		long := spec("long", every(time.Hour, busy(10*time.Second)))
		l := begin(t, daemonapp.Options{Limits: schedule.Limits{Workers: 2}}, long, digested("a", "1"), seed)
		l.until(time.Second)
		is(t, "a child", l.Remove("seed/child"), daemonapp.ErrName)
		is(t, "nobody", l.Remove("nobody"), daemonapp.ErrUnknown)
		for _, name := range []string{"a", "seed", "long", "long"} {
			if err := l.Remove(name); err != nil {
				t.Error(err)
			}
		}
		same(t, "daemons", l.names(), []string{"long"})
		l.until(11 * time.Second)
		same(t, "daemons once the run has ended", l.names(), nil)
		same(t, "runs", slices.Contains(l.ends(), "10s long worked"), true)
		l.drain()
		is(t, "after the end", l.Remove("a"), daemonapp.ErrRan)
		_, err := l.Put(digested("a", "1"))
		is(t, "after the end", err, daemonapp.ErrRan)
	})
}

func TestPutAndRemoveBeforeRun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		closed := make(chan string, 4)
		closing := func(name, digest string) daemonapp.Spec {
			return daemonapp.Spec{Name: name, Digest: digest, Daemon: &quirky{
				next:  func(schedule.Run) time.Time { return time.Time{} },
				close: func() error { closed <- name + digest; return nil },
			}}
		}
		app := daemonapp.New(daemonapp.Options{})
		if _, err := app.Reconcile(list(closing("a", "1"), closing("b", "1"))); err != nil {
			t.Fatal(err)
		}
		put := func(spec daemonapp.Spec, want daemonapp.Change) {
			t.Helper()
			change, err := app.Put(spec)
			same(t, "change", change, want)
			if err != nil {
				t.Error(err)
			}
		}
		put(closing("c", "1"), daemonapp.Change{Added: []string{"c"}})
		put(closing("a", "2"), daemonapp.Change{Replaced: []string{"a"}})
		same(t, "closed", <-closed, "a1")
		is(t, "nobody", app.Remove("d"), daemonapp.ErrUnknown)
		if err := errors.Join(app.Remove("b"), app.Remove("c")); err != nil {
			t.Fatal(err)
		}
		is(t, "removed already", app.Remove("b"), daemonapp.ErrUnknown)
		both := func() []string { return slices.Sorted(slices.Values([]string{<-closed, <-closed})) }
		same(t, "closed", both(), []string{"b1", "c1"})
		put(closing("b", "2"), daemonapp.Change{Added: []string{"b"}})
		for _, bad := range []daemonapp.Spec{digested("", "1"), digested("x/y", "1"), {Name: "x"}} {
			_, err := app.Put(bad)
			is(t, "not a name", err, daemonapp.ErrName)
		}
		ended := make(chan daemonapp.Stop)
		go func() { // joined below
			stop, err := app.Run(t.Context())
			if err != nil {
				t.Error(err)
			}
			ended <- stop
		}()
		time.Sleep(time.Second)
		var names []string
		for _, st := range app.Status() {
			names = append(names, st.Name)
		}
		same(t, "daemons", names, []string{"a", "b"})
		app.Drain(daemonapp.DrainOptions{Reason: schedule.Asked})
		<-ended
		same(t, "closed", both(), []string{"a2", "b2"})
	})
}
