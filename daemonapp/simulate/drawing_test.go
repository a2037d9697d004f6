package simulate_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/simulate"
)

// odd is an app of everything that is hard to draw: failures, a disarmed, a starved, a held and an absent
// daemon, markup in a name, timeouts, and a start that matters.
func odd() simulate.Input {
	return simulate.Input{
		App: "odd <app> & \"co\"", Start: time.Date(2026, time.October, 24, 0, 0, 0, 0, time.UTC), StartAssumed: true,
		Horizon: 4 * m, ShutdownGrace: 20 * s,
		Limits: schedule.Limits{SoftDeadline: 2 * m, HardDeadline: 3 * m, IdleThreshold: 15 * s, Aging: 0},
		Daemons: []simulate.Daemon{
			daemon("greedy", 40*s, takes(25*s), priority(10), ends(worked, more, idle), func(d *simulate.Daemon) {
				d.Timeout, d.KillGrace = 10*s, 5*s
			}),
			daemon("sträng<é>&\"name\"-that-is-longer-than-any-column", 12*s, takes(2*s), lengthen(5*s, m), ends(idle, failed)),
			daemon("broken", 5*s, takes(s), ends(failed), entry(func(e *schedule.Entry) { e.DisarmAfter = 3 }),
				children(daemon("broken/child", s))),
			daemon("report", m, entry(func(e *schedule.Entry) { e.Conditions.After = []string{"broken"} })),
			daemon("once", m, pace(func(i *schedule.Interval) { i.Once = true })),
		},
	}
}

// drawn are the apps that are drawn in the golden files.
func drawn() map[string]simulate.Input {
	return map[string]simulate.Input{
		"mail": mail(), "demo": demo(), "many": many(), "odd": odd(), "empty": {App: "empty", Limits: schedule.Limits{IdleThreshold: m}},
	}
}

func text(t *testing.T, in simulate.Input, width int) string {
	t.Helper()
	var out bytes.Buffer
	if err := simulate.WriteText(&out, simulated(t, in), width); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func picture(t *testing.T, in simulate.Input) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := simulate.WriteSVG(&out, simulated(t, in)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func page(t *testing.T, in simulate.Input) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := simulate.WriteHTML(&out, simulated(t, in)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, in := range drawn() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, name+".txt", []byte(text(t, in, 0)))
			if name == "many" { // its picture is large, and says nothing new
				return
			}
			golden(t, name+".svg", picture(t, in))
			golden(t, name+".html", page(t, in))
			golden(t, name+".jsonl", []byte(lines(t, in)))
		})
	}
}

// TestTextWidth: no line is wider than asked for, and none ends in a blank.
func TestTextWidth(t *testing.T) {
	t.Parallel()
	for name, in := range drawn() {
		report := simulated(t, in)
		for width := 40; width < 170; width++ {
			var out bytes.Buffer
			if err := simulate.WriteText(&out, report, width); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(out.String()) {
				line = strings.TrimSuffix(line, "\n")
				if n := utf8.RuneCountInString(line); n > width || strings.HasSuffix(line, " ") {
					t.Errorf("%s at %d: %d wide: %q", name, width, n, line)
				}
			}
		}
	}
}

// TestSame: the same input gives the same bytes, drawn first or drawn again.
func TestSame(t *testing.T) {
	t.Parallel()
	for name, in := range drawn() {
		report := simulated(t, in)
		var first, again bytes.Buffer
		for _, out := range []*bytes.Buffer{&first, &again} {
			if err := simulate.WriteHTML(out, report); err != nil {
				t.Fatal(err)
			}
		}
		if first.String() != again.String() || first.String() != string(page(t, in)) {
			t.Errorf("%s: two drawings of one input differ", name)
		}
	}
}

// word is a text of a picture, with the space it takes.
type word struct {
	class, anchor, s string
	from, to, bottom float64
}

// words reads a picture as XML and lists its texts; it fails on what is not well-formed or reaches beyond.
func words(t *testing.T, name string, svg []byte) (out []word) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(svg))
	var width, height float64
	var current *word
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			x, y, w, h := number(e, "x"), number(e, "y"), number(e, "width"), number(e, "height")
			switch e.Name.Local {
			case "svg":
				width, height = w, h
			case "rect":
				if x < 0 || y < 0 || w < 0 || h < 0 || x+w > width+0.2 || y+h > height+0.2 {
					t.Errorf("%s: rectangle at %v,%v of %v,%v is beyond the picture", name, x, y, w, h)
				}
			case "text":
				current = &word{class: attribute(e, "class"), anchor: attribute(e, "text-anchor"), from: x, bottom: y}
			}
		case xml.CharData:
			if current == nil {
				continue
			}
			current.lay(string(e))
			if w := *current; w.from < 0 || w.to > width+1 || w.bottom > height || w.bottom < 8 {
				t.Errorf("%s: %q from %v to %v at %v is cut", name, w.s, w.from, w.to, w.bottom)
			}
			out = append(out, *current)
			current = nil
		case xml.EndElement:
			current = nil
		}
	}
}

