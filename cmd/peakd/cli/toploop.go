package cli

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/peakd/peakd/daemonapp/control"
	"github.com/peakd/peakd/daemonapp/status"
)

// topLoop is a running top.
type topLoop struct {
	app     topApp
	chosen  status.Selection
	screen  *topScreen
	tty     *tty
	signals <-chan os.Signal

	sights  chan sight  // watch sends
	keys    chan key    // read sends
	notices chan string // steer sends
	faults  chan error  // of length 3: each goroutine sends at most one
	busy    bool        // a steering act is under way
}

// run shows pictures until a key or a signal ends it, or an error. A goroutine that panics ends it as an error, so that
// the terminal is put in order first.
func (l *topLoop) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	l.sights, l.keys, l.notices, l.faults = make(chan sight), make(chan key), make(chan string, 1), make(chan error, 3)
	var joined sync.WaitGroup
	defer joined.Wait()
	defer l.tty.wake()
	defer cancel()
	for _, work := range []func(context.Context) error{l.watch, l.read} {
		joined.Add(1)
		go func() { // joined above: the first ends with ctx, the second is woken
			defer joined.Done()
			l.guard(func() error { return work(ctx) })
		}()
	}
	for {
		if err := l.draw(); err != nil {
			return err
		}
		if done, err := l.next(ctx, &joined); done || err != nil {
			return err
		}
	}
}

// next waits for something to happen, and takes it up.
func (l *topLoop) next(ctx context.Context, joined *sync.WaitGroup) (done bool, err error) {
	select {
	case <-ctx.Done():
		return true, nil
	case err := <-l.faults:
		return true, err
	case s := <-l.signals:
		return s != syscall.SIGWINCH, nil
	case seen := <-l.sights:
		if seen.err != nil {
			return true, seen.err
		}
		l.screen.see(seen.status)
	case notice := <-l.notices:
		l.screen.notice, l.busy = notice, false
	case k := <-l.keys:
		act, quit := l.screen.press(k)
		if act != nil {
			l.begin(ctx, *act, joined)
		}
		return quit, nil
	}
	return false, nil
}

// guard makes an error of a panic, and hands it to run.
func (l *topLoop) guard(work func() error) {
	defer func() {
		if p := recover(); p != nil {
			l.faults <- fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if err := work(); err != nil {
		l.faults <- err
	}
}

func (l *topLoop) draw() error {
	l.screen.view.width, l.screen.height = l.tty.size()
	return l.tty.show(l.screen.frame())
}

// watch looks at the app until ctx ends.
func (l *topLoop) watch(ctx context.Context) error {
	ticker := time.NewTicker(topInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		select {
		case l.sights <- glimpse(ctx, l.app, l.chosen):
		case <-ctx.Done():
			return nil
		}
	}
}

// read hands over keys until the terminal is woken.
func (l *topLoop) read(ctx context.Context) error {
	for {
		sent, err := l.tty.read()
		if err != nil || sent == nil {
			return err
		}
		for _, k := range keysIn(sent) {
			select {
			case l.keys <- k:
			case <-ctx.Done():
				return nil
			}
		}
	}
}

// begin carries out a steering act beside the loop, one at a time.
func (l *topLoop) begin(ctx context.Context, act topAct, joined *sync.WaitGroup) {
	if l.busy {
		l.screen.notice = "the act before is still under way"
		return
	}
	l.busy = true
	v, _ := verbOf(act.key)
	l.screen.notice = v.verb + " " + act.daemon + " …"
	joined.Add(1)
	go func() { // joined in run; ends with ctx
		defer joined.Done()
		l.guard(func() error {
			done, err := l.steer(ctx, act)
			l.notices <- steeredText(done, err, v.did)
			return nil
		})
	}()
}

func (l *topLoop) steer(ctx context.Context, act topAct) (control.Steered, error) {
	choice := control.Choice{Names: []string{act.daemon}}
	switch act.key {
	case 'p':
		return l.app.Pause(ctx, control.PauseRequest{Choice: choice, Why: "from top"})
	case 'r':
		return l.app.Resume(ctx, control.ChoiceRequest{Choice: choice})
	case 't':
		return l.app.Trigger(ctx, control.TriggerRequest{Choice: choice})
	}
	return l.app.Arm(ctx, control.ChoiceRequest{Choice: choice})
}
