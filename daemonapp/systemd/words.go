package systemd

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// words is the status line.
func (f *facts) words(now time.Time) string {
	switch f.phase {
	case draining:
		line := "draining (" + why(f.reason) + "), " + strconv.Itoa(f.running) + " running"
		if !f.until.IsZero() {
			line += ", " + short(f.until.Sub(now)) + " left"
		}
		return line
	case cancelling:
		return "stopping (" + why(f.reason) + "), the grace is over for " + plural(f.running, "run")
	case stopped:
		return "stopped (" + why(f.reason) + ")"
	case serving:
	}
	if f.line != "" && !f.refused.IsZero() {
		return f.line + "; the reload at " + f.refused.Format(time.TimeOnly) + " was refused"
	}
	return f.line
}

// why is the reason of a stop; of one that somebody asked for the log's word would say the same twice.
func why(r schedule.Reason) string {
	if r == schedule.Asked {
		return "asked"
	}
	return r.String()
}

// manyDaemons is from when on they are not looked at one by one, which would keep the app from its work.
const manyDaemons = 1000

// describe is a line about an app that serves: "42 daemons, 3 running, load 0.31, next in 12s".
func describe(v *daemonapp.Vitals, app *daemonapp.App, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d running", plural(v.Daemons, "daemon"), v.Running)
	if v.Ready > 0 {
		fmt.Fprintf(&b, ", %d ready", v.Ready)
	}
	fmt.Fprintf(&b, ", load %.2f", v.Load[0])
	if v.Daemons > manyDaemons {
		return b.String()
	}
	next, disarmed := time.Time{}, 0
	for _, st := range app.Status() {
		switch {
		case st.State == schedule.Disarmed:
			disarmed++
		case st.State == schedule.Waiting && !st.Due.IsZero() && (next.IsZero() || st.Due.Before(next)):
			next = st.Due
		}
	}
	if disarmed > 0 {
		fmt.Fprintf(&b, ", %d disarmed", disarmed)
	}
	if !next.IsZero() {
		b.WriteString(", next in " + short(next.Sub(now)))
	}
	return b.String()
}

// short is a duration for people, so coarse that the line changes no oftener than it must.
func short(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < time.Minute:
		return strconv.Itoa(int((d+time.Second-1)/time.Second)) + "s"
	case d < time.Hour:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return strconv.Itoa(int(d/(24*time.Hour))) + "d"
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}
