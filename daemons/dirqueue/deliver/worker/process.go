package worker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/benbjohnson/clock"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/program"
	"github.com/peakd/peakd/daemons/exec/process"
)

// running is a started worker. All but its two goroutines, the process and the reader of its stdout, is
// one slot's.
type running struct {
	clock   clock.Clock
	grace   time.Duration
	stdin   *os.File
	ready   chan error    // one value, from the reader: it has said hello, or something else
	replies chan []reply  // from the reader, which closes it at the end of stdout
	more    chan struct{} // to the reader, one value for each that replies gave; closed by end
	kill    chan struct{}
	cancel  context.CancelFunc
	ended   chan struct{} // closed by the process's goroutine; then exit, err and stderr are set
	exit    process.Exit
	err     error
	stderr  deliver.Tail

	room     int               // how many bytes it may be told before it has answered
	locks    map[*os.File]bool // inherited
	next     uint64            // the number of the next job
	answered uint64            // how many jobs
}

var errNotReady = errors.New("it ended before it was ready")

// start starts a worker; wait for ready before anything else. It lives longer than ctx.
func (d *Deliverer) start(ctx context.Context, queue string, locks map[*os.File]bool) (*running, error) {
	cmd, err := d.settings.Prepare(d.env.Clock, map[string]string{"PEAKD_QUEUE": queue, "PEAKD_WORKER": "1"})
	if err != nil {
		return nil, err
	}
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("open pipe: %w", err)
	}
	w := &running{
		clock: d.env.Clock, grace: d.settings.KillGrace, stdin: ours, ready: make(chan error, 1),
		replies: make(chan []reply), more: make(chan struct{}, 1), kill: make(chan struct{}), ended: make(chan struct{}),
		room: pipeRoom(int(theirs.Fd())), locks: locks, next: 1,
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w.cancel = cancel
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Kill = theirs, w.read, program.Into(&w.stderr), w.kill
	for lock := range locks {
		cmd.Extra = append(cmd.Extra, lock)
	}
	started := make(chan struct{})
	cmd.Started = func(int) { close(started) }
	go func() { // joined by end, which receives from ended
		defer close(w.ended)
		w.exit, w.err = cmd.Run(life)
	}()
	select {
	case <-started:
	case <-w.ended:
	}
	_ = theirs.Close() // so that the worker alone has it, and its end is seen
	if !closed(started) {
		close(w.replies) // nobody reads stdout
		w.ready <- errNotReady
	}
	return w, nil
}

// read is the reader of stdout. It reads on when what it has read is dealt with: what the worker answers meanwhile comes
// together then, and does not wake anybody line by line.
func (w *running) read(stdout io.Reader) {
	defer close(w.replies)
	lines := bufio.NewReaderSize(stdout, lineBytes)
	line, err := readLine(lines)
	switch {
	case errors.Is(err, io.EOF):
		err = errNotReady
	case err == nil && string(trimmed(line)) != Hello:
		err = fmt.Errorf("its first line is %.60q, not %q", line, Hello)
	}
	w.ready <- err
	if err != nil {
		return
	}
	var batch []reply
	for err == nil {
		if batch, err = readReplies(lines, batch); len(batch) == 0 {
			return
		}
		w.replies <- batch
		if _, ok := <-w.more; ok {
			batch = batch[:0]
		} else {
			batch = nil // it may still be looked at
		}
	}
}

func trimmed(line []byte) []byte {
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	return line
}

// write tells the worker something. What is under way is little, so that it fits into the pipe; should it not,
// a worker that does not read is as good as dead after the limit. An error is seen at the end of the replies, too.
func (w *running) write(text []byte, limit time.Duration) error {
	if err := w.stdin.SetWriteDeadline(w.clock.Now().Add(limit)); err != nil {
		return fmt.Errorf("write to worker: %w", err)
	}
	if _, err := w.stdin.Write(text); err != nil {
		return fmt.Errorf("write to worker: %w", err)
	}
	return nil
}

// end waits until nothing of the worker is left. soft gives it the grace to end by itself once its input has
// ended, before TERM; hard kills. Late replies go to take.
func (w *running) end(how ending, killed <-chan struct{}, take func(reply)) {
	_ = w.stdin.Close()
	close(w.more)
	timer := w.clock.Timer(w.grace)
	defer timer.Stop()
	defer w.cancel()
	switch how {
	case hard:
		close(w.kill)
		w.cancel()
	case term:
		w.cancel()
	case soft:
	}
	replies := w.replies
	takeAll := func(batch []reply) {
		for _, r := range batch {
			take(r)
		}
	}
	for {
		select {
		case batch, ok := <-replies:
			if !ok {
				replies = nil
				continue
			}
			takeAll(batch)
		case <-timer.C:
			w.cancel()
		case <-killed:
			killed = nil
			if how != hard {
				close(w.kill)
			}
			w.cancel()
		case <-w.ended:
			for batch := range w.replies { // closed: Run returns after the reader
				takeAll(batch)
			}
			return
		}
	}
}

// ending is how a worker is ended.
type ending uint8

const (
	soft ending = iota // by the end of its input
	term               // by TERM
	hard               // by KILL
)

// how says how it ended, for people. Only after end.
func (w *running) how() string {
	if w.err != nil {
		return w.err.Error()
	}
	return w.exit.String()
}
