package history_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/history"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// childRole makes the test binary the other process of a test: its value says which.
const childRole = "PEAKD_HISTORY_TEST_CHILD"

func TestMain(m *testing.M) {
	var err error
	switch role := os.Getenv(childRole); role {
	case "":
		os.Exit(m.Run())
	case "record":
		err = recordForever(os.Args[1])
	case "full":
		err = fillDisk(os.Args[1])
	default:
		err = fmt.Errorf("no role %s", role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func childCommand(t *testing.T, role string, args ...string) *osexec.Cmd {
	t.Helper()
	cmd := osexec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), childRole+"="+role)
	cmd.Stderr = os.Stderr
	return cmd
}

// recordForever records numbered runs in batches, with one run of "long" in flight all the time, and says of each batch
// that it is written.
func recordForever(dir string) error {
	rec, err := history.Open(dir, history.Options{KeepRuns: 500, OnError: func(err error) { fmt.Fprintln(os.Stderr, err) }})
	if err != nil {
		return err
	}
	rec.Observe(begun("long", start()))
	for n := 0; ; n++ {
		rec.Observe(ended(fmt.Sprint("d", n%7), start().Add(time.Duration(n)*time.Second), schedule.Outcome(n%4+1)))
		if n%20 == 19 {
			if err := rec.Flush(); err != nil {
				return err
			}
			fmt.Println(n + 1)
		}
	}
}

// Killed at any instant, an app leaves a file that is whole and has all that was written, and the next one says which
// run was in flight.
func TestKilledAtAnyInstant(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 1))
	for range 8 {
		dir := filepath.Join(t.TempDir(), "state")
		said := liveAndDie(t, dir, time.Duration(random.Int64N(int64(60*time.Millisecond))))
		if seen := len(entries(t, dir, history.Query{Names: []string{"d*"}})); seen < said-500 {
			t.Errorf("%d runs were said to be written, a reader sees %d", said, seen)
		}
		next := record(t, dir, history.Options{})
		next.see()
		next.closed()
		if verdict := ask(t, filepath.Join(dir, history.FileName), "PRAGMA integrity_check"); verdict != "ok" {
			t.Errorf("integrity_check says %s", verdict)
		}
		lost := entries(t, dir, history.Query{Outcomes: []string{"lost"}})
		if got := strings.Join(briefly(lost), "|"); got != "long lost: interrupted: the host died or peakd was killed" {
			t.Errorf("after a kill the history says %q", got)
		} else if !lost[0].Since.Equal(start()) || lost[0].Digest == "" || lost[0].Attempt != 1 {
			t.Errorf("of the lost run it says %+v", lost[0])
		}
		again := record(t, dir, history.Options{})
		again.see()
		if got := len(entries(t, dir, history.Query{Outcomes: []string{"lost"}})); got != 1 {
			t.Errorf("the run was lost %d times", got)
		}
	}
}

// liveAndDie runs a recording child, kills it some time after its first word and returns the last number it said.
func liveAndDie(t *testing.T, dir string, after time.Duration) (said int) {
	t.Helper()
	child := childCommand(t, "record", dir)
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		t.Fatal("the child said nothing")
	}
	<-time.After(after) // the delay is the test's subject, not its synchronisation
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for ok := true; ok; ok = lines.Scan() {
		if n, err := strconv.Atoi(lines.Text()); err == nil {
			said = n
		}
	}
	_ = child.Wait() // it was killed
	return said
}

// A run that ends, and an app that ends as it should, leave no lost run.
func TestNothingIsLostByAnOrderlyEnd(t *testing.T) {
	t.Parallel()
	rec := record(t, "", history.Options{})
	rec.see(begun("a", start()), begun("b", start()))
	rec.see(ended("a", start(), schedule.Worked))
	rec.closed() // b was abandoned, and an entry of its own would tell of that
	again := record(t, rec.dir, history.Options{})
	again.see()
	if got := briefly(entries(t, rec.dir, history.Query{})); strings.Join(got, ", ") != "a worked" {
		t.Errorf("got %q", got)
	}
}
