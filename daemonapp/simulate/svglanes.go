package simulate

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// grounds draws the stripes that the lanes lie on, with the names.
func (p *picture) grounds() {
	for i := range p.d.tracks {
		p.ground(i, p.top+p.lane*float64(i))
	}
}

// lanes draws what each daemon did.
func (p *picture) lanes() {
	if p.d.detail {
		p.pauses()
		p.runs()
	}
	for i := range p.d.tracks {
		if !p.d.detail || i >= len(p.d.shown) {
			p.binned(i)
		}
	}
}

// ground draws the ground of a lane and its name; what the daemon did shows when the pointer rests there.
func (p *picture) ground(track int, y float64) {
	class := "lane"
	if track%2 == 1 {
		class = "lane odd"
	}
	name, title := plural(p.d.others, "other"), ""
	style, indent := "name", 0.0
	if track < len(p.d.shown) {
		row := &p.r.Daemons[p.d.shown[track]]
		name, title = row.Name, row.words()+p.waited(track)
		if p.d.tree && row.Depth > 0 {
			name, style, indent = row.Short, "name child", 14*float64(row.Depth)
		}
	}
	p.rect(class, margin-8, y, pictureWidth-2*margin+16, p.lane, title)
	room := p.left - 8 - margin - indent
	p.text(style, "start", margin+indent, y+p.lane/2+4, cut(name, int(room/(glyph*nameSize))))
}

// words sums a daemon up in a sentence.
func (r *Row) words() string {
	if !r.Present {
		return r.Name + " never appeared"
	}
	s := r.Name + ": " + plural(r.Runs, "run")
	for _, part := range []struct {
		n    int
		word string
	}{{r.Worked, "worked"}, {r.Idle, "idle"}, {r.Failed, "failed"}} {
		if part.n > 0 {
			s += ", " + strconv.Itoa(part.n) + " " + part.word
		}
	}
	return s + "; busy " + percent(r.Share) + "; waits " + r.interval() + " between runs"
}

// waited tells of a daemon's longest wait for the floor.
func (p *picture) waited(track int) string {
	w := p.r.Daemons[p.d.shown[track]].Wait
	if w.Length == 0 {
		return ""
	}
	return "; waited up to " + Short(w.Length) + " for the floor, at " + Short(w.Due) + p.d.behind[track].words()
}

// middle is the line on which the bars of a lane lie.
func (p *picture) middle(track int) float64 { return p.top + p.lane*(float64(track)+0.5) }

// barHeight is how tall the bars of an outcome are: they are told apart by more than their colour.
func (p *picture) barHeight(class string) float64 {
	switch class {
	case "idle":
		return p.lane * 0.34
	case "waiting":
		return p.lane * 0.4
	case "failed":
		return p.lane * 0.76
	}
	return p.lane * 0.58
}

// bar draws one around its middle; part of its height for a share of it.
func (p *picture) bar(class string, x, y, width, part float64, title string) {
	height := p.barHeight(class) * part
	p.rect(class, x, y-height/2, width, height, title)
}

const leastBar = 2

// runs draws the waits for the floor and the runs, one by one.
func (p *picture) runs() {
	stop := p.r.Stop.At
	for i := range p.d.marks {
		m := &p.d.marks[i]
		due, start, end := time.Duration(m.due), time.Duration(m.start), min(time.Duration(m.end), stop)
		y, title := p.middle(m.track), p.runTitle(m)
		if start > due {
			p.bar("waiting", p.x(due), y, max(p.x(start)-p.x(due), 1), 1, title)
		}
		p.bar(class(m.outcome), p.x(start), y, max(p.x(end)-p.x(start), leastBar), 1, title)
	}
	for track, index := range p.d.shown {
		if w := p.r.Daemons[index].Wait; w.Unfinished {
			p.bar("waiting", p.x(w.Due), p.middle(track), p.x(stop)-p.x(w.Due), 1,
				w.Daemon+": due "+Short(w.Due)+", not started in the "+Short(w.Length)+" to the stop")
		}
	}
}

func class(o schedule.Outcome) string {
	switch o {
	case schedule.More:
		return "more"
	case schedule.Idle:
		return "idle"
	case schedule.Failed:
		return "failed"
	case schedule.Worked, schedule.Cancelled:
	}
	return "worked"
}

