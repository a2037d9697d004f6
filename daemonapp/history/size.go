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

// dropOutputs removes the oldest outputs, those of ordinary entries first.
func (s *store) dropOutputs(n int) error {
	result, err := s.db.Exec(`DELETE FROM output WHERE entry IN (SELECT output.entry FROM output JOIN entry ON entry.id = output.entry
		WHERE word IN (`+list(words(0))+`) ORDER BY output.entry LIMIT ?)`, n)
	if err != nil {
		return err
	}
	if gone, err := result.RowsAffected(); err != nil || gone > 0 {
		return err
	}
	_, err = s.db.Exec(`DELETE FROM output WHERE entry IN (SELECT entry FROM output ORDER BY entry LIMIT ?)`, n)
	return err
}

// oldest is when the oldest entry of a class ended; 0 if there is none.
func (s *store) oldest(class int) (oldest int64, err error) {
	for _, w := range words(class) {
		var at int64
		err := s.db.QueryRow(`SELECT coalesce(min(at), 0) FROM entry WHERE word = ?`, int64(w)).Scan(&at)
		if err != nil {
			return 0, err
		}
		if at > 0 && (oldest == 0 || at < oldest) {
			oldest = at
		}
	}
	return oldest, nil
}

// vacuum gives free pages back to the file system. Each page is a row of the pragma.
func (s *store) vacuum(pages int64) error {
	rows, err := s.db.Query(fmt.Sprintf("PRAGMA incremental_vacuum(%d)", pages))
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
