package daemonapp

import (
	"slices"
	"time"
)

// retiree is a daemon that has had its last run and is to be closed.
type retiree struct {
	name string
	Closer
}

// closeGrace is how long a Close may take at the end of the app before it is left behind.
const closeGrace = 5 * time.Second

// closeAside has the retired closed by a goroutine of its own, so that a slow Close delays nobody.
func (a *App) closeAside() {
	retired := a.retired
	a.retired = nil
	if a.ended {
		go a.closeAll(retired) // of a run that returned after the end of the app: nobody waits
		return
	}
	a.closed.Add(1)
	go func() { // joined in App.awaitClosed
		defer a.closed.Done()
		a.closeAll(retired)
	}()
}

func (a *App) closeAll(list []retiree) {
	for _, r := range list {
		a.noteClosing(r.name, true)
		r.close()
		a.noteClosing(r.name, false)
	}
}

// close contains a panic: the daemon is gone either way.
func (r *retiree) close() {
	defer func() { _ = recover() }()
	_ = r.Close()
}

func (a *App) noteClosing(name string, begins bool) {
	a.lock()
	defer a.unlock()
	if begins {
		a.closing[name] = struct{}{}
	} else {
		delete(a.closing, name)
	}
}

// awaitClosed waits until all that was retired is closed, and names what is not in time.
func (a *App) awaitClosed() []string {
	done := make(chan struct{})
	go func() { // ends with the last Close; one that never returns is named to the caller
		a.closed.Wait()
		close(done)
	}()
	timer := a.clock.Timer(closeGrace)
	defer timer.Stop()
	select {
	case <-done:
		return nil
	case <-timer.C:
	}
	a.lock()
	defer a.unlock()
	var late []string
	for name := range a.closing {
		late = append(late, "close of "+name)
	}
	slices.Sort(late)
	return late
}
