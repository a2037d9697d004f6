//go:build faultinject

package spool_test

import (
	"errors"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/daemons/dirqueue/spool"
)

// TestMain lets this binary be a producer, a consumer, or a consumer's handler for TestKills.
func TestMain(m *testing.M) {
	child := &killChild{dir: os.Getenv(killDir)}
	switch os.Getenv(killRole) {
	case "":
		os.Exit(m.Run())
	case "producer":
		child.produce()
	case "consumer":
		child.consume()
	case "handler":
		child.handle(os.Getenv("PEAKD_TEST_FILE"))
	case "compactor":
		child.compact()
	}
}

type killChild struct{ dir string }

func check(err error) {
	if err != nil {
		_, _ = os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
}

// note appends a line to one of the test's own records in one write, which a kill does not tear.
func (k *killChild) note(record, line string) {
	f, err := os.OpenFile(filepath.Join(k.dir, record), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	check(err)
	_, err = f.WriteString(line + "\n")
	check(err)
	check(f.Close())
}

func (k *killChild) queue() string { return filepath.Join(k.dir, "queue") }

// produce hands files in, singly and in groups, and notes those that were acknowledged.
func (k *killChild) produce() {
	p, err := spool.OpenProducer(k.queue(), spool.ProducerOptions{})
	check(err)
	for n := 0; ; n++ {
		var files []spool.File
		for i := range n%4*2 + 1 {
			name := strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(time.Now().UnixNano(), 36) + "-" + strconv.Itoa(i)
			files = append(files, spool.File{Name: name, From: strings.NewReader(content(name))})
		}
		errs := p.PutAll(files)
		check(errors.Join(errs...))
		for _, f := range files {
			k.note("acked", f.Name)
			spool.Hook("acked")
		}
		time.Sleep(3 * time.Millisecond)
	}
}

// consume works on files until it is killed.
func (k *killChild) consume() {
	q, err := spool.Open(k.queue(), killOptions())
	check(err)
	for n := 0; ; n++ {
		if n%8 == 0 {
			_, err := q.Recover(time.Now())
			check(err)
		}
		b, err := q.Claim(spool.Request{Now: time.Now(), Slot: n % 2, N: 1 + n%5})
		check(err)
		for _, c := range b.Claimed {
			k.work(q, c)
		}
		check(q.Sync())
		if len(b.Claimed) == 0 {
			time.Sleep(2 * time.Millisecond)
		}
	}
}

// work does with a file what its name says.
func (k *killChild) work(q *spool.Queue, c *spool.Claimed) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(c.Name))
	fate, now := h.Sum32()%100, time.Now()
	switch {
	case fate < 10 && c.Attempt == 1:
		check(q.Retry(c, now.Add(time.Millisecond), now))
		return
	case fate < 15 && c.Attempt == 1 && now.UnixNano()%2 == 0:
		check(q.PutBack(c, now, now))
		return
	}
	spool.Hook("effect.before")
	if fate >= 97 {
		k.delegate(c)
	} else {
		k.effect(c.Name)
	}
	spool.Hook("effect.after")
	if fate%10 == 5 {
		check(q.Fail(c, spool.Failure{Reason: "its fate"}, now))
		return
	}
	check(q.Done(c, now))
}

// effect notes that a file was worked on, and whether somebody else was at it.
func (k *killChild) effect(name string) {
	guard, err := os.OpenFile(filepath.Join(k.dir, "guard", name), os.O_CREATE|os.O_RDWR, 0o600)
	check(err)
	defer guard.Close()
	if unix.Flock(int(guard.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		k.note("robbed", name)
	}
	k.note("effects", name)
	if os.Getenv(killRole) == "handler" {
		time.Sleep(time.Duration(1+time.Now().UnixNano()%2*1400) * time.Millisecond)
	}
}

// delegate has another process work on the file, which outlives this one when it is killed.
func (k *killChild) delegate(c *spool.Claimed) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), killRole+"=handler", "PEAKD_CRASH=", "PEAKD_TEST_FILE="+c.Name)
	cmd.ExtraFiles = []*os.File{c.LockFile()}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	check(cmd.Start())
	spool.Hook("handler.started")
	check(cmd.Wait())
}

// handle takes long now and then: longer than a file of a dead owner waits.
func (k *killChild) handle(name string) { k.effect(name) }

// compact replaces the directory as often as it can.
func (k *killChild) compact() {
	q, err := spool.Open(k.queue(), spool.Options{Own: true})
	if errors.Is(err, spool.ErrBusy) {
		return
	}
	check(err)
	q.Bloated()
	_, err = q.Compact()
	check(err)
	check(q.Close())
}
