package daemonapp_test

import (
	"context"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// hours is a window open from one time of the day to another, both since the bubble's midnight.
type hours struct{ from, to time.Duration }

// Open implements [schedule.Window].
func (h hours) Open(now time.Time) (bool, time.Time) {
	midnight := now.Round(0).Truncate(24 * time.Hour)
	switch at := now.Sub(midnight); {
	case at < h.from:
		return false, midnight.Add(h.from)
	case at < h.to:
		return true, midnight.Add(h.to)
	}
	return false, midnight.Add(24*time.Hour + h.from)
}

func TestWindow(t *testing.T) {
	t.Parallel()
	stop := func(from, to time.Duration) daemonapp.Window {
		return daemonapp.Window{Window: hours{from, to}, StopAtClose: true}
	}
	finish := func(from, to time.Duration) daemonapp.Window {
		return daemonapp.Window{Window: hours{from, to}}
	}
	tests := []struct {
		name    string
		windows []daemonapp.Window
		want    []string
	}{
		{"closes on a run that may finish", []daemonapp.Window{finish(0, time.Hour)}, []string{"3h0m0s a worked"}},
		{"closes on a run that is to stop", []daemonapp.Window{stop(0, time.Hour)}, []string{"1h0m0s a cancelled"}},
		{"holds until it opens", []daemonapp.Window{stop(2*time.Hour, 6*time.Hour)}, []string{"5h0m0s a worked"}},
		{
			"the next one is open when the first closes",
			[]daemonapp.Window{stop(0, time.Hour), stop(30*time.Minute, 2*time.Hour)},
			[]string{"2h0m0s a cancelled"},
		},
		{
			"another one lets it finish",
			[]daemonapp.Window{stop(0, time.Hour), finish(30*time.Minute, 2*time.Hour)},
			[]string{"3h0m0s a worked"},
		},
		{
			"of several any will do",
			[]daemonapp.Window{finish(9*time.Hour, 10*time.Hour), finish(time.Hour, 2*time.Hour)},
			[]string{"4h0m0s a worked"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := spec("a", every(24*time.Hour, busy(3*time.Hour)))
				s.Terms.Windows = tt.windows
				l := begin(t, daemonapp.Options{}, s)
				l.until(12 * time.Hour)
				same(t, "runs", l.ends(), tt.want)
				if st := l.status("a"); st.Failures+st.IdleRuns != 0 {
					t.Errorf("a closed window counts: %d failures, %d idle runs", st.Failures, st.IdleRuns)
				}
			})
		})
	}
}

func TestAClosedWindowTellsTheRunWhy(t *testing.T) {
	bubble(t, func(t *testing.T) {
		run := func(ctx context.Context) (schedule.Result, error) {
			<-ctx.Done()
			return schedule.Result{}, context.Cause(ctx)
		}
		s := spec("a", every(time.Hour, run))
		s.Terms.Windows = []daemonapp.Window{{Window: hours{0, time.Minute}, StopAtClose: true}}
		s.Terms.Timeout = time.Hour
		l := begin(t, daemonapp.Options{}, s)
		l.until(2 * time.Minute)
		is(t, "the end of the run", l.told(daemonapp.RunEnded)[0].Run.Err, daemonapp.ErrWindowClosed)
	})
}

func TestTheTimeoutComesBeforeTheWindowCloses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := spec("a", every(24*time.Hour, busy(time.Hour)))
		s.Terms.Windows = []daemonapp.Window{{Window: hours{0, 20 * time.Minute}, StopAtClose: true}}
		s.Terms.Timeout = 10 * time.Minute
		l := begin(t, daemonapp.Options{}, s)
		l.until(time.Hour)
		same(t, "runs", l.ends(), []string{"10m0s a failed"})
	})
}
