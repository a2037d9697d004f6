package exec_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/peakd/peakd/daemons/exec"
)

// cutLines is what readLines promises, in the plainest words.
func cutLines(text string, limit int) (kept string, skipped int) {
	var b strings.Builder
	for line := range strings.Lines(text) {
		body, _ := strings.CutSuffix(line, "\n")
		if len(body) < limit {
			b.WriteString(line)
			continue
		}
		b.WriteString(body[:limit] + "\n")
		skipped += len(body) - limit
	}
	return b.String(), skipped
}

func FuzzReadLines(f *testing.F) {
	f.Add("one\ntwo\n", 8)
	f.Add("12345678\n123456789\n\n\nx", 8)
	f.Add(strings.Repeat("x", 100), 3)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = max(1, limit%64)
		want, wantSkipped := cutLines(text, limit)
		for name, r := range map[string]*bytes.Reader{"whole": bytes.NewReader([]byte(text)), "bytes": bytes.NewReader([]byte(text))} {
			var got strings.Builder
			skipped := 0
			var from interface{ Read([]byte) (int, error) } = r
			if name == "bytes" {
				from = iotest.OneByteReader(r)
			}
			exec.ReadLines(from, limit, func(block []byte) {
				if len(block) == 0 || len(block) > limit+1 {
					t.Errorf("%s: a block of %d bytes", name, len(block))
				}
				got.Write(block)
			}, func(n int) { skipped += n })
			if got.String() != want || skipped != wantSkipped {
				t.Errorf("%s: got %q, skipped %d; want %q, %d", name, got.String(), skipped, want, wantSkipped)
			}
		}
	})
}

// TestCapturedIsBothEnds compares with keeping everything.
func TestCapturedIsBothEnds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(1, 64<<10), 0, 20).Draw(t, "sizes")
		var all []byte
		var blocks [][]byte
		for i, size := range sizes {
			block := bytes.Repeat([]byte{byte('a' + i)}, size)
			blocks, all = append(blocks, block), append(all, block...)
		}
		got := exec.Capture(func(s string) string { return s }, blocks...)
		head := min(len(all), exec.KeepBytes)
		tail := max(head, len(all)-exec.KeepBytes)
		if !bytes.Equal(got.Head, all[:head]) || !bytes.Equal(got.Tail, all[tail:]) || got.Dropped != int64(tail-head) {
			t.Errorf("of %d: head %d, tail %d, dropped %d", len(all), len(got.Head), len(got.Tail), got.Dropped)
		}
	})
}

func FuzzParseStatement(f *testing.F) {
	for _, line := range []string{"worked 1", "worked 2 more\n", "idle", "failed x", "progress 1/2", "worked 99999999999", "failed", ""} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		outcome, count, reason, done, total, err := exec.ParseStatement(line)
		if err != nil && (outcome != "none" || count != 0 || reason != "" || done != 0 || total != 0) {
			t.Errorf("%q: an error, and yet %s %d %q %d/%d", line, outcome, count, reason, done, total)
		}
		if count < 0 || done < 0 || total < 0 || (outcome == "failed") != (reason != "") {
			t.Errorf("%q: %s %d %q %d/%d", line, outcome, count, reason, done, total)
		}
	})
}

func TestFileNames(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	long := strings.Repeat("x", 190)
	for _, name := range []string{
		"a", "A", "a/b", "a%2Fb", "a b", ".", "..", "a.lock", "ä", strings.Repeat("/", 100), strings.Repeat("/", 99),
		long, long + "/", long + "/1", long + "/2", long + strings.Repeat("y", 10), long + strings.Repeat("y", 11),
	} {
		got := exec.FileName(name)
		if other, dup := seen[got]; dup || len(got) > 255 || strings.Contains(got, "/") || strings.Trim(got, ".") == "" {
			t.Errorf("%q becomes %q, as %q", name, got, other)
		}
		seen[got] = name
	}
}
