// Package simulate runs an app on virtual time and draws what happened.
//
// It drives the same core as the real app, [schedule.Scheduler], with runs that are assumed instead of
// executed, so that what it shows is what the app would do. [Run] is the event loop: one pass, no output of
// its own, one [Line] for each run. A [Report] sums it up; [Report.WriteText], [Report.WriteSVG] and
// [Report.WriteHTML] draw it.
//
// The package is as pure as the core: no clock, no goroutine, no file. The same input gives the same bytes.
package simulate
