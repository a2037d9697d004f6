package history

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/internal/sqlite"
)

// store is the open file. It belongs to the writer's goroutine.
type store struct {
	path  string
	db    *sql.DB
	was   fs.FileInfo // the file that was opened
	next  int64       // the number of the next entry: no entry has it or a higher one, not even one that waits to be written
	marks map[string]daemonapp.RunID

	mask func(string) string

	daemons, digests map[string]int64

	putEntry, putOutput, dropOutput, putMark, dropMark, putDaemon, putDigest *sql.Stmt
}

const (
	putEntrySQL = `INSERT OR REPLACE INTO entry (id, word, daemon, at, since, times, took, waited, count, attempt, waker, run,
		digest, user, system, peak, until, who, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	putOutputSQL  = `INSERT INTO output (entry, head, tail, dropped, deflate, text) VALUES (?, ?, ?, ?, ?, ?)`
	dropOutputSQL = `DELETE FROM output WHERE entry = ?`
	putMarkSQL    = `INSERT OR REPLACE INTO running (daemon, type, digest, run, since, waited, attempt, waker)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	dropMarkSQL  = `DELETE FROM running WHERE daemon = ?`
	putDaemonSQL = `INSERT INTO daemon (name, type) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET type = excluded.type RETURNING id`
	putDigestSQL = `INSERT INTO digest (text) VALUES (?) ON CONFLICT (text) DO UPDATE SET text = excluded.text RETURNING id`
	putWordSQL   = `INSERT OR REPLACE INTO word (id, kind, outcome) VALUES (?, ?, ?)`
)

// openStore opens the file in dir, and returns what an earlier process left in flight. Entries below next have numbers.
func openStore(dir string, next int64, mask func(string) string) (s *store, left []record, err error) {
	if err := sqlite.PrepareDir(dir); err != nil {
		return nil, nil, err
	}
	s = &store{
		path: filepath.Join(dir, FileName), mask: mask, next: next, marks: map[string]daemonapp.RunID{},
		daemons: map[string]int64{}, digests: map[string]int64{},
	}
	if s.db, err = file().Open(s.path); err != nil {
		return nil, nil, err
	}
	left, err = s.begin()
	if err != nil {
		return nil, nil, file().Explain(errors.Join(err, s.close()))
	}
	return s, left, nil
}

func (s *store) begin() (left []record, err error) {
	if s.was, err = os.Stat(s.path); err != nil {
		return nil, err
	}
	for _, st := range []struct {
		stmt **sql.Stmt
		text string
	}{
		{&s.putEntry, putEntrySQL},
		{&s.putOutput, putOutputSQL},
		{&s.dropOutput, dropOutputSQL},
		{&s.putMark, putMarkSQL},
		{&s.dropMark, dropMarkSQL},
		{&s.putDaemon, putDaemonSQL},
		{&s.putDigest, putDigestSQL},
	} {
		if *st.stmt, err = s.db.Prepare(st.text); err != nil {
			return nil, err
		}
	}
	var last int64
	if err := s.db.QueryRow("SELECT coalesce(max(id), 0) FROM entry").Scan(&last); err != nil {
		return nil, err
	}
	s.next = max(s.next, last+1)
	err = sqlite.InTx(s.db, func(tx *sql.Tx) error {
		for _, m := range meanings() {
			if _, err := tx.Exec(putWordSQL, m.word, m.kind, m.outcome); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.left()
}

// left are the runs in flight that the file knows of.
func (s *store) left() ([]record, error) {
	rows, err := s.db.Query("SELECT daemon, type, digest, run, since, waited, attempt, waker FROM running ORDER BY since")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err tells of whatever ended the rows.
	var left []record
	for rows.Next() {
		var (
			r      record
			digest string
		)
		if err := rows.Scan(&r.daemon, &r.typ, &digest, &r.run, &r.since, &r.waited, &r.attempt, &r.trigger); err != nil {
			return nil, err
		}
		r.digest = daemonapp.DigestOf(digest)
		s.marks[r.daemon] = r.run
		left = append(left, r)
	}
	return left, rows.Err()
}

// save writes the book's queue and which runs are in flight: all of it, or nothing with an error.
func (s *store) save(b *book) error {
	err := sqlite.InTx(s.db, func(tx *sql.Tx) error {
		w := &writing{store: s, tx: tx, entry: tx.Stmt(s.putEntry)}
		for _, r := range b.queue {
			if err := w.row(r); err != nil {
				return err
			}
		}
		return w.marks(b.running)
	})
	if err != nil {
		// What was put in the tables of names was taken back.
		clear(s.daemons)
		clear(s.digests)
		return file().Explain(err)
	}
	for name := range s.marks {
		if _, runs := b.running[name]; !runs {
			delete(s.marks, name)
		}
	}
	for name, r := range b.running {
		s.marks[name] = r.run
	}
	return nil
}

// moved tells whether the file is no longer the one that was opened: somebody has taken it away.
func (s *store) moved() bool {
	is, err := os.Stat(s.path)
	return err != nil || !os.SameFile(s.was, is)
}

func (s *store) close() error { return s.db.Close() }
