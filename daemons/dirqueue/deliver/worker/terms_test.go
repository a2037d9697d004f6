package worker_test

import (
	"os"
	"os/user"
	"strconv"
	"strings"
	"testing"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/internal/delivertest"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/worker"
	"github.com/peakd/peakd/daemons/exec/process/launch"
)

func ptr[T any](v T) *T { return &v }

// say has a worker answer with what a script writes, for each of three files.
func say(t *testing.T, text string, change func(*worker.Settings)) []deliver.Result {
	t.Helper()
	d, _ := script(t, `echo "peakd-worker 1"; while read -r verb number rest; do echo "fail $number" $(`+text+`); done`, change, deliver.Env{})
	return delivertest.Deliver(t.Context(), t, d, numbered(t, 3))
}

func TestTerms(t *testing.T) {
	t.Parallel()
	results := say(t, "nice; umask; ulimit -n; ulimit -c; ulimit -v", func(s *worker.Settings) {
		s.Nice, s.Umask = ptr(5), ptr(config.Mode(0o077))
		s.Limits = &launch.Limits{NoFile: ptr(64), Core: ptr(config.Size(0)), AS: ptr(config.Size(256 << 20))}
	})
	for _, r := range results {
		if r.Verdict != deliver.Permanent || r.Reason != "5 0077 64 0 262144" {
			t.Errorf("result = %+v", r)
		}
	}
}

// TestUser: for root, a worker runs as somebody else, with a warning that the files are closed to it. For anybody else it
// cannot start; that is told before, and speaks against the destination.
func TestUser(t *testing.T) {
	t.Parallel()
	who := nobody(t)
	s := worker.Defaults()
	s.Command, s.User = []string{"sh"}, who.Username
	warned := fields(s.Warnings())
	results := say(t, "id -u; id -g; umask; ulimit -n; echo $USER $HOME", func(s *worker.Settings) {
		s.User, s.Umask, s.Limits = who.Username, ptr(config.Mode(0o027)), &launch.Limits{NoFile: ptr(64)}
	})
	verdict, reason, warning := deliver.Permanent, strings.Join([]string{who.Uid, who.Gid, "0027 64", who.Username, who.HomeDir}, " "), "user"
	if os.Geteuid() != 0 {
		verdict, warning = deliver.Trip, "user user"
		reason = "the worker cannot be used: it ended before it was ready: set supplementary groups: operation not permitted"
	}
	for _, r := range results {
		if r.Verdict != verdict || r.Reason != reason || warned != warning {
			t.Errorf("result = %+v, want %v %q; warnings at %q, want %q", r, verdict, reason, warned, warning)
		}
	}
	s.User = strconv.Itoa(os.Geteuid())
	if got := fields(s.Warnings()); got != "" {
		t.Errorf("warnings at %q for its own user", got)
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
