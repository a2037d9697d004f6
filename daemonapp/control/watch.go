package control

import (
	"fmt"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// watch waits for the run that a trigger leads to.
//
// It is set up before the trigger. The trigger's own event arms it: a run that was in flight then is not the one. The
// server triggers one daemon at a time, so that the first such event is that of whoever set the watch up.
type watch struct {
	daemon string
	ended  chan runEnd // of length 1: the feed sends once, whoever waits receives

	// What follows is guarded by Feed.mu.
	armed   bool
	started bool
	run     daemonapp.RunID
}

// runEnd is how what a watch waits for has ended.
type runEnd struct {
	run   daemonapp.RunID // 0: it did not run
	end   schedule.Run
	cause string // why it did not run, or is not known to have ended
}

// watch sets one up. Whoever has it calls unwatch, once.
func (f *Feed) watch(daemon string) *watch {
	w := &watch{daemon: daemon, ended: make(chan runEnd, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.watches == nil {
		f.watches = map[string][]*watch{}
	}
	f.watches[daemon] = append(f.watches[daemon], w)
	f.watching.Add(1)
	return w
}

func (f *Feed) unwatch(w *watch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop(w)
}

// drop may be called again for one that is gone.
func (f *Feed) drop(w *watch) {
	list := f.watches[w.daemon]
	for i := range list {
		if list[i] == w {
			list = append(list[:i:i], list[i+1:]...)
			f.watching.Add(-1)
			break
		}
	}
	if len(list) == 0 {
		delete(f.watches, w.daemon)
		return
	}
	f.watches[w.daemon] = list
}

// tell tells the watches what happens.
func (f *Feed) tell(e *daemonapp.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e.Daemon != "" {
		f.tellThose(f.watches[e.Daemon], e)
		return
	}
	for _, list := range f.watches {
		f.tellThose(list, e)
	}
}

func (f *Feed) tellThose(list []*watch, e *daemonapp.Event) {
	for _, w := range list {
		if end, over := w.see(e); over {
			w.ended <- end
			f.drop(w)
		}
	}
}

// see takes note of an event; over tells that there is nothing more to wait for.
func (w *watch) see(e *daemonapp.Event) (end runEnd, over bool) {
	switch {
	case e.Kind == daemonapp.Triggered:
		w.armed = true
	case e.Kind == daemonapp.AppStopped:
		return runEnd{run: w.run, cause: "the app stopped before that run had ended"}, true
	case w.started:
		return w.seeRun(e)
	case !w.armed:
	case e.Kind == daemonapp.RunStarted:
		w.started, w.run = true, e.RunID
	default:
		if cause := prevents(e); cause != "" {
			return runEnd{cause: cause}, true
		}
	}
	return runEnd{}, false
}

// seeRun looks at an event while the run is in flight.
func (w *watch) seeRun(e *daemonapp.Event) (end runEnd, over bool) {
	if e.RunID != w.run {
		return runEnd{}, false
	}
	switch e.Kind { //nolint:exhaustive // no other ends a run
	case daemonapp.RunEnded:
		return runEnd{run: w.run, end: e.Run}, true
	case daemonapp.Stuck:
		end := e.Run
		end.Result.Outcome = schedule.Failed
		if end.Err == nil {
			end.Err = e.Err
		}
		return runEnd{run: w.run, end: end, cause: "it is stuck: it did not return within its kill grace"}, true
	}
	return runEnd{}, false
}

// prevents is why a triggered daemon will not run after this event; empty if it may.
func prevents(e *daemonapp.Event) string {
	switch e.Kind { //nolint:exhaustive // no other keeps a run from beginning
	case daemonapp.Draining:
		return "the app began to stop before it ran"
	case daemonapp.Removed:
		return "it was removed before it ran"
	case daemonapp.Replaced:
		return "a reload replaced it before it ran"
	case daemonapp.DaemonDisarmed:
		return "it was disarmed before it ran"
	case daemonapp.DaemonPaused:
		return fmt.Sprintf("it was paused before it ran, by %s", orNobody(e.Who))
	case daemonapp.Skipped:
		if e.First.IsZero() { // asked for during a run: that which was triggered is not the one left out
			return ""
		}
		return fmt.Sprintf("its run was skipped, by %s", orNobody(e.Who))
	}
	return ""
}

func orNobody(who string) string {
	if who == "" {
		return "somebody"
	}
	return who
}
