package spool

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// whySuffix ends the name of the reason beside a failed file. A failed file whose own name ends so gets another.
const whySuffix = ".why"

// Bounds of what is kept of a failure.
const (
	maxReason = 1 << 10
	maxDetail = 4 << 10
	maxWhy    = 16 << 10
)

// Failure is why a file was set aside.
type Failure struct {
	// Reason is a sentence; what is over 1 KiB is cut.
	Reason string
	// Detail is more of it, such as the end of a program's errors; its last 4 KiB are kept.
	Detail []byte

	// Name is the file's name before it was set aside, Attempts how often it was tried, Crashes how many of those ended
	// with their owner, Failed when it was set aside. Fail fills them in.
	Name              string
	Attempts, Crashes int
	Failed            time.Time
}

// encode writes a failure for people to read: lines of "key: value", and the detail after an empty one.
func (f Failure) encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "name: %s\nattempts: %d\ncrashes: %d\nfailed: %s\nreason: %s\n",
		strconv.Quote(f.Name), f.Attempts, f.Crashes, f.Failed.UTC().Format(time.RFC3339Nano),
		strconv.Quote(f.Reason[:min(len(f.Reason), maxReason)]))
	if len(f.Detail) > 0 {
		b.WriteByte('\n')
		b.Write(f.Detail[max(0, len(f.Detail)-maxDetail):])
	}
	return b.Bytes()
}

// decodeFailure reads what encode wrote, or as much as an editor or a power cut has left of it.
func decodeFailure(text []byte) Failure {
	var f Failure
	head, detail, _ := bytes.Cut(text, []byte("\n\n"))
	if len(detail) > 0 {
		f.Detail = detail
	}
	for line := range strings.Lines(string(head)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch key {
		case "name":
			f.Name, _ = strconv.Unquote(value)
		case "attempts":
			f.Attempts, _ = strconv.Atoi(value)
		case "crashes":
			f.Crashes, _ = strconv.Atoi(value)
		case "failed":
			f.Failed, _ = time.Parse(time.RFC3339Nano, value)
		case "reason":
			f.Reason, _ = strconv.Unquote(value)
		}
	}
	return f
}

// toFailed moves a file to failed/, after its reason: the reason's name, made in one step, reserves the file's. Where the
// reason cannot be written the file goes all the same, and the second result tells why it went alone.
func (q *Queue) toFailed(dir int, name string, ino uint64, f Failure) (to string, unkept, err error) {
	to = Reserved + "/" + failedDir
	for n := range maxVariants {
		place := failedDir + "/" + failedName(name, ino, n)
		unkept = q.writeWhy(place+whySuffix, f)
		if isTaken(unkept) {
			continue
		}
		hook("failed.reason")
		err = move(dir, name, q.private, place)
		if err != nil && unkept == nil {
			_ = unlinkAt(q.private, place+whySuffix)
		}
		if !isTaken(err) {
			return to, unkept, err
		}
	}
	return to, nil, ErrOccupied
}

// failedName is the n-th choice of a name in failed/: one that has room for the suffix and does not end in it.
func failedName(name string, ino uint64, n int) string {
	fits := len(name)+len(whySuffix) <= maxName
	if n == 0 && fits && !strings.HasSuffix(name, whySuffix) {
		return name
	}
	full := variant(name, ino, max(n, 1))
	if len(full)+len(whySuffix) <= maxName {
		return full
	}
	return variant(name[:maxName-2*len(whySuffix)-maxInodeSuffix], ino, max(n, 1))
}

// maxInodeSuffix is how long the end of a variant is at most.
const maxInodeSuffix = len("~ffffffffffffffff.999")

// writeWhy writes a reason and then gives it its name.
func (q *Queue) writeWhy(path string, f Failure) error {
	w, err := q.newFile(0o600)
	if err != nil {
		return err
	}
	defer w.discard()
	if _, err := w.Write(f.encode()); err != nil {
		return err
	}
	if !q.journal.off {
		if err := q.disk.sync(w.fd); err != nil {
			return degrade(&q.broken, "sync reason", err)
		}
	}
	return w.name(q.private, path)
}

// readWhy reads the reason beside a failed file; what cannot be read is left empty.
func readWhy(failed int, name string) Failure {
	fd, err := openAt(failed, name+whySuffix, openFile, 0)
	if err != nil {
		return Failure{}
	}
	defer closeFD(fd)
	text := make([]byte, maxWhy)
	n := 0
	err = again(func() (err error) {
		n, err = unix.Read(fd, text)
		return err
	})
	if err != nil || n < 0 {
		return Failure{}
	}
	return decodeFailure(text[:n])
}

func isUnsupported(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EISDIR) ||
		errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS)
}
