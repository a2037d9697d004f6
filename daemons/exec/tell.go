package exec

import (
	"maps"
	"strconv"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/exec/process"
)

// runVariables are the names that tell a job about its run.
func runVariables() []string {
	return []string{
		"PEAKD_DAEMON", "PEAKD_RUN", "PEAKD_ATTEMPT", "PEAKD_DUE", "PEAKD_DEADLINE", "PEAKD_TRIGGER", "PEAKD_REPORT_FD",
	}
}

// told is what a job is told of its run; outside a run only whose it is.
func told(daemon string, run *daemonapp.RunInfo) map[string]string {
	vars := map[string]string{"PEAKD_DAEMON": daemon, "PEAKD_REPORT_FD": strconv.Itoa(process.ReportFD)}
	if run == nil {
		return vars
	}
	maps.Copy(vars, map[string]string{
		"PEAKD_RUN": run.ID.String(), "PEAKD_ATTEMPT": strconv.Itoa(run.Attempt), "PEAKD_TRIGGER": run.Trigger,
		"PEAKD_DUE": run.Due.Format(time.RFC3339),
	})
	if !run.Deadline.IsZero() {
		vars["PEAKD_DEADLINE"] = run.Deadline.Format(time.RFC3339)
	}
	return vars
}
