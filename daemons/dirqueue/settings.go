// Package dirqueue is the daemon types dir_queue, a queue of files in a directory, and dir_queue_manager, the seed
// that keeps a queue for each directory below a base. What a file's states are and how nothing is lost between them is
// package spool's; how files reach their destination is package deliver's.
package dirqueue

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/exec"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/function"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/http"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/smtp"
	"github.com/peakd/peakd/daemons/dirqueue/deliver/worker"
)

// Settings are those of a dir_queue block, and of the queue block of a dir_queue_manager.
type Settings struct {
	Directory       config.Path   `hcl:"directory,required,each" doc:"the directory whose files are delivered"`
	Include         []string      `hcl:"include" doc:"globs; a file's name must match one of them"`
	Exclude         []string      `hcl:"exclude" doc:"globs; a file whose name matches one of them is left alone"`
	Ready           string        `hcl:"ready" enum:"closed|rename|settle|marker" doc:"how to know that a file is complete: nobody has it open for writing; producers rename it in; it has not changed for settle; another file says so"`
	Settle          time.Duration `hcl:"settle" doc:"how long a file must not have changed, with ready = \"settle\", or where the kernel cannot tell whether it is open"`
	Marker          string        `hcl:"marker" doc:"the name of the file that says so, with {name} for the file's"`
	OwnerUIDs       []int         `hcl:"owner_uids" doc:"user ids whose files are taken; those of others are set aside" default:"everybody's"`
	MaximumSize     config.Size   `hcl:"maximum_size" doc:"larger files are set aside; 0 means no limit"`
	Order           string        `hcl:"order" enum:"name|mtime|priority|none" doc:"which file goes first: by name, the oldest, the highest number in the name, or as the file system lists them, which is the quickest"`
	PriorityPattern string        `hcl:"priority_pattern" doc:"with order = \"priority\": a regular expression whose first group is the number in the name"`
	Window          int           `hcl:"order_window" doc:"how many names are kept in order at a time; the memory of a scan"`
	Batch           int           `hcl:"batch" doc:"how many files are claimed at a time"`
	Concurrency     int           `hcl:"concurrency" doc:"how many files may be under way at once"`
	Rate            float64       `hcl:"rate" doc:"how many files a second at most; 0 means no limit"`
	Slice           time.Duration `hcl:"slice" doc:"a run that has worked for so long, and has more to do, yields the floor"`
	FileRetry       *FileRetry    `hcl:"file_retry,block" doc:"when a file that was not delivered is tried again" default:"that block's defaults"`
	CrashAttempts   int           `hcl:"crash_attempts" doc:"a file during whose handling peakd, or the whole machine, died so often is set aside as poison"`
	OnSuccess       string        `hcl:"on_success" enum:"archive|delete" doc:"what becomes of a delivered file"`
	Keep            time.Duration `hcl:"keep" doc:"how long delivered files are kept in the archive; 0 means for ever"`
	KeepFailed      time.Duration `hcl:"keep_failed" doc:"how long files that were set aside are kept; 0 means for ever"`
	Durable         string        `hcl:"durable" enum:"group|each|none" doc:"what a power cut may undo: the end of the last group of files (they are delivered again), of none, or what the kernel has not written yet"`
	Own             bool          `hcl:"own" doc:"nobody but peakd minds which directory this is: one that was bloated by a large backlog may be replaced by a fresh one"`
	MinimumFree     float64       `hcl:"minimum_free" doc:"percent of the file system; with less free nothing is claimed, and an error says so"`
	Trip            *Trip         `hcl:"trip,block" doc:"when the destination is bad rather than the file" default:"that block's defaults"`
	Deliver         Deliver       `hcl:"deliver,block,required" doc:"how the files are delivered"`

	// offered finds what is wrong with the function of a deliver "go" block; nil: nobody knows what is offered.
	offered func(function.Settings) []*daemonapp.FieldError
}

