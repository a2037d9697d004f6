package simulate

import (
	"strings"
	"time"
	"unicode/utf8"
)

// timeline draws the axis, the lanes, the load and the deadlines.
func (t *text) timeline() {
	t.axis()
	d := t.r.drawn
	by := int(t.cell / d.cell)
	for i, index := range d.shown {
		t.row(d.label(t.r, index), d.tracks[i].coarse(by).text())
	}
	if d.others > 0 {
		t.row(plural(d.others, "other"), d.tracks[len(d.shown)].coarse(by).text())
	}
	t.row("busy", t.load(by))
	legend := "one cell is " + Short(t.cell) + ":  █ worked  ░ idle  x failed  · due, waiting for the floor"
	if marks, key := t.deadlines(); t.names+nameGap+utf8.RuneCountInString(marks+key) <= t.width {
		t.row("deadlines", marks+key)
	} else {
		t.row("deadlines", marks)
		legend += key
	}
	t.out.WriteByte('\n')
	t.legend(legend)
}

// legend writes the key of the lanes; it keeps the double spaces where it fits.
func (t *text) legend(s string) {
	if utf8.RuneCountInString(s) > t.width {
		t.wrap(s)
		return
	}
	t.out.WriteString(s)
	t.out.WriteByte('\n')
}

// axis writes the times and the ticks under them. No label is cut: one that does not fit is left out.
func (t *text) axis() {
	const leastCells = 6
	room := t.width - t.names - nameGap
	tick := tickLength(leastCells*t.cell, t.cell)
	for int(tick/t.cell) < len(Short(tick*time.Duration(t.cells)))+1 {
		tick = tickLength(tick+t.cell, t.cell)
	}
	step := int(tick / t.cell)
	var labels, ticks strings.Builder
	for column := 0; column < t.cells; column += step {
		label := tickLabel(time.Duration(column)*t.cell, tick)
		if column+utf8.RuneCountInString(label) > room {
			label = ""
		}
		labels.WriteString(padRight(label, step))
		ticks.WriteString(padRight("╷", step))
	}
	t.row("", labels.String())
	t.row("", ticks.String())
}

// text draws a lane: each cell shows the strongest thing in it.
func (t track) text() string {
	var b strings.Builder
	for i := range t {
		b.WriteRune(t[i].seen.rune())
	}
	return b.String()
}

func (s seen) rune() rune {
	switch {
	case s&seenFailed != 0:
		return 'x'
	case s&seenWorked != 0:
		return '█'
	case s&seenIdle != 0:
		return '░'
	case s&seenWaiting != 0:
		return '·'
	}
	return ' '
}

// load draws how busy the workers were, in eighths, rounded up.
func (t *text) load(by int) string {
	eighths := []rune(" ▁▂▃▄▅▆▇█")
	stop := int64(t.r.Stop.At)
	out := make([]rune, t.cells)
	for i := range out {
		from := int64(i) * int64(t.cell)
		length := min(from+int64(t.cell), stop) - from
		out[i] = eighths[eighth(t.r.drawn.busyIn(i*by, by), length*int64(t.r.Input.Limits.Workers))]
	}
	return string(out)
}

// eighth is part/whole in eighths: 0 only if it is nothing.
func eighth(part, whole int64) int {
	if part <= 0 || whole <= 0 {
		return 0
	}
	return min(int(8*float64(part)/float64(whole)+0.999), 8)
}

// busyIn is the time spent in runs in so many cells from that one on.
func (d *drawing) busyIn(from, n int) int64 {
	sum := int64(0)
	for i := from; i < min(from+n, len(d.busy)); i++ {
		sum += d.busy[i]
	}
	return sum
}

// deadlines marks the soft deadline and the stop, and explains the marks.
func (t *text) deadlines() (marks, key string) {
	out := []rune(strings.Repeat(" ", t.cells))
	soft := t.r.Input.Limits.SoftDeadline
	if column := int(soft / t.cell); soft > 0 && column < t.cells-1 {
		out[column] = 'S'
		key = "  S soft"
	}
	out[t.cells-1] = '■'
	return string(out), key + "  ■ stop"
}
