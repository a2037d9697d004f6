package spool_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// What was acknowledged or confirmed lasts through a power cut: the journal of a real ext4 is cut off at a random moment.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	privately(t, func(t *testing.T) {
		if _, err := exec.LookPath("mkfs.ext4"); err != nil {
			t.Skip("needs mkfs.ext4: apt-get install e2fsprogs")
		}
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		for _, durable := range []spool.Durability{spool.DurableGroup, spool.DurableEach} {
			for range 3 {
				c := newCut(t, random, spool.Options{Durable: durable})
				c.work(30 + random.IntN(100))
				c.pull()
				c.verify()
			}
		}
	})
}

// cut is a disk whose power is cut.
type cut struct {
	t       *testing.T
	random  *rand.Rand
	options spool.Options
	image   string
	at      string
	queue   *spool.Queue

	acked  map[string]bool
	sure   map[string]spool.State // confirmed
	latest map[string]spool.State // not confirmed yet
}

func newCut(t *testing.T, random *rand.Rand, o spool.Options) *cut {
	t.Helper()
	dir := memoryDir(t)
	c := &cut{
		t: t, random: random, options: o, image: filepath.Join(dir, "image"), at: filepath.Join(dir, "at"),
		acked: map[string]bool{}, sure: map[string]spool.State{}, latest: map[string]spool.State{},
	}
	must(t, os.Mkdir(c.at, 0o700))
	must(t, os.WriteFile(c.image, nil, 0o600))
	must(t, os.Truncate(c.image, 48<<20))
	if out, err := exec.Command("mkfs.ext4", "-q", "-F", c.image).CombinedOutput(); err != nil {
		t.Fatalf("mkfs.ext4: %v\n%s", err, out)
	}
	c.mount()
	must(t, os.Mkdir(c.dir(), 0o700))
	parent, err := os.Open(c.at)
	must(t, err)
	must(t, parent.Sync())
	must(t, parent.Close())
	c.open()
	t.Cleanup(func() { _ = unix.Unmount(c.at, unix.MNT_DETACH) })
	return c
}

func (c *cut) dir() string { return filepath.Join(c.at, "queue") }

func (c *cut) mount() {
	if out, err := exec.Command("mount", "-o", "loop", c.image, c.at).CombinedOutput(); err != nil {
		c.t.Skipf("needs loop devices, in a container --privileged: %v\n%s", err, out)
	}
}

func (c *cut) open() {
	var err error
	c.queue, err = spool.Open(c.dir(), c.options)
	must(c.t, err)
}

// work hands files in and works on them, and notes what has been promised.
func (c *cut) work(steps int) {
	p, err := spool.OpenProducer(c.dir(), spool.ProducerOptions{})
	must(c.t, err)
	defer p.Close()
	for n := range steps {
		var files []spool.File
		for i := range 1 + c.random.IntN(8)*c.random.IntN(2) {
			name := fmt.Sprintf("%03d-%d", n, i)
			files = append(files, spool.File{Name: name, From: strings.NewReader(content(name))})
		}
		for i, err := range p.PutAll(files) {
			must(c.t, err)
			c.acked[files[i].Name] = true
		}
		now := soon()
		for _, f := range claim(c.t, c.queue, c.random.IntN(6), now).Claimed {
			c.end(f, now)
			if c.options.Durable == spool.DurableEach {
				c.confirm()
			}
		}
		if c.random.IntN(4) == 0 {
			must(c.t, c.queue.Sync())
			c.confirm()
		}
	}
}

func (c *cut) confirm() {
	for name, state := range c.latest {
		c.sure[name] = state
	}
	clear(c.latest)
}

func (c *cut) end(f *spool.Claimed, now time.Time) {
	switch c.random.IntN(10) {
	case 0:
		return // it is in work when the power goes
	case 1:
		must(c.t, c.queue.Fail(f, spool.Failure{Reason: "because", Detail: []byte(f.Name)}, now))
		c.latest[f.Name] = spool.StateFailed
	case 2, 3:
		must(c.t, c.queue.Retry(f, now.Add(time.Duration(c.random.IntN(5000))*time.Second), now))
		c.latest[f.Name] = spool.StateRetry
	default:
		must(c.t, c.queue.Done(f, now))
		c.latest[f.Name] = spool.StateDone
	}
}

// pull cuts the file system off its disk without writing anything more, and brings it up again.
func (c *cut) pull() {
	const shutdown, withoutLog = 0x8004587d, 2 // EXT4_IOC_SHUTDOWN
	f, err := os.Open(c.at)
	must(c.t, err)
	must(c.t, unix.IoctlSetPointerInt(int(f.Fd()), shutdown, withoutLog))
	must(c.t, f.Close())
	c.queue.Die()
	must(c.t, unix.Unmount(c.at, 0))
	c.mount()
	c.open()
}

func (c *cut) verify() {
	t := c.t
	found := map[string]spool.State{}
	for _, state := range spool.States() {
		for _, e := range list(t, c.queue, state) {
			if other, twice := found[e.Name]; twice {
				t.Errorf("%s is both %v and %v", e.Name, other, state)
			}
			found[e.Name] = state
			if got, err := os.ReadFile(e.Path); err != nil || string(got) != content(e.Name) {
				t.Errorf("%s is not whole: %d bytes, %v", e.Name, len(got), err)
			}
			if state == spool.StateFailed && c.sure[e.Name] == state && string(e.Failure.Detail) != e.Name {
				t.Errorf("%s has lost its reason: %+v", e.Name, e.Failure)
			}
		}
	}
	for name := range c.acked {
		if _, ok := found[name]; !ok {
			t.Errorf("%s was acknowledged and is lost", name)
		}
	}
	for name, want := range c.sure {
		if got := found[name]; got != want && c.latest[name] == 0 && got != spool.StateClaimed {
			t.Errorf("%s was confirmed to be %v and is %v", name, want, got)
		}
	}
	t.Logf("%d acknowledged, %d confirmed, %d not yet", len(c.acked), len(c.sure), len(c.latest))
	r := recoverAll(t, c.queue, soon())
	if r.Alive != 0 {
		t.Errorf("after a power cut somebody is alive: %+v", r)
	}
	must(t, c.queue.Close())
	must(t, unix.Unmount(c.at, 0))
}
