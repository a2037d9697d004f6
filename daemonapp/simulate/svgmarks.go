package simulate

import (
	"slices"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// label is a deadline or the stop: a line through the lanes with a word above them.
type label struct {
	class    string
	at       time.Duration
	words    string
	x        float64 // of the line
	from, to float64 // of the words
	row      int
}

// marked lists the deadlines and the stop.
func (p *picture) marked() []label {
	l, stop := p.r.Input.Limits, p.r.Stop
	out := []label{}
	if l.SoftDeadline > 0 {
		out = append(out, label{class: "soft", at: l.SoftDeadline, words: "soft deadline " + Short(l.SoftDeadline)})
	}
	if l.HardDeadline > 0 && (stop.Reason != schedule.HardDeadline || stop.At > l.HardDeadline) {
		out = append(out, label{class: "hard", at: l.HardDeadline, words: "hard deadline " + Short(l.HardDeadline)})
	}
	words := "stop " + Short(stop.At) + ": " + stop.Reason.String()
	if stop.Reason == schedule.Horizon {
		words = "horizon " + Short(stop.At)
	}
	out = append(out, label{class: "stop", at: stop.At, words: words})
	slices.SortStableFunc(out, func(a, b label) int { return int(min(max(a.at-b.at, -1), 1)) })
	return out
}

// placed puts the words beside their lines, inside the picture and in rows so that none covers another.
func (p *picture) placed() []label {
	labels := slices.DeleteFunc(p.marked(), func(l label) bool { return l.at > p.span })
	for i := range labels {
		l := &labels[i]
		const space = 5
		width := textWidth(l.words, smallSize)
		l.x = p.x(l.at)
		l.from = l.x + space
		if l.from+width > p.right {
			l.from = l.x - space - width
		}
		l.to = l.from + width
		for taken(labels[:i], *l) {
			l.row++
		}
	}
	return labels
}

// taken tells whether the words would touch others of their row, or the line run through words of its row or
// further down.
func taken(placed []label, l label) bool {
	const space = 10
	for _, other := range placed {
		touches := l.from < other.to+space && other.from < l.to+space
		crosses := other.from-2 < l.x && l.x < other.to+2
		if (touches && other.row == l.row) || (crosses && other.row >= l.row) {
			return true
		}
	}
	return false
}

// words writes what the lines are.
func (p *picture) words() {
	for _, l := range p.labels {
		y := p.rowTop(l.row)
		p.rect("paper", l.from-2, y+1, l.to-l.from+4, labelRow-3, "") // a line from further up may pass here
		p.text("small "+l.class+"-word", "start", l.from, y+11, l.words)
	}
}

// beyond names the deadlines that lie further to the right.
func (p *picture) beyond() string {
	var names []string
	for _, l := range p.marked() {
		if l.at > p.span {
			names = append(names, l.words)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return strings.Join(names, ", ") + " →"
}
