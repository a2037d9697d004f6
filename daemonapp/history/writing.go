package history

import (
	"database/sql"

	"github.com/peakd/peakd/daemonapp"
)

// writing is a transaction of a store.
type writing struct {
	*store
	tx    *sql.Tx
	entry *sql.Stmt
	args  [19]any
}

// row writes an entry, new or changed.
func (w *writing) row(r *row) error {
	daemon, err := w.named(w.daemons, w.putDaemon, r.daemon, r.daemon, r.typ)
	if err != nil {
		return err
	}
	var digest any
	if text := r.digest.String(); text != "" {
		id, err := w.named(w.digests, w.putDigest, text, text)
		if err != nil {
			return err
		}
		digest = id
	}
	if r.id == 0 {
		r.id = w.next
		w.next++
	}
	w.args = [...]any{
		r.id, int64(r.word), daemon, r.at, some(r.since), int64(r.times), some(int64(r.took)), some(int64(r.waited)), some(int64(r.count)),
		some(int64(r.attempt)), some(int64(r.trigger)), some(int64(r.run)), digest, some(int64(r.user)), some(int64(r.system)),
		some(r.peak), some(r.until), text(r.who), text(r.text),
	}
	if _, err := w.entry.Exec(w.args[:]...); err != nil || r.output == nil {
		return err
	}
	return w.output(r.id, r.output)
}

// named is the number of a name in its table.
func (w *writing) named(known map[string]int64, put *sql.Stmt, name string, args ...any) (int64, error) {
	if id, ok := known[name]; ok {
		return id, nil
	}
	var id int64
	if err := w.tx.Stmt(put).QueryRow(args...).Scan(&id); err != nil {
		return 0, err
	}
	known[name] = id
	return id, nil
}

// marks writes which runs are in flight, as far as that has changed.
func (w *writing) marks(running map[string]record) error {
	for name := range w.store.marks {
		if _, runs := running[name]; !runs {
			if _, err := w.tx.Stmt(w.dropMark).Exec(name); err != nil {
				return err
			}
		}
	}
	for name, r := range running {
		if w.store.marks[name] == r.run {
			continue
		}
		_, err := w.tx.Stmt(w.putMark).Exec(name, r.typ, r.digest.String(), int64(r.run), r.since, int64(r.waited), r.attempt, int64(r.trigger))
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *writing) output(entry int64, o *daemonapp.Report) error {
	p := pack(o, w.mask)
	// Of several runs that share an entry the last output stays.
	if _, err := w.tx.Stmt(w.dropOutput).Exec(entry); err != nil {
		return err
	}
	_, err := w.tx.Stmt(w.putOutput).Exec(entry, p.head, p.tail, p.dropped, p.deflate, p.text)
	return err
}

// some is a number as stored: none where it is 0.
func some(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}
