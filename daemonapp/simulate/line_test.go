package simulate_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"regexp"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/simulate"
)

func TestLineAppendJSON(t *testing.T) {
	t.Parallel()
	run := simulate.Line{
		Kind: simulate.Ran, Daemon: "collective", End: 250 * time.Millisecond, Outcome: schedule.Worked, Wait: 30 * s,
	}
	odd := run
	odd.Daemon, odd.Due, odd.Start, odd.End, odd.Wait = "a\"b\\c\n<é>", 1, s+1, 100*time.Hour, simulate.Never
	for _, c := range []struct {
		name string
		line simulate.Line
		want string
	}{
		{
			"run", run,
			`{"event":"run","daemon":"collective","due":0,"start":0,"end":0.25,"outcome":"worked","wait":30}`,
		},
		{
			"odd name, single nanoseconds, never", odd,
			`{"event":"run","daemon":"a\"b\\c\n<é>","due":0.000000001,"start":1.000000001,"end":360000,"outcome":"worked","wait":null}`,
		},
		{
			"stop",
			simulate.Line{Kind: simulate.Stopped, At: 930 * s, Reason: schedule.IdleGap},
			`{"event":"stop","at":930,"reason":"idle"}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := string(c.line.AppendJSON(nil)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// FuzzLineAppendJSON: any name and any time make valid JSON from which both can be read back, exactly.
func FuzzLineAppendJSON(f *testing.F) {
	f.Add("collective", int64(250_000_000))
	f.Add("a\"\\\x00\x7f\xff", int64(1))
	f.Add("é", int64(-1))
	f.Add("", int64(-1<<63))
	plain := regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$`)
	f.Fuzz(func(t *testing.T, name string, ns int64) {
		line := simulate.Line{Kind: simulate.Ran, Daemon: name, Due: time.Duration(ns), Wait: simulate.Never}
		var got struct {
			Daemon string
			Due    json.Number
		}
		if err := json.Unmarshal(line.AppendJSON(nil), &got); err != nil {
			t.Fatal(err)
		}
		if utf8.ValidString(name) && got.Daemon != name {
			t.Errorf("name %q came back as %q", name, got.Daemon)
		}
		seconds, ok := new(big.Rat).SetString(got.Due.String())
		if !ok || !plain.MatchString(got.Due.String()) || seconds.Cmp(big.NewRat(ns, int64(time.Second))) != 0 {
			t.Errorf("%d ns came back as %s s", ns, got.Due)
		}
	})
}

var errFull = errors.New("full")

// full is a disk that takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWritersReportErrors(t *testing.T) {
	t.Parallel()
	report := simulated(t, mail())
	j := simulate.NewJSONLines(full{})
	for name, err := range map[string]error{
		"text": simulate.WriteText(full{}, report, 0),
		"svg":  simulate.WriteSVG(full{}, report),
		"html": simulate.WriteHTML(full{}, report),
		"json": errors.Join(j.Write(simulate.Line{Kind: simulate.Stopped}), j.Flush()),
	} {
		if !errors.Is(err, errFull) {
			t.Errorf("%s: error %v, want %v", name, err, errFull)
		}
	}
	big := simulate.NewJSONLines(full{})
	_, err := simulate.Run(simulate.Input{Daemons: fleet(100, 0)}, big.Write)
	if !errors.Is(err, errFull) {
		t.Errorf("run: error %v, want %v", err, errFull)
	}
}
