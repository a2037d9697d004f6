package schedule

import (
	"time"

	"github.com/peakd/peakd/priorityq"
)

// daemon is a daemon at rest or running. Fields that few daemons need are in extra.
type daemon struct {
	name    string
	planner Planner
	extra   *extra
	due     int64 // next run time while waiting; due or release time from then on; the plan while paused
	started int64 // of the last run; unset before the first
	ended   int64 // last completion
	good    int64 // last completion that did not fail
	stats   Stats

	next, prev  ID // in the list of the ready; see order
	idle, fails int32
	priority    int32
	flags       flags
	state       State
	outcome     Outcome // of the last run
}

type flags uint16

const (
	isBackground flags = 1 << iota
	isForced           // an operator's trigger: conditions are not looked at; until the end of the run
	isWoken            // due before its time, likewise
	isLeaving          // is removed when its run ends
	isAwaited          // some daemon's After names it
	isStuck            // an abandoned run has not returned
	isQueued           // stands in a waiting set
	armLater           // is armed when its abandoned run returns
	wakeLater          // is due again when its run ends; of one that is due already: when a successor takes its place
	wakeForced         // likewise, by an operator
	wakeShift          // likewise, and the next time is planned anew
	pauseLater         // is paused when its run ends
	disarmLater        // is disarmed when its run ends
	skipLater          // the run after the one in flight, or after the next one to start, is left out
	heldNoted          // it was noted that the daemon is held; until the end of its next run
	isRanked           // stands in line behind an equal; see ready
)

// extra is what only some daemons have.
type extra struct {
	conditions  Conditions
	handle      priorityq.Handle // in the queue of those held by load or slots
	disarmAfter int32
	calendar    Calendar
	wall        time.Time // the calendar time that due stands for; zero if it is none
	planned     int64     // the time planned before an operator's trigger; unset if none
	until       int64     // of a pause
	successor   *Entry    // replaces the daemon when its run ends
	why         string    // of a disarm or a hold by the daemon itself
}

// order is the place of a daemon in the order in which waiting sets were filled. Only the ready stand in a list, so
// it takes the room of the links.
func (d *daemon) order() uint64 { return uint64(uint32(d.next))<<32 | uint64(uint32(d.prev)) }

func (d *daemon) setOrder(n uint64) { d.next, d.prev = ID(n>>32), ID(n) }

func (d *daemon) calendar() Calendar {
	if d.extra == nil {
		return nil
	}
	return d.extra.calendar
}

func (d *daemon) readsWallClock() bool {
	return d.extra != nil && (d.extra.calendar != nil || d.extra.conditions.Window != nil)
}
