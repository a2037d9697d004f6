package filecleanup_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/peakd/peakd/daemons/filecleanup"
)

// A program puts a fresh file in the place of each old one, just when the cleaner is after that. With
// verify no fresh one may be lost, not even for the instant between the last look and the removal.
func TestVerifyNeverLosesAFreshFile(t *testing.T) {
	t.Parallel()
	const files = 1500
	dir, attic := t.TempDir(), t.TempDir()
	done := make(chan error, 1)
	go func() { done <- replaceAll(dir, attic, files) }() // joined by done
	r := newRig(t, dir, func(s *filecleanup.Settings) { s.AgeBy, s.InUse, s.Verify = "m", "none", true })
	r.clock.add(-day)
	for over := false; !over; {
		r.pass(t)
		select {
		case err := <-done:
			must(t, err)
			over = true
		default:
		}
	}
	r.pass(t) // brings back what a name taken meanwhile had kept from its place
	for i := range files {
		name := filepath.Join(dir, fmt.Sprint(i))
		if !exists(t, name) || read(t, name) != "fresh" {
			t.Errorf("%d: the fresh file is lost", i)
		}
	}
}

func replaceAll(dir, attic string, files int) error {
	old := time.Now().Add(-2 * time.Hour)
	for i := range files {
		name, bait, fresh := filepath.Join(dir, fmt.Sprint(i)), filepath.Join(attic, "old"), filepath.Join(attic, "fresh")
		if err := os.WriteFile(fresh, []byte("fresh"), 0o600); err != nil {
			return err
		}
		if err := os.WriteFile(bait, []byte("old"), 0o600); err != nil {
			return err
		}
		if err := os.Chtimes(bait, old, old); err != nil {
			return err
		}
		if err := os.Rename(bait, name); err != nil {
			return err
		}
		if err := os.Rename(fresh, name); err != nil {
			return err
		}
	}
	return nil
}
