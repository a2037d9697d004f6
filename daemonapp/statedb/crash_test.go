package statedb_test

import (
	"bufio"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/statedb"
)

// Killed at any instant, also while it opens a directory for the first time, an app finds at its next
// start every batch that was acknowledged, and at most the one in flight besides; whole.
func TestKilledAtAnyInstant(t *testing.T) {
	t.Parallel()
	const seed, lives = 1, 12
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	random := rand.New(rand.NewPCG(seed, seed))
	acknowledged := 0
	for range rounds {
		dir := filepath.Join(t.TempDir(), "state")
		last := 0
		for range lives {
			if said := liveAndDie(t, dir, random); said > 0 {
				acknowledged += said - last
				last = said
			}
			last = checkSurvived(t, dir, last)
		}
	}
	if acknowledged < rounds*lives/2 { // Two of three wait for the first.
		t.Errorf("only %d batches in %d lives: the children died before they could work", acknowledged, rounds*lives)
	}
	t.Logf("%d kills, %d acknowledged batches (seed %d)", rounds*lives, acknowledged, seed)
}

// liveAndDie runs a saving child, kills it some time after its start or after its first word, and
// returns the last number it said.
func liveAndDie(t *testing.T, dir string, random *rand.Rand) int {
	t.Helper()
	child := childCommand(t, "save", dir)
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	var first string
	if random.IntN(3) > 0 {
		if first, err = lines.ReadString('\n'); err != nil {
			t.Fatalf("the child ended by itself: %v", err)
		}
	}
	kill(t, child, time.Duration(random.Int64N(int64(40*time.Millisecond))))
	rest, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // It was killed.
	return lastNumber(t, first+string(rest))
}

// kill sends SIGKILL after a delay. The delay is the test's subject, not its synchronisation.
func kill(t *testing.T, child *exec.Cmd, after time.Duration) {
	t.Helper()
	<-time.After(after)
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
}

// lastNumber is the last whole line's; 0 if there is none.
func lastNumber(t *testing.T, said string) int {
	t.Helper()
	lines := strings.Split(said, "\n")
	if len(lines) < 2 {
		return 0
	}
	n, err := strconv.Atoi(lines[len(lines)-2])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// checkSurvived opens what a killed app left, looking first as a reader, and returns the last number.
func checkSurvived(t *testing.T, dir string, acknowledged int) int {
	t.Helper()
	seen := -1
	if r, err := statedb.OpenReader(dir); err == nil {
		seen = load(t, r)["a"].Failures
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	} else if acknowledged > 0 {
		t.Errorf("read what was left: %v", err)
	}
	db := open(t, dir)
	all := load(t, db)
	n := all["a"].Failures
	if n < acknowledged || n > acknowledged+1 {
		t.Fatalf("acknowledged %d, found %d", acknowledged, n)
	}
	if seen >= 0 && seen != n {
		t.Errorf("a reader saw %d, the app %d", seen, n)
	}
	for i := max(1, n-99); i <= n; i++ {
		for _, m := range numbered(i)[2:] {
			if all[m.Name] != m {
				t.Errorf("found %+v, want %+v", all[m.Name], m)
			}
		}
	}
	if b := all["b"]; n > 0 && b != numbered(n)[1] {
		t.Errorf("half a batch: %+v with %d", b, n)
	}
	checkWhole(t, db, n)
	return n
}

func checkWhole(t *testing.T, db *statedb.DB, last int) {
	t.Helper()
	if got, err := db.Pragma("integrity_check"); got != "ok" || err != nil {
		t.Errorf("integrity_check says %s (%v)", got, err)
	}
	a, ok, err := db.LoadApplied()
	if err != nil {
		t.Error(err)
	}
	if n, _ := strconv.Atoi(a.Digest); n < last/10*10 || n > last+1 || ok != (len(a.Daemons) == 3) {
		t.Errorf("the applied configuration is %s of %d daemons after %d", a.Digest, len(a.Daemons), last)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
