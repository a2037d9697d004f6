package exec

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// The bounds of what a job may report. What is longer or malformed is ignored, the first few told.
const (
	reportLineBytes = 4 << 10
	reportComplain  = 5
)

// report is what a job said of itself on its report descriptor. The last outcome counts.
type report struct {
	log      *zap.Logger
	mask     func(string) string
	progress func(done, total int)

	result  schedule.Result // zero: it said nothing
	reason  string          // of a failure
	ignored int
}

// statement is one line of a report.
type statement struct {
	result      schedule.Result
	reason      string
	done, total int // of progress; then result is zero
}

func (r *report) read(from io.Reader) {
	readLines(from, reportLineBytes, r.take, func(int) {})
}

func (r *report) take(block []byte) {
	var done, total int
	moved := false
	for line := range strings.Lines(string(block)) {
		st, err := parseStatement(line)
		switch {
		case err != nil:
			r.ignore(line, err)
		case st.result.Outcome == 0:
			done, total, moved = st.done, st.total, true // the last of a block: nobody can see the others
		default:
			r.result, r.reason = st.result, st.reason
		}
	}
	if moved {
		r.progress(done, total)
	}
}

// shownReason is why the job says it failed, masked and bounded.
func (r *report) shownReason() string { return quote(r.mask(r.reason), detailBytes) }

func (r *report) ignore(line string, err error) {
	r.ignored++
	if r.ignored <= reportComplain {
		r.log.Warn("report_ignored", zap.String("line", quote(r.mask(strings.TrimSpace(line)), detailBytes)), zap.Error(err))
	}
}

// parseStatement reads "worked N [more]", "idle", "failed REASON" or "progress N/M".
func parseStatement(line string) (statement, error) {
	if len(line) > reportLineBytes {
		return statement{}, fmt.Errorf("the line is longer than %d bytes", reportLineBytes-1)
	}
	word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	rest = strings.TrimSpace(rest)
	switch {
	case word == "worked":
		return parseWorked(rest)
	case word == "idle" && rest == "":
		return statement{result: schedule.Result{Outcome: schedule.Idle}}, nil
	case word == "failed" && rest != "":
		return statement{result: schedule.Result{Outcome: schedule.Failed}, reason: rest}, nil
	case word == "progress":
		return parseProgress(rest)
	}
	return statement{}, errors.New(`a report line is "worked N [more]", "idle", "failed REASON" or "progress N/M"`)
}

func parseWorked(rest string) (statement, error) {
	number, more, _ := strings.Cut(rest, " ")
	n, err := parseCount(number)
	if err != nil {
		return statement{}, err
	}
	switch strings.TrimSpace(more) {
	case "":
		return statement{result: schedule.Result{Outcome: schedule.Worked, Count: n}}, nil
	case "more":
		return statement{result: schedule.Result{Outcome: schedule.More, Count: n}}, nil
	}
	return statement{}, fmt.Errorf("%q is not \"more\"", more)
}

func parseProgress(rest string) (statement, error) {
	left, right, found := strings.Cut(rest, "/")
	if !found {
		return statement{}, errors.New("progress is N/M")
	}
	done, err := parseCount(left)
	if err != nil {
		return statement{}, err
	}
	total, err := parseCount(right)
	if err != nil {
		return statement{}, err
	}
	return statement{done: done, total: total}, nil
}

func parseCount(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%q is not a count", text)
	}
	return int(n), nil
}
