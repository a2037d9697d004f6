package simulate

import (
	"slices"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
)

const (
	// shownLimit is how many daemons a drawing shows; beyond, those with the longest waits, and one lane for the rest.
	shownLimit = 40
	// cellsLimit bounds the cells of a lane, marksLimit the runs that are drawn one by one.
	cellsLimit = 480
	marksLimit = 2000
)

// drawing is what the drawings need beyond the report. It comes from running the simulation once more,
// now that the stop and the waits are known: so its size does not depend on how long the app lives.
type drawing struct {
	shown  []int32 // the daemons to be shown
	tree   bool    // they are all there is, so that children can stand under their seed
	others int     // how many daemons are not shown
	cell   time.Duration
	cells  int
	tracks []track // of those shown, then of the rest if there is one
	busy   []int64 // time spent in runs, of all workers, by cell
	// marks are the runs of those shown, nil if there are too many.
	marks  []mark
	detail bool
	// behind is who had the floor during the longest wait of each of those shown.
	behind []Behind
	// oneMore is the longest wait with one more worker; helps tells that it is a shorter one.
	oneMore Wait
	helps   bool
}

// track is one lane of a drawing.
type track []cell

// cell is what happened in a stretch of time.
type cell struct {
	worked, idle, failed, waiting int64 // time spent
	seen                          seen
}

// seen tells what there was in a cell, runs that take no time included.
type seen uint8

const (
	seenWaiting seen = 1 << iota
	seenIdle
	seenWorked
	seenFailed
)

// mark is one run to be drawn; track is the index among those shown.
type mark struct {
	ran
	track int
}

// Explain works out what the drawings need: who held the floor during the longest waits, what happened when, and
// whether one more worker would help. It runs the simulation up to two times more. The drawings call
// it; a second call does nothing.
func (r *Report) Explain() error {
	if r.drawn != nil {
		return nil
	}
	d := &drawing{}
	d.choose(r)
	if err := d.trace(r); err != nil {
		return err
	}
	if err := d.compare(r); err != nil {
		return err
	}
	r.drawn = d
	return nil
}

// choose decides who is shown: all, or those who waited longest, the longest first.
func (d *drawing) choose(r *Report) {
	d.shown = make([]int32, len(r.Daemons))
	for i := range d.shown {
		d.shown[i] = int32(i)
	}
	d.tree = len(d.shown) <= shownLimit
	if !d.tree {
		slices.SortStableFunc(d.shown, func(a, b int32) int {
			return int(min(max(r.Daemons[b].Wait.Length-r.Daemons[a].Wait.Length, -1), 1))
		})
		d.others = len(d.shown) - shownLimit
		d.shown = d.shown[:shownLimit]
	}
	runs := 0
	for _, i := range d.shown {
		runs += r.Daemons[i].Runs
	}
	d.detail = runs <= marksLimit
	d.cell = cellLength(r.Stop.At, time.Millisecond, cellsLimit)
	d.cells = int(r.Stop.At/d.cell) + 1
}

// again runs the simulation of r with other limits and a listener.
func (r *Report) again(limits schedule.Limits, listen func(w *world) func(ran) error) (*world, error) {
	in := r.Input
	in.Limits = limits
	lanes, err := flatten(in.Daemons)
	if err != nil {
		return nil, err
	}
	w, err := newWorld(in, lanes)
	if err != nil {
		return nil, err
	}
	if listen != nil {
		w.ran = listen(w)
	}
	return w, w.live()
}

// trace fills the tracks, the marks and what lies behind the waits.
func (d *drawing) trace(r *Report) error {
	t := newTracer(d, r)
	w, err := r.again(r.Input.Limits, func(*world) func(ran) error { return t.take })
	if err != nil {
		return err
	}
	for i := range w.lanes {
		if l := &w.lanes[i]; l.unstarted != never {
			t.wait(t.trackOf[i], l.unstarted, int64(r.Stop.Decided))
		}
	}
	d.behind = t.behind.answers(r)
	return nil
}

// compare tries one more worker, if anybody waited.
func (d *drawing) compare(r *Report) error {
	if r.Sum.Wait.Length == 0 {
		return nil
	}
	limits := r.Input.Limits
	limits.Workers++
	w, err := r.again(limits, nil)
	if err != nil {
		return err
	}
	d.oneMore = w.report().Sum.Wait
	d.helps = d.oneMore.Length < r.Sum.Wait.Length
	return nil
}

// tracer books runs into a drawing.
type tracer struct {
	d       *drawing
	stop    int64
	trackOf []int // by daemon; those not shown share the last
	behind  *holders
}

func newTracer(d *drawing, r *Report) *tracer {
	t := &tracer{
		d: d, stop: int64(r.Stop.At), trackOf: make([]int, len(r.Daemons)), behind: newHolders(d, r),
	}
	n := len(d.shown)
	if d.others > 0 {
		n++
	}
	for i := range t.trackOf {
		t.trackOf[i] = len(d.shown)
	}
	for i, index := range d.shown {
		t.trackOf[index] = i
	}
	d.tracks = make([]track, n)
	for i := range d.tracks {
		d.tracks[i] = make(track, d.cells)
	}
	d.busy = make([]int64, d.cells)
	return t
}

// take books one run.
func (t *tracer) take(r ran) error {
	track := t.trackOf[r.lane]
	t.wait(track, r.due, r.start)
	t.run(track, r)
	t.behind.take(r)
	if t.d.detail && track < len(t.d.shown) {
		t.d.marks = append(t.d.marks, mark{ran: r, track: track})
	}
	return nil
}

func (t *tracer) wait(track int, from, to int64) {
	if from == to {
		return
	}
	t.spread(from, to, func(i int, part int64) {
		c := &t.d.tracks[track][i]
		c.waiting += part
		c.seen |= seenWaiting
	})
}

func (t *tracer) run(track int, r ran) {
	t.spread(r.start, r.end, func(i int, part int64) {
		t.d.busy[i] += part
		t.d.tracks[track][i].run(r.outcome, part)
	})
}

func (c *cell) run(outcome schedule.Outcome, part int64) {
	switch outcome {
	case schedule.Worked, schedule.More:
		c.worked += part
		c.seen |= seenWorked
	case schedule.Idle:
		c.idle += part
		c.seen |= seenIdle
	case schedule.Failed:
		c.failed += part
		c.seen |= seenFailed
	case schedule.Cancelled:
	}
}

// spread divides the time from..to, up to the stop, over cells; no time at all counts for the cell it lies in.
func (t *tracer) spread(from, to int64, add func(i int, part int64)) {
	to = min(to, t.stop)
	length := int64(t.d.cell)
	for i := from / length; ; i++ {
		end := min((i+1)*length, to)
		add(int(i), end-from)
		if from = end; from >= to {
			return
		}
	}
}

// coarse joins cells into larger ones; length must be a multiple of the drawing's.
func (t track) coarse(by int) track {
	out := make(track, (len(t)+by-1)/by)
	for i, c := range t {
		o := &out[i/by]
		o.worked += c.worked
		o.idle += c.idle
		o.failed += c.failed
		o.waiting += c.waiting
		o.seen |= c.seen
	}
	return out
}
