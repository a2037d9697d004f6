package status

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// longestWhy bounds the sentences, longestPart what others said in them.
const (
	longestWhy  = 400
	longestPart = 160
)

// why is a sentence on why a daemon is where it is, and waits as long as it does.
func (v *view) why(d *subject, told *Daemon) string {
	parts := []string{v.because(d, told)}
	if d.Pause != (daemonapp.Pause{}) && d.State != schedule.Paused {
		parts = append(parts, "then paused "+v.paused(d))
	}
	if d.Leaving {
		parts = append(parts, "removed when its run ends")
	}
	if !d.past.skipped.IsZero() && d.State != schedule.Running {
		parts = append(parts, v.skipped(d))
	}
	if own := explained(d.daemon); own != "" {
		parts = append(parts, own)
	}
	return Line(strings.Join(parts, "; "), longestWhy)
}

func (v *view) because(d *subject, told *Daemon) string {
	switch d.state {
	case Disarmed:
		return v.disarmed(d)
	case Stuck:
		return v.stuck(d)
	case Retrying:
		return v.retrying(d)
	case Running:
		return v.runs(d, told)
	case Ready:
		return v.ready(d)
	case Held:
		return v.held(d)
	case Paused:
		return v.paused(d)
	case Window:
		return v.window(d)
	case Backoff:
		return v.backoff(d)
	case Finished:
		return finished(d)
	case Waiting:
	}
	return v.waiting(d)
}

// disarmed: "5 failures, last exit 1: no such table".
func (v *view) disarmed(d *subject) string {
	if strings.HasPrefix(d.Reason, "stuck") {
		return "a run was stuck; it has returned since"
	}
	if d.past.by != "" {
		return reasoned("by "+Line(d.past.by, longestPart), d.Reason)
	}
	if d.Failures == 0 || !strings.HasSuffix(d.Reason, " failures") {
		return reasoned("", d.Reason)
	}
	if d.past.failure.Text == "" {
		return plural(d.Failures, "failure")
	}
	return plural(d.Failures, "failure") + ", last " + Line(d.past.failure.Text, longestPart)
}

// reasoned is a text and the reason for it, where both are there.
func reasoned(text, reason string) string {
	reason = Line(reason, longestPart)
	switch {
	case text == "" && reason == "":
		return "no reason was given"
	case text == "" || reason == "":
		return text + reason
	}
	return text + ": " + reason
}

// stuck: "run 8f31c2 of 16:02 did not return, and holds what it holds".
func (v *view) stuck(d *subject) string {
	run := "the run"
	if d.RunID != 0 {
		run = "run " + d.RunID.String()
	}
	return fmt.Sprintf("%s, begun %s ago, was given up and has not returned; arm works once it has", run, whole(v.Now.Sub(d.LastStart)))
}

// retrying: "failure 3 of 5, exit 12; else every 5m".
func (v *view) retrying(d *subject) string {
	text := "failure " + strconv.Itoa(d.Failures)
	if n := d.Terms.DisarmAfter; n > 0 {
		text += fmt.Sprintf(" of %d", n)
	}
	if reason := d.past.failure.Text; reason != "" {
		text += ", " + Line(reason, longestPart)
	}
	if usual := v.usual(d); usual != "" {
		text += "; else " + usual
	}
	return text
}

// runs: "19m00s of 2h, 38 of 120, run 8f31c2".
func (v *view) runs(d *subject, told *Daemon) string {
	took := v.Now.Sub(d.LastStart)
	text := whole(took)
	if d.Terms.Timeout > 0 {
		text += " of " + short(d.Terms.Timeout)
	}
	switch {
	case d.Total > 0:
		text += fmt.Sprintf(", %d of %d done", d.Done, d.Total)
	case d.Done > 0:
		text += fmt.Sprintf(", %d done", d.Done)
	}
	text += ", run " + d.RunID.String()
	if d.Failures > 0 {
		text += fmt.Sprintf(", after %s", plural(d.Failures, "failure"))
	}
	if p95 := told.P95.Duration(); told.Samples >= enough && took > 2*p95 && took-p95 > time.Second {
		text += ", slow: p95 is " + short(p95)
	}
	return text
}

// enough is how many runs must be known for one to be called slow.
const enough = 10

// ready: "due for 12s, 3rd for the floor, behind backup-db (19m00s)".
func (v *view) ready(d *subject) string {
	text := "due for " + whole(v.Now.Sub(d.Due))
	if v.vitals.Stopping {
		return text + ", but the app is stopping and starts nothing"
	}
	text += ", waiting for the floor"
	if len(v.running) > 0 {
		text += " behind " + v.floor()
	}
	if d.before > 0 {
		text += fmt.Sprintf(", with %d before it", d.before)
	}
	return text
}

// floor names who has the floor, the longest first.
func (v *view) floor() string {
	names := make([]string, len(v.running))
	for i, d := range v.running {
		names[i] = fmt.Sprintf("%s (%s)", d.Name, whole(v.Now.Sub(d.LastStart)))
	}
	return listed(names)
}

