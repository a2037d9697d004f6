package exec

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemons/exec/process"
)

// recordBytes is the size of a lock file.
const recordBytes = 128

// lock keeps a job that outlived its peakd from being started a second time. The file is locked on an open
// file description that the job inherits, so the lock lives as long as either of them. peakd takes it
// before each run and unlocks it when the session of the job is gone: a process that left the session on
// purpose then holds nothing. Killed, peakd cannot unlock, and whoever is left holds on.
//
// What the kernel cannot tell is written into the file: the number of the job, and its birth, by which it is
// found even when it has closed what it inherited, as sudo does.
type lock struct {
	dir  string // the app's state; empty: no lock
	name string // of the daemon
}

// busyError says that somebody holds the lock; PID is 0 when the file does not tell who.
type busyError struct{ pid int }

func (e *busyError) Error() string {
	if e.pid == 0 {
		return "previous run is still alive"
	}
	return fmt.Sprintf("previous run, pid %d, is still alive", e.pid)
}

// held is a lock that is held.
type held struct {
	shared *os.File // read only: what the job inherits
	record *os.File
}

// acquire takes the lock, or returns a *busyError. It does not wait.
func (l lock) acquire() (*held, error) {
	if l.dir == "" {
		return &held{}, nil
	}
	h, err := l.open()
	if err != nil {
		return nil, err
	}
	if err := h.take(); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

func (h *held) take() error {
	pid, birth := h.read()
	err := unix.Flock(int(h.shared.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return &busyError{pid: pid}
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", h.shared.Name(), err)
	}
	if birth != "" && process.Birth(pid) == birth {
		return &busyError{pid: pid}
	}
	return nil
}

// open follows no symbolic link, neither for the directory nor for the file: who could plant one would
// choose what a root process creates.
func (l lock) open() (*held, error) {
	state, err := openAt(unix.AT_FDCWD, l.dir, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", l.dir, err)
	}
	defer unix.Close(state)
	if err := unix.Mkdirat(state, "locks", 0o700); err != nil && !errors.Is(err, unix.EEXIST) {
		return nil, fmt.Errorf("make %s/locks: %w", l.dir, err)
	}
	locks, err := openAt(state, "locks", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW)
	if err != nil {
		return nil, fmt.Errorf("open %s/locks: %w", l.dir, err)
	}
	defer unix.Close(locks)
	return l.openFile(locks)
}

func (l lock) openFile(locks int) (*held, error) {
	name := fileName(l.name)
	path := l.dir + "/locks/" + name
	record, err := openAt(locks, name, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	h := &held{record: os.NewFile(uintptr(record), path)}
	shared, err := openAt(locks, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK)
	if err != nil {
		h.close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	h.shared = os.NewFile(uintptr(shared), path)
	if info, err := h.record.Stat(); err != nil || !info.Mode().IsRegular() {
		h.close()
		return nil, fmt.Errorf("open %s: not a regular file", path)
	}
	return h, nil
}

func openAt(dir int, name string, flags int) (int, error) {
	for {
		fd, err := unix.Openat(dir, name, flags|unix.O_CLOEXEC, 0o600)
		if !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

// read gives the job that the file names, if any.
func (h *held) read() (pid int, birth string) {
	text := make([]byte, recordBytes)
	n, err := h.record.ReadAt(text, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, ""
	}
	number, birth, _ := strings.Cut(strings.TrimSpace(string(text[:n])), " ")
	pid, err = strconv.Atoi(number)
	if err != nil {
		return 0, ""
	}
	return pid, birth
}

// inherited is what the job gets.
func (h *held) inherited() []*os.File {
	if h.shared == nil {
		return nil
	}
	return []*os.File{h.shared}
}

// write names the job. Where that fails the lock still holds, and only the message knows less.
func (h *held) write(pid int) {
	if h.record != nil {
		_ = h.note(fmt.Sprintf("%d %s", pid, process.Birth(pid)))
	}
}

// note overwrites the record. Its size never changes: some file systems write a file that was truncated to
// disk when it is closed, and a run would wait for that.
func (h *held) note(text string) error {
	_, err := h.record.WriteAt(fmt.Appendf(nil, "%-*s\n", recordBytes-1, text), 0)
	return err
}

// release unlocks for everybody who inherited the lock. The file stays: removing it would be a race
// with who opens it next.
func (h *held) release() error {
	if h.shared == nil {
		return nil
	}
	defer h.close()
	return errors.Join(h.note(""), unix.Flock(int(h.shared.Fd()), unix.LOCK_UN))
}

// close lets go without unlocking: a process that is still there holds on.
func (h *held) close() {
	for _, f := range []*os.File{h.shared, h.record} {
		if f != nil {
			_ = f.Close()
		}
	}
}

// fileName encodes a daemon's name. Two names never share a file, whatever they contain.
func fileName(name string) string {
	const suffix, longest = ".lock", 200
	var text strings.Builder
	for _, b := range []byte(name) {
		if b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '-' || b == '_' || b == '.' {
			text.WriteByte(b)
		} else {
			fmt.Fprintf(&text, "%%%02X", b)
		}
	}
	encoded := text.String()
	if len(encoded) > longest {
		encoded = fmt.Sprintf("%s%%%x", encoded[:longest-65], sha256.Sum256([]byte(name)))
	}
	return encoded + suffix
}
