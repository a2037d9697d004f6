// Package daemontest holds daemon types to the contract of [daemonapp.Daemon].
//
// A daemon type passes [Conform] in a test of its own:
//
//	func TestConformance(t *testing.T) {
//		daemontest.Conform(t, func(t *testing.T) daemonapp.Daemon {
//			return mail.New(mail.Settings{Directory: t.TempDir()})
//		})
//	}
//
// The suite runs in real time, so that daemons may have processes, files and sockets, and is best run
// under the race detector. Goroutines are told apart by their profiler labels: tests may run in parallel.
package daemontest
