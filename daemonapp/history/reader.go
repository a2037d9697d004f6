package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/peakd/peakd/daemonapp/internal/sqlite"
)

var (
	// ErrUnsafe: the directory, or a file in it, could have been written by others.
	ErrUnsafe = sqlite.ErrUnsafe
	// ErrNewer: the file was written by a version with a schema this one does not know.
	ErrNewer = sqlite.ErrNewer
	// ErrDamaged: the file is not a history, or no longer one.
	ErrDamaged = sqlite.ErrDamaged
	// ErrNoOutput: of that run no output is kept.
	ErrNoOutput = errors.New("no output is kept of it")
)

// Reader looks at a history, whether an app records or not, and changes nothing that an app would notice. Its methods
// may be called from any goroutine. What happened in the last quarter of a second, and what a shared entry has grown by
// in the last minute, may not be there yet.
type Reader struct {
	path string
	db   *sql.DB
}

// OpenReader opens the history in dir. The error is fs.ErrNotExist where nothing was recorded yet, otherwise
// [ErrUnsafe], [ErrNewer], [ErrDamaged] or one of the file system.
func OpenReader(dir string) (*Reader, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("read history %s: %w", dir, err)
	}
	r := &Reader{path: filepath.Join(dir, FileName)}
	if r.db, err = file().OpenReader(r.path); err != nil {
		return nil, fmt.Errorf("read history %s: %w", r.path, err)
	}
	return r, nil
}

// Close ends reading. A second Close does nothing.
func (r *Reader) Close() error {
	if err := r.db.Close(); err != nil {
		return fmt.Errorf("close history %s: %w", r.path, err)
	}
	return nil
}

// Output is what the run of an entry has written. It is ErrNoOutput if none is kept.
func (r *Reader) Output(ctx context.Context, id int64) (Output, error) {
	var p packed
	err := r.db.QueryRowContext(ctx, `SELECT head, tail, dropped, deflate, text FROM output WHERE entry = ?`, id).
		Scan(&p.head, &p.tail, &p.dropped, &p.deflate, &p.text)
	if errors.Is(err, sql.ErrNoRows) {
		return Output{}, ErrNoOutput
	}
	var o Output
	if err == nil {
		o, err = p.unpack()
	}
	if err != nil {
		return Output{}, r.failed(err)
	}
	return o, nil
}

func (r *Reader) failed(err error) error {
	return fmt.Errorf("read history %s: %w", r.path, file().Explain(err))
}

// rows calls each with every row of a query.
func (r *Reader) rows(ctx context.Context, each func(*sql.Rows) error, query string, args ...any) error {
	rows, err := r.db.QueryContext(ctx, query, args...)
	if err != nil {
		return r.failed(err)
	}
	defer func() { _ = rows.Close() }() // Err tells of whatever ended the rows.
	for rows.Next() {
		if err := each(rows); err != nil {
			return r.failed(err)
		}
	}
	if err := rows.Err(); err != nil {
		return r.failed(err)
	}
	return nil
}
