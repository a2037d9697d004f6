package process

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// Terms are what a process can only set for itself. The zero value changes nothing.
type Terms struct {
	// Identity is who to become; nil means to stay. Only root may.
	Identity *Identity
	// Nice is the scheduling priority, -20 (most) to 19 (least).
	Nice *int
	// Umask is the file mode creation mask.
	Umask *int
	// Limits bound each of its processes.
	Limits []Limit
}

// Identity is a user with all groups.
type Identity struct {
	UID, GID int
	Groups   []int
}

// Limit bounds a resource of each process, in the kernel's unit: bytes, seconds of CPU, or a number.
type Limit struct {
	// Name is one of [LimitNames].
	Name       string
	Soft, Hard uint64
}

// LimitNames are the limits that can be set.
func LimitNames() []string {
	return []string{"as", "core", "cpu", "data", "fsize", "memlock", "nofile", "nproc", "rss", "stack"}
}

func resource(name string) (int, error) {
	resources := []int{
		unix.RLIMIT_AS, unix.RLIMIT_CORE, unix.RLIMIT_CPU, unix.RLIMIT_DATA, unix.RLIMIT_FSIZE,
		unix.RLIMIT_MEMLOCK, unix.RLIMIT_NOFILE, unix.RLIMIT_NPROC, unix.RLIMIT_RSS, unix.RLIMIT_STACK,
	}
	i, found := slices.BinarySearch(LimitNames(), name)
	if !found {
		return 0, fmt.Errorf("no limit is called %q", name)
	}
	return resources[i], nil
}

// none tells that a plain start does: nothing to set, and no ignored signal that would be inherited.
func (t Terms) none() bool {
	return t.Identity == nil && t.Nice == nil && t.Umask == nil && len(t.Limits) == 0 &&
		!signal.Ignored(syscall.SIGHUP) && !signal.Ignored(syscall.SIGINT)
}

// apply sets all but the limits on memory, on a process that is about to become the program. What needs
// privilege comes before the privilege is dropped.
func (t Terms) apply() *StepError {
	for _, limit := range t.Limits {
		if err := limit.prepare(); err != nil {
			return limit.failed(err)
		}
	}
	if t.Nice != nil {
		if err := unix.Setpriority(unix.PRIO_PROCESS, 0, *t.Nice); err != nil {
			return stepError(fmt.Sprintf("set nice %d", *t.Nice), err)
		}
	}
	if t.Umask != nil {
		unix.Umask(*t.Umask)
	}
	if t.Identity != nil {
		return t.Identity.become()
	}
	return nil
}

// confine sets the limits on memory, as the very last thing: under such a limit the runtime of this
// process would crash as soon as it asked for more.
func (t Terms) confine() *StepError {
	reserved := false
	for _, limit := range t.Limits {
		if !limit.onMemory() {
			continue
		}
		if !reserved {
			reserve()
			reserved = true
		}
		if err := limit.set(); err != nil {
			return limit.failed(err)
		}
	}
	return nil
}

// reserve makes the runtime hold more free memory than what is left to do can need.
func reserve() {
	const enough = 8 << 20
	runtime.KeepAlive(make([]byte, enough))
	runtime.GC()
}

func (l Limit) onMemory() bool { return l.Name == "as" || l.Name == "data" || l.Name == "rss" }

func (l Limit) set() error {
	id, err := resource(l.Name)
	if err != nil {
		return err
	}
	return unix.Setrlimit(id, &unix.Rlimit{Cur: l.Soft, Max: l.Hard})
}

// prepare sets the limit; of one on memory it only makes sure that it can be set without privilege later.
func (l Limit) prepare() error {
	if !l.onMemory() {
		return l.set()
	}
	id, err := resource(l.Name)
	if err != nil {
		return err
	}
	var now unix.Rlimit
	if err := unix.Getrlimit(id, &now); err != nil || now.Max >= l.Hard {
		return err
	}
	now.Max = l.Hard
	return unix.Setrlimit(id, &now)
}

func (l Limit) failed(err error) *StepError {
	return stepError(fmt.Sprintf("set limit %s to %d", l.Name, l.Soft), err)
}

// become drops to the identity: groups first, while that is still allowed.
func (id *Identity) become() *StepError {
	if err := syscall.Setgroups(id.Groups); err != nil {
		return stepError("set supplementary groups", err)
	}
	if err := syscall.Setgid(id.GID); err != nil {
		return stepError(fmt.Sprintf("set group %d", id.GID), err)
	}
	if err := syscall.Setuid(id.UID); err != nil {
		return stepError(fmt.Sprintf("set user %d", id.UID), err)
	}
	return nil
}

// catchIgnored makes ignored signals handled ones: the kernel turns those into defaults when the
// program starts, but keeps ignored ones ignored.
func catchIgnored() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP, syscall.SIGINT)
}

func signalName(sig syscall.Signal) string {
	if name := unix.SignalName(sig); name != "" {
		return name
	}
	return fmt.Sprintf("signal %d", int(sig))
}
