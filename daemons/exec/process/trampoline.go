package process

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
)

// The trampoline is this same binary, started a second time under a name of its own: it applies the terms
// to itself, in a process where nothing else runs, and then becomes the program. Its orders come in
// a sealed file; what goes wrong goes back through a pipe that closes when the program starts.
const (
	trampolineName = "peakd-trampoline"
	// trampolineMark keeps a program that does not call Trampoline from starting itself for ever.
	trampolineMark = "PEAKD_TRAMPOLINE"
)

// ErrNoTrampoline says that the main function of this program does not call [Trampoline].
var ErrNoTrampoline = errors.New("start trampoline: the main function of this program must call Trampoline first")

type orders struct {
	Path string
	Argv []string
	Env  []string
	Dir  string
	Terms
}

// failure is a StepError on its way through the pipe.
type failure struct {
	Step  string
	Errno int
	Text  string
}

// Trampoline must be called first thing in main, and first in TestMain. In an ordinary process
// it only sees to it that no job inherits what that process has inherited itself, and returns false. In
// one that was started to become a job it does not return; if the job cannot be started it has told
// its parent why and returns true: main must then exit without doing anything else.
func Trampoline() bool {
	if len(os.Args) != 2 || os.Args[0] != trampolineName {
		keepDescriptors()
		return false
	}
	runtime.LockOSThread() // nice is the thread's, and this thread becomes the program
	debug.SetGCPercent(-1) // not worth it in so short a life
	if fd, err := strconv.Atoi(os.Args[1]); err == nil {
		syscall.CloseOnExec(fd)
		syscall.CloseOnExec(fd + 1)
		status := os.NewFile(uintptr(fd+1), "status")
		_, _ = status.Write([]byte{1})
		report(status, jump(os.NewFile(uintptr(fd), "orders")))
	}
	return true
}

// keepDescriptors marks what this process was given beyond the standard three: a lock of the script that
// started it, a socket of its service manager.
func keepDescriptors() {
	names, err := os.ReadDir("/dev/fd")
	if err != nil {
		return // nothing tells what is open
	}
	for _, name := range names {
		if fd, err := strconv.Atoi(name.Name()); err == nil && fd > 2 {
			syscall.CloseOnExec(fd)
		}
	}
}

// jump becomes the program, or says why not.
func jump(from io.Reader) *StepError {
	var o orders
	if err := gob.NewDecoder(from).Decode(&o); err != nil {
		return stepError("read orders", err)
	}
	catchIgnored()
	if err := o.apply(); err != nil {
		return err
	}
	if err := syscall.Chdir(o.Dir); err != nil {
		return stepError("enter "+o.Dir, err)
	}
	if err := o.confine(); err != nil {
		return err
	}
	return stepError("start "+o.Path, syscall.Exec(o.Path, o.Argv, o.Env))
}

func report(to io.Writer, err *StepError) {
	f := failure{Step: err.Step, Text: err.Err.Error()}
	if errno := syscall.Errno(0); errors.As(err, &errno) {
		f.Errno = int(errno)
	}
	_ = gob.NewEncoder(to).Encode(f) // nobody else to tell
}

// forkTrampoline starts the trampoline. The file it returns tells what became of it.
func (c *Command) forkTrampoline(l *launch) (*os.Process, *os.File, error) {
	if os.Getenv(trampolineMark) != "" {
		return nil, nil, ErrNoTrampoline
	}
	sealed, err := c.orders()
	if err != nil {
		return nil, nil, err
	}
	defer sealed.Close()
	status, theirs, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("open pipe: %w", err)
	}
	defer theirs.Close()
	self, err := executable()
	if err != nil {
		return nil, nil, errors.Join(err, status.Close())
	}
	proc, err := os.StartProcess(self, []string{trampolineName, strconv.Itoa(len(l.files))}, &os.ProcAttr{
		Dir: "/", Env: []string{trampolineMark + "=1"}, Files: append(l.files, sealed, theirs),
		Sys: &syscall.SysProcAttr{Setsid: true},
	})
	if err != nil {
		return nil, nil, errors.Join(stepError("start trampoline", err), status.Close())
	}
	return proc, status, nil
}

func (c *Command) orders() (*os.File, error) {
	var text bytes.Buffer
	o := orders{Path: c.Path, Argv: c.Argv, Env: c.Env, Dir: c.dir(), Terms: c.Terms}
	if err := gob.NewEncoder(&text).Encode(o); err != nil {
		return nil, fmt.Errorf("write orders: %w", err)
	}
	return Sealed("peakd-orders", text.Bytes())
}

// executable is this binary, even when an upgrade has replaced its file.
func executable() (string, error) {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe", nil
	}
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find own executable: %w", err)
	}
	return path, nil
}

// readStatus gives one value: nil once the program has started.
func readStatus(status *os.File) <-chan error {
	result := make(chan error, 1)
	if status == nil {
		result <- nil
		return result
	}
	go func() { // ends with the trampoline, which no program inherits
		defer status.Close()
		text, err := io.ReadAll(io.LimitReader(status, 64<<10))
		result <- statusError(text, err)
	}()
	return result
}

func statusError(text []byte, err error) error {
	switch {
	case err != nil:
		return fmt.Errorf("read status of the start: %w", err)
	case len(text) == 0:
		return ErrNoTrampoline
	case len(text) == 1:
		return nil
	}
	var f failure
	if err := gob.NewDecoder(bytes.NewReader(text[1:])).Decode(&f); err != nil {
		return fmt.Errorf("read status of the start: %w", err)
	}
	if f.Errno != 0 {
		return &StepError{Step: f.Step, Err: syscall.Errno(f.Errno)}
	}
	return &StepError{Step: f.Step, Err: errors.New(f.Text)}
}
