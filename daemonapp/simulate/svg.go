package simulate

import (
	"fmt"
	"io"
	"time"
	"unicode/utf8"
)

// WriteSVG draws the report as a picture of its own: a lane for each daemon over time, and below them how busy
// the workers were. It names no file and no font of the network, and follows the light or dark of the reader.
func WriteSVG(w io.Writer, r *Report) error {
	if err := r.Explain(); err != nil {
		return err
	}
	if _, err := io.WriteString(w, r.svg(true)); err != nil {
		return fmt.Errorf("write svg: %w", err)
	}
	return nil
}

// picture is an SVG drawing in the making.
type picture struct {
	canvas
	r *Report
	d *drawing

	left, right float64 // of the plot
	top, bottom float64 // of the lanes
	foot        float64 // of the load
	height      float64
	head        float64 // height of what stands above the deadlines
	lane        float64 // height of one
	span        time.Duration
	labels      []label
}

const (
	pictureWidth = 1200
	margin       = 20
	nameSize     = 11.5
	smallSize    = 10.5
	tinySize     = 9
	nameLetters  = 28
	labelRow     = 18
	loadHeight   = 56
)

// svg draws the picture; a page of its own says what the title says.
func (r *Report) svg(titled bool) string {
	p := &picture{r: r, d: r.drawn, head: 34}
	if titled {
		p.head = 84
	}
	p.layout()
	p.open()
	if titled {
		p.titles()
	}
	p.key()
	p.grounds()
	p.lines()
	p.axis()
	p.lanes()
	p.load()
	p.words()
	p.raw("</svg>\n")
	return p.out.String()
}

// layout settles where everything goes.
func (p *picture) layout() {
	p.lane = 26
	if len(p.d.tracks) > 16 {
		p.lane = 20
	}
	letters := utf8.RuneCountInString("workers")
	for _, index := range p.d.shown {
		letters = max(letters, utf8.RuneCountInString(p.name(index)))
	}
	letters = min(letters, nameLetters)
	p.left = margin + glyph*nameSize*float64(letters) + 14
	p.right = pictureWidth - margin
	p.span = p.covered()
	p.labels = p.placed()
	rows := 0
	for _, l := range p.labels {
		rows = max(rows, l.row+1)
	}
	const axisHeight = 22
	p.top = p.head + float64(rows)*labelRow + axisHeight
	p.bottom = p.top + p.lane*float64(len(p.d.tracks))
	p.foot = p.bottom + 14 + loadHeight
	p.height = p.foot + 24
}

// covered is the time that the plot covers: a little more than the app's life, and a deadline that lies near.
func (p *picture) covered() time.Duration {
	stop := p.r.Stop.At
	if stop <= 0 {
		return time.Second
	}
	span := stop + stop/25
	for _, near := range []time.Duration{p.r.Input.Limits.HardDeadline, p.r.Stop.NextAt} {
		if near > stop && near <= stop+stop/4 {
			span = max(span, near+stop/50)
		}
	}
	return span
}

// x is where a time lies.
func (p *picture) x(at time.Duration) float64 {
	return p.left + (p.right-p.left)*float64(at)/float64(p.span)
}

// name is a daemon's, without the indentation.
func (p *picture) name(index int32) string {
	if p.d.tree {
		return p.d.label(p.r, index)
	}
	return p.r.Daemons[index].Name
}

func (p *picture) open() {
	p.raw(`<svg xmlns="http://www.w3.org/2000/svg" class="peakd" viewBox="0 0 `, number(pictureWidth), " ", number(p.height),
		`" width="`, number(pictureWidth), `" height="`, number(p.height), `" role="img" aria-labelledby="peakd-title peakd-desc">`, "\n")
	p.raw(`<title id="peakd-title">`, escape(p.r.name()+": what the scheduler would do"), "</title>\n")
	p.raw(`<desc id="peakd-desc">`, escape(p.description()), "</desc>\n")
	p.raw("<style>", svgStyle, "</style>\n")
	p.raw(`<defs><pattern id="peakd-hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">`,
		`<line class="hatch" x1="0" y1="0" x2="0" y2="5"/></pattern></defs>`, "\n")
	p.rect("paper", 0, 0, pictureWidth, p.height, "")
}

// description says in words what the picture shows.
func (p *picture) description() string {
	s := p.r.headline() + "."
	for _, line := range p.r.sentences() {
		s += " " + line + "."
	}
	return s
}

// titles writes what becomes of the app, and its limits.
func (p *picture) titles() {
	room := float64(pictureWidth - 2*margin)
	p.text("title", "start", margin, 28, cut(p.r.name()+" "+p.r.stops(), int(room/(glyph*15))))
	p.text("small", "start", margin, 48, cut(p.r.headline(), int(room/(glyph*smallSize))))
}

// key explains the bars, and names the deadlines that lie beyond the plot.
func (p *picture) key() {
	x, y := float64(margin), p.head-14
	p.text("small", "end", p.right, y, p.beyond())
	for _, entry := range []struct{ class, word string }{
		{"worked", "worked"}, {"more", "more to do"}, {"idle", "idle"}, {"failed", "failed"}, {"waiting", "due, waiting for the floor"},
	} {
		p.bar(entry.class, x, y-4, 14, 1, "")
		p.text("small", "start", x+20, y, entry.word)
		x += 20 + textWidth(entry.word, smallSize) + 22
	}
	if !p.d.detail {
		p.text("small", "start", x, y, "one column is "+Short(p.d.cell)+"; the taller, the busier")
		return
	}
	p.line("pause", x, y-4, x+26, y-4)
	p.text("small", "start", x+32, y, "waiting for its next time")
}

// tick is the step of the axis.
func (p *picture) tick() time.Duration {
	const leastPixels = 84
	return tickLength(time.Duration(float64(p.span)*leastPixels/(p.right-p.left)), time.Millisecond)
}

// lines draws those of the axis, of the deadlines and of the stop.
func (p *picture) lines() {
	for at, tick := time.Duration(0), p.tick(); at <= p.span; at += tick {
		p.line("grid", p.x(at), p.top, p.x(at), p.foot)
	}
	if stop := p.x(p.r.Stop.At); stop < p.right {
		p.rect("after", stop, p.top, p.right-stop, p.foot-p.top, "")
	}
	for _, l := range p.labels {
		p.line(l.class, l.x, p.rowTop(l.row), l.x, p.foot)
	}
}

// rowTop is where a row of words of deadlines begins.
func (p *picture) rowTop(row int) float64 { return p.head + float64(row)*labelRow }

// axis writes the times.
func (p *picture) axis() {
	tick := p.tick()
	y := p.top - 8
	for at := time.Duration(0); at <= p.span; at += tick {
		x, s := p.x(at), tickLabel(at, tick)
		if x+textWidth(s, smallSize)/2 <= pictureWidth-4 {
			p.text("tick", "middle", x, y, s)
		}
	}
}
