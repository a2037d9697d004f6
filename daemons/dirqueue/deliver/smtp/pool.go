package smtp

import (
	"sync"
	"time"

	"github.com/benbjohnson/clock"
)

// keepOpen is how long a session is kept that has nothing to do.
const keepOpen = 15 * time.Second

// pool is the sessions that nobody uses.
type pool struct {
	clock clock.Clock

	mu   sync.Mutex
	idle []*session // the latest last

	awake chan struct{} // closed by wake, to end the watch
	ended chan struct{} // closed by the watch; nil: there is none
}

// take gives the session that was used last, or nil.
func (p *pool) take() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	s := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return s
}

// put keeps a session that can be used again.
func (p *pool) put(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, s)
}

// empty ends all sessions.
func (p *pool) empty() {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	p.mu.Unlock()
	for _, s := range idle {
		s.quit()
	}
}

// rest starts a watch that ends the sessions when nothing comes for a while.
func (p *pool) rest() {
	p.awake, p.ended = make(chan struct{}), make(chan struct{})
	timer := p.clock.Timer(keepOpen)
	go func() { // joined by wake
		defer close(p.ended)
		defer timer.Stop()
		select {
		case <-timer.C:
			p.empty()
		case <-p.awake:
		}
	}()
}

// wake ends the watch.
func (p *pool) wake() {
	if p.ended != nil {
		close(p.awake)
		<-p.ended
		p.ended = nil
	}
}
