package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp/calendar"
	"github.com/peakd/peakd/daemonapp/control"
)

// choosing is what the commands that steer daemons have in common.
const choosing = `

NAME may be a glob ('mail-queues/*'; a "*" does not cross a "/"), and --tag chooses by a tag. A seed includes its children;
--self leaves them out. What a command cannot mean to a daemon that is chosen only so is left out.`

// steerCommand makes a command that does something to daemons. run is called once the app is found.
func (c *command) steerCommand(use, short, long string, all bool, run func(context.Context, *control.Client, control.Choice) error) *cobra.Command {
	var choice control.Choice
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long + choosing,
		Args: func(_ *cobra.Command, args []string) error {
			switch some := len(args)+len(choice.Tags) > 0; {
			case some && choice.All:
				return errors.New("it is either --all or some daemons")
			case !some && !choice.All && all:
				return errors.New("name the daemons, or say --all")
			case !some && !choice.All:
				return errors.New("name the daemons")
			}
			return nil
		},
		ValidArgsFunction: c.completeDaemons,
		RunE: func(cmd *cobra.Command, args []string) error {
			choice.Names = args
			client, err := c.dial(cmd.Context(), ExitFailure)
			if err != nil {
				return err
			}
			return run(cmd.Context(), client, choice)
		},
	}
	cmd.Flags().StringArrayVar(&choice.Tags, "tag", nil, "daemons with this `tag`; repeatable")
	cmd.Flags().BoolVar(&choice.Self, "self", false, "not the children of a seed")
	if all {
		cmd.Flags().BoolVar(&choice.All, "all", false, "every daemon")
	}
	return cmd
}

func (c *command) triggerCommand() *cobra.Command {
	var wait, shift bool
	cmd := c.steerCommand("trigger NAME...", "Make daemons due now",
		`Makes daemons due now, whatever their windows, after and load conditions say. The time planned before stands if it still
lies ahead when the run ends; --shift plans the next run anew. A daemon that is running runs once more afterwards; one that
is paused or disarmed is refused.

With --wait it returns when the runs have ended, prints how, and exits 1 if one did not work.`, false,
		func(ctx context.Context, client *control.Client, choice control.Choice) error {
			done, err := client.Trigger(ctx, control.TriggerRequest{Choice: choice, Wait: wait, Shift: shift})
			return c.tell(done, err, func(r control.Result) string {
				if wait {
					return runOutcome(r)
				}
				return "triggered " + r.Daemon
			})
		})
	cmd.Flags().BoolVar(&wait, "wait", false, "wait until the runs have ended")
	cmd.Flags().BoolVar(&shift, "shift", false, "plan the next run anew, counted from this one")
	return cmd
}

func (c *command) cancelCommand() *cobra.Command {
	var kill bool
	cmd := c.steerCommand("cancel NAME...", "End the runs in flight of daemons",
		`Cancels runs in flight: a job gets TERM, and after its kill_grace KILL. A cancelled run counts neither as failed nor as idle.`, false,
		func(ctx context.Context, client *control.Client, choice control.Choice) error {
			done, err := client.Cancel(ctx, control.CancelRequest{Choice: choice, Kill: kill})
			return c.tell(done, err, func(r control.Result) string {
				if r.Run == "" {
					return "cancelling " + r.Daemon
				}
				return fmt.Sprintf("cancelling %s, run %s", r.Daemon, r.Run)
			})
		})
	cmd.Flags().BoolVar(&kill, "kill", false, "kill what the runs have started at once")
	return cmd
}

func (c *command) pauseCommand() *cobra.Command {
	var until, why string
	cmd := c.steerCommand("pause NAME...|--all", "Keep daemons from starting",
		`Keeps daemons from starting until they are resumed, or until T: a time of RFC 3339, "06:00" for the next such time here, or a
duration such as "2h". What runs goes on. A pause survives a restart, and while there is one the app does not stop by itself
for being idle or without work.`, true,
		func(ctx context.Context, client *control.Client, choice control.Choice) error {
			now := time.Now()
			at, err := untilTime(until, now)
			if err != nil {
				return err
			}
			done, err := client.Pause(ctx, control.PauseRequest{Choice: choice, Until: at, Why: why})
			return c.tell(done, err, func(r control.Result) string {
				text := "paused " + r.Daemon
				if !r.Until.IsZero() {
					text += " until " + clockTime(r.Until, now)
				}
				return withWhy(text, r.Why)
			})
		})
	cmd.Flags().StringVar(&until, "until", "", "`T`, at which it ends by itself")
	cmd.Flags().StringVar(&why, "why", "", "`text` for those who see it paused")
	return cmd
}

func (c *command) resumeCommand() *cobra.Command {
	return c.steerCommand("resume NAME...|--all", "End the pauses of daemons",
		"Ends pauses. A daemon is due at its planned time, or now if that has passed.", true,
		func(ctx context.Context, client *control.Client, choice control.Choice) error {
			done, err := client.Resume(ctx, control.ChoiceRequest{Choice: choice})
			return c.tell(done, err, func(r control.Result) string { return withNext("resumed "+r.Daemon, r.Next) })
		})
}

