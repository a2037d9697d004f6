package history

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// done are the words of runs that came to their end by themselves.
func done() []word { return []word{wordWorked, wordMore, wordIdle, wordFailed} }

// Durations are how long the last n runs of each of these daemons took, the newest first; no name means all daemons.
// Cancelled and lost runs do not count; idle ones that share an entry are one, of their average length.
func (r *Reader) Durations(ctx context.Context, names []string, n int) (map[string][]time.Duration, error) {
	ids, err := r.numbers(ctx, names)
	if err != nil {
		return nil, err
	}
	all := make(map[string][]time.Duration, len(ids))
	query := `SELECT coalesce(took, 0) / times FROM entry INDEXED BY entry_daemon WHERE daemon = ? AND word IN (` + list(done()) +
		`) ORDER BY at DESC LIMIT ?`
	for name, id := range ids {
		var took []time.Duration
		err := r.rows(ctx, func(rows *sql.Rows) error {
			var d time.Duration
			err := rows.Scan(&d)
			took = append(took, d)
			return err
		}, query, id, n)
		if err != nil {
			return nil, err
		}
		if len(took) > 0 {
			all[name] = took
		}
	}
	return all, nil
}

// numbers are those of the daemons called so, or of all.
func (r *Reader) numbers(ctx context.Context, names []string) (map[string]int64, error) {
	wanted := make(map[string]bool, len(names))
	for _, name := range names {
		wanted[name] = true
	}
	ids := map[string]int64{}
	err := r.eachDaemon(ctx, func(id int64, name string) {
		if name != "" && (len(names) == 0 || wanted[name]) {
			ids[name] = id
		}
	})
	return ids, err
}

// Percentile is the p-th (0 to 1) of durations, by the nearest rank; 0 of none. It sorts them.
func Percentile(list []time.Duration, p float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	rank := int(p*float64(len(list))+0.999999) - 1
	return list[min(max(rank, 0), len(list)-1)]
}

// Ended is how a run ended, and how long it took.
type Ended struct {
	Outcome schedule.Outcome
	Took    time.Duration
}

// Outcomes are how the last n runs of each daemon ended that began at or after since, the oldest first. Cancelled and
// lost runs do not count; of idle ones that share an entry each is one, of their average length.
func (r *Reader) Outcomes(ctx context.Context, since time.Time, n int) (map[string][]Ended, error) {
	all := map[string][]Ended{}
	ids, err := r.numbers(ctx, nil)
	if err != nil {
		return nil, err
	}
	query := `SELECT word, coalesce(took, 0), times FROM entry INDEXED BY entry_daemon WHERE daemon = ? AND at >= ? AND
		word IN (` + list(done()) + `) ORDER BY at DESC, id DESC LIMIT ?`
	for name, id := range ids {
		var runs []Ended
		err := r.rows(ctx, func(rows *sql.Rows) error {
			var (
				w     word
				took  time.Duration
				times int
			)
			err := rows.Scan(&w, &took, &times)
			for range min(times, n-len(runs)) {
				runs = append(runs, Ended{outcome(w), took / time.Duration(times)})
			}
			return err
		}, query, id, instant(since), n)
		if err != nil {
			return nil, err
		}
		if slices.Reverse(runs); len(runs) > 0 {
			all[name] = runs
		}
	}
	return all, nil
}

func outcome(w word) schedule.Outcome {
	o, _ := schedule.ParseOutcome(meaningOf(w).outcome)
	return o
}
