package watch

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// instance is an inotify instance and the goroutine that reads it.
type instance struct {
	file *os.File
	fd   int
}

func open(s *Shared) (*instance, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("open inotify: %w", err)
	}
	in := &instance{file: os.NewFile(uintptr(fd), "inotify"), fd: fd}
	go in.read(s) // ends when close has closed the file; it is not joined, as it may be in a notify that waits for whoever closes
	return in, nil
}

func (in *instance) close() { _ = in.file.Close() }

const (
	arrived    = unix.IN_MOVED_TO | unix.IN_CLOSE_WRITE | unix.IN_CREATE
	rearranged = unix.IN_CREATE | unix.IN_MOVED_TO | unix.IN_MOVED_FROM | unix.IN_DELETE
	ofItself   = unix.IN_DELETE_SELF | unix.IN_MOVE_SELF
)

// add watches the directory that is open as fd, whatever it is called now. One that is watched already is watched
// for both from then on.
func (in *instance) add(fd int, mask Mask) (int32, error) {
	events := uint32(ofItself | unix.IN_ONLYDIR | unix.IN_MASK_ADD)
	if mask&Arrivals != 0 {
		events |= arrived
	}
	if mask&Directories != 0 {
		events |= rearranged
	}
	number, err := unix.InotifyAddWatch(in.fd, "/proc/self/fd/"+strconv.Itoa(fd), events)
	if err != nil {
		return 0, fmt.Errorf("watch directory: %w", err)
	}
	return int32(number), nil
}

func (in *instance) remove(number int32) {
	_, _ = unix.InotifyRmWatch(in.fd, uint32(number)) // an error means that the directory is gone, and the watch with it
}

// read tells of events until the instance is closed.
func (in *instance) read(s *Shared) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := in.file.Read(buffer)
		if err != nil {
			return
		}
		in.parse(s, buffer[:n])
	}
}

// parse takes a buffer of events apart. Of many events in one directory it tells once.
func (in *instance) parse(s *Shared, events []byte) {
	told := map[int32]Mask{}
	for len(events) >= unix.SizeofInotifyEvent {
		number := int32(binary.NativeEndian.Uint32(events[0:4]))
		mask := binary.NativeEndian.Uint32(events[4:8])
		length := int(binary.NativeEndian.Uint32(events[12:16]))
		events = events[min(unix.SizeofInotifyEvent+length, len(events)):]
		switch {
		case mask&unix.IN_Q_OVERFLOW != 0:
			s.tellAll(in)
		case mask&unix.IN_IGNORED != 0:
			s.forget(in, number)
		default:
			told[number] |= meaning(mask)
		}
	}
	for number, mask := range told {
		s.tell(in, number, mask)
	}
}

func meaning(mask uint32) Mask {
	switch {
	case mask&ofItself != 0:
		return Itself
	case mask&unix.IN_ISDIR != 0 && mask&rearranged != 0:
		return Directories
	case mask&unix.IN_ISDIR == 0 && mask&arrived != 0:
		return Arrivals
	}
	return 0
}
