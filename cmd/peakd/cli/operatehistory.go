package cli

import (
	"context"
	"errors"
	"io/fs"

	"go.uber.org/zap"

	"github.com/peakd/peakd/daemonapp/history"
)

// seededRuns is how many of a daemon's latest runs the percentiles of status are of.
const seededRuns = 64

// seed hands what earlier lives recorded to the status: how long runs took.
func (o *operation) seed(ctx context.Context) {
	if o.history == nil {
		return
	}
	err := o.reading(func(r *history.Reader) error {
		took, err := r.Durations(ctx, nil, seededRuns)
		if err == nil {
			o.recorder.Seed(took)
		}
		return err
	})
	if err != nil {
		o.log.Warn("history", zap.String("daemon", o.label(o.cfg)), zap.Error(err), zap.String("so", "status knows no durations of earlier lives"))
	}
}

// reading opens the history beside its writer. Where there is none yet nothing is done.
func (o *operation) reading(do func(*history.Reader) error) error {
	r, err := history.OpenReader(o.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(do(r), r.Close())
}
