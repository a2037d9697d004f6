package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// waitExit waits for the end of a child without reaping it.
func waitExit(proc *os.Process) *os.ProcessState {
	for {
		err := unix.Waitid(unix.P_PID, proc.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return nil
		}
	}
}

// stat is what /proc tells of a process.
type stat struct {
	pid, group, session int
	state               byte
	birth               string // clock ticks since boot
}

// dead tells that it only waits to be reaped, which is not ours to do.
func (s stat) dead() bool { return s.state == 'Z' || s.state == 'X' }

// members reads the whole process table, because a session has no list of its own: `timeout` and a
// shell's job control make groups that a signal to the first group does not reach.
func (s session) members() ([]stat, error) {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("open process table: %w", err)
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("read process table: %w", err)
	}
	var found []stat
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			if st, ok := readStat(pid); ok && st.session == s.id && !st.dead() {
				found = append(found, st)
			}
		}
	}
	return found, nil
}

// living are the process ids of the session that run.
func (s session) living() []int {
	members, err := s.members()
	if err != nil {
		return s.livingGroup()
	}
	var pids []int
	for _, m := range members {
		pids = append(pids, m.pid)
	}
	return pids
}

// livingGroup is the best answer without a process table.
func (s session) livingGroup() []int {
	if s.empty() {
		return nil
	}
	return []int{s.id}
}

// signal sends to the group at once, so that none of it can fork in between, and to each of the others.
// Unless the number is pinned it must first be seen in use.
func (s session) signal(sig syscall.Signal, pinned bool) {
	members, err := s.members()
	group := pinned || err != nil
	for _, m := range members {
		if m.group == s.id {
			group = true
			continue
		}
		s.signalOne(m.pid, sig)
	}
	if group {
		_ = unix.Kill(-s.id, sig) // whoever could not be reached is found alive afterwards
	}
}

// signalOne looks again with the process in hand, for its number may be another's by now.
func (s session) signalOne(pid int, sig syscall.Signal) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return // gone
	}
	defer unix.Close(fd)
	if st, ok := readStat(pid); ok && st.session == s.id {
		_ = unix.PidfdSendSignal(fd, sig, nil, 0)
	}
}

func readStat(pid int) (stat, bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, false
	}
	return parseStat(pid, text)
}

// parseStat reads "PID (NAME) STATE PPID GROUP SESSION ... BIRTH", where NAME may hold anything.
func parseStat(pid int, text []byte) (stat, bool) {
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return stat{}, false
	}
	group, err1 := strconv.Atoi(string(fields[2]))
	sess, err2 := strconv.Atoi(string(fields[3]))
	if err1 != nil || err2 != nil {
		return stat{}, false
	}
	return stat{pid: pid, group: group, session: sess, state: fields[0][0], birth: string(fields[19])}, true
}

// Birth identifies a running process beyond the reuse of its number and over restarts of the
// machine: two equal answers mean the same process. It is empty when there is none (a zombie counts as
// none), or where the system does not tell.
func Birth(pid int) string {
	st, ok := readStat(pid)
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if !ok || st.dead() || err != nil {
		return ""
	}
	return st.birth + "@" + string(bytes.TrimSpace(boot))
}
