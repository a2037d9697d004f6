package history

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp"
)

// Query says which entries are wanted. The zero value wants all, the newest first.
type Query struct {
	// Names select daemons, as [Names] does; none means all, and the app itself.
	Names []string
	// Self leaves out the children of seeds that Names select.
	Self bool
	// Since and Until bound when an entry ended or happened, Until itself excluded; zero: they do not.
	Since, Until time.Time
	// Kinds are those wanted; none means all, or runs if there are Outcomes, which are those of runs.
	Kinds    []Kind
	Outcomes []string
	// RunID, if not 0, is that of the run wanted.
	RunID daemonapp.RunID
	// Output wants only runs of which some is kept.
	Output bool
	// Limit is how many entries are wanted at most, and the newest are; 0 means all.
	Limit int
	// OldestFirst turns the order around.
	OldestFirst bool
}

// ErrUnknownWord: a query asks for a kind or an outcome that there is not.
var ErrUnknownWord = errors.New("there is no such word")

// Check tells of a kind, an outcome or a name that there cannot be.
func (q Query) Check() error {
	if _, err := q.words(); err != nil {
		return err
	}
	return CheckNames(q.Names)
}

// Entries are those that a query wants.
func (r *Reader) Entries(ctx context.Context, q Query) ([]Entry, error) {
	var list []Entry
	err := r.Each(ctx, q, func(e Entry) error {
		list = append(list, e)
		return nil
	})
	return list, err
}

// Each calls do with every entry that a query wants, until it returns an error.
func (r *Reader) Each(ctx context.Context, q Query, do func(Entry) error) error {
	found, err := r.find(ctx, q)
	if err != nil {
		return err
	}
	const chunk = 500
	for part := range slices.Chunk(found, chunk) {
		entries, err := r.fetch(ctx, part)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := do(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// reference is where an entry stands among others.
type reference struct{ id, at int64 }

// fetch gets entries whole. What was removed meanwhile is left out.
func (r *Reader) fetch(ctx context.Context, wanted []reference) ([]Entry, error) {
	ids := make([]int64, len(wanted))
	for i := range wanted {
		ids[i] = wanted[i].id
	}
	text, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(ids))
	err = r.rows(ctx, func(rows *sql.Rows) error {
		e, err := scanEntry(rows)
		entries = append(entries, e)
		return err
	}, entrySQL, string(text))
	return entries, err
}

// search is a query in the terms of the file.
type search struct {
	words    []word
	from, to int64
	limit    int
	and      string // a further condition
}

// find tells where the entries that a query wants are: from the index of runs, from that of words, or from that of
// daemons if it names few enough of them.
func (r *Reader) find(ctx context.Context, q Query) ([]reference, error) {
	s, err := q.search()
	if err != nil {
		return nil, err
	}
	var daemons []int64
	if len(q.Names) > 0 {
		if daemons, err = r.daemons(ctx, q); err != nil {
			return nil, err
		}
		if len(daemons) == 0 {
			return nil, nil
		}
		s.and += " AND daemon IN (" + joined(daemons) + ")"
	}
	var found []reference
	switch {
	case q.RunID != 0:
		found, err = r.findRun(ctx, s, q.RunID)
	case len(q.Names) == 0 || len(daemons) > fewDaemons:
		found, err = r.findByWord(ctx, s)
	default:
		found, err = r.findByDaemon(ctx, s, daemons)
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b reference) int { return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(b.id, a.id)) })
	found = found[:min(len(found), s.limit)]
	if q.OldestFirst {
		slices.Reverse(found)
	}
	return found, nil
}

// fewDaemons is up to how many daemons are looked up one by one.
const fewDaemons = 200

func (q Query) search() (search, error) {
	s := search{from: math.MinInt64, to: math.MaxInt64, limit: q.Limit}
	if !q.Since.IsZero() {
		s.from = instant(q.Since)
	}
	if !q.Until.IsZero() {
		s.to = instant(q.Until)
	}
	if s.limit <= 0 {
		s.limit = math.MaxInt
	}
	if q.Output {
		s.and += " AND EXISTS (SELECT 1 FROM output WHERE output.entry = entry.id)"
	}
	var err error
	s.words, err = q.words()
	return s, err
}

// words are those of the kinds and outcomes.
func (q Query) words() ([]word, error) {
	if err := known(q.Kinds, Kinds()); err != nil {
		return nil, err
	}
	if err := known(q.Outcomes, Outcomes()); err != nil {
		return nil, err
	}
	kinds := q.Kinds
	if len(kinds) == 0 && (len(q.Outcomes) > 0 || q.RunID != 0 || q.Output) {
		kinds = []Kind{Run}
	}
	var list []word
	for _, m := range meanings() {
		right := len(kinds) == 0 || slices.Contains(kinds, m.kind)
		if m.kind == Run && len(q.Outcomes) > 0 {
			right = right && slices.Contains(q.Outcomes, m.outcome)
		}
		if right {
			list = append(list, m.word)
		}
	}
	return list, nil
}

func known[T ~string](wanted, there []T) error {
	for _, w := range wanted {
		if !slices.Contains(there, w) {
			return fmt.Errorf("%q: %w: %s", w, ErrUnknownWord, texts(there))
		}
	}
	return nil
}

func texts[T ~string](list []T) string {
	all := make([]string, len(list))
	for i := range list {
		all[i] = string(list[i])
	}
	return strings.Join(all, ", ")
}

func (r *Reader) findRun(ctx context.Context, s search, id daemonapp.RunID) ([]reference, error) {
	return r.references(ctx, `SELECT id, at FROM entry INDEXED BY entry_run WHERE run = ? AND at >= ? AND at < ? AND
		word IN (`+list(s.words)+`)`+s.and, int64(id), s.from, s.to)
}

func (r *Reader) findByWord(ctx context.Context, s search) (found []reference, err error) {
	for _, w := range s.words {
		some, err := r.references(ctx, `SELECT id, at FROM entry INDEXED BY entry_word WHERE word = ? AND at >= ? AND at < ?`+s.and+
			` ORDER BY at DESC, id DESC LIMIT ?`, int64(w), s.from, s.to, s.limit)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

func (r *Reader) findByDaemon(ctx context.Context, s search, daemons []int64) (found []reference, err error) {
	for _, d := range daemons {
		some, err := r.references(ctx, `SELECT id, at FROM entry INDEXED BY entry_daemon WHERE daemon = ? AND at >= ? AND at < ? AND
			word IN (`+list(s.words)+`)`+s.and+` ORDER BY at DESC, id DESC LIMIT ?`, d, s.from, s.to, s.limit)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

func (r *Reader) references(ctx context.Context, query string, args ...any) (found []reference, err error) {
	err = r.rows(ctx, func(rows *sql.Rows) error {
		var one reference
		err := rows.Scan(&one.id, &one.at)
		found = append(found, one)
		return err
	}, query, args...)
	return found, err
}

func joined(ids []int64) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = fmt.Sprint(id)
	}
	return strings.Join(texts, ", ")
}
