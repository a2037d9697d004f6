package history

import "fmt"

// size is that of the file, in pages.
type size struct {
	pages, free, page int64
	outputs           int64 // bytes of output as stored
}

func (z size) used() int64 { return (z.pages - z.free) * z.page }

func (s *store) size() (z size, err error) {
	err = s.db.QueryRow(`SELECT (SELECT page_count FROM pragma_page_count), (SELECT freelist_count FROM pragma_freelist_count),
		(SELECT page_size FROM pragma_page_size), (SELECT bytes FROM outputs)`).Scan(&z.pages, &z.free, &z.page, &z.outputs)
	return z, err
}

// drop removes the entries that a query selects, and tells how many.
func (s *store) drop(selection string, args ...any) (int64, error) {
	result, err := s.db.Exec("DELETE FROM entry WHERE id IN ("+selection+")", args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// dropOutputs removes the oldest outputs, those of ordinary entries first: at most n, and no more than it takes to get
// rid of so many bytes.
func (s *store) dropOutputs(n int, bytes int64) error {
	for _, of := range []string{"word IN (" + list(words(0)) + ")", "TRUE"} {
		last, err := s.outputsOf(of, n, bytes)
		if err != nil {
			return err
		}
		if last > 0 {
			_, err = s.db.Exec(`DELETE FROM output WHERE entry IN (SELECT output.entry FROM output JOIN entry ON entry.id = output.entry
				WHERE output.entry <= ? AND `+of+`)`, last)
			return err
		}
	}
	return nil
}

// outputsOf is up to which entry the outputs are, from the oldest on, that have so many bytes; 0 if there is none.
func (s *store) outputsOf(of string, n int, bytes int64) (last int64, err error) {
	rows, err := s.db.Query(`SELECT output.entry, length(text) FROM output JOIN entry ON entry.id = output.entry
		WHERE `+of+` ORDER BY output.entry LIMIT ?`, n)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }() // Err tells of whatever ended the rows.
	for bytes > 0 && rows.Next() {
		var length int64
		if err := rows.Scan(&last, &length); err != nil {
			return 0, err
		}
		bytes -= length
	}
	return last, rows.Err()
}

// oldest is a time up to which there are some of the oldest entries of a class: n of one word, if there are as many of
// any; 0 if there is none at all.
func (s *store) oldest(class, n int) (upTo int64, err error) {
	var last int64
	for _, w := range words(class) {
		var at, newest int64
		err := s.db.QueryRow(`SELECT coalesce((SELECT at FROM entry WHERE word = ? ORDER BY at LIMIT 1 OFFSET ?), 0),
			coalesce((SELECT max(at) FROM entry WHERE word = ?), 0)`, int64(w), n, int64(w)).Scan(&at, &newest)
		if err != nil {
			return 0, err
		}
		if at != 0 && (upTo == 0 || at < upTo) {
			upTo = at
		}
		last = max(last, newest)
	}
	if upTo == 0 {
		upTo = last
	}
	return upTo, nil
}

// vacuum gives free pages back to the file system. Each page is a row of the pragma.
func (s *store) vacuum(pages int64) error {
	return s.pragma(fmt.Sprintf("PRAGMA incremental_vacuum(%d)", pages))
}

// checkpoint brings the log into the file, as far as readers allow; it waits for nobody.
func (s *store) checkpoint() error { return s.pragma("PRAGMA wal_checkpoint(PASSIVE)") }

func (s *store) pragma(text string) error {
	rows, err := s.db.Query(text)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err tells of whatever ended the rows.
	for rows.Next() {
		continue
	}
	return rows.Err()
}

func (s *store) forgetDaemons() error {
	_, err := s.db.Exec(`DELETE FROM daemon WHERE NOT EXISTS (SELECT 1 FROM entry WHERE entry.daemon = daemon.id)`)
	clear(s.daemons)
	return err
}