func (p *picture) runTitle(m *mark) string {
	s := p.r.Daemons[m.lane].Name + ": " + m.outcome.String() + ", started " + Short(time.Duration(m.start))
	if m.start > m.due {
		s += ", after " + Short(time.Duration(m.start-m.due)) + " of waiting for the floor"
	}
	s += ", took " + Short(time.Duration(m.end-m.start))
	switch {
	case m.wait < 0:
		return s + "; does not run again"
	case m.wait == 0:
		return s + "; again at once"
	}
	return s + "; next in " + Short(time.Duration(m.wait))
}

// pauses draws the stretches between runs, with their length where there is room: an idle daemon's grow.
func (p *picture) pauses() {
	for i := range p.d.marks {
		m := &p.d.marks[i]
		if m.wait <= 0 || m.end >= int64(p.r.Stop.At) {
			continue
		}
		from, to := p.x(time.Duration(m.end))+leastBar+1, p.x(min(time.Duration(later(m.end, m.wait)), p.r.Stop.At))-1
		p.pause(from, to, p.middle(m.track), Short(time.Duration(m.wait)))
	}
}

func (p *picture) pause(from, to, y float64, length string) {
	const space, stub = 4, 6
	half := textWidth(length, tinySize)/2 + space
	if to-from < 2*(half+stub) {
		if to-from > 1 {
			p.line("pause", from, y, to, y)
		}
		return
	}
	middle := (from + to) / 2
	p.line("pause", from, y, middle-half, y)
	p.text("tiny", "middle", middle, y+3, length)
	p.line("pause", middle+half, y, to, y)
}

// binned draws a lane by cells: the colour of the strongest outcome, as tall as the daemon was busy.
func (p *picture) binned(track int) {
	var steps [4]strings.Builder
	classes := [...]string{"waiting", "idle", "worked", "failed"}
	cells := p.d.tracks[track]
	for kind := range classes {
		for i := 0; i < len(cells); {
			height := p.binHeight(&cells[i], kind, classes[kind])
			end := i + 1
			for end < len(cells) && p.binHeight(&cells[end], kind, classes[kind]) == height {
				end++
			}
			if height > 0 {
				from, to := p.x(time.Duration(i)*p.d.cell), p.x(min(time.Duration(end)*p.d.cell, p.r.Stop.At))
				steps[kind].WriteString(box(from, p.middle(track)-height/2, max(to-from, leastBar), height))
			}
			i = end
		}
		p.path(classes[kind], steps[kind].String())
	}
}

// binHeight is how tall the bar of a kind is in a cell, in whole pixels; 0 if a stronger one stands there.
func (p *picture) binHeight(c *cell, kind int, class string) float64 {
	spent := [...]int64{c.waiting, c.idle, c.worked, c.failed}
	flags := [...]seen{seenWaiting, seenIdle, seenWorked, seenFailed}
	if c.seen&flags[kind] == 0 {
		return 0
	}
	if kind > 0 && c.seen>>(kind+1) != 0 {
		return 0
	}
	const least = 5
	share := min(float64(spent[kind])/float64(p.d.cell), 1)
	return least + math.Round((p.barHeight(class)-least)*math.Sqrt(share))
}

// load draws how busy the workers were.
func (p *picture) load() {
	base := p.foot
	p.text("name", "start", margin, base-loadHeight/2+4, "workers")
	p.text("tiny", "end", p.left-6, base-loadHeight+8, "100%")
	p.text("tiny", "end", p.left-6, base, "0%")
	p.rect("lane", p.left, base-loadHeight, p.x(p.r.Stop.At)-p.left, loadHeight,
		"workers busy: "+percent(p.r.Sum.Share)+" of the time up to the stop")
	var steps strings.Builder
	for i := range p.d.busy {
		from, to := p.x(time.Duration(i)*p.d.cell), p.x(min(time.Duration(i+1)*p.d.cell, p.r.Stop.At))
		y := base - loadHeight*p.busyShare(i)
		if i == 0 {
			steps.WriteString("M" + number(from) + " " + number(base))
		}
		steps.WriteString("V" + number(y) + "H" + number(to))
	}
	steps.WriteString("V" + number(base) + "z")
	p.path("load", steps.String())
	p.line("base", p.left, base, p.right, base)
}

// busyShare is how much of a cell the workers were busy.
func (p *picture) busyShare(i int) float64 {
	length := min(p.d.cell, p.r.Stop.At-time.Duration(i)*p.d.cell)
	if length <= 0 {
		return 0
	}
	return min(float64(p.d.busy[i])/(float64(length)*float64(p.r.Input.Limits.Workers)), 1)
}
