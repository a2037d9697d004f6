package systemd

import (
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"go.uber.org/zap"
)

// told is what the service manager knows.
type told struct {
	ready     bool
	turns     uint64
	reloads   uint64
	reloading bool
	stopping  bool
	phase     phase
	line      string
	lineAt    time.Time
	failing   bool // the last message could not be sent
}

// What the service manager is asked to wait for the end of the app.
const (
	// slack is for what comes after the grace: kill graces, the end of the history, of the log.
	slack = 30 * time.Second
	// step bounds how far beyond that one request reaches: it is repeated, by a dispatcher that turns.
	step = time.Minute
)

// tell keeps the service manager informed until Close.
func (n *Notifier) tell() {
	defer close(n.ended)
	for {
		f := n.look()
		n.catchUp(&f)
		if !n.wait(&f) {
			f = n.look()
			n.catchUp(&f)
			return
		}
	}
}

// wait returns when there is something to tell; false: it is the last time.
//
// The clock service does not call while the app cancels what runs: then it is asked instead whether its dispatcher
// turns. An app that has stopped gets no more time than it was given: nothing would end that.
func (n *Notifier) wait(f *facts) bool {
	var alarm <-chan time.Time
	if f.phase == cancelling && f.app != nil {
		timer := n.options.Clock.Timer(n.period())
		defer timer.Stop()
		alarm = timer.C
	}
	select {
	case <-n.closing:
		return false
	case <-n.news:
	case <-alarm:
		if f.app.Check(n.period()) == nil {
			n.note(func(f *facts) { f.turns++ })
		}
	}
	return true
}

// catchUp tells what is new, in the order in which the service manager must hear it.
func (n *Notifier) catchUp(f *facts) {
	t := &n.told
	turned, changed := f.turns != t.turns, f.phase != t.phase
	t.turns, t.phase = f.turns, f.phase
	if !t.ready && (turned || changed) {
		// An app that ends before its loop has turned was ready, too: else the service would count as failed.
		t.ready = true
		n.send(daemon.SdNotifyReady, n.status(f))
	}
	n.reload(f)
	switch {
	case f.phase == serving:
		if line := n.fresh(f); line != "" {
			n.send(line)
		}
	case changed:
		n.send(n.stopping(), n.extension(f), n.status(f))
	case turned && f.phase != stopped:
		n.send(n.extension(f), n.fresh(f))
	}
	if turned && n.options.Watchdog > 0 {
		n.send(daemon.SdNotifyWatchdog)
	}
}

// reload tells that the configuration is read, and that it has been; of an app that stops nobody wants to know.
func (n *Notifier) reload(f *facts) {
	t := &n.told
	began := f.reloads != t.reloads
	t.reloads = f.reloads
	if t.stopping {
		return
	}
	if began {
		n.reloaded(f) // the one before has ended, or this one could not have begun
		t.reloading = true
		n.send(daemon.SdNotifyReloading, strings.TrimSpace(daemon.SdNotifyMonotonicUsec()))
	}
	if !f.reloading {
		n.reloaded(f)
	}
}

// reloaded ends the reload that was told of, if any.
func (n *Notifier) reloaded(f *facts) {
	if n.told.reloading {
		n.told.reloading = false
		n.send(daemon.SdNotifyReady, n.status(f))
	}
}

// stopping tells that the app ends, once.
func (n *Notifier) stopping() string {
	if n.told.stopping {
		return ""
	}
	n.told.stopping = true
	return daemon.SdNotifyStopping
}

// extension asks for the time that the end of the app may take from now on.
func (n *Notifier) extension(f *facts) string {
	more := slack
	if f.phase == draining {
		left := step // of a drain that waits as long as it takes
		if !f.until.IsZero() {
			left = min(max(f.until.Sub(n.options.Clock.Now()), 0), step)
		}
		more += left
	}
	return "EXTEND_TIMEOUT_USEC=" + strconv.FormatInt(more.Microseconds(), 10)
}

// fresh is the status if it is another than the last one and that one is not too new; else empty.
func (n *Notifier) fresh(f *facts) string {
	t := &n.told
	// Half a period of tolerance: the clock service is not exact.
	if !t.ready || n.options.Clock.Now().Sub(t.lineAt) < n.options.Refresh-n.period()/2 {
		return ""
	}
	if f.words(n.options.Clock.Now()) == t.line {
		return ""
	}
	return n.status(f)
}

// status is the status line; it is about to be sent.
func (n *Notifier) status(f *facts) string {
	now := n.options.Clock.Now()
	n.told.line, n.told.lineAt = f.words(now), now
	if n.told.line == "" {
		return ""
	}
	return "STATUS=" + n.told.line
}

// send tells several things at once. That it cannot is no reason for the app to fail.
func (n *Notifier) send(assignments ...string) {
	err := send(n.options.Socket, assignments, n.options.Clock.Now().Add(sendPatience))
	if err != nil && !n.told.failing {
		n.options.Log.Warn("systemd", zap.Error(err))
	}
	n.told.failing = err != nil
}
