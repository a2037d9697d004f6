package history

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/peakd/peakd/daemonapp"
)

// row is an entry as it stands in the file, or will.
type row struct {
	record
	id           int64 // 0: not numbered yet
	text         string
	user, system time.Duration
	peak         int64
	output       *daemonapp.Report // to be written; nil: none, or written
	queued       bool              // it is to be written with the next commit
	stale        bool              // it has changed since it was written
}

// whyLimit is how many bytes of a reason or an error are kept.
const whyLimit = 2000

// newRow is the entry of a record.
func newRow(rec *record, mask func(string) string) *row {
	r := &row{record: *rec, text: rec.why}
	if rec.err != nil {
		r.text = errorText(rec.err)
		if rec.event == daemonapp.Stuck {
			r.text += "; it did not return, and was given up"
		}
	}
	if r.text != "" {
		r.text = cut(mask(r.text))
	}
	r.who = cut(rec.who)
	r.err, r.report = nil, nil
	r.adopt(rec.report)
	return r
}

// adopt takes in what a run told of itself.
func (r *row) adopt(report *daemonapp.Report) {
	if report == nil {
		return
	}
	r.user += report.User
	r.system += report.System
	r.peak = max(r.peak, report.PeakBytes)
	if len(report.Head)+len(report.Tail) > 0 || report.Dropped > 0 {
		r.output = report
	}
}

// extend makes the entry one of several that are alike: of the later ones it has the run, the reason and the output.
func (r *row) extend(next *row) {
	r.at, r.times = next.at, r.times+next.times
	r.took += next.took
	r.waited = max(r.waited, next.waited)
	r.run, r.trigger, r.until, r.text, r.who = next.run, next.trigger, next.until, next.text, next.who
	r.user += next.user
	r.system += next.system
	r.peak = max(r.peak, next.peak)
	if next.output != nil {
		r.output = next.output
	}
	r.stale = true
}

// errorText is what an error says. It may be of any origin: fmt takes care of one whose Error panics. A panic of a
// daemon is told with the place it came from.
func errorText(err error) string {
	text := fmt.Sprint(err)
	if stack := stackOf(err); stack != "" {
		text += "\n" + stack
	}
	return text
}

func stackOf(err error) (stack string) {
	defer func() {
		if recover() != nil { // an error of any origin may panic here too
			stack = ""
		}
	}()
	if p := (*daemonapp.PanicError)(nil); errors.As(err, &p) {
		return string(p.Stack)
	}
	return ""
}

// cut bounds a text and makes it UTF-8, as the file's readers expect.
func cut(text string) string {
	if len(text) > whyLimit {
		end := whyLimit
		for !utf8.RuneStart(text[end]) {
			end--
		}
		text = text[:end] + "…"
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// alike is a reason without its figures: "load 0.81" and "load 0.79" are one reason.
func alike(a, b string) bool {
	for {
		a, b = strings.TrimLeft(a, figures), strings.TrimLeft(b, figures)
		if a == "" || b == "" {
			return a == b
		}
		if a[0] != b[0] {
			return false
		}
		a, b = a[1:], b[1:]
	}
}

const figures = "0123456789."
