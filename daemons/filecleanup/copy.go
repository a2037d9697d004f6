package filecleanup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// copyChunk is how much is copied between two looks at the budget.
const copyChunk = 1 << 20

// toArchive moves a file to the archive: by a rename if that is on the same file system, else by a copy
// that is on the disk, complete and under its name before the original goes.
func (r *remover) toArchive(ctx context.Context, b *budget, at place, want info) (verdict, error) {
	v, err := r.move(at, r.archive, want)
	if !errors.Is(err, unix.EXDEV) {
		return v, err
	}
	folder, err := r.archive.folder(at.path())
	if err != nil {
		return keptFailed, err
	}
	if want.kind == kindSymlink {
		return copyLink(folder, at)
	}
	if want.kind != kindFile {
		return keptFailed, fmt.Errorf("archive %q: only files and symbolic links can be copied to another file system", at)
	}
	job, err := startCopy(folder, at, want)
	if err != nil {
		return keptFailed, err
	}
	r.copying = job
	return r.resume(ctx, b, at)
}

// resume goes on with the copy under way, whose source stands at that place.
func (r *remover) resume(ctx context.Context, b *budget, at place) (verdict, error) {
	for {
		more, err := r.copying.step()
		if err != nil {
			r.drop()
			return keptFailed, fmt.Errorf("archive %q: %w", at, err)
		}
		if !more {
			break
		}
		if b.spent(ctx) {
			return unfinished, nil
		}
	}
	v, err := r.copying.finish(at)
	r.drop()
	return v, err
}

func (r *remover) drop() {
	r.copying.abandon()
	r.copying = nil
}

// errReplaced: another file stands under the name of the one to be copied.
var errReplaced = errors.New("it was replaced meanwhile")

// copyJob is the copy of one file to another file system.
type copyJob struct {
	source   info
	from, to *os.File
	// dir is a descriptor of its own for the folder of the copy, partial the copy's name until it
	// is complete; "" afterwards.
	dir     int
	partial string
}

func startCopy(folder int, at place, want info) (*copyJob, error) {
	dir, err := unix.FcntlInt(uintptr(folder), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("archive %q: %w", at, err)
	}
	job := &copyJob{source: want, dir: dir}
	if err := job.open(at); err != nil {
		job.abandon()
		return nil, fmt.Errorf("archive %q: %w", at, err)
	}
	return job, nil
}

func (j *copyJob) open(at place) error {
	from, err := unix.Openat(at.dir, at.name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	j.from = os.NewFile(uintptr(from), at.name)
	if st, err := statFD(from); err != nil || !st.same(j.source) {
		return errReplaced
	}
	// Named after the source, so that what a crash left is replaced by the next try.
	partial := fmt.Sprintf(".peakd-partial-%x-%x", j.source.id.dev, j.source.id.ino)
	if err := unix.Unlinkat(j.dir, partial, 0); err != nil && !errors.Is(err, unix.ENOENT) {
		return err
	}
	to, err := unix.Openat(j.dir, partial, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	j.to, j.partial = os.NewFile(uintptr(to), partial), partial
	return nil
}

// step copies one chunk.
func (j *copyJob) step() (more bool, err error) {
	_, err = io.CopyN(j.to, j.from, copyChunk)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return err == nil, err
}

// finish makes the copy durable, gives it its name and removes the original, if that is still what
// was copied.
func (j *copyJob) finish(at place) (verdict, error) {
	if err := j.seal(); err != nil {
		return keptFailed, fmt.Errorf("archive %q: %w", at, err)
	}
	if j.changed(at) {
		return keptAltered, nil
	}
	_, err := put(at.name, func(name string) error {
		return renameNoReplace(j.dir, j.partial, j.dir, name)
	})
	if err != nil {
		return keptFailed, fmt.Errorf("archive %q: %w", at, err)
	}
	j.partial = ""
	if err := unix.Fsync(j.dir); err != nil {
		return keptFailed, fmt.Errorf("archive %q: %w", at, err)
	}
	if j.changed(at) {
		return keptAltered, nil
	}
	return outcomeOf(at, "remove", unix.Unlinkat(at.dir, at.name, 0))
}

// seal gives the copy the owner, mode and times of the source and brings it to the disk. That another
// user cannot be made the owner is no reason to keep the file: then the mode is not widened either.
func (j *copyJob) seal() error {
	mode := j.source.perm
	if err := j.to.Chown(j.source.uid, j.source.gid); err != nil {
		mode &= 0o700
	}
	if err := unix.Fchmod(int(j.to.Fd()), mode); err != nil {
		return err
	}
	times := []unix.Timespec{unix.NsecToTimespec(j.source.accessed), unix.NsecToTimespec(j.source.modified)}
	if err := unix.UtimesNanoAt(j.dir, j.partial, times, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	return j.to.Sync()
}

// changed tells whether the source was written to, or replaced, since it was selected.
func (j *copyJob) changed(at place) bool {
	open, err := statFD(int(j.from.Fd()))
	if err != nil || !open.same(j.source) {
		return true
	}
	named, err := statAt(at.dir, at.name)
	return err != nil || !named.same(j.source)
}

// abandon gives back what the job holds, and removes what is not a whole copy.
func (j *copyJob) abandon() {
	if j == nil {
		return
	}
	if j.from != nil {
		_ = j.from.Close() // only read from
	}
	if j.to != nil {
		_ = j.to.Close() // synced if it counts
	}
	if j.partial != "" {
		_ = unix.Unlinkat(j.dir, j.partial, 0)
	}
	closeFD(j.dir)
}

// copyLink makes the same symbolic link in another file system's folder.
func copyLink(folder int, at place) (verdict, error) {
	buf := make([]byte, 4096)
	n, err := unix.Readlinkat(at.dir, at.name, buf)
	if err == nil && n == len(buf) {
		err = unix.ENAMETOOLONG
	}
	if err == nil {
		_, err = put(at.name, func(name string) error {
			return unix.Symlinkat(string(buf[:n]), folder, name)
		})
	}
	if err == nil {
		err = unix.Fsync(folder)
	}
	if err != nil {
		return outcomeOf(at, "archive", err)
	}
	return outcomeOf(at, "remove", unix.Unlinkat(at.dir, at.name, 0))
}