// FileRetry is a file_retry block.
type FileRetry struct {
	Every      time.Duration `hcl:"every" doc:"the wait after the first attempt"`
	MultiplyBy float64       `hcl:"multiply_by" doc:"by how much each further attempt stretches it"`
	Maximum    time.Duration `hcl:"maximum" doc:"the longest wait"`
	Jitter     float64       `hcl:"jitter" doc:"the share of the wait by which it varies, 0 to 1, so that files that failed together are not tried together"`
	Attempts   int           `hcl:"attempts" doc:"a file that was not delivered after so many attempts is set aside; 0 means no limit"`
	MaximumAge time.Duration `hcl:"maximum_age" doc:"nor is one tried again that was modified longer ago than this and has failed by itself, not by a bad destination; 0 means no limit, as where producers keep the times of old files"`
}

// SetDefaults sets what a file_retry block may leave out.
func (r *FileRetry) SetDefaults() {
	*r = FileRetry{
		Every: 30 * time.Second, MultiplyBy: 2, Maximum: time.Hour, Jitter: 0.2, Attempts: 8, MaximumAge: 5 * 24 * time.Hour,
	}
}

// Trip is a trip block: after so many failures in a row that speak against the destination the queue rests.
type Trip struct {
	Failures int           `hcl:"failures" doc:"so many in a row hold the queue, once the files under way have ended; 0 means never"`
	Cooldown time.Duration `hcl:"cooldown" doc:"how long it rests then, before one file is tried"`
}

// SetDefaults sets what a trip block may leave out.
func (t *Trip) SetDefaults() { *t = Trip{Failures: 10, Cooldown: time.Minute} }

// Deliver is a deliver block; its label selects one of these.
type Deliver struct {
	Exec     *exec.Settings     `hcl:"exec,variant" doc:"a process for each file"`
	Worker   *worker.Settings   `hcl:"worker,variant" doc:"a process that stays, and is told of files on a line protocol"`
	SMTP     *smtp.Settings     `hcl:"smtp,variant" doc:"mail: each file is a message"`
	HTTP     *http.Settings     `hcl:"http,variant" doc:"a request for each file"`
	Function *function.Settings `hcl:"go,variant" doc:"a Go function of the host program, by name"`
}

// Defaults are the settings that a configuration leaves out.
func Defaults() Settings {
	retry, trip := &FileRetry{}, &Trip{}
	retry.SetDefaults()
	trip.SetDefaults()
	return Settings{
		Include: []string{"*"}, Exclude: []string{".*", "*.tmp", "*.part", "*~"},
		Ready: "closed", Settle: 2 * time.Second, Marker: "{name}.done", Order: "name", Window: 1000,
		Batch: 64, Concurrency: 1, Slice: 500 * time.Millisecond, FileRetry: retry, CrashAttempts: 3,
		OnSuccess: "archive", Keep: 7 * 24 * time.Hour, Durable: "group", MinimumFree: 5, Trip: trip,
	}
}

// ExclusiveDirectory is the directory that no two queues may share.
func (s *Settings) ExclusiveDirectory() string { return string(s.Directory) }

// Validate finds what cannot be.
func (s *Settings) Validate() []*daemonapp.FieldError {
	v := faults{}
	v.globs("include", s.Include)
	v.globs("exclude", s.Exclude)
	v.included(s.Include)
	v.positive("order_window", s.Window)
	v.positive("batch", s.Batch)
	v.positive("concurrency", s.Concurrency)
	v.positive("crash_attempts", s.CrashAttempts)
	s.validateOrder(&v)
	v.users("owner_uids", s.OwnerUIDs)
	if s.Rate < 0 {
		v.add("rate", "0 means no limit", "rate cannot be negative")
	}
	if s.MinimumFree < 0 || s.MinimumFree > 100 {
		v.add("minimum_free", "0 switches it off", "minimum_free is a percentage")
	}
	if s.Ready == "marker" && (!strings.Contains(s.Marker, "{name}") || s.Marker == "{name}" || strings.ContainsAny(s.Marker, "/\x00")) {
		v.add("marker", `as in "{name}.done"`, "%q is no name with {name} and something else in it", s.Marker)
	}
	s.validateRetry(&v)
	v.all = append(v.all, within("deliver", s.validateDeliver())...)
	return v.all
}

