package spool_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// Whatever is done with a queue, by two owners of whom each may die at any time, every file is where a simple model has it.
func TestModel(t *testing.T) {
	t.Parallel()
	base := memoryDir(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		dir := filepath.Join(base, fmt.Sprint(n))
		if err := os.Mkdir(dir, 0o700); err != nil {
			rt.Fatal(err)
		}
		m := &model{dir: dir, now: soon().Truncate(time.Second), files: map[string]modelFile{}}
		for i := range m.owners {
			m.open(rt, i)
		}
		defer func() {
			for _, o := range m.owners {
				_ = o.queue.Close()
			}
		}()
		rt.Repeat(map[string]func(*rapid.T){
			"":        m.check,
			"put":     m.put,
			"claim":   m.claim,
			"done":    m.finish(m.done),
			"retry":   m.finish(m.retry),
			"back":    m.finish(m.back),
			"fail":    m.finish(m.fail),
			"die":     m.die,
			"recover": m.recover,
			"release": m.release,
			"wait": func(rt *rapid.T) {
				m.now = m.now.Add(time.Duration(rapid.IntRange(1, 100).Draw(rt, "s")) * time.Second)
			},
			"rest": func(rt *rapid.T) { noError(rt, m.owner(rt).queue.Rest()) },
		})
	})
}

type model struct {
	dir    string
	now    time.Time
	owners [2]owner
	files  map[string]modelFile
	made   int
}

type owner struct {
	queue   *spool.Queue
	claimed []*spool.Claimed
}

// modelFile is all that there is to know of a file.
type modelFile struct {
	State          spool.State
	Tries, Crashes int
	Due            int64
	// dead: its owner is.
	Dead bool
}

func noError(rt *rapid.T, err error) {
	rt.Helper()
	if err != nil {
		rt.Fatal(err)
	}
}

func (m *model) open(rt *rapid.T, i int) {
	q, err := spool.Open(m.dir, spool.Options{Ready: spool.ReadyRenamed, CrashAttempts: 3, Window: 3, Durable: spool.Durability(i)})
	noError(rt, err)
	m.owners[i] = owner{queue: q}
}

func (m *model) owner(rt *rapid.T) *owner {
	return &m.owners[rapid.IntRange(0, len(m.owners)-1).Draw(rt, "owner")]
}

func (m *model) put(rt *rapid.T) {
	for range rapid.IntRange(1, 5).Draw(rt, "n") {
		name := fmt.Sprint("f", m.made)
		m.made++
		noError(rt, spool.Enqueue(m.dir, name, strings.NewReader(name), spool.ProducerOptions{Volatile: true}))
		m.files[name] = modelFile{}
	}
}

func (m *model) claim(rt *rapid.T) {
	o, n := m.owner(rt), rapid.IntRange(1, 6).Draw(rt, "n")
	b, err := o.queue.Claim(spool.Request{Now: m.now, N: n, Slot: rapid.IntRange(0, 1).Draw(rt, "slot")})
	noError(rt, err)
	available, suspects := 0, 0
	for _, f := range m.files {
		if f.State == spool.StateReady || f.State == spool.StateRetry && f.Due <= m.now.Unix() {
			available++
			suspects += min(1, f.Crashes)
		}
	}
	for _, c := range b.Claimed {
		f := m.files[c.Name]
		if f.State != spool.StateReady && (f.State != spool.StateRetry || f.Due > m.now.Unix()) {
			rt.Fatalf("claimed %s, which is %+v", c.Name, f)
		}
		if c.Attempt != f.Tries+1 || c.Crashes != f.Crashes {
			rt.Fatalf("%s: attempt %d, %d crashes, want %+v", c.Name, c.Attempt, c.Crashes, f)
		}
		if f.Crashes > 0 && len(b.Claimed) > 1 {
			rt.Fatalf("%s was claimed among others", c.Name)
		}
		f.State, f.Due = spool.StateClaimed, 0
		m.files[c.Name] = f
		o.claimed = append(o.claimed, c)
	}
	if suspects == 0 && !b.Blocked && len(b.Claimed) < min(n, available) && !b.More {
		rt.Fatalf("claimed %d of %d and says that there is no more: %+v", len(b.Claimed), available, b)
	}
	if available > 0 && len(b.Claimed) == 0 && !b.Blocked && !b.More {
		rt.Fatalf("claimed none of %d: %+v", available, b)
	}
}

