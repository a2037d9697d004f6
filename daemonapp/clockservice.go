package daemonapp

import (
	"fmt"
	"time"
)

// clockClients are the listeners of the clock service: one for each app, as in the proposal for Zope.
type clockClients struct {
	listeners []*listener
	calling   []*listener // whose call has not returned
}

// listener is one of the clock service; all of it belongs to whoever holds the app's lock.
type listener struct {
	interval time.Duration
	call     func(now time.Time)
	next     time.Time
	calling  bool
}

// Every calls listen every interval from now on, until the app ends or cancel is called. A listener that is
// slow misses calls and delays nobody; one that panics is not called again. Calls are not made up for.
func (a *App) Every(interval time.Duration, listen func(now time.Time)) (cancel func()) {
	a.lock()
	defer a.unlock()
	l := &listener{interval: max(interval, time.Millisecond), call: listen}
	l.next = a.clock.Now().Add(l.interval)
	a.clients.listeners = append(a.clients.listeners, l)
	a.kickLoop()
	return func() {
		a.lock()
		defer a.unlock()
		a.clients.listeners = remove(a.clients.listeners, l)
	}
}

// ticking tells whether listeners are called: until runs in flight are cancelled.
func (a *App) ticking() bool { return a.state == dispatching || a.state == draining }

// tick calls the listeners whose time has come.
func (a *App) tick(now time.Time) {
	if !a.ticking() {
		return
	}
	for _, l := range a.clients.listeners {
		if now.Before(l.next) {
			continue
		}
		l.follow(now)
		if l.calling {
			continue
		}
		l.calling = true
		a.clients.calling = append(a.clients.calling, l)
		a.joined.Add(1)
		go a.listen(l, now) // joined in App.end
	}
}

// follow moves on to the first of l's times after now.
func (l *listener) follow(now time.Time) {
	late := now.Sub(l.next)
	l.next = l.next.Add(late - late%l.interval + l.interval)
}

func (c *clockClients) next() time.Time {
	var next time.Time
	for _, l := range c.listeners {
		next = earlier(next, l.next)
	}
	return next
}

// leave ends the service and names the listeners that are still at work.
func (c *clockClients) leave() []string {
	var busy []string
	for _, l := range c.calling {
		busy = append(busy, fmt.Sprintf("clock listener, every %s", l.interval))
	}
	c.listeners = nil
	return busy
}

// listen is one call; after one that did not return as a function should there is no other.
func (a *App) listen(l *listener, now time.Time) {
	defer a.joined.Done()
	returned := false
	defer func() {
		_ = recover()
		a.lock()
		defer a.unlock()
		l.calling = false
		a.clients.calling = remove(a.clients.calling, l)
		if !returned {
			a.clients.listeners = remove(a.clients.listeners, l)
		}
	}()
	l.call(now)
	returned = true
}
