package spool_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// What tells a child of TestKills who it is.
const (
	killRole = "PEAKD_TEST_ROLE"
	killDir  = "PEAKD_TEST_DIRECTORY"
)

// killOptions are those of the consumers: none of the deaths is the files' fault.
func killOptions() spool.Options {
	return spool.Options{CrashAttempts: 1 << 20, CrashDelay: time.Millisecond}
}

// content is what a file of that name holds: enough to see whether it is whole.
func content(name string) string { return strings.Repeat(name+"\n", 100) }

// The steps at which producers and consumers kill themselves. A kill at one of risky may fall between the effect of a file
// and the record of it.
var (
	producerSteps = []string{"put.written", "put.synced", "put.named", "put.kept", "acked"}
	consumerSteps = []string{
		"slot.made", "slot.locked", "claim.before", "claim.after", "effect.before", "done.after", "sync.before",
		"sync.after", "retry.made", "bucket.folder", "recover.locked", "recover.file", "recover.emptied",
	}
	rare  = []string{"slot.made", "slot.locked", "retry.made", "bucket.folder", "recover.locked", "recover.file", "recover.emptied"}
	risky = []string{"effect.after", "done.before", "failed.reason", "handler.started"}
)

// Processes that hand files in and work on them are killed at all steps of what they do, and from outside at any moment,
// and begin again. Nothing that was acknowledged is lost, nothing is finished twice or without its effect, an effect is
// repeated at most as often as a kill fell between it and its record, and no file is worked on by two at once, not even
// while only the handler of a dead owner lives. PEAKD_KILLS is how many kills there are, PEAKD_SEED what they depend on.
func TestKills(t *testing.T) {
	t.Parallel()
	k := newKills(t, 320)
	k.spawn("producer")
	for range 3 {
		k.spawn("consumer")
	}
	k.run()
	k.finish()
	k.verify()
}

// kills is the state of the test.
type kills struct {
	t      *testing.T
	binary string
	dir    string
	random *rand.Rand
	wanted int

	done, risked, failed int
	at                   map[string]int // kills at each step
	ended                chan life      // each life's goroutine sends once, run receives
	running              int
}

// life is one run of a child.
type life struct {
	role, step string
	killed     bool
	errors     string
}

func newKills(t *testing.T, wanted int) *kills {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("PEAKD_SEED"), 10, 64); err == nil {
		seed = s
	}
	if n, err := strconv.Atoi(os.Getenv("PEAKD_KILLS")); err == nil {
		wanted = n
	}
	t.Logf("%d kills, PEAKD_SEED=%d", wanted, seed)
	k := &kills{
		t: t, binary: faultyBinary(t), dir: memoryDir(t), random: rand.New(rand.NewPCG(seed, 0)),
		wanted: wanted, at: map[string]int{}, ended: make(chan life),
	}
	for _, name := range []string{"queue", "guard"} {
		must(t, os.Mkdir(filepath.Join(k.dir, name), 0o700))
	}
	return k
}

// faultyBinary builds the tests of this package with the hooks in.
func faultyBinary(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"hook_on.go", "kill_child_test.go"} {
		// Reading them makes the result of this test depend on them: else go test would answer from its cache.
		_, err := os.ReadFile(name)
		must(t, err)
	}
	binary := filepath.Join(t.TempDir(), "spool.test")
	build := exec.CommandContext(t.Context(), "go", "test", "-c", "-tags", "faultinject", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build with hooks: %v\n%s", err, out)
	}
	return binary
}

// memoryDir is a directory that a kill leaves as it is and that syncs fast, if there is one.
func memoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "peakd-spool-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	return dir
}

// spawn begins a life: with a step to die at, or to be killed at some moment.
func (k *kills) spawn(role string) {
	steps := consumerSteps
	if role == "producer" {
		steps = producerSteps
	}
	step, patience := "", time.Duration(1+k.random.IntN(60))*time.Millisecond
	pass := 1 + k.random.IntN(12)
	if dice := k.random.IntN(5); dice > 0 {
		if role == "consumer" && dice == 1 {
			steps = risky
		}
		step, patience = steps[k.random.IntN(len(steps))], 300*time.Millisecond
		if contains(rare, step) {
			pass = 1
		}
	}
	cmd := exec.Command(k.binary)
	cmd.Env = append(os.Environ(), killRole+"="+role, killDir+"="+k.dir,
		fmt.Sprintf("PEAKD_CRASH=%s:%d", step, pass))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.WaitDelay = 100 * time.Millisecond // handlers hold stderr
	must(k.t, cmd.Start())
	timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	k.running++
	go func() { // joined by run, which receives from ended for each that is running
		_ = cmd.Wait()
		external := !timer.Stop()
		status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
		l := life{role: role, step: step, killed: status.Signaled() && status.Signal() == syscall.SIGKILL, errors: stderr.String()}
		if external {
			l.step = ""
		}
		k.ended <- l
	}()
}

