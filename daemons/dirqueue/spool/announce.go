package spool

import "fmt"

// Announce makes every process that watches the directory, or looks whether it has changed, look at the queue: of what
// happens in the reserved folder, as by Release, they would be told only by the passing of time.
func (q *Queue) Announce() error {
	if err := q.usable(); err != nil {
		return q.wrap("announce in", err)
	}
	t, err := newNamedTemp(q.fd, ".", 0o600)
	if err != nil {
		return fmt.Errorf("announce in %s: %w", q.dir, err)
	}
	t.discard()
	return nil
}
