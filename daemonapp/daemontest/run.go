package daemontest

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// run has the daemon run once, cancels it at its moment (nil: after RunFor), and looks at what it answers.
func (o Options) run(t T, d daemonapp.Daemon, when func(ctx context.Context, cancel context.CancelFunc)) (returned bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if when == nil {
		when = o.later
	}
	moment := make(chan struct{})
	go func() { // joined below
		defer close(moment)
		when(ctx, cancel)
	}()
	returned = runOnce(ctx, t, d, o.RunFor+o.ReturnWithin)
	cancel()
	<-moment
	return returned
}

func runOnce(ctx context.Context, t T, d daemonapp.Daemon, limit time.Duration) (returned bool) {
	t.Helper()
	var result schedule.Result
	err := errors.New("none yet")
	if returned = within(t, limit, "Run", func() { result, err = d.Run(ctx) }); returned {
		judge(t, result, err)
	}
	return returned
}

// later cancels a run that is still going after RunFor.
func (o Options) later(ctx context.Context, cancel context.CancelFunc) {
	timer := time.NewTimer(o.RunFor)
	defer timer.Stop()
	select {
	case <-timer.C:
		cancel()
	case <-ctx.Done():
	}
}

// judge complains of an answer that is none.
func judge(t T, result schedule.Result, err error) {
	t.Helper()
	switch o := result.Outcome; {
	case result.Count < 0:
		t.Errorf("Run counts %d things", result.Count)
	case err != nil:
	case o == 0:
		t.Errorf("Run tells neither an outcome nor an error")
	case o == schedule.Failed:
		t.Errorf("Run ends failed and does not say why: return the error")
	case o != schedule.Worked && o != schedule.More && o != schedule.Idle:
		t.Errorf("Run ends %s, which is not for a daemon to say", o)
	}
}

// checkOutcome: each run ends in an outcome or an error. A seed's children are fit to be daemons.
func checkOutcome(o Options, t T, fresh func() daemonapp.Daemon) bool {
	t.Helper()
	d := fresh()
	for range 3 {
		if !o.run(t, d, nil) {
			return false
		}
	}
	if s, is := d.(daemonapp.Seed); is && !o.checkChildren(t, s) {
		return false
	}
	return closeDaemon(o, t, d)
}

func (o Options) checkChildren(t T, s daemonapp.Seed) (returned bool) {
	t.Helper()
	var specs []daemonapp.Spec
	if !within(t, o.ReturnWithin, "Children", func() { specs = s.Children() }) {
		return false
	}
	seen := map[string]bool{}
	for _, spec := range specs {
		if spec.Name == "" || strings.Contains(spec.Name, "/") || seen[spec.Name] || spec.Daemon == nil {
			t.Errorf("a child %q cannot be: a name is unique and has no \"/\", and a child is a daemon", spec.Name)
			continue
		}
		seen[spec.Name] = true
		if !closeDaemon(o, t, spec.Daemon) {
			return false
		}
	}
	return true
}

// checkContext: Run returns when its context ends, whenever that is.
func checkContext(o Options, t T, fresh func() daemonapp.Daemon) bool {
	t.Helper()
	moments := []func(context.Context, context.CancelFunc){
		nil,
		func(_ context.Context, cancel context.CancelFunc) { cancel() },
	}
	for _, moment := range moments {
		d := fresh()
		if !o.run(t, d, moment) || !closeDaemon(o, t, d) {
			return false
		}
	}
	d := fresh()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	return runOnce(ended, t, d, o.ReturnWithin) && closeDaemon(o, t, d)
}

// checkRuns: run after run, the daemon does not collect goroutines. It may keep some until Close.
func checkRuns(o Options, t T, fresh func() daemonapp.Daemon) bool {
	t.Helper()
	const runs = 10
	d := fresh()
	w := newWatch(t.Context())
	ok := true
	w.do(func() {
		ok = o.run(t, d, nil) && o.run(t, d, nil) //nolint:staticcheck // twice
		before := w.goroutines().count
		for i := 0; ok && i < runs; i++ {
			ok = o.run(t, d, nil)
		}
		if !ok {
			return
		}
		if after := w.settled(before+runs-1, o.ReturnWithin); after.count >= before+runs {
			t.Errorf("each run leaves a goroutine behind that goes on: %d before %d runs, %d after:\n%s", before, runs, after.count, after.stacks)
		}
		if ok = closeDaemon(o, t, d); ok {
			w.checkGone(t, o.ReturnWithin)
		}
	})
	return ok
}

// dishonest tells whether the app had to find out for itself how a run ended.
func dishonest(err error) bool {
	var p *daemonapp.PanicError
	return errors.As(err, &p) || errors.Is(err, daemonapp.ErrNoOutcome) ||
		errors.Is(err, daemonapp.ErrFailed) || errors.Is(err, daemonapp.ErrExited)
}