func (k *kills) run() {
	for k.running > 0 {
		l := <-k.ended
		k.running--
		if !l.killed {
			k.t.Errorf("a %s ended by itself: %s", l.role, l.errors)
			k.failed++
		}
		k.done++
		k.at[l.step]++
		if l.step == "" || contains(risky, l.step) {
			k.risked++
		}
		if k.done < k.wanted && k.failed < 3 {
			k.spawn(l.role)
		}
	}
}

func contains(list []string, s string) bool {
	for _, have := range list {
		if have == s {
			return true
		}
	}
	return false
}

// finish works on what the dead have left, once their handlers have ended.
func (k *kills) finish() {
	q := openQueue(k.t, filepath.Join(k.dir, "queue"), killOptions())
	record, err := os.OpenFile(filepath.Join(k.dir, "effects"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	must(k.t, err)
	defer record.Close()
	for round, deadline := 0, time.Now().Add(10*time.Second); ; round++ {
		now := time.Now().Add(5 * time.Second) // whatever waits is due
		r, err := q.Recover(now)
		must(k.t, err)
		b, err := q.Claim(spool.Request{Now: now, N: 100, Rescan: true})
		must(k.t, err)
		for _, c := range b.Claimed {
			_, err := fmt.Fprintln(record, c.Name)
			must(k.t, err)
			must(k.t, q.Done(c, now))
		}
		if round > 0 && r.Alive == 1 && len(r.Files)+len(b.Claimed) == 0 && !b.More && b.Next.IsZero() {
			_, err := q.Recover(now.Add(time.Hour)) // so that what dead writers have left is old enough
			must(k.t, err)
			must(k.t, q.Close())
			return
		}
		if len(r.Files)+len(b.Claimed) > 0 { // on a busy machine the dead have left many
			deadline = time.Now().Add(10 * time.Second)
		}
		if time.Now().After(deadline) {
			k.t.Fatalf("the queue does not become empty: %+v, %+v", r, b)
		}
	}
}

func (k *kills) verify() {
	t := k.t
	ended := k.outcomes()
	effects := k.record("effects")
	acked := k.record("acked")
	for name := range acked {
		if ended[name] == 0 {
			t.Errorf("%s was acknowledged and is lost", name)
		}
	}
	repeats := 0
	for name, n := range ended {
		if n > 1 {
			t.Errorf("%s was finished %d times", name, n)
		}
		if effects[name] == 0 {
			t.Errorf("%s was finished without its effect", name)
		}
		repeats += max(0, effects[name]-1)
	}
	if repeats > k.risked {
		t.Errorf("%d effects were repeated, at most %d kills fell between effect and record", repeats, k.risked)
	}
	if robbed := k.record("robbed"); len(robbed) > 0 {
		t.Errorf("two worked at once on %v", robbed)
	}
	q := filepath.Join(k.dir, "queue")
	for _, folder := range []string{"claim", "retry", "tmp"} {
		left, err := os.ReadDir(filepath.Join(q, ".peakd", folder))
		if err != nil || len(left) > 0 {
			t.Errorf("in %s there is left %v, %v", folder, left, err)
		}
	}
	t.Logf("%d kills, %d files acknowledged, %d finished, %d effects repeated of %d kills that may", k.done, len(acked), len(ended), repeats, k.risked)
	t.Logf("kills at each step, and from outside: %v", k.at)
	if len(acked) < k.wanted {
		t.Errorf("only %d files were handed in: the test has tested little", len(acked))
	}
}

// outcomes counts how often each file is in done or failed, and looks at what is in it.
func (k *kills) outcomes() map[string]int {
	q := openQueue(k.t, filepath.Join(k.dir, "queue"), spool.Options{ReadOnly: true})
	ended := map[string]int{}
	for _, state := range []spool.State{spool.StateDone, spool.StateFailed} {
		for e, err := range q.List(state) {
			must(k.t, err)
			name, _, _ := strings.Cut(e.Name, "~")
			ended[name]++
			if got, err := os.ReadFile(e.Path); err != nil || string(got) != content(name) {
				k.t.Errorf("%v file %s is not whole: %d bytes, %v", state, name, len(got), err)
			}
			if state == spool.StateFailed && e.Failure.Reason != "its fate" {
				k.t.Errorf("%s failed because of %q", name, e.Failure.Reason)
			}
		}
	}
	return ended
}

// record counts the lines of one of the children's records.
func (k *kills) record(name string) map[string]int {
	text, err := os.ReadFile(filepath.Join(k.dir, name))
	if err != nil && !os.IsNotExist(err) {
		k.t.Fatal(err)
	}
	got := map[string]int{}
	for line := range strings.Lines(string(text)) {
		got[strings.TrimSuffix(line, "\n")]++
	}
	return got
}
