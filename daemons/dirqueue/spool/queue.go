package spool

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Identity tells directories apart whatever they are called.
type Identity struct{ Dev, Ino uint64 }

// Queue is one queue directory, held open: a directory that is renamed stays the same queue, and one that is made in its
// place is another. A Queue is used by one goroutine at a time; any number of them, in any processes, may be on one directory.
type Queue struct {
	// What Changed looks at comes first: see BenchmarkIdleQueues.
	fd      int // the directory
	broken  error
	ready   pool
	private int // .peakd in it; -1 where there is none to read, and at rest
	// folderID is that of .peakd.
	folderID Identity

	dir      string
	options  Options
	filter   filter
	id       Identity
	deferred deferred
	looks    looks
	litter   map[string]bool // names of temporary files seen in the directory
	turn     bool            // whether it is the turn of the ready files rather than of the due ones

	owner    string
	slots    map[int]*slot
	inFlight int  // claims not ended
	alone    bool // the only one in flight has its last chance

	doneFD  int    // the folder of a day, -1 if none is open
	day     int64  // which
	dayPath string // from the queue's directory
	journal journal
	disk    disk
	bloat   int64 // from what size on the directory is replaced
	calm    calm
	twice   bool // whether a power cut can leave a file in two states
	checked bool // whether such files were looked for
}

// Open opens a queue and makes its reserved folder. The directory itself has to exist and not to be a symbolic link. It
// finds out at once whether files can be moved into the folder: where they cannot, as under some mounts and quotas, every
// file would fail later. An error wraps ErrForeign when the folder is somebody else's, ErrBusy while another process
// replaces the directory.
func Open(dir string, o Options) (*Queue, error) {
	q, err := open(dir, o)
	if err != nil {
		return nil, fmt.Errorf("open queue %s: %w", dir, err)
	}
	return q, nil
}

func open(dir string, o Options) (*Queue, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	q := &Queue{options: o, fd: -1, private: -1, doneFD: -1, disk: realDisk(), bloat: bloat, slots: map[int]*slot{}, litter: map[string]bool{}}
	q.journal.off = o.Durable == DurableNone
	if q.filter, err = newFilter(o); err != nil {
		return nil, err
	}
	if q.dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	if err := outside(q.dir); err != nil {
		return nil, err
	}
	if err := q.hold(); err != nil {
		q.closeAll()
		return nil, err
	}
	return q, nil
}

// hold opens the directory and its folder.
func (q *Queue) hold() error {
	const tries = 8 // of a directory that is being replaced
	for range tries {
		if err := q.openDirectory(); err != nil {
			return err
		}
		if q.options.ReadOnly {
			return q.openForeign()
		}
		if err := q.endCompaction(); err != nil {
			return err
		}
		if err := q.enter(); !isMissing(err) {
			return err
		}
		q.abandon()
	}
	return ErrBusy
}

// enter opens the folder. ENOENT tells that the directory, or the folder, has just been replaced. That no spare directory is
// there is seen before the directory is found in its place: while there is one, the folder may be away, and the one that
// was opened be new and of no use.
func (q *Queue) enter() error {
	if err := q.openPrivate(); err != nil {
		return err
	}
	if _, err := statAt(unix.AT_FDCWD, filepath.Join(filepath.Dir(q.dir), q.spare())); !isMissing(err) {
		return cmp.Or(err, error(unix.ENOENT))
	}
	st, err := statAt(unix.AT_FDCWD, q.dir)
	if err != nil {
		return err
	}
	if st.id != q.id {
		return unix.ENOENT
	}
	q.twice = syncsDirectoriesApart(q.fd)
	return q.probe()
}

func (q *Queue) openDirectory() error {
	fd, err := openAt(unix.AT_FDCWD, q.dir, openDir, 0)
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOTDIR) {
		if st, statErr := statAt(unix.AT_FDCWD, q.dir); statErr == nil && st.mode&unix.S_IFMT == unix.S_IFLNK {
			return errors.New("it is a symbolic link: name the directory itself")
		}
	}
	if err != nil {
		return err
	}
	q.fd = fd
	st, err := statFD(fd)
	q.id = st.id
	return err
}

// Dir is the absolute path that the queue was opened by.
func (q *Queue) Dir() string { return q.dir }

// Identity is that of the directory.
func (q *Queue) Identity() Identity { return q.id }

// Gone tells whether the directory has been removed. The queue is of no more use then, but for ending its claims.
func (q *Queue) Gone() bool {
	st, err := statFD(q.fd)
	return err == nil && st.links == 0
}

// Changed tells whether the directory may hold something new since Claim has last read it. It costs one system call, and
// says yes rather than no when in doubt.
func (q *Queue) Changed() bool {
	m := q.Mark()
	return m.Changed()
}

// Mark is what Changed looks at, for who looks at thousands of queues and cannot spare a memory access. It is good until the
// queue is used for anything but Calm and InPlace.
type Mark struct {
	fd   int
	gate gate
}

// Mark returns that of now.
func (q *Queue) Mark() Mark { return Mark{q.fd, q.ready.gate} }

// Changed is that of the queue.
func (m *Mark) Changed() bool {
	st, err := statFD(m.fd)
	return err != nil || !m.gate.shut(st)
}

// Degraded is the failed sync since which nothing is acknowledged, or nil. It wraps ErrDegraded.
func (q *Queue) Degraded() error { return q.broken }

// InFlight is how many claims have not ended.
func (q *Queue) InFlight() int { return q.inFlight }

// begin is usable, and opens what the queue at rest has closed.
func (q *Queue) begin() error {
	if err := q.usable(); err != nil {
		return err
	}
	return q.awake()
}

// usable is why nothing may be changed.
func (q *Queue) usable() error {
	switch {
	case q.broken != nil:
		return q.broken
	case q.options.ReadOnly:
		return ErrReadOnly
	case q.fd < 0:
		return errors.New("the queue is closed")
	case q.Gone():
		return ErrGone
	}
	return nil
}

// Close is Rest, and closes the queue. Claims that have not ended are left to Recover, once no handler holds their locks.
func (q *Queue) Close() error {
	if q.fd < 0 {
		return nil
	}
	err := q.Rest()
	q.closeAll()
	return err
}

func (q *Queue) closeAll() {
	for n, s := range q.slots {
		s.release(q.private)
		delete(q.slots, n)
	}
	q.closeDone()
	q.abandon()
}

// abandon closes the directory and its folder.
func (q *Queue) abandon() {
	closeFD(q.private)
	closeFD(q.fd)
	q.private, q.fd = -1, -1
}

func (q *Queue) closeDone() {
	closeFD(q.doneFD)
	q.doneFD = -1
}

// wrap names the queue in an error.
func (q *Queue) wrap(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", verb, q.dir, err)
}

// tick is how far apart two changes of a directory may be that leave it with the same time: the kernel's own clock tick,
// and room to spare.
const tick = 20 * time.Millisecond

// gate remembers a directory's modification time from before it was read.
type gate struct {
	modified int64 // in ns
	settled  bool  // that time was old enough then for any later change to move it
}

// note is called with what the directory was before reading it. It asks the clock that file systems take their times from,
// as no other can be compared with them.
func (g *gate) note(st stat) {
	*g = gate{modified: st.modified.UnixNano(), settled: fileClock().Sub(st.modified) > tick}
}

// shut tells whether nothing can have changed since.
func (g *gate) shut(st stat) bool { return g.settled && st.modified.UnixNano() == g.modified }
