package exec_test

import (
	"os"
	"os/user"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/exec"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/delivertest"
	"github.com/peakd/peakd/daemons/exec/process/launch"
)

func ptr[T any](v T) *T { return &v }

// say runs a script that fails, for what it wrote to stderr.
func say(t *testing.T, text string, change func(*exec.Settings)) (string, deliver.Result) {
	t.Helper()
	d := script(t, "exec >&2; "+text+"; exit 1", change, deliver.Env{})
	r := delivertest.Deliver(t.Context(), t, d, delivertest.Jobs(t, delivertest.File{Name: "a", Content: "secret"}))[0]
	return strings.TrimSpace(string(r.Detail)), r
}

func TestTerms(t *testing.T) {
	t.Parallel()
	got, r := say(t, "echo $(nice) $(umask) $(ulimit -Sn) $(ulimit -c) $(ulimit -St) $(ulimit -Ht) $(ulimit -v)", func(s *exec.Settings) {
		s.Nice, s.Umask = ptr(5), ptr(config.Mode(0o077))
		s.Limits = &launch.Limits{
			NoFile: ptr(64), Core: ptr(config.Size(0)), CPU: ptr(1500 * time.Millisecond), AS: ptr(config.Size(256 << 20)),
		}
	})
	if want := "5 0077 64 0 2 3 262144"; got != want || r.Verdict != deliver.Retry {
		t.Errorf("terms %q, want %q; %+v", got, want, r)
	}
}

// TestLimitIsFelt: a limit ends the program, and the file is to be retried.
func TestLimitIsFelt(t *testing.T) {
	t.Parallel()
	_, r := say(t, "while :; do :; done", func(s *exec.Settings) { s.Limits = &launch.Limits{CPU: ptr(time.Second)} })
	if r.Verdict != deliver.Retry || r.Reason != "killed by SIGXCPU" {
		t.Errorf("result = %+v", r)
	}
}

// TestUser: for root, a program runs as somebody else, and reads a file that is closed to that user. For anybody else
// that cannot be: it is told before, and an attempt speaks against the destination, not against the file.
func TestUser(t *testing.T) {
	t.Parallel()
	who := nobody(t)
	s := exec.Defaults()
	s.Command, s.Input, s.User = []string{"sh"}, exec.InputStdin, who.Username
	warned := fields(s.Warnings())
	got, r := say(t, "id -u; id -g; umask; ulimit -n; echo $USER $HOME $PATH; cat", func(s *exec.Settings) {
		s.Input, s.User, s.Umask, s.Limits = exec.InputStdin, who.Username, ptr(config.Mode(0o027)), &launch.Limits{NoFile: ptr(64)}
	})
	if os.Geteuid() != 0 {
		if warned != "user" || r.Verdict != deliver.Trip || r.Reason != "set supplementary groups: operation not permitted" {
			t.Errorf("warnings at %q, want user; %+v", warned, r)
		}
		return
	}
	want := strings.Join([]string{who.Uid, who.Gid, "0027", "64", who.Username + " " + who.HomeDir + " /usr/local/bin:/usr/bin:/bin", "secret"}, "\n")
	if warned != "" || got != want {
		t.Errorf("it said %q, want %q; warnings at %q; %+v", got, want, warned, r)
	}
}

// TestPathOfAnotherUser: a program that cannot get at its file is warned of.
func TestPathOfAnotherUser(t *testing.T) {
	t.Parallel()
	s := exec.Defaults()
	s.Command, s.User = []string{"sh"}, nobody(t).Username
	if got := fields(s.Warnings()); !strings.HasSuffix(got, "input") {
		t.Errorf("warnings at %q, want input", got)
	}
	s.User = strconv.Itoa(os.Geteuid())
	if got := fields(s.Warnings()); got != "" {
		t.Errorf("warnings at %q for its own user", got)
	}
}

func TestUnknownUser(t *testing.T) {
	t.Parallel()
	_, r := say(t, "true", func(s *exec.Settings) { s.User = "no-such-user" })
	if r.Verdict != deliver.Trip || !strings.HasPrefix(r.Reason, "look up user no-such-user: ") {
		t.Errorf("result = %+v", r)
	}
}

// nobody is a user who is neither root nor this one.
func nobody(t *testing.T) *user.User {
	t.Helper()
	for _, name := range []string{"nobody", "daemon"} {
		if who, err := user.Lookup(name); err == nil && who.Uid != strconv.Itoa(os.Geteuid()) {
			return who
		}
	}
	t.Fatal("there is neither nobody nor daemon")
	return nil
}

func fields(faults []*daemonapp.FieldError) string {
	var all []string
	for _, fault := range faults {
		all = append(all, fault.Field)
	}
	return strings.Join(all, " ")
}
