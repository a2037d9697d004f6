package status

import (
	"fmt"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// stops tells when the app stops by itself.
func (v *view) stops() Stops {
	l := v.Limits
	s := Stops{Idle: Seconds(l.IdleThreshold), NoWork: Seconds(l.NoWorkTimeout)}
	if l.SoftDeadline > 0 {
		s.SoftAt = v.vitals.Started.Add(l.SoftDeadline)
	}
	if l.HardDeadline > 0 {
		s.HardAt = v.vitals.Started.Add(l.HardDeadline)
	}
	for i := range v.daemons {
		if v.daemons[i].State == schedule.Paused {
			s.Suspended++
		}
	}
	if l.IdleThreshold > 0 && s.Suspended == 0 && !v.vitals.Stopping {
		v.forecast(&s)
	}
	if l.NoWorkTimeout > 0 && s.Suspended == 0 {
		s.NoWorkAt = laterOf(laterOf(v.vitals.Started, v.workless).Add(l.NoWorkTimeout), s.SoftAt)
	}
	s.Why = v.ending(s)
	return s
}

// ending is a sentence on when the app stops: "soft deadline passed; hard in 26d20h; idle 1m: never, in is due every 10s".
func (v *view) ending(s Stops) string {
	if v.vitals.Stopping {
		return "stopping: nothing starts any more, " + plural(len(v.running), "run") + " in flight"
	}
	var parts []string
	switch {
	case s.SoftAt.IsZero():
	case s.SoftAt.After(v.Now):
		parts = append(parts, "soft in "+v.in(s.SoftAt))
	default:
		parts = append(parts, "soft deadline passed")
	}
	if !s.HardAt.IsZero() {
		parts = append(parts, "hard in "+v.in(s.HardAt))
	}
	if s.Idle > 0 {
		parts = append(parts, fmt.Sprintf("idle %s: %s", short(s.Idle.Duration()), v.idle(s)))
	}
	if s.NoWork > 0 {
		parts = append(parts, fmt.Sprintf("no work %s: %s", short(s.NoWork.Duration()), v.noWork(s)))
	}
	if s.HardAt.IsZero() && s.Idle == 0 && s.NoWork == 0 {
		parts = append(parts, "only when it is told to")
	}
	return strings.Join(parts, "; ")
}

func (v *view) in(t time.Time) string { return whole(t.Sub(v.Now)) }

func (v *view) idle(s Stops) string {
	switch {
	case s.Suspended > 0:
		return suspended(s.Suspended)
	case s.Never:
		return fmt.Sprintf("never, %s is due every %s", s.KeptBy, short(v.byName[s.KeptBy].pace.longest()))
	case s.IdleAt.IsZero() && s.KeptBy != "":
		return fmt.Sprintf("%s (%s) keeps it alive", s.KeptBy, v.brief(v.byName[s.KeptBy]))
	case s.IdleAt.IsZero():
		return "no such gap in sight"
	case s.KeptBy == "":
		return v.earliest(s.IdleAt)
	}
	return v.earliest(s.IdleAt) + ", after " + s.KeptBy
}

func (v *view) earliest(t time.Time) string {
	if !t.After(v.Now) {
		return "any moment"
	}
	return "in " + v.in(t) + " at the earliest"
}

func (v *view) noWork(s Stops) string {
	if s.Suspended > 0 {
		return suspended(s.Suspended)
	}
	return v.earliest(s.NoWorkAt)
}

func suspended(paused int) string {
	if paused == 1 {
		return "not while 1 daemon is paused"
	}
	return fmt.Sprintf("not while %d daemons are paused", paused)
}
