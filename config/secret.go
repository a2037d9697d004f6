package config

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"
)

// masked stands where a sensitive value would.
const masked = "(sensitive)"

// shortestSecret is the least length of a secret that is looked for in text. Shorter ones would be found
// everywhere; they are hidden where their place is known: in source lines and in shown settings.
const shortestSecret = 4

// shortestLine is the same for the lines of a secret that has several, such as a key.
const shortestLine = 8

// sensitive marks values that came from a secret; cty carries the mark along with what is made of them.
type sensitive struct{}

// secrets are the sensitive values seen so far. Templates add to them while the app runs, from any goroutine.
type secrets struct {
	mu       sync.RWMutex
	known    map[string]bool
	replacer *strings.Replacer
}

// add records a value, and the forms in which it may occur in text.
func (s *secrets) add(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	quoted := strconv.Quote(value)
	s.note(value, shortestSecret)
	s.note(quoted[1:len(quoted)-1], shortestSecret)
	if strings.Contains(value, "\n") {
		for line := range strings.Lines(value) {
			s.note(strings.TrimSpace(line), shortestLine)
		}
	}
}

func (s *secrets) note(text string, shortest int) {
	if len(text) < shortest || s.known[text] {
		return
	}
	if s.known == nil {
		s.known = make(map[string]bool)
	}
	s.known[text] = true
	s.replacer = nil
}

// addValue records every text within a value.
func (s *secrets) addValue(v cty.Value) {
	v, _ = v.UnmarkDeep()
	_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) { // the function returns no error
		if v.IsKnown() && !v.IsNull() {
			switch v.Type() {
			case cty.String:
				s.add(v.AsString())
			case cty.Number:
				s.add(v.AsBigFloat().Text('g', 20))
			}
		}
		return true, nil
	})
}

// mask replaces each secret that occurs in a text; where two overlap, the first, and of those the longest.
func (s *secrets) mask(text string) string {
	s.mu.RLock()
	replacer, none := s.replacer, len(s.known) == 0
	s.mu.RUnlock()
	if none {
		return text
	}
	if replacer == nil {
		replacer = s.prepare()
	}
	return replacer.Replace(text)
}

func (s *secrets) prepare() *strings.Replacer {
	s.mu.Lock()
	defer s.mu.Unlock()
	longest := make([]string, 0, len(s.known))
	for text := range s.known {
		longest = append(longest, text)
	}
	slices.SortFunc(longest, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	pairs := make([]string, 0, 2*len(longest))
	for _, text := range longest {
		pairs = append(pairs, text, masked)
	}
	s.replacer = strings.NewReplacer(pairs...)
	return s.replacer
}
