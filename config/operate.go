package config

import (
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp"
)

// Observe is the observe block: a listener for monitoring.
type Observe struct {
	Listen string `hcl:"listen,required" doc:"\"HOST:PORT\" of an HTTP listener for /metrics, /healthz and /readyz, and nothing else; \":PORT\" is every address of the host"`
}

// Control is the control block: who may look at and steer the running app.
type Control struct {
	Socket    Path   `hcl:"socket" doc:"the unix socket" default:"/run/peakd/APP.sock for root, else $XDG_RUNTIME_DIR/peakd/APP.sock"`
	Group     string `hcl:"group" doc:"members of this group may look and steer, besides the user that the app runs as and root" default:"none"`
	ViewGroup string `hcl:"view_group" doc:"members of this group may look" default:"none"`
}

// History is the history block: what is kept of runs and of runs that did not happen.
type History struct {
	Enabled       bool          `hcl:"enabled" doc:"false keeps none"`
	KeepFor       time.Duration `hcl:"keep_for" doc:"how long a run is kept"`
	KeepFailedFor time.Duration `hcl:"keep_failed_for" doc:"how long a failed run is kept"`
	KeepRuns      int           `hcl:"keep_runs" doc:"how many runs of each daemon are kept at most, and as many failed ones; 0 means no limit"`
	MaximumSize   Size          `hcl:"maximum_size" doc:"how large the file may grow; the oldest output and runs go first, failed runs last"`
}

// SetDefaults sets what a history block may leave out.
func (h *History) SetDefaults() { *h = defaultHistory() }

func defaultHistory() History {
	return History{
		Enabled: true, KeepFor: 30 * 24 * time.Hour, KeepFailedFor: 90 * 24 * time.Hour, KeepRuns: 100_000, MaximumSize: 512 << 20,
	}
}

// RunHistory is the history block, or what counts without one.
func (a App) RunHistory() History {
	if a.History == nil {
		return defaultHistory()
	}
	return *a.History
}

// validate looks at the blocks that say how the app is operated.
func (a *App) validate() []*daemonapp.FieldError {
	var faults []*daemonapp.FieldError
	wrong := func(field, message, hint string) {
		faults = append(faults, &daemonapp.FieldError{Field: field, Message: message, Hint: hint})
	}
	if o := a.Observe; o != nil {
		if message := listenFault(o.Listen); message != "" {
			wrong("observe.listen", message, `write "127.0.0.1:9464"`)
		}
	}
	if h := a.History; h != nil {
		switch {
		case h.KeepFor <= 0:
			wrong("history.keep_for", "keep_for is longer than 0", "history { enabled = false } keeps none")
		case h.KeepFailedFor < h.KeepFor:
			wrong("history.keep_failed_for", "failed runs are kept at least as long as others", "")
		}
		if h.KeepRuns < 0 {
			wrong("history.keep_runs", "keep_runs is not below 0", "0 means no limit")
		}
		if h.MaximumSize < 1<<20 {
			wrong("history.maximum_size", "maximum_size is at least 1MiB", "")
		}
	}
	return faults
}

// listenFault is what is wrong with an address to listen at.
func listenFault(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "listen is HOST:PORT"
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "the port of listen is a number from 1 to 65535"
	}
	if host != "" && host != "localhost" && net.ParseIP(strings.Split(host, "%")[0]) == nil {
		return "the host of listen is an IP address or localhost"
	}
	return ""
}
