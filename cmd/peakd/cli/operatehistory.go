package cli

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/url"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp/control"
	"github.com/peakd/peakd/daemonapp/history"
	"github.com/peakd/peakd/daemonapp/status"
)

// seededRuns is how many of a daemon's latest runs the percentiles of status are of, seededFailures how many failed runs
// of all daemons are looked through for the latest of each.
const (
	seededRuns     = 64
	seededFailures = 1000
)

// seed hands what earlier lives recorded to the status: how long runs took, and why the last ones failed.
func (o *operation) seed(ctx context.Context) {
	if o.history == nil {
		return
	}
	err := o.reading(func(r *history.Reader) error {
		took, err := r.Durations(ctx, nil, seededRuns)
		if err != nil {
			return err
		}
		o.recorder.Seed(took)
		failures := map[string]status.Failure{}
		err = r.Each(ctx, history.Query{Outcomes: []string{"failed"}, Limit: seededFailures, OldestFirst: true}, func(e history.Entry) error {
			failures[e.Daemon] = status.Failure{At: e.At, Text: e.Why}
			return nil
		})
		o.recorder.SeedFailures(failures)
		return err
	})
	if err != nil {
		o.log.Warn("history", zap.String("daemon", o.label(o.cfg)), zap.Error(err), zap.String("so", "status knows nothing of earlier lives"))
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

// historyAnswer answers GET history: what the command of that name writes as JSON, of what has happened up to now.
func (o *operation) historyAnswer(ctx context.Context, query url.Values) (any, error) {
	asked, err := recalledOf(query)
	if err != nil {
		return nil, err
	}
	q, err := asked.query(time.Now())
	if err != nil {
		return nil, refusedQuery(err)
	}
	answer := struct {
		Entries []historyEntry `json:"entries"`
	}{[]historyEntry{}}
	return &answer, o.upToDate(func(r *history.Reader) error {
		return r.Each(ctx, q, func(e history.Entry) error {
			answer.Entries = append(answer.Entries, historyEntryOf(e))
			return nil
		})
	})
}

// logsAnswer answers GET logs likewise.
func (o *operation) logsAnswer(ctx context.Context, query url.Values) (any, error) {
	asked, err := recalledOf(query)
	if err != nil {
		return nil, err
	}
	l := logged{recalled: asked, run: query.Get("run"), last: 1}
	if l.last, err = count(query, "last", 1); err != nil {
		return nil, err
	}
	l.recalled.last = ""
	q, err := l.query(time.Now())
	if err != nil {
		return nil, refusedQuery(err)
	}
	answer := struct {
		Runs []outputEntry `json:"runs"`
	}{[]outputEntry{}}
	return &answer, o.upToDate(func(r *history.Reader) error {
		return r.Each(ctx, q, func(e history.Entry) error {
			out, err := r.Output(ctx, e.ID)
			if err == nil || errors.Is(err, history.ErrNoOutput) {
				answer.Runs = append(answer.Runs, outputEntryOf(e, out))
				return nil
			}
			return err
		})
	})
}

// upToDate is reading, once all that was observed is in the file.
func (o *operation) upToDate(do func(*history.Reader) error) error {
	if err := o.history.Flush(); err != nil {
		return &control.Error{Status: 503, Message: o.masked(err.Error()), Hint: "the log of the app tells more"}
	}
	return o.reading(do)
}

// mostAnswered bounds how many entries an answer has.
const mostAnswered = 10_000

// recalledOf are the parameters of a request as the flags of the commands.
func recalledOf(query url.Values) (recalled, error) {
	limit, err := count(query, "limit", 100)
	if err != nil {
		return recalled{}, err
	}
	if limit == 0 || limit > mostAnswered {
		limit = mostAnswered
	}
	return recalled{
		names: query["name"], self: query.Has("self"), last: query.Get("last"), outcomes: query["outcome"], kinds: query["kind"],
		limit: limit, oldest: query.Has("oldest_first"), format: "text",
	}, nil
}

func count(query url.Values, name string, otherwise int) (int, error) {
	text := query.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, &control.Error{Status: 400, Message: name + " is a number, 0 or more"}
	}
	return n, nil
}

func refusedQuery(err error) error { return &control.Error{Status: 400, Message: err.Error()} }

// settleTime is how long a running app may take to bring its history up to date for a command.
const settleTime = time.Second

// settle has the app that runs by this configuration write what it has observed, so that a command sees a run that has
// just ended. Where there is no such app, or it may not be asked, the file says what it says.
func (c *command) settle(ctx context.Context, cfg *config.Config, dir string) {
	path, _, err := c.socketPath(cfg, dir)
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	client, err := look(ctx, path)
	if err != nil {
		return
	}
	var answer json.RawMessage
	_ = client.History(ctx, url.Values{"limit": {"1"}}, &answer)
}
