package filecleanup_test

import (
	"math"
	"math/big"
	"path"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/peakd/peakd/daemons/filecleanup"
)

// The ranking with its bounded memory and its one pass over the oldest answers what the plain words of
// the documentation do on the whole list.
func TestRankingProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 20).Draw(t, "n")
		at := rapid.SliceOfN(rapid.Int64Range(0, 12), n, n).Draw(t, "at")
		sizes := rapid.SliceOfN(rapid.Int64Range(0, 5), n, n).Draw(t, "sizes")
		keep := rapid.IntRange(0, 6).Draw(t, "keep")
		limit := rapid.IntRange(1, 25).Draw(t, "limit")
		maximum := rapid.Int64Range(0, 40).Draw(t, "maximum")
		oldUntil := rapid.Int64Range(-1, 13).Draw(t, "oldUntil")
		removableUntil := rapid.Int64Range(oldUntil, 13).Draw(t, "removableUntil")
		stuck := map[int]bool{}
		for i := range n {
			stuck[i] = rapid.IntRange(0, 9).Draw(t, "stuck") == 0
		}
		old := func(at int64) bool { return at <= oldUntil }
		removable := func(at int64) bool { return at <= removableUntil }
		got := filecleanup.Ranked(limit, keep, maximum, at, sizes, stuck, old, removable)
		want := inWords(limit, keep, maximum, at, sizes, stuck, old, removable)
		if !slices.Equal(got, want) {
			t.Fatalf("goes: got %v, want %v", got, want)
		}
	})
}

func inWords(limit, keep int, maximum int64, at, sizes []int64, stuck map[int]bool, old, removable func(int64) bool) []int {
	order := []int{}
	total := int64(0)
	for i := range at {
		order = append(order, i)
		total += sizes[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(at[a] - at[b]) })
	gone := []int{}
	for rank, i := range order {
		newest := len(order)-rank <= keep
		tooLarge := maximum > 0 && total > maximum
		if rank >= limit || newest || !removable(at[i]) || (!old(at[i]) && !tooLarge) || stuck[i] {
			continue
		}
		gone = append(gone, i)
		total -= sizes[i]
	}
	return gone
}

func TestOldProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at, now := rapid.Int64().Draw(t, "at"), rapid.Int64().Draw(t, "now")
		olderThan := time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "olderThan"))
		guard := time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "guard"))
		age := new(big.Int).Sub(big.NewInt(now), big.NewInt(at))
		want := age.Sign() >= 0 && age.Cmp(big.NewInt(int64(max(olderThan, guard)))) >= 0
		if got := filecleanup.Old(olderThan, guard, at, now); got != want {
			t.Fatalf("old: got %v, want %v", got, want)
		}
	})
}

func TestGlobs(t *testing.T) {
	t.Parallel()
	cases := []struct {
		pattern, path string
		want          bool
	}{
		{"*", "a/.b", true},
		{"*.tmp", "x/a.tmp", true},
		{"*.tmp", "a.tmp.old", false},
		{"[ab]?", "b1", true},
		{"a/*.tmp", "a/x.tmp", true},
		{"a/*.tmp", "a/b/x.tmp", false},
		{"a/*.tmp", "b/a/x.tmp", false},
		{"a/**", "a", true},
		{"a/**", "a/b/c", true},
		{"a/**", "b/a", false},
		{"**/c", "c", true},
		{"**/c", "a/b/c", true},
		{"**/c", "a/b/cc", false},
		{"a/**/c/**/e", "a/b/c/d/c/e", true},
		{"a/**/c/**/e", "a/b/d/e", false},
		{"/a/b", "a/b", true},
		{"a/", "a", true},
		{`\*`, "*", true},
		{`\*`, "x", false},
	}
	for _, c := range cases {
		dir, name := path.Split(c.path)
		got, err := filecleanup.MatchGlob(c.pattern, strings.TrimSuffix(dir, "/"), name)
		if err != nil || got != c.want {
			t.Errorf("%q on %q: got %v, %v, want %v", c.pattern, c.path, got, err, c.want)
		}
	}
}

func FuzzGlobs(f *testing.F) {
	f.Add("a/**/c", "a/b/c")
	f.Add("**/**/x*/[a-z]", "x/y/xz/c")
	f.Add("*", "\xff")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		dir, base := path.Split(name)
		got, err := filecleanup.MatchGlob(pattern, strings.TrimSuffix(dir, "/"), base)
		if err != nil || !strings.Contains(strings.Trim(pattern, "/"), "/") {
			return
		}
		p := strings.Split(strings.Trim(pattern, "/"), "/")
		s := strings.Split(name, "/")
		if len(p) > 8 || len(s) > 8 || strings.HasPrefix(name, "/") || strings.Contains(name, "//") {
			return
		}
		if want := slowMatch(p, s); got != want {
			t.Errorf("%q on %q: got %v, want %v", pattern, name, got, want)
		}
	})
}

// slowMatch says what ** means, in as few words as can be.
func slowMatch(pattern, segments []string) bool {
	if len(pattern) == 0 {
		return len(segments) == 0
	}
	if pattern[0] == "**" {
		return slowMatch(pattern[1:], segments) || (len(segments) > 0 && slowMatch(pattern, segments[1:]))
	}
	if len(segments) == 0 {
		return false
	}
	ok, _ := path.Match(pattern[0], segments[0])
	return ok && slowMatch(pattern[1:], segments[1:])
}

func TestNumberedNamesFitAndDiffer(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringN(1, 255, 255).Draw(t, "name")
		n := rapid.IntRange(1, 10_000).Draw(t, "n")
		got := filecleanup.Numbered(name, n)
		if len(got) > 255 || got == filecleanup.Numbered(name, n-1) || (utf8.ValidString(name) && !utf8.ValidString(got)) {
			t.Fatalf("got %q", got)
		}
	})
}

func TestCutPath(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,9}`), 1, 20).Draw(t, "names")
		limit := rapid.IntRange(10, 40).Draw(t, "limit")
		var parts []string
		for rest := strings.Join(names, "/"); rest != ""; {
			var chunk string
			chunk, rest = filecleanup.CutPath(rest, limit)
			if len(chunk) > limit {
				t.Fatalf("chunk %q is longer than %d", chunk, limit)
			}
			parts = append(parts, strings.Split(chunk, "/")...)
		}
		if !slices.Equal(parts, names) {
			t.Fatalf("got %q, want %q", parts, names)
		}
	})
}