func (c *command) armCommand() *cobra.Command {
	return c.steerCommand("arm NAME...", "Bring disarmed daemons back",
		"Brings disarmed daemons back: they are due now, or at their next calendar time, and their failures are forgotten.", false,
		func(ctx context.Context, client *control.Client, choice control.Choice) error {
			done, err := client.Arm(ctx, control.ChoiceRequest{Choice: choice})
			return c.tell(done, err, func(r control.Result) string { return withNext("armed "+r.Daemon, r.Next) })
		})
}

func (c *command) disarmCommand() *cobra.Command {
	var why string
	cmd := c.steerCommand("disarm NAME...", "Take daemons out of the schedule",
		"Takes daemons out of the schedule until they are armed, or a reload changes them. They stay listed. What runs goes on.", false,
		func(ctx context.Context, client *control.Client, choice control.Choice) error {
			done, err := client.Disarm(ctx, control.DisarmRequest{Choice: choice, Why: why})
			return c.tell(done, err, func(r control.Result) string { return withWhy("disarmed "+r.Daemon, r.Why) })
		})
	cmd.Flags().StringVar(&why, "why", "", "`text` for those who see it disarmed")
	return cmd
}

func (c *command) skipNextCommand() *cobra.Command {
	return c.steerCommand("skip-next NAME...", "Leave the next run of daemons out",
		"Leaves out the next run of daemons, that after the one in flight if there is one. They wait on as if it had ended.", false,
		func(ctx context.Context, client *control.Client, choice control.Choice) error {
			done, err := client.SkipNext(ctx, control.ChoiceRequest{Choice: choice})
			return c.tell(done, err, func(r control.Result) string {
				return withNext("skipping the next run of "+r.Daemon, r.Next)
			})
		})
}

// tell prints a line for each daemon that was steered, and says of the others why not.
func (c *command) tell(done control.Steered, err error, line func(control.Result) string) error {
	failed := 0
	if refused := (*control.Error)(nil); errors.As(err, &refused) && len(refused.Results) > 0 {
		done.Results, err = refused.Results, nil
	}
	if err != nil {
		return asked(err)
	}
	for _, r := range done.Results {
		if r.Error != "" {
			failed++
		}
		to, say := c.Out, line
		if r.Error != "" && r.Outcome == "" {
			to, say = c.Err, c.refused
		}
		if _, err := fmt.Fprintln(to, printable(say(r))); err != nil {
			return err
		}
	}
	if failed > 0 {
		return &exit{ExitFailure, nil}
	}
	return nil
}

// refused says why a daemon was not steered.
func (c *command) refused(r control.Result) string {
	return c.Name + ": " + withHint(r.Daemon+": "+r.Error, r.Hint)
}

// runOutcome tells how a run ended that was waited for.
func runOutcome(r control.Result) string {
	if r.Outcome == "" {
		return r.Daemon
	}
	text := fmt.Sprintf("%s %s", r.Daemon, r.Outcome)
	if r.Count > 0 {
		text += fmt.Sprintf(" (%d)", r.Count)
	}
	text += fmt.Sprintf(" in %s, run %s", short(r.Took.Duration()), r.Run)
	return withWhy(text, r.Error)
}

func withWhy(text, why string) string {
	if why == "" {
		return text
	}
	return text + ": " + why
}

func withHint(text, hint string) string {
	if hint == "" {
		return text
	}
	return text + "; " + hint
}

// withNext says when the daemon is due next, where that is known.
func withNext(text string, next time.Time) string {
	if next.IsZero() {
		return text
	}
	wait := time.Until(next).Round(time.Second)
	if wait <= 0 {
		return text + ", next now"
	}
	return text + ", next in " + short(wait)
}

// clockTime is a time for people: the day only where it is another than today.
func clockTime(t, now time.Time) string {
	t = t.In(now.Location())
	layout := "15:04"
	if t.Second() != 0 {
		layout = "15:04:05"
	}
	if t.Year() != now.Year() || t.YearDay() != now.YearDay() {
		layout = "2006-01-02 " + layout
	}
	return t.Format(layout)
}

// untilTime reads when a pause ends: RFC 3339, the next 06:00 of now's zone, or a duration from now. Empty is never.
func untilTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err == nil {
		if !at.After(now) {
			return at, usage("--until %s has passed", text)
		}
		return at, nil
	}
	if clock, err := time.Parse("15:04", text); err == nil {
		daily, err := calendar.Parse(fmt.Sprintf("%d %d * * *", clock.Minute(), clock.Hour()), now.Location())
		if err != nil {
			return at, fmt.Errorf("find the next %s: %w", text, err)
		}
		return daily.Next(now), nil
	}
	d, err := config.ParseDuration(strings.TrimPrefix(text, "+"))
	if err != nil || d <= 0 {
		return at, usage(`--until %q is no time; write "2026-11-23T18:00:00+01:00", "18:00" or "2h"`, text)
	}
	return now.Add(d), nil
}
