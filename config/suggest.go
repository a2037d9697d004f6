package config

import "strings"

// didYouMean is a hint that names the candidate closest to what was written, or "" if none is close.
func didYouMean(written string, candidates []string) string {
	if near := nearest(written, candidates); near != "" {
		return `did you mean "` + near + `"?`
	}
	return ""
}

// nearest is the candidate closest to what was written: one that differs in few letters, or one of which it
// is the beginning. Of equals it is the first.
func nearest(written string, candidates []string) string {
	best, least := "", max(1, len(written)/3)
	lower := strings.ToLower(written)
	for _, c := range candidates {
		if d := distance(lower, strings.ToLower(c)); d <= least && (d < least || best == "") {
			best, least = c, d
		}
	}
	if best != "" || len(written) < 4 {
		return best
	}
	for _, c := range candidates {
		if strings.HasPrefix(c, written) && (best == "" || len(c) < len(best)) {
			best = c
		}
	}
	return best
}

// distance is how many letters must be inserted, removed, replaced or swapped with their neighbour to make
// b of a (optimal string alignment).
func distance(a, b string) int {
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(row[j]+cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
