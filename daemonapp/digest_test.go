package daemonapp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// TestDigestsAreToldAsTheyWereWritten, and one that differs in anything replaces the daemon.
func TestDigestsAreToldAsTheyWereWritten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		digests := []string{
			"", "0", "00", "000", "0000", "1", "01", "a", "ab", "AB", "aB", "abc", "abcd", "abcdefg", "g", "xy", "0x", "-1", "ä", "  ",
			"0123456789abcdef", "0123456789abcde", "0123456789abcdeF", "0123456789abcdef00",
			"0123456789abcdef01234567", "0123456789abcdef01234568", "0123456789abcdef012345678", "0123456789abcdef0123456789",
			strings.Repeat("0", 24), strings.Repeat("0", 26), strings.Repeat("f", 64), "a sentence",
		}
		daemon := func(digest string) daemonapp.Spec {
			return daemonapp.Spec{Name: "a", Digest: digest, Daemon: every(time.Hour, ending(schedule.Idle))}
		}
		notes := newNotebook()
		l := begin(t, daemonapp.Options{Remember: notes}, daemon("first"))
		for _, digest := range digests {
			for _, want := range []daemonapp.Change{{Replaced: []string{"a"}}, {Kept: 1}} {
				change, err := l.Put(daemon(digest))
				if err != nil {
					t.Fatal(err)
				}
				same(t, "change to "+digest, change, want)
			}
			same(t, "digest", l.status("a").Digest, digest)
			if m, _ := notes.of("a"); m.Digest != digest {
				t.Errorf("digest %q remembered for %q", m.Digest, digest)
			}
		}
		if err := l.Remove("a"); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Put(daemon("")); err != nil {
			t.Fatal(err)
		}
		same(t, "digest of the next of that name", l.status("a").Digest, "")
	})
}
