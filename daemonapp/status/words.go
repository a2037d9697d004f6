package status

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/peakd/peakd/daemonapp/simulate"
)

// short is a duration for people.
func short(d time.Duration) string { return simulate.Short(d) }

// whole is one of seconds and more without fractions: ages and waits change while they are read.
func whole(d time.Duration) string {
	if d >= time.Second {
		d = d.Round(time.Second)
	}
	return short(max(d, 0))
}

// clock is a time of day, with its day if that is not today.
func clock(t, now time.Time) string {
	t = t.In(now.Location())
	switch days := daysBetween(now, t); {
	case days == 0:
		return t.Format("15:04")
	case days > -7 && days < 7:
		return t.Format("Mon 15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// daysBetween counts the midnights from one moment to another; both are in one time zone.
func daysBetween(from, to time.Time) int {
	date := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return int(date(to).Sub(date(from)) / (24 * time.Hour))
}

// plural is "1 thing" or "2 things".
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// times is "once" or "3 times".
func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// listed names at most three.
func listed(names []string) string {
	const shown = 3
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown-1], ", "), len(names)-shown+1)
}

// Line is a text of any origin as one line of at most so many characters, in which nothing steers a terminal: white
// space becomes a space, and what does not print is written as an escape.
func Line(text string, most int) string {
	if plain(text) && len(text) <= most {
		return text
	}
	var b strings.Builder
	n, space := 0, false
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if unicode.IsSpace(r) {
			text, space = text[size:], n > 0
			continue
		}
		word := shown(r, text[:size])
		text = text[size:]
		if space {
			word = " " + word
		}
		if n += utf8.RuneCountInString(word); n >= most && (n > most || text != "") {
			return b.String() + "…"
		}
		b.WriteString(word)
		space = false
	}
	return b.String()
}

// shown is a character as it may stand in a line.
func shown(r rune, raw string) string {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		return fmt.Sprintf(`\x%02x`, raw[0])
	case unicode.IsPrint(r):
		return raw
	case r <= 0xff:
		return fmt.Sprintf(`\x%02x`, r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// plain tells whether a text is printable ASCII without white space to tidy, as most are.
func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == ' ' && (i == 0 || i == len(text)-1 || text[i-1] == ' ') {
			return false
		}
	}
	return true
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