func (s *Settings) validateOrder(v *faults) {
	if s.Order != "priority" {
		return
	}
	const hint, sentence = `as in "^([0-9]+)-"`, "order = \"priority\" needs a priority_pattern: a regular expression that finds the number in a name"
	pattern, err := regexp.Compile(s.PriorityPattern)
	switch {
	case s.PriorityPattern == "":
		v.add("order", hint, sentence)
	case err != nil:
		v.add("priority_pattern", hint, "%s (%v)", sentence, err)
	case pattern.NumSubexp() == 0:
		v.add("priority_pattern", hint, "%s (it has no group)", sentence)
	}
}

func (s *Settings) validateRetry(v *faults) {
	r, t := s.FileRetry, s.Trip
	if r.Every <= 0 || r.Maximum < r.Every {
		v.add("file_retry.every", "", "every is more than 0 and at most maximum, which is %s", config.FormatDuration(r.Maximum))
	}
	if r.MultiplyBy < 1 {
		v.add("file_retry.multiply_by", "1 keeps the wait as it is", "multiply_by is at least 1")
	}
	if r.Jitter < 0 || r.Jitter > 1 {
		v.add("file_retry.jitter", "0.2 varies a wait by up to a fifth", "jitter is a share from 0 to 1")
	}
	if r.Attempts < 0 {
		v.add("file_retry.attempts", "0 means no limit", "attempts cannot be negative")
	}
	if t.Failures < 0 {
		v.add("trip.failures", "0 means never", "failures cannot be negative")
	}
	if t.Failures > 0 && t.Cooldown <= 0 {
		v.add("trip.cooldown", "", "cooldown is more than 0")
	}
}

// atOnce is how many files can be under way at once.
func (s *Settings) atOnce() int {
	if w := s.Deliver.Worker; w != nil {
		return s.Concurrency * w.InFlight
	}
	return s.Concurrency
}

// chosen is the settings of the variant that was given.
func (d *Deliver) chosen() any {
	switch {
	case d.Exec != nil:
		return d.Exec
	case d.Worker != nil:
		return d.Worker
	case d.SMTP != nil:
		return d.SMTP
	case d.HTTP != nil:
		return d.HTTP
	case d.Function != nil:
		return d.Function
	}
	return nil
}

func (s *Settings) validateDeliver() []*daemonapp.FieldError {
	if f := s.Deliver.Function; f != nil && s.offered != nil {
		return s.offered(*f)
	}
	if v, ok := s.Deliver.chosen().(interface {
		Validate() []*daemonapp.FieldError
	}); ok {
		return v.Validate()
	}
	return nil
}

// Warnings tells of what is missing now, and of what does nothing.
func (s *Settings) Warnings() []*daemonapp.FieldError {
	v := faults{}
	if _, err := identity(string(s.Directory)); err != nil {
		v.add("directory", "its runs will fail until it is there", "%s is not a directory now", s.Directory)
	}
	if s.PriorityPattern != "" && s.Order != "priority" {
		v.add("priority_pattern", `order = "priority" uses it`, "priority_pattern does nothing with order = %q", s.Order)
	}
	v.all = append(v.all, s.Deliver.warnings()...)
	return v.all
}

func (d *Deliver) warnings() []*daemonapp.FieldError {
	if v, ok := d.chosen().(interface {
		Warnings() []*daemonapp.FieldError
	}); ok {
		return within("deliver", v.Warnings())
	}
	return nil
}

func within(block string, list []*daemonapp.FieldError) []*daemonapp.FieldError {
	for _, f := range list {
		if f.Field == "" {
			f.Field = block
		} else {
			f.Field = block + "." + f.Field
		}
	}
	return list
}

// faults gathers what is wrong with settings.
type faults struct{ all []*daemonapp.FieldError }

func (v *faults) add(field, hint, format string, args ...any) {
	v.all = append(v.all, &daemonapp.FieldError{Field: field, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (v *faults) users(field string, ids []int) {
	if slices.ContainsFunc(ids, func(id int) bool { return id < 0 }) {
		v.add(field, "`id -u NAME` tells that of a user", "a user id cannot be negative")
	}
}

func (v *faults) positive(field string, n int) {
	if n < 1 {
		v.add(field, "", "%s is at least 1", field)
	}
}
