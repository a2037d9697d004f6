// Package spool is a queue of files in a directory that loses nothing and finishes nothing twice, through crashes and power
// cuts, for any number of processes on the machine at once. Its whole state is in the tree, in where a file lies:
//
//	DIR/NAME                                      ready: handed in, waiting
//	DIR/.peakd/claim/OWNER.SLOT/TRIES-CRASHES/NAME  claimed: somebody who is alive works on it
//	DIR/.peakd/retry/DUE/TRIES-CRASHES/NAME       waiting for its next attempt; DUE is a Unix time in hex
//	DIR/.peakd/done/DATE/NAME                     delivered
//	DIR/.peakd/failed/NAME, NAME.why              set aside, and why
//	DIR/.peakd/tmp/                               being written
//
// A file changes its state by one rename that replaces nothing, so that it is always in exactly one of them and a crash
// leaves it in the one before or in the one after. TRIES counts the attempts that have ended, CRASHES those among them that
// ended with their owner.
//
// An owner is alive as long as the lock on its claim directory is held, and the handlers it starts inherit that lock: a
// claim is never taken over by age or by a process number, only when nobody who might work on the file is left.
//
// The promise is: a file whose hand-in was acknowledged is delivered at least once, and ends in done or in failed exactly
// once. Its handler sees it again only if its owner died, or the power went, between the effect and the record of it.
//
// The package has no goroutine, clock or log of its own: times are passed in; every operation returns what happened. File
// systems have to be local.
package spool
