// Package schedule is the core of peakd: it decides which daemon runs when, and when the app stops.
//
// It is pure. It is told times and answers with decisions; it has no goroutine, clock, context or
// log, so the real app, the simulator and the tests all drive the same code. A driver calls
// [Scheduler.Next] until the answer is not Start, carries out the starts, and reports the end of each run
// to [Scheduler.Done]. Times given to one Scheduler must not run backwards; they may stand still.
//
// A Scheduler is not safe for concurrent use. Next and Done allocate nothing and cost O(log n).
package schedule
