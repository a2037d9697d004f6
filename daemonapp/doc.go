// Package daemonapp runs many small recurring daemons in one process.
//
// An [App] (the DaemonApp of the 2003 proposal) holds a queue of daemons, each with a priority and a
// desired next run time. The highest-priority ready daemon runs, the others wait until it yields. Package
// schedule decides; this package is the shell that acts: it owns the clock, the workers and the contexts.
//
// # Who owns what
//
// The scheduler and everything an App knows has one owner at a time: whoever holds its lock. A worker
// that has ended a run takes the lock, books the run, asks for the next decision and, if that is a start,
// carries it out itself: between two runs there is no hand-over to another goroutine. One more
// goroutine, the loop in [App.Run], owns the one timer of the app: it waits until the next moment
// that the scheduler named and dispatches then. There is no goroutine, timer or channel per waiting daemon.
package daemonapp
