package simulate

import (
	"fmt"
	"strconv"
	"time"
)

// warningsLimit is how many warnings of a kind are spelled out.
const warningsLimit = 5

// warnings are what the reader should know of the configuration or of the assumptions.
func (r *Report) warnings() ([]string, error) {
	lanes, err := flatten(r.Input.Daemons)
	if err != nil {
		return nil, err
	}
	var over, cut, gone, absent []string
	for i := range lanes {
		l, row := &lanes[i], &r.Daemons[i]
		assumed := time.Duration(l.duration)
		if l.timeout > 0 && assumed > l.timeout {
			over = append(over, overTimeout(l, assumed))
		}
		if r.Input.ShutdownGrace > 0 && assumed > r.Input.ShutdownGrace {
			cut = append(cut, row.Name+" ("+Short(assumed)+")")
		}
		switch {
		case row.Disarmed >= 0:
			gone = append(gone, row.Name+" is disarmed at "+Short(row.Disarmed)+", after "+
				plural(l.entry.DisarmAfter, "failure"))
		case !row.Present:
			absent = append(absent, row.Name+" never appears: no run of its seed ends without a failure")
		case row.Runs == 0 && row.Held != "":
			absent = append(absent, row.Name+" never runs: "+row.Held)
		}
	}
	out := append(limited(over), shutdown(cut, r.Input.ShutdownGrace)...)
	return append(append(out, limited(gone)...), limited(absent)...), nil
}

func overTimeout(l *lane, assumed time.Duration) string {
	s := fmt.Sprintf("%s is assumed to take %s, more than its timeout of %s: a real run would be cancelled and fail",
		l.entry.Name, Short(assumed), Short(l.timeout))
	if l.grace > 0 && assumed > l.timeout+l.grace {
		s += ", and be given up as stuck if it went on for its kill_grace of " + Short(l.grace)
	}
	return s
}

func shutdown(names []string, grace time.Duration) []string {
	if len(names) == 0 {
		return nil
	}
	s := names[0]
	if n := len(names) - 1; n > 0 {
		s += " and " + plural(n, "other")
	}
	return []string{"assumed to take more than the shutdown_grace of " + Short(grace) + ", so that a stop may cut it: " + s}
}

// limited leaves out what is too much to read.
func limited(lines []string) []string {
	if len(lines) <= warningsLimit {
		return lines
	}
	n := len(lines) - warningsLimit
	return append(lines[:warningsLimit:warningsLimit], "and the same of "+strconv.Itoa(n)+" more")
}
