package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// tty is a terminal in raw mode, on its alternate screen.
type tty struct {
	in, out *os.File
	before  *term.State
	// waker ends a read: wake closes the writing end.
	woken, waker *os.File
	once         sync.Once
}

// What is written to a terminal besides text.
const (
	enterScreen = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J" // the alternate screen, no cursor, lines that do not wrap
	leaveScreen = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l"
	homeCursor  = "\x1b[H"
	clearLine   = "\x1b[K"
	clearBelow  = "\x1b[J"
)

// openTTY takes a terminal over. close gives it back.
func openTTY(in, out *os.File) (*tty, error) {
	woken, waker, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, errors.Join(err, woken.Close(), waker.Close())
	}
	t := &tty{in: in, out: out, before: before, woken: woken, waker: waker}
	if _, err := io.WriteString(out, enterScreen); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

// close puts the terminal back as it was. It may be called once.
func (t *tty) close() error {
	t.wake()
	_, err := io.WriteString(t.out, leaveScreen)
	return errors.Join(err, term.Restore(int(t.in.Fd()), t.before), t.woken.Close())
}

// wake ends the read that waits, and all later ones. Any goroutine may call it.
func (t *tty) wake() { t.once.Do(func() { _ = t.waker.Close() }) }

// Write implements [io.Writer].
func (t *tty) Write(b []byte) (int, error) { return t.out.Write(b) }

// size is that of the terminal in columns and lines.
func (t *tty) size() (width, height int) {
	width, height, err := term.GetSize(int(t.out.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		return 80, 24
	}
	return max(width, leastWidth), max(height, 4)
}

// show draws lines over what is there, so that nothing flickers.
func (t *tty) show(lines []string) error {
	var b strings.Builder
	b.WriteString(homeCursor)
	for i, line := range lines {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString(line + clearLine)
	}
	b.WriteString(clearBelow)
	_, err := io.WriteString(t, b.String())
	return err
}

// read waits for keys; nil without an error: it was woken, or the terminal is gone.
func (t *tty) read() ([]byte, error) {
	waiting := []unix.PollFd{
		{Fd: int32(t.in.Fd()), Events: unix.POLLIN}, {Fd: int32(t.woken.Fd()), Events: unix.POLLIN},
	}
	for {
		_, err := unix.Poll(waiting, -1)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return nil, fmt.Errorf("wait for keys: %w", err)
		case waiting[1].Revents != 0:
			return nil, nil
		}
		sent := make([]byte, 256)
		n, err := t.in.Read(sent)
		switch {
		case n > 0:
			return sent[:n], nil
		case errors.Is(err, io.EOF), errors.Is(err, unix.EIO):
			return nil, errors.New("the terminal is gone")
		case err != nil:
			return nil, fmt.Errorf("read keys: %w", err)
		}
	}
}