// held: "due 16:15, after backup-db (running)".
func (v *view) held(d *subject) string {
	due := "due " + clock(d.Due, v.Now) + ", "
	switch d.State { //nolint:exhaustive // the others are not held
	case schedule.HeldByAfter:
		return due + "after " + v.awaited(d)
	case schedule.HeldBySlots:
		return due + Line(d.Reason, longestPart) + v.takers(d)
	}
	return due + Line(d.Reason, longestPart)
}

// awaited names those that have not succeeded since the daemon's last start, and where each stands.
func (v *view) awaited(d *subject) string {
	var names []string
	for _, name := range d.Terms.After {
		switch other := v.byName[name]; {
		case other == nil:
			names = append(names, name+" (there is none)")
		case other.LastGood.IsZero() || other.LastGood.Before(d.LastStart):
			names = append(names, fmt.Sprintf("%s (%s)", name, v.brief(other)))
		}
	}
	if len(names) == 0 { // it has changed meanwhile
		return strings.TrimPrefix(d.Reason, "after ")
	}
	return listed(names)
}

// brief is where another daemon stands, in two words.
func (v *view) brief(d *subject) string {
	switch next := d.next(); {
	case d.state == Running || next.IsZero():
		return string(d.state)
	case d.state == Waiting || d.state == Backoff:
		return "due " + clock(next, v.Now)
	default:
		return string(d.state) + ", " + clock(next, v.Now)
	}
}

func (v *view) takers(d *subject) string {
	names := v.holders[d.Terms.Slots]
	if len(names) == 0 {
		return ""
	}
	return " by " + listed(names)
}

// paused: "by alice until 18:00: DB migration".
func (v *view) paused(d *subject) string {
	text := "by an operator"
	if who := d.Pause.Who; who != "" {
		text = "by " + Line(who, longestPart)
	}
	until := d.Pause.Until
	if until.IsZero() {
		until = d.Until
	}
	if until.IsZero() {
		text += " until resumed"
	} else {
		text += " until " + clock(until, v.Now)
	}
	if d.Pause.Why == "" {
		return text
	}
	return text + ": " + Line(d.Pause.Why, longestPart)
}

// window: "opens 22:00, to 06:00 mon-fri".
func (v *view) window(d *subject) string {
	if d.Until.IsZero() {
		return "due " + clock(d.Due, v.Now) + ", and its window never opens"
	}
	text := "opens " + clock(d.Until, v.Now)
	for i := range d.Terms.Windows {
		w := d.Terms.Windows[i]
		if open, change := look(w, v.Now); open || !change.Equal(d.Until) {
			continue
		}
		if _, to, ok := strings.Cut(w.Text, " to "); ok {
			return text + ", to " + to
		}
	}
	return text
}

// backoff: "idle 9 times: 2m, the maximum (30s)".
func (v *view) backoff(d *subject) string {
	p := d.pace.interval
	text := fmt.Sprintf("idle %s: %s", times(d.IdleRuns), short(d.pace.observed.Round(time.Millisecond)))
	if d.pace.observed >= p.AfterIdle(maximal) {
		text += ", the maximum"
	}
	return text + " (" + short(p.RunEvery) + ")"
}

func finished(d *subject) string {
	switch {
	case d.Reason != "":
		return Line(d.Reason, longestPart)
	case d.LastOutcome == schedule.Failed:
		return "failed, and is not to run again"
	case d.LastEnd.IsZero():
		return "is not to run"
	}
	return "has run, and is not to run again"
}

// waiting: "seed of 3, every 5m".
func (v *view) waiting(d *subject) string {
	var parts []string
	if d.Seed {
		parts = append(parts, fmt.Sprintf("seed of %d", v.children[d.Name]))
	}
	switch usual := v.usual(d); {
	case usual != "":
		parts = append(parts, usual)
	case d.pace.observed > 0:
		parts = append(parts, short(d.pace.observed.Round(time.Millisecond))+" after the end of its last run")
	}
	if d.LastEnd.IsZero() {
		parts = append(parts, "has not run yet")
	}
	if len(parts) == 0 {
		parts = append(parts, "due "+clock(d.Due, v.Now))
	}
	return strings.Join(parts, ", ")
}

// usual is the pace in words: "every 5m", "schedule 0 2 * * *"; empty if it is not known.
func (v *view) usual(d *subject) string {
	if every := d.pace.every(); every > 0 {
		return "every " + short(every)
	}
	cron := d.pace.cron()
	if cron == "" {
		return ""
	}
	cron = "schedule " + cron
	if zone := d.pace.zone(); zone != v.Now.Location().String() {
		cron += " " + zone
	}
	return cron
}

// skipped: "the run of 16:15 skipped by alice".
func (v *view) skipped(d *subject) string {
	text := "the run of " + clock(d.past.skipped, v.Now) + " is skipped"
	if d.past.skipper != "" {
		text += " by " + Line(d.past.skipper, longestPart)
	}
	return text
}

// explained are a daemon's own words; none if it has none, or panics.
func explained(d daemonapp.Daemon) (words string) {
	e, ok := d.(Explainer)
	if !ok {
		return ""
	}
	defer func() {
		if recover() != nil {
			words = ""
		}
	}()
	return Line(e.Explain(), longestPart)
}
