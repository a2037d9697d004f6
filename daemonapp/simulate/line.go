package simulate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// Kind tells the two kinds of lines apart.
type Kind uint8

const (
	// Ran is the kind of a run that has ended.
	Ran Kind = iota + 1
	// Stopped is the kind of the last line: the app stops.
	Stopped
)

// Never is the Wait of a run after which the daemon does not want to run again.
const Never = time.Duration(-1)

// Line is one event of a simulation. Times count from the start of the app.
type Line struct {
	Kind Kind
	// Daemon, Due (the due or release time), Start, End, Outcome and Wait (to the next desired run time,
	// or Never) are those of a run.
	Daemon          string
	Due, Start, End time.Duration
	Outcome         schedule.Outcome
	Wait            time.Duration
	// At and Reason are those of the stop.
	At     time.Duration
	Reason schedule.Reason
}

// AppendJSON appends the line as a JSON object, without a newline. Times are seconds, exact to the nanosecond.
func (l Line) AppendJSON(b []byte) []byte {
	if l.Kind == Stopped {
		b = appendSeconds(append(b, `{"event":"stop","at":`...), l.At)
		b = append(append(b, `,"reason":"`...), l.Reason.String()...)
		return append(b, `"}`...)
	}
	b = appendString(append(b, `{"event":"run","daemon":`...), l.Daemon)
	b = appendSeconds(append(b, `,"due":`...), l.Due)
	b = appendSeconds(append(b, `,"start":`...), l.Start)
	b = appendSeconds(append(b, `,"end":`...), l.End)
	b = append(append(b, `,"outcome":"`...), l.Outcome.String()...)
	b = append(b, `","wait":`...)
	if l.Wait < 0 {
		return append(b, `null}`...)
	}
	return append(appendSeconds(b, l.Wait), '}')
}

// appendSeconds writes nanoseconds as a decimal number of seconds, digit by digit: no float has a say.
func appendSeconds(b []byte, d time.Duration) []byte {
	if d < 0 {
		b = append(b, '-')
	}
	whole, rest := magnitude(int64(d/time.Second)), magnitude(int64(d%time.Second))
	b = strconv.AppendUint(b, whole, 10)
	if rest == 0 {
		return b
	}
	b = append(b, '.')
	for unit := uint64(time.Second / 10); rest > 0; unit /= 10 {
		b = append(b, byte('0'+rest/unit))
		rest %= unit
	}
	return b
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}

// appendString writes a JSON string; names of the configuration need no escape.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return append(b, escaped(s)...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

func escaped(s string) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil { // a string always encodes
		return []byte(`""`)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// JSONLines writes lines as JSON, one object a line. Its Write is made to be handed to [Run]; Flush
// what it holds back at the end.
type JSONLines struct {
	out  *bufio.Writer
	line []byte
}

// NewJSONLines makes a JSONLines that writes to w.
func NewJSONLines(w io.Writer) *JSONLines {
	return &JSONLines{out: bufio.NewWriterSize(w, 1<<16)}
}

// Write writes one line.
func (j *JSONLines) Write(l Line) error {
	j.line = append(l.AppendJSON(j.line[:0]), '\n')
	if _, err := j.out.Write(j.line); err != nil {
		return fmt.Errorf("write line: %w", err)
	}
	return nil
}

// Flush writes out what is held back.
func (j *JSONLines) Flush() error {
	if err := j.out.Flush(); err != nil {
		return fmt.Errorf("write lines: %w", err)
	}
	return nil
}
