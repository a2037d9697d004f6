package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// verb is something done to daemons.
type verb struct {
	// applies tells whether it means anything to a daemon; one that was chosen only as a child, by a glob or a tag, is
	// left out otherwise. nil: always.
	applies func(d *daemonapp.DaemonStatus) bool
	// none says that it applies to none of those chosen.
	none string
	do   func(d *daemonapp.DaemonStatus, r *Result) error
	// planned tells that the answer says when each is due next.
	planned bool
}

// steer does it to all that are chosen, and tells of each.
func (s *Server) steer(c *Choice, v verb) (Steered, error) {
	all, err := c.among(s.options.App.Status())
	if err != nil {
		return Steered{}, err
	}
	var done Steered
	for _, d := range all {
		if !d.named && v.applies != nil && !v.applies(d.DaemonStatus) {
			continue
		}
		r := Result{Daemon: d.Name}
		if err := v.do(d.DaemonStatus, &r); err != nil {
			r.Error, r.Hint = refusal(d.Name, err)
		}
		done.Results = append(done.Results, r)
	}
	if len(done.Results) == 0 {
		return Steered{}, &Error{Status: statusConflict, Message: v.none}
	}
	if v.planned {
		s.plan(done.Results)
	}
	return done, done.failure()
}

// failure is the error of an answer in which some daemons refused; nil if none did.
func (d *Steered) failure() error {
	var refused []string
	var first *Result
	for i := range d.Results {
		if r := &d.Results[i]; r.Error != "" && r.Outcome == "" {
			refused = append(refused, r.Daemon)
			if first == nil {
				first = r
			}
		}
	}
	switch {
	case first == nil:
		return nil
	case len(d.Results) == 1:
		return &Error{Status: statusConflict, Message: first.Daemon + ": " + first.Error, Hint: first.Hint, Results: d.Results}
	}
	const most = 5
	some := strings.Join(refused[:min(len(refused), most)], ", ")
	if n := len(refused) - most; n > 0 {
		some += fmt.Sprintf(" and %d more", n)
	}
	return &Error{
		Status: statusConflict, Results: d.Results,
		Message: fmt.Sprintf("%d of %d daemons refused: %s", len(refused), len(d.Results), some),
	}
}

// plan fills in when each is due.
func (s *Server) plan(results []Result) {
	due := map[string]time.Time{}
	for _, d := range s.options.App.Status() {
		if d.State != schedule.Running && d.State != schedule.Disarmed {
			due[d.Name] = d.Due
		}
	}
	for i := range results {
		if results[i].Error == "" {
			results[i].Next = due[results[i].Daemon]
		}
	}
}

func (s *Server) postCancel(r *request) (any, error) {
	req, err := decode[CancelRequest](r)
	if err != nil {
		return nil, err
	}
	return s.steer(&req.Choice, verb{
		applies: func(d *daemonapp.DaemonStatus) bool { return d.State == schedule.Running }, none: "none of them is running",
		do: func(d *daemonapp.DaemonStatus, res *Result) error {
			if d.RunID != 0 {
				res.Run = d.RunID.String()
			}
			return s.options.App.Cancel(d.Name, req.Kill, r.who())
		},
	})
}

func (s *Server) postPause(r *request) (any, error) {
	req, err := decode[PauseRequest](r)
	if err != nil {
		return nil, err
	}
	if err := checkWhy(req.Why); err != nil {
		return nil, err
	}
	if err := s.checkUntil(req.Until); err != nil {
		return nil, err
	}
	who := r.who()
	return s.steer(&req.Choice, verb{
		applies: func(d *daemonapp.DaemonStatus) bool { return d.State != schedule.Disarmed }, none: "all of them are disarmed",
		do: func(d *daemonapp.DaemonStatus, res *Result) error {
			res.Until, res.Why = req.Until, req.Why
			return s.options.App.Pause(d.Name, daemonapp.Pause{Until: req.Until, Who: who, Why: req.Why})
		},
	})
}

func (s *Server) postResume(r *request) (any, error) {
	req, err := decode[ChoiceRequest](r)
	if err != nil {
		return nil, err
	}
	who := r.who()
	return s.steer(&req.Choice, verb{
		applies: func(d *daemonapp.DaemonStatus) bool {
			return d.Pause != daemonapp.Pause{} || d.State == schedule.Paused
		},
		none:    "none of them is paused",
		do:      func(d *daemonapp.DaemonStatus, _ *Result) error { return s.options.App.Resume(d.Name, who) },
		planned: true,
	})
}

func (s *Server) postArm(r *request) (any, error) {
	req, err := decode[ChoiceRequest](r)
	if err != nil {
		return nil, err
	}
	who := r.who()
	return s.steer(&req.Choice, verb{
		applies: func(d *daemonapp.DaemonStatus) bool { return d.State == schedule.Disarmed }, none: "none of them is disarmed",
		do: func(d *daemonapp.DaemonStatus, _ *Result) error {
			if d.State != schedule.Disarmed && d.State != schedule.Running {
				return errNotDisarmed
			}
			return s.options.App.Arm(d.Name, who)
		},
		planned: true,
	})
}

