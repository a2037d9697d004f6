package dirqueue

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"sync"

	"go.uber.org/zap"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemons/dirqueue/deliver"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/exec"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/function"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/http"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/smtp"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/worker"
	"github.com/peakd/peakd/daemons/dirqueue/spool"
	"github.com/peakd/peakd/daemons/dirqueue/watch"
)

//go:embed doc.md
var doc string

//go:embed manager.md
var managerDoc string

// Types are dir_queue and dir_queue_manager, which share one inotify instance. The functions are what a
// deliver "go" block may name; nil offers none.
func Types(functions function.Functions) []config.Type {
	t := &types{functions: functions, watches: &watch.Shared{}, crowd: newCrowd(), living: &living{queues: map[string]*Queue{}}}
	defaults := Defaults()
	defaults.offered = functions.Check
	return []config.Type{
		config.NewType("dir_queue", doc, defaults, t.queue),
		config.NewType("dir_queue_manager", managerDoc, managerDefaults(), t.manager),
	}
}

// types is what the queues of a process share.
type types struct {
	functions function.Functions
	watches   *watch.Shared
	crowd     *crowd
	living    *living
	told      sync.Once // that directories cannot be watched
}

// unwatched tells that a directory cannot be watched: once, as it is the system's limit that is reached.
func (t *types) unwatched(log *zap.Logger, err error) {
	if errors.Is(err, watch.ErrUnsupported) {
		return
	}
	t.told.Do(func() {
		log.Warn("not_watched", zap.Error(err), zap.String("so", "it, and others, look at their directories as often as their pace says"))
	})
}

func (t *types) queue(env config.Env, s Settings) (daemonapp.Daemon, error) {
	return t.newQueue(env, s)
}

func (t *types) newQueue(env config.Env, s Settings) (*Queue, error) {
	return &Queue{
		Pace: daemonapp.Pace{Planner: env.Planner}, env: env, clock: env.Clock, settings: s, types: t,
		calendar: schedule.CalendarOf(env.Planner) != nil, trip: breaker{settings: *s.Trip}, bucket: newBucket(s.Rate),
	}, nil
}

// deliverer makes what delivers the files of a queue.
func (t *types) deliverer(env config.Env, s Settings) (deliver.Deliverer, error) {
	e := deliver.Env{Clock: env.Clock, Log: env.Log, Mask: env.Mask, Concurrency: s.Concurrency}
	switch d := s.Deliver; {
	case d.Exec != nil:
		return exec.New(*d.Exec, e)
	case d.Worker != nil:
		return worker.New(*d.Worker, e)
	case d.SMTP != nil:
		return smtp.New(*d.SMTP, e)
	case d.HTTP != nil:
		return http.New(*d.HTTP, e)
	case d.Function != nil:
		return t.functions.New(*d.Function, e)
	}
	return nil, fmt.Errorf("queue %s has no deliver block", s.Directory)
}

// options are the settings as package spool takes them.
func (s *Settings) options() spool.Options {
	o := spool.Options{
		Include: s.Include, Exclude: s.Exclude, Settle: s.Settle, Marker: s.Marker,
		Owners: s.OwnerUIDs, MaxSizeBytes: int64(s.MaximumSize), Window: s.Window,
		CrashAttempts: s.CrashAttempts, Delete: s.OnSuccess == "delete", Own: s.Own,
	}
	if s.Exclude == nil {
		o.Exclude = []string{}
	}
	switch s.Ready {
	case "rename":
		o.Ready = spool.ReadyRenamed
	case "settle":
		o.Ready = spool.ReadySettled
	case "marker":
		o.Ready = spool.ReadyMarked
	}
	switch s.Order {
	case "none":
		o.Order = spool.OrderNone
	case "mtime":
		o.Order = spool.OrderModified
	case "priority":
		o.Order, o.Priority = spool.OrderPriority, regexp.MustCompile(s.PriorityPattern) // Validate has compiled it
	}
	switch s.Durable {
	case "none":
		o.Durable = spool.DurableNone
	case "each":
		o.Durable = spool.DurableEach
	}
	return o
}
