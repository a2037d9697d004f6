// Package bench measures peakd beside other schedulers for Go, in the same run on the same machine. It is a module
// of its own, so that peakd does not depend on them:
//
//	cd daemonapp/bench && go test -bench . -benchtime 0.2s
//
// What counts is the metric times-ours: CPU time, or bytes, as a multiple of peakd's.
package bench
