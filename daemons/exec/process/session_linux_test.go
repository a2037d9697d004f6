package process_test

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"testing"

	"github.com/peakd/peakd/daemons/exec/process"
)

// TestStrangeNames: a process may be called anything, and is found all the same.
func TestStrangeNames(t *testing.T) {
	t.Parallel()
	sleep, err := osexec.LookPath("sleep")
	if err != nil {
		t.Skip("there is no sleep")
	}
	program, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x) Z 1 2 3\n(")
	if err := os.WriteFile(path, program, 0o700); err != nil {
		t.Fatal(err)
	}
	s := sh(`"$1" 600 & echo $!`, path)
	if exit := s.run(t); exit.Left != 1 {
		t.Errorf("exit = %+v", exit)
	}
	mustBeGone(t, pids(t, s.text()))
}

func FuzzParseStat(f *testing.F) {
	f.Add("1 (a) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12 0")
	f.Add("1 (")
	f.Add(")")
	f.Fuzz(func(t *testing.T, text string) {
		if group, session, ok := process.ParseStat([]byte(text)); !ok && (group != 0 || session != 0) {
			t.Errorf("%q: %d, %d", text, group, session)
		}
	})
}

func TestBirth(t *testing.T) {
	t.Parallel()
	me := process.Birth(os.Getpid())
	if me == "" || me != process.Birth(os.Getpid()) || me == process.Birth(1) || process.Birth(1<<30) != "" {
		t.Errorf("birth = %q, of process 1 %q", me, process.Birth(1))
	}
	cmd := osexec.CommandContext(t.Context(), "true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	zombie := func() bool { return process.Birth(cmd.Process.Pid) == "" }
	for !zombie() { // it ends by itself
		if t.Context().Err() != nil {
			t.Fatal("it did not end")
		}
	}
	_ = cmd.Wait()
}
