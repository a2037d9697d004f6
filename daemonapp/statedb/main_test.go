package statedb_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/statedb"
)

// childRole makes the test binary the other process of a test: its value says which.
const childRole = "PEAKD_STATEDB_TEST_CHILD"

func TestMain(m *testing.M) {
	role := os.Getenv(childRole)
	if role == "" {
		os.Exit(m.Run())
	}
	if err := playRole(role, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func playRole(role string, args []string) error {
	switch role {
	case "hold":
		return holdForever(args[0])
	case "save":
		return saveForever(args[0])
	case "full":
		return fillDisk(args[0])
	}
	return fmt.Errorf("no role %s", role)
}

// childCommand is this test binary in another role, with errors going to the test's.
func childCommand(t *testing.T, role string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), childRole+"="+role)
	cmd.Stderr = os.Stderr
	return cmd
}

func holdForever(dir string) error {
	if _, err := statedb.Open(dir); err != nil {
		return err
	}
	fmt.Println("held")
	select {}
}

// numbered is the batch that a saving child saves as its n-th: all of it carries n.
func numbered(n int) []daemonapp.Memory {
	return []daemonapp.Memory{
		{Name: "a", Failures: n},
		{Name: "b", Failures: n, Disarmed: fmt.Sprint(n)},
		{Name: fmt.Sprint("own", n%100), Failures: n},
	}
}

// saveForever saves numbered batches and says each number once it is acknowledged.
func saveForever(dir string) error {
	db, err := statedb.Open(dir)
	if err != nil {
		return err
	}
	all, err := db.Load()
	if err != nil {
		return err
	}
	for n := all["a"].Failures + 1; ; n++ {
		if n%10 == 0 {
			if err := db.SaveApplied(applied(fmt.Sprint(n))); err != nil {
				return err
			}
		}
		if err := db.Save(numbered(n)); err != nil {
			return err
		}
		fmt.Println(n)
	}
}
