package exec

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/exec/process"
)

// Daemon runs a program or a script. A run lasts until nothing of the program's session is left.
type Daemon struct {
	daemonapp.Pace
	env      config.Env
	settings Settings
	lock     lock
	captured Captured
}

var _ daemonapp.Holder = (*Daemon)(nil)

// New makes a daemon of valid settings.
func New(env config.Env, s Settings) *Daemon {
	return &Daemon{Pace: daemonapp.Pace{Planner: env.Planner}, env: env, settings: s, lock: lock{dir: env.StateDir, name: env.Name}}
}

// recheck is how soon a daemon that is held by a job of an earlier life asks again.
const recheck = time.Second

// Hold implements [daemonapp.Holder]: a job that outlived a kill of peakd is not started a second time.
func (d *Daemon) Hold() (string, time.Duration) {
	held, err := d.lock.acquire()
	if busy := (*busyError)(nil); errors.As(err, &busy) {
		return busy.Error(), recheck
	}
	if err == nil {
		_ = held.release() // as for any other error: the run will meet it too, and tell
	}
	return "", 0
}

// ReturnGrace is what Run may take beyond the kill grace to return: TERM gets all of that, and KILL and
// the rest of the output come after.
func (d *Daemon) ReturnGrace() time.Duration { return 2 * time.Second }

// Captured is the output of the last run outside an app; in an app it goes with the run's report. It must not be called
// while a run is in flight.
func (d *Daemon) Captured() Captured { return d.captured }

// Run implements [daemonapp.Daemon].
func (d *Daemon) Run(ctx context.Context) (schedule.Result, error) {
	d.captured = Captured{}
	held, err := d.lock.acquire()
	if err != nil {
		return schedule.Result{Outcome: schedule.Failed}, err
	}
	result, err := d.runHeld(ctx, held)
	if alive := (*process.AliveError)(nil); errors.As(err, &alive) {
		held.close() // those who are left keep the lock
		return result, err
	}
	if releaseErr := held.release(); releaseErr != nil {
		d.env.Log.Warn("lock_kept", zap.Error(releaseErr))
	}
	return result, err
}

// runHeld runs the job while the lock is held.
func (d *Daemon) runHeld(ctx context.Context, held *held) (schedule.Result, error) {
	run, ok := daemonapp.RunFrom(ctx)
	if !ok {
		run = nil
	}
	out := &output{log: d.env.Log, mask: d.env.Mask, follow: func(string, string) {}}
	said := &report{log: d.env.Log, mask: d.env.Mask, progress: func(int, int) {}}
	if run != nil {
		said.progress = run.Progress
		out.follow = func(stream, line string) { run.Line(d.env.Clock.Now(), stream, line) }
	}
	job, err := d.job(run, held)
	if err != nil {
		return schedule.Result{Outcome: schedule.Failed}, fmt.Errorf("start job: %w", err)
	}
	defer job.close()
	job.Stdout, job.Stderr, job.Report = out.reader("out"), out.reader("err"), said.read
	exit, err := job.Run(ctx)
	var lastError string
	d.captured, lastError = out.close()
	if run != nil {
		run.Attach(daemonapp.Report{
			User: exit.User, System: exit.System, PeakBytes: exit.PeakBytes,
			Head: d.captured.Head, Tail: d.captured.Tail, Dropped: d.captured.Dropped,
		})
		d.captured = Captured{} // it is the app's now: a daemon at rest holds no output
	}
	d.tell(exit)
	return d.conclude(ctx, exit, err, said, lastError)
}

func (d *Daemon) conclude(ctx context.Context, exit process.Exit, err error, said *report, lastError string) (schedule.Result, error) {
	switch {
	case err != nil:
		return schedule.Result{Outcome: schedule.Failed}, fmt.Errorf("run job: %w", err)
	case exit.Stopped:
		return schedule.Result{Outcome: schedule.Failed}, stopped(ctx, exit, lastError)
	}
	return d.settings.outcome(exit, said, lastError)
}

// tell logs what a job left behind.
func (d *Daemon) tell(exit process.Exit) {
	if exit.Left > 0 {
		d.env.Log.Warn("left_behind", zap.Int("processes", exit.Left), zap.Bool("killed", exit.Killed))
	}
	if exit.Held {
		d.env.Log.Warn("output_held", zap.String("by", "a process that left the session of the job"))
	}
}
