package spool_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

func makeQueue(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "q")
	must(t, os.Mkdir(dir, 0o700))
	must(t, os.Chmod(dir, os.ModeSticky|0o730))
	return dir
}

func TestCompact(t *testing.T) {
	t.Parallel()
	dir := makeQueue(t)
	q := openQueue(t, dir, spool.Options{Own: true})
	other := openQueue(t, dir, spool.Options{})
	p, err := spool.OpenProducer(dir, spool.ProducerOptions{})
	must(t, err)
	defer p.Close()
	put(t, dir, "a")
	now := soon()
	compact := func(q *spool.Queue, want bool, when string) {
		t.Helper()
		if done, err := q.Compact(); err != nil || done != want {
			t.Errorf("%s: compacted %v, %v, want %v", when, done, err, want)
		}
	}
	compact(q, false, "not large")
	q.Bloated()
	other.Bloated()
	compact(q, false, "not empty")
	c := claimOne(t, q, now)
	compact(q, false, "with a claim")
	must(t, q.Done(c, now))
	compact(other, false, "not its own")
	put(t, dir, "b")
	b := claimOne(t, other, now)
	compact(q, false, "with another owner")
	must(t, other.Done(b, now))
	must(t, other.Rest())
	id := q.Identity()
	compact(q, true, "empty")
	if q.Identity() == id {
		t.Error("it is the same directory")
	}
	if st, err := os.Stat(dir); err != nil || st.Mode().Perm() != 0o730 || st.Mode()&os.ModeSticky == 0 {
		t.Errorf("the new directory has mode %v, %v", st.Mode(), err)
	}
	if !other.Gone() {
		t.Error("the other queue does not notice")
	}
	if err := p.Put("c", strings.NewReader("c")); !errors.Is(err, spool.ErrGone) {
		t.Errorf("a producer of the old directory: %v, want ErrGone", err)
	}
	put(t, dir, "d")
	must(t, q.Done(claimOne(t, q, now), now))
	must(t, q.Close())
	wantTree(t, dir, donePath(now, "a"), donePath(now, "b"), donePath(now, "d"))
	wantAlone(t, dir)
}

// wantAlone looks for what may be left beside the queue.
func wantAlone(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(left) != 1 {
		t.Errorf("beside the queue: %v, %v", left, err)
	}
}

// A crash at any step of the replacement is mended by the next to open the queue, and files that come meanwhile stay.
func TestCompactCrashes(t *testing.T) {
	t.Parallel()
	binary := faultyBinary(t)
	for _, step := range []string{"compact.made", "compact.moved", "compact.swapped"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			at := t.TempDir()
			dir := filepath.Join(at, "queue")
			must(t, os.Mkdir(dir, 0o700))
			q := openQueue(t, dir, spool.Options{})
			put(t, dir, "a")
			now := soon()
			must(t, q.Done(claimOne(t, q, now), now))
			must(t, q.Close())
			held, err := spool.OpenProducer(dir, spool.ProducerOptions{})
			must(t, err)
			defer held.Close()
			cmd := exec.CommandContext(t.Context(), binary)
			cmd.Env = append(os.Environ(), killRole+"=compactor", killDir+"="+at, "PEAKD_CRASH="+step+":1")
			if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(err.Error(), "killed") {
				t.Fatalf("it was not killed: %v\n%s", err, out)
			}
			must(t, held.Put("late", strings.NewReader("late"))) // into whichever directory it has
			put(t, dir, "new")
			q = openQueue(t, dir, spool.Options{})
			got := listNames(t, q, spool.StateReady)
			if !slices.Equal(got, []string{"late", "new"}) {
				t.Errorf("ready: %v, want the late and the new one", got)
			}
			if got := listNames(t, q, spool.StateDone); !slices.Equal(got, []string{"a"}) {
				t.Errorf("done: %v", got)
			}
			wantAlone(t, dir)
		})
	}
}

// While one process replaces the directory over and over, others hand files in: none is lost.
func TestCompactUnderFire(t *testing.T) {
	t.Parallel()
	dir := makeQueue(t)
	q := openQueue(t, dir, spool.Options{Own: true, Ready: spool.ReadyRenamed, Delete: true, Durable: spool.DurableNone})
	q.Bloated()
	const files = 1000
	ended := make(chan error, 1) // the producer sends once, when it is done
	go func() {                  // joined below, by receiving from ended
		ended <- func() error {
			for i := range files {
				for {
					err := spool.Enqueue(dir, fmt.Sprint(i), strings.NewReader("x"), spool.ProducerOptions{Volatile: true})
					if err == nil {
						break
					}
					if !errors.Is(err, spool.ErrGone) {
						return err
					}
				}
			}
			return nil
		}()
	}()
	got, compacted, over := 0, 0, false
	for got < files {
		select {
		case err := <-ended:
			must(t, err)
			over = true
		default:
		}
		b := claim(t, q, 10, soon())
		for _, c := range b.Claimed {
			must(t, q.Done(c, soon()))
		}
		if got += len(b.Claimed); over && len(b.Claimed) == 0 && !b.More {
			break
		}
		done, err := q.Compact()
		must(t, err)
		if done {
			compacted++
		}
	}
	if got != files || compacted == 0 {
		t.Errorf("%d of %d files came through, with %d replacements", got, files, compacted)
	}
	if !over {
		must(t, <-ended)
	}
}
