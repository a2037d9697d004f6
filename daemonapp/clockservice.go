package daemonapp

import (
	"fmt"
	"sync"
	"time"
)

// clockClients are the listeners of the clock service: one for each app, as in the proposal for Zope.
type clockClients struct {
	listeners []*listener
}

type listener struct {
	interval time.Duration
	call     func(now time.Time)
	next     time.Time

	mu   sync.Mutex // guards busy, which the app and the listener's goroutine share
	busy bool
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

// tick calls the listeners whose time has come.
func (c *clockClients) tick(a *App, now time.Time) {
	if a.state != dispatching && a.state != draining {
		return
	}
	for _, l := range c.listeners {
		if now.Before(l.next) {
			continue
		}
		l.next = now.Add(l.interval)
		if l.begin() {
			a.joined.Add(1)
			go func() { // joined in App.end
				defer a.joined.Done()
				l.listen(now)
			}()
		}
	}
}

func (c *clockClients) next() time.Time {
	var next time.Time
	for _, l := range c.listeners {
		next = earlier(next, l.next)
	}
	return next
}

// leave ends the service and names the listeners that are still at work.
func (c *clockClients) leave(a *App) []string {
	a.lock()
	defer a.unlock()
	var busy []string
	for _, l := range c.listeners {
		l.mu.Lock()
		if l.busy {
			busy = append(busy, fmt.Sprintf("clock listener, every %s", l.interval))
		}
		l.mu.Unlock()
	}
	c.listeners = nil
	return busy
}

func (l *listener) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy {
		return false
	}
	l.busy = true
	return true
}

// listen is one call; after a panic busy stays set, so that there is no other.
func (l *listener) listen(now time.Time) {
	defer func() { _ = recover() }()
	l.call(now)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy = false
}
