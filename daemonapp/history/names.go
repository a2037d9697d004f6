package history

import (
	"context"
	"database/sql"
	"fmt"
	"path"
	"slices"
	"strings"
)

// Selects tells whether patterns select a daemon: by its name, by a glob as path.Match has it, or, unless self is set,
// as a child of one that they select. No pattern selects every daemon.
func Selects(patterns []string, self bool, name string) bool {
	if len(patterns) == 0 {
		return true
	}
	for {
		if slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) }) {
			return true
		}
		cut := strings.LastIndexByte(name, '/')
		if self || cut < 0 {
			return false
		}
		name = name[:cut]
	}
}

func matches(pattern, name string) bool {
	matched, err := path.Match(pattern, name)
	return pattern == name || err == nil && matched
}

// CheckNames tells of a pattern that is none.
func CheckNames(patterns []string) error {
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			return fmt.Errorf("%q: %w", p, err)
		}
	}
	return nil
}

// Names are the daemons of which there are entries, in alphabetical order; those that the patterns select, as
// [Selects] does.
func (r *Reader) Names(ctx context.Context, patterns ...string) (names []string, err error) {
	err = r.eachDaemon(ctx, func(_ int64, name string) {
		if name != "" && Selects(patterns, false, name) {
			names = append(names, name)
		}
	})
	return names, err
}

// daemons are the numbers of those that a query names.
func (r *Reader) daemons(ctx context.Context, q Query) (ids []int64, err error) {
	if err := CheckNames(q.Names); err != nil {
		return nil, err
	}
	err = r.eachDaemon(ctx, func(id int64, name string) {
		if name != "" && Selects(q.Names, q.Self, name) {
			ids = append(ids, id)
		}
	})
	return ids, err
}

func (r *Reader) eachDaemon(ctx context.Context, do func(id int64, name string)) error {
	return r.rows(ctx, func(rows *sql.Rows) error {
		var (
			id   int64
			name string
		)
		err := rows.Scan(&id, &name)
		do(id, name)
		return err
	}, `SELECT id, name FROM daemon ORDER BY name`)
}