func (s *Server) postDisarm(r *request) (any, error) {
	req, err := decode[DisarmRequest](r)
	if err != nil {
		return nil, err
	}
	if err := checkWhy(req.Why); err != nil {
		return nil, err
	}
	who, reason := r.who(), req.Why
	if reason == "" {
		reason = "by " + who
	}
	return s.steer(&req.Choice, verb{
		applies: func(d *daemonapp.DaemonStatus) bool { return d.State != schedule.Disarmed }, none: "all of them are disarmed already",
		do: func(d *daemonapp.DaemonStatus, res *Result) error {
			res.Why = req.Why
			if d.State == schedule.Disarmed {
				return errDisarmedAlready
			}
			return s.options.App.Disarm(d.Name, reason, who)
		},
	})
}

func (s *Server) postSkipNext(r *request) (any, error) {
	req, err := decode[ChoiceRequest](r)
	if err != nil {
		return nil, err
	}
	who := r.who()
	return s.steer(&req.Choice, verb{
		applies: func(d *daemonapp.DaemonStatus) bool {
			return d.State != schedule.Disarmed && d.State != schedule.Finished
		},
		none:    "none of them has a next run",
		do:      func(d *daemonapp.DaemonStatus, _ *Result) error { return s.options.App.SkipNext(d.Name, who) },
		planned: true,
	})
}

func (s *Server) postTrigger(r *request) (any, error) {
	req, err := decode[TriggerRequest](r)
	if err != nil {
		return nil, err
	}
	who := r.who()
	var watches []*watch // one a result; nil where there is nothing to wait for
	defer func() {
		for _, w := range watches {
			if w != nil {
				s.options.Feed.unwatch(w)
			}
		}
	}()
	done, err := s.steer(&req.Choice, verb{do: func(d *daemonapp.DaemonStatus, _ *Result) error {
		w, err := s.trigger(d.Name, &req, who)
		watches = append(watches, w)
		return err
	}})
	if len(done.Results) == 0 || !req.Wait {
		return done, err
	}
	s.await(r.Context(), done.Results, watches)
	return done, done.failure()
}

// trigger makes a daemon due; the watch, if one is wanted, was there before.
func (s *Server) trigger(name string, req *TriggerRequest, who string) (*watch, error) {
	s.triggering.Lock()
	defer s.triggering.Unlock()
	var w *watch
	if req.Wait {
		w = s.options.Feed.watch(name)
	}
	err := s.options.App.Trigger(name, req.Shift, who)
	if err != nil && w != nil {
		s.options.Feed.unwatch(w)
		w = nil
	}
	return w, err
}

// await waits for the runs, the client's going away, or the end of the server.
func (s *Server) await(ctx context.Context, results []Result, watches []*watch) {
	for i, w := range watches {
		if w == nil {
			continue
		}
		select {
		case end := <-w.ended:
			results[i].encode(end, s.options.Mask)
		case <-ctx.Done():
			return
		case <-s.closing:
			results[i].Error = "the app ended before that run was known to have ended"
		}
	}
}

// checkWhy refuses what would not fit on a line.
func checkWhy(why string) error {
	const most = 500
	if len(why) > most || strings.ContainsFunc(why, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return &Error{Status: statusBadRequest, Message: fmt.Sprintf("why is one line of at most %d bytes", most)}
	}
	return nil
}

// checkUntil refuses an end of a pause that makes no sense.
func (s *Server) checkUntil(until time.Time) error {
	if until.IsZero() {
		return nil
	}
	now := s.options.Clock.Now()
	switch {
	case !until.After(now):
		return &Error{Status: statusBadRequest, Message: "until has passed: it was " + until.Format(time.RFC3339), Hint: "it is " + now.Format(time.RFC3339)}
	case until.Sub(now) > 100*365*24*time.Hour:
		return &Error{Status: statusBadRequest, Message: "until is more than 100 years ahead", Hint: "leave it out: then only a resume ends the pause"}
	}
	return nil
}

func (s *Server) postReload(r *request) (any, error) {
	if _, err := decode[NoRequest](r); err != nil {
		return nil, err
	}
	if s.options.Reload == nil {
		return nil, &Error{Status: statusConflict, Message: "this app cannot reload"}
	}
	// What has begun is carried out, whether the client waits for it or not.
	change, err := s.options.Reload(context.WithoutCancel(r.Context()), r.who())
	if err != nil {
		return nil, reloadError(err)
	}
	return reloaded(change), nil
}

// ending tells the app to end.
func (s *Server) ending(r *request, unlimited bool) (any, error) {
	if _, err := decode[NoRequest](r); err != nil {
		return nil, err
	}
	answer := Ending{Already: s.options.App.Vitals().Stopping, Running: []string{}, PID: s.options.About.PID}
	s.options.App.Drain(daemonapp.DrainOptions{Reason: schedule.Asked, Unlimited: unlimited, Who: r.who()})
	for _, d := range s.options.App.Status() {
		if d.State == schedule.Running {
			answer.Running = append(answer.Running, d.Name)
		}
	}
	slices.Sort(answer.Running)
	return answer, nil
}

func (s *Server) postDrain(r *request) (any, error) { return s.ending(r, true) }

func (s *Server) postStop(r *request) (any, error) { return s.ending(r, false) }
