package config

import (
	"slices"
	"sort"
	"strings"
	"unicode"
)

// hide keeps a stretch of a file out of every source line that is shown.
func (s *source) hide(at span) {
	if at.ok() && at.src == s {
		s.hidden = append(s.hidden, stretch{int(at.start), int(at.end)})
	}
}

// snippet is a source line fit to be shown: without secrets, without control characters. It follows the
// stretch from..to of the line to where that has gone.
func (c *collector) snippet(src *source, line, from, to int) (shown string, start, end int) {
	text, at := src.text(line)
	hidden := src.hiddenIn(at, at+len(text))
	hidden = append(hidden, c.secretsIn(string(text))...)
	return cut(string(text), merged(hidden), from, to)
}

// settle sorts what is hidden, once all of it is known.
func (s *source) settle() { s.hidden = merged(s.hidden) }

// hiddenIn are the hidden stretches of a line, counted from its start.
func (s *source) hiddenIn(start, end int) []stretch {
	var found []stretch
	first := sort.Search(len(s.hidden), func(i int) bool { return s.hidden[i].end > start })
	for _, h := range s.hidden[first:] {
		if h.start >= end {
			break
		}
		found = append(found, stretch{max(h.start, start) - start, min(h.end, end) - start})
	}
	return found
}

// secretsIn are the known secrets that stand in a line literally.
func (c *collector) secretsIn(text string) []stretch {
	c.secrets.mu.RLock()
	defer c.secrets.mu.RUnlock()
	var found []stretch
	for secret := range c.secrets.known {
		for from := 0; ; {
			i := strings.Index(text[from:], secret)
			if i < 0 {
				break
			}
			found = append(found, stretch{from + i, from + i + len(secret)})
			from += i + len(secret)
		}
	}
	return found
}

// merged sorts stretches and joins those that overlap.
func merged(all []stretch) []stretch {
	slices.SortFunc(all, func(a, b stretch) int { return a.start - b.start })
	var joined []stretch
	for _, s := range all {
		if n := len(joined); n > 0 && s.start <= joined[n-1].end {
			joined[n-1].end = max(joined[n-1].end, s.end)
		} else {
			joined = append(joined, s)
		}
	}
	return joined
}

// cut puts the mask in place of each hidden stretch.
func cut(text string, hidden []stretch, from, to int) (shown string, start, end int) {
	var b strings.Builder
	copied := 0
	for _, h := range hidden {
		b.WriteString(printable(text[copied:h.start]))
		b.WriteString(masked)
		copied = h.end
	}
	b.WriteString(printable(text[copied:]))
	start = follow(text, hidden, from, false)
	return b.String(), start, max(start, follow(text, hidden, to, true))
}

// follow is where a position of the text has gone. One inside a mask goes to its start, or to its end if it
// ends a stretch.
func follow(text string, hidden []stretch, pos int, ends bool) int {
	out, copied := 0, 0
	for _, h := range hidden {
		if pos <= h.start {
			break
		}
		out += len(printable(text[copied:h.start]))
		copied = h.end
		if pos < h.end && !ends {
			return out
		}
		out += len(masked)
		if pos <= h.end {
			return out
		}
	}
	return out + len(printable(text[copied:pos]))
}

// printable replaces what would move the cursor, colour the terminal or is no text at all.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || unicode.IsPrint(r) || combines(r) && !unicode.Is(unicode.Bidi_Control, r) {
			return r
		}
		return '\uFFFD'
	}, text)
}