// finish ends one of the claims.
func (m *model) finish(end func(rt *rapid.T, o *owner, c *spool.Claimed, f modelFile) modelFile) func(*rapid.T) {
	return func(rt *rapid.T) {
		o := m.owner(rt)
		if len(o.claimed) == 0 {
			rt.Skip("nothing is claimed")
		}
		i := rapid.IntRange(0, len(o.claimed)-1).Draw(rt, "claim")
		c := o.claimed[i]
		o.claimed = slices.Delete(o.claimed, i, i+1)
		m.files[c.Name] = end(rt, o, c, m.files[c.Name])
	}
}

func (m *model) done(rt *rapid.T, o *owner, c *spool.Claimed, f modelFile) modelFile {
	noError(rt, o.queue.Done(c, m.now))
	return modelFile{State: spool.StateDone}
}

func (m *model) fail(rt *rapid.T, o *owner, c *spool.Claimed, f modelFile) modelFile {
	noError(rt, o.queue.Fail(c, spool.Failure{Reason: "r"}, m.now))
	return modelFile{State: spool.StateFailed, Tries: f.Tries + 1, Crashes: f.Crashes}
}

func (m *model) retry(rt *rapid.T, o *owner, c *spool.Claimed, f modelFile) modelFile {
	at := m.now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(rt, "delay")) * time.Second / 10)
	noError(rt, o.queue.Retry(c, at, m.now))
	return modelFile{State: spool.StateRetry, Tries: f.Tries + 1, Crashes: f.Crashes, Due: spool.Due(at, m.now).Unix()}
}

func (m *model) back(rt *rapid.T, o *owner, c *spool.Claimed, f modelFile) modelFile {
	fresh := f.Tries == 0
	noError(rt, o.queue.PutBack(c, m.now, m.now))
	f.State, f.Due = spool.StateReady, 0
	if got, err := os.Stat(filepath.Join(m.dir, c.Name)); err != nil || got == nil {
		f.State, f.Due = spool.StateRetry, m.now.Unix()
		if fresh && f.Crashes == 0 && c.Attempt == 1 && !releasedOnce(m, c.Name) {
			rt.Fatalf("%s came from the directory and did not go back", c.Name)
		}
	}
	return f
}

// releasedOnce tells whether a file has been in failed, from where it comes back through retry.
func releasedOnce(m *model, name string) bool { return m.files["released "+name] != (modelFile{}) }

func (m *model) die(rt *rapid.T) {
	i := rapid.IntRange(0, len(m.owners)-1).Draw(rt, "owner")
	for _, c := range m.owners[i].claimed {
		f := m.files[c.Name]
		f.Dead = true
		m.files[c.Name] = f
	}
	m.owners[i].queue.Die()
	m.open(rt, i)
}

func (m *model) recover(rt *rapid.T) {
	r, err := m.owner(rt).queue.Recover(m.now)
	noError(rt, err)
	found := 0
	for name, f := range m.files {
		if !f.Dead {
			continue
		}
		found++
		f = modelFile{State: spool.StateRetry, Tries: f.Tries + 1, Crashes: f.Crashes + 1, Due: spool.Due(m.now.Add(time.Second), m.now).Unix()}
		if f.Crashes == 3 {
			f.State, f.Due = spool.StateFailed, 0
		}
		m.files[name] = f
	}
	if len(r.Files) != found {
		rt.Fatalf("recovered %d files, want %d", len(r.Files), found)
	}
}

func (m *model) release(rt *rapid.T) {
	var failed []string
	for name, f := range m.files {
		if f.State == spool.StateFailed && !strings.HasPrefix(name, "released ") {
			failed = append(failed, name)
		}
	}
	if len(failed) == 0 {
		rt.Skip("nothing has failed")
	}
	slices.Sort(failed)
	name := rapid.SampledFrom(failed).Draw(rt, "name")
	noError(rt, m.owners[0].queue.Release(spool.StateFailed, name, m.now))
	m.files[name] = modelFile{State: spool.StateRetry, Due: m.now.Unix()}
	m.files["released "+name] = modelFile{State: spool.StateFailed}
}

func (m *model) check(rt *rapid.T) {
	want := maps.Clone(m.files)
	for name, f := range want {
		f.Dead = false
		want[name] = f
		if strings.HasPrefix(name, "released ") {
			delete(want, name)
		}
	}
	got := map[string]modelFile{}
	for _, state := range spool.States() {
		for e, err := range m.owners[0].queue.List(state) {
			noError(rt, err)
			if _, twice := got[e.Name]; twice {
				rt.Fatalf("%s is in two places", e.Name)
			}
			f := modelFile{State: state, Tries: e.Attempts, Crashes: e.Crashes}
			if state == spool.StateRetry {
				f.Due = e.Due.Unix()
			}
			got[e.Name] = f
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		rt.Fatalf("files (-want +got):\n%s", diff)
	}
}
