package pid1_test

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/peakd/peakd/cmd/peakd/cli"
	"github.com/peakd/peakd/daemonapp/pid1"
	"github.com/peakd/peakd/daemons"
	"github.com/peakd/peakd/daemons/exec"
)

// asProgram makes the test binary a program in a container: `run -c FILE` is peakd, `run SCRIPT` a shell's script.
const asProgram = "PID1_TEST"

func TestMain(m *testing.M) {
	if exec.Trampoline() {
		os.Exit(127)
	}
	if os.Getenv(asProgram) != "" {
		os.Exit(program(os.Args[1:]))
	}
	os.Exit(m.Run())
}

func program(args []string) int {
	if os.Getpid() == 1 {
		if err := mountProc(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 99
		}
	}
	if pid1.Wanted(args, "run") {
		code, err := pid1.Parent()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		return code
	}
	if args[1] == "-c" {
		return cli.Host{Name: "peakd", Types: daemons.Types()}.Main(context.Background(), args)
	}
	err := syscall.Exec("/bin/sh", []string{"sh", "-c", args[1]}, os.Environ())
	fmt.Fprintln(os.Stderr, err)
	return 98
}

// mountProc gives a new namespace a /proc of its own, as a container has.
func mountProc() error {
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	return nil
}