// lay works out the space that a text takes, as wide as the widest of the common fonts makes it.
func (w *word) lay(s string) {
	size := 11.5
	switch {
	case w.class == "title":
		size = 15
	case w.class == "tiny":
		size = 9
	case w.class == "tick", strings.HasPrefix(w.class, "small"):
		size = 10.5
	}
	length := 0.61 * size * float64(utf8.RuneCountInString(s))
	switch w.anchor {
	case "middle":
		w.from -= length / 2
	case "end":
		w.from -= length
	}
	w.s, w.to = s, w.from+length
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func number(e xml.StartElement, name string) float64 {
	x, err := strconv.ParseFloat(attribute(e, name), 64)
	if err != nil {
		return 0 // "100%", or none
	}
	return x
}

// wellFormed reads XML to its end.
func wellFormed(svg []byte) error {
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// noOverlap fails where two texts lie on each other.
func noOverlap(t *testing.T, name string, words []word) {
	t.Helper()
	for i, a := range words {
		for _, b := range words[:i] {
			if dy := a.bottom - b.bottom; dy > -8 && dy < 8 && a.from < b.to && b.from < a.to {
				t.Errorf("%s: %q and %q overlap", name, a.s, b.s)
			}
		}
	}
}

func TestSVG(t *testing.T) {
	t.Parallel()
	for name, in := range drawn() {
		svg := picture(t, in)
		noOverlap(t, name, words(t, name, svg))
		for _, foreign := range []string{"url(http", "href", "@import", "<script"} {
			if bytes.Contains(svg, []byte(foreign)) {
				t.Errorf("%s: the picture contains %s", name, foreign)
			}
		}
	}
}

// TestSVGDeadlines: the words of deadlines and of the stop never overlap, wherever they fall.
func TestSVGDeadlines(t *testing.T) {
	t.Parallel()
	for soft := time.Duration(1); soft < 60; soft += 3 {
		for hard := time.Duration(1); hard < 60; hard += 4 {
			in := simulate.Input{
				Limits:  schedule.Limits{SoftDeadline: soft * s, HardDeadline: hard * s, IdleThreshold: 7 * s},
				Horizon: 50 * s,
				Daemons: []simulate.Daemon{daemon("a", 3*s, lengthen(s, 9*s), ends(idle), takes(s))},
			}
			noOverlap(t, (soft*s).String()+"/"+(hard*s).String(), words(t, "deadlines", picture(t, in)))
		}
	}
}

// TestSVGSize: however long the app lives, the picture does not grow.
func TestSVGSize(t *testing.T) {
	t.Parallel()
	in := simulate.Input{Horizon: 30 * 24 * time.Hour}
	for i := range 50 {
		in.Daemons = append(in.Daemons, daemon("d"+strconv.Itoa(i), time.Duration(20+i)*m, takes(time.Duration(i)*s), ends(worked, idle, failed)))
	}
	if n := len(picture(t, in)); n > 600_000 {
		t.Errorf("%d bytes", n)
	}
}

func TestHTML(t *testing.T) {
	t.Parallel()
	for name, in := range drawn() {
		html := string(page(t, in))
		for _, want := range []string{"<!DOCTYPE html>", `lang="en"`, "<title>", "<svg", "</table>", "prefers-color-scheme"} {
			if !strings.Contains(html, want) {
				t.Errorf("%s: no %s", name, want)
			}
		}
		for _, foreign := range []string{"<script", "src=", "href=", "@import", "ZgotmplZ", "<é>", "<app>"} {
			if strings.Contains(html, foreign) {
				t.Errorf("%s: contains %s", name, foreign)
			}
		}
	}
}

// TestWarnings: what the reader should know is said.
func TestWarnings(t *testing.T) {
	t.Parallel()
	got := strings.Join(strings.Fields(text(t, odd(), 200)), " ")
	for _, want := range []string{
		"starts Sat 2026-10-24 00:00:00 UTC, the coming midnight",
		"warning: greedy is assumed to take 25s, more than its timeout of 10s: a real run would be cancelled and fail, " +
			"and be given up as stuck if it went on for its kill_grace of 5s",
		"warning: assumed to take more than the shutdown_grace of 20s, so that a stop may cut it: greedy (25s)",
		"warning: broken is disarmed at",
		"warning: broken/child never appears: no run of its seed ends without a failure",
		"warning: report never runs: after broken",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
