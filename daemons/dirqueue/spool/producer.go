package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// ProducerOptions are the settings of a producer. The zero value is good.
type ProducerOptions struct {
	// Volatile acknowledges files that a power cut may still lose, as programs do that write and rename.
	Volatile bool
	// Mode are the permissions of the files, less the umask; default 0640.
	Mode fs.FileMode
}

// Producer hands files in to one queue. It needs no Queue, no reserved folder, and no more rights than to make files in the
// directory. It is used by one goroutine at a time; any number of them may be on one directory.
type Producer struct {
	dir     string
	fd      int
	options ProducerOptions
	disk    disk
	newTemp maker
	broken  error
}

// File is a file to hand in.
type File struct {
	// Name is its base name, see CheckName. The queue may be set to leave names alone, such as those with a leading dot.
	Name string
	// From is read to its end.
	From io.Reader
}

// OpenProducer opens a directory for handing files in.
func OpenProducer(dir string, o ProducerOptions) (*Producer, error) {
	if o.Mode == 0 {
		o.Mode = 0o640
	}
	full, err := filepath.Abs(dir)
	if err == nil {
		err = outside(full)
	}
	fd := -1
	if err == nil {
		fd, err = openAt(unix.AT_FDCWD, dir, openDir, 0)
	}
	if err != nil {
		return nil, fmt.Errorf("open queue %s: %w", dir, err)
	}
	return &Producer{dir: dir, fd: fd, options: o, disk: realDisk(), newTemp: makerOfTemps()}, nil
}

// Enqueue hands in one file. It returns nil when the file is there whatever happens; see Put.
func Enqueue(dir, name string, from io.Reader, o ProducerOptions) error {
	p, err := OpenProducer(dir, o)
	if err != nil {
		return err
	}
	defer p.Close()
	return p.Put(name, from)
}

// Close closes the directory.
func (p *Producer) Close() error {
	closeFD(p.fd)
	p.fd = -1
	return nil
}

// Put hands in one file: it is there as a whole or not at all, replaces nothing, and when Put has returned nil it is
// there after a power cut, too. After an error it is not acknowledged, and nearly always not there. The error wraps
// fs.ErrExist if a file of that name waits, ErrName for a name that cannot be, ErrGone, or ErrDegraded once a sync has failed.
func (p *Producer) Put(name string, from io.Reader) error {
	return p.PutAll([]File{{Name: name, From: from}})[0]
}

// groupSize is how many files are handed in with one sync.
const groupSize = 64

// PutAll hands in many files as Put does, in groups that share the syncs, at a fraction of the cost. It returns an error or
// nil for each.
func (p *Producer) PutAll(files []File) []error {
	errs := make([]error, len(files))
	for at := 0; at < len(files); at += groupSize {
		end := min(at+groupSize, len(files))
		p.putGroup(files[at:end], errs[at:end])
	}
	for i, err := range errs {
		if err != nil {
			errs[i] = fmt.Errorf("hand %q in to %s: %w", files[i].Name, p.dir, err)
		}
	}
	return errs
}

func (p *Producer) putGroup(files []File, errs []error) {
	temps := make([]*temp, len(files))
	for i, file := range files {
		temps[i], errs[i] = p.write(file)
		defer func() {
			if temps[i] != nil {
				temps[i].discard()
			}
		}()
	}
	hook("put.written")
	p.commit(temps, errs, p.syncContents)
	for i, t := range temps {
		if errs[i] == nil {
			errs[i] = t.seal()
		}
	}
	hook("put.synced")
	named := 0
	for i, t := range temps {
		if errs[i] == nil {
			errs[i] = p.name(t, files[i].Name)
		}
		if errs[i] == nil {
			named++
		}
	}
	hook("put.named")
	if named > 0 {
		p.commit(temps, errs, func([]*temp) error { return p.disk.sync(p.fd) })
	}
	hook("put.kept")
}

// write fills a temporary file.
func (p *Producer) write(file File) (*temp, error) {
	if p.broken != nil {
		return nil, p.broken
	}
	if err := CheckName(file.Name); err != nil {
		return nil, err
	}
	t, err := p.newTemp(p.fd, ".", uint32(p.options.Mode.Perm()))
	if err != nil {
		return nil, p.explain(err)
	}
	if _, err := io.Copy(t.File, file.From); err != nil {
		t.discard()
		return nil, err
	}
	return t, nil
}

// commit syncs for all that have no error yet; when it fails, they all have.
func (p *Producer) commit(temps []*temp, errs []error, sync func([]*temp) error) {
	var good []*temp
	for i, t := range temps {
		if errs[i] == nil {
			good = append(good, t)
		}
	}
	if p.options.Volatile || len(good) == 0 {
		return
	}
	err := sync(good)
	if err == nil {
		return
	}
	err = degrade(&p.broken, "sync", err)
	for i := range errs {
		if errs[i] == nil {
			errs[i] = err
		}
	}
}

// fewFiles is up to where a sync of each file is cheaper than one of the file system.
const fewFiles = 4

func (p *Producer) syncContents(temps []*temp) error {
	if len(temps) > fewFiles {
		if err := p.disk.syncAll(p.fd); !errors.Is(err, errors.ErrUnsupported) {
			return err
		}
	}
	for _, t := range temps {
		if err := p.disk.sync(t.fd); err != nil {
			return err
		}
	}
	return nil
}

func (p *Producer) name(t *temp, name string) error {
	err := t.name(p.fd, name)
	if isTaken(err) {
		return fs.ErrExist
	}
	return p.explain(err)
}

func (p *Producer) explain(err error) error {
	if err != nil {
		if st, statErr := statFD(p.fd); statErr == nil && st.links == 0 {
			return ErrGone
		}
	}
	return err
}
