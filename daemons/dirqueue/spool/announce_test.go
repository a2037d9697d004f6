package spool_test

import (
	"os"
	"testing"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// What was released is found by an owner that only looks whether the directory has changed.
func TestAnnounce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	owner, operator := openQueue(t, dir, spool.Options{}), openQueue(t, dir, spool.Options{})
	put(t, dir, "a")
	now := soon()
	must(t, owner.Retry(claimOne(t, owner, now), now.Add(time.Hour), now))
	must(t, os.Chtimes(dir, time.Time{}, now.Add(-time.Hour))) // so that a later change is known to move it
	claim(t, owner, 1, now)
	if owner.Changed() {
		t.Fatal("it is not at rest")
	}
	must(t, operator.Release(spool.StateRetry, "a", now))
	must(t, operator.Announce())
	if !owner.Changed() {
		t.Error("nothing was announced")
	}
	wantNames(t, claim(t, owner, 1, now.Add(time.Second)).Claimed, "a")
}
