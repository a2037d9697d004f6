package config

import (
	"bytes"
	"regexp"
	"strings"
)

// hideByLook hides, in a file that could not be parsed, what looks like the value of a sensitive setting: what
// follows one of the names on its line, and the lines of a heredoc that starts there. Where the file has
// a sensitive variable, every default may be its.
func (s *source) hideByLook(names []string) {
	if bytes.Contains(s.data, []byte("sensitive")) {
		names = append(names, "default")
	}
	if len(names) == 0 {
		return
	}
	value := regexp.MustCompile(`(?:^|[^\w-])"?(?:` + strings.Join(names, "|") + `)"?[ \t]*[=:][ \t]*`)
	until := "" // the end of the heredoc that is open
	for i := range s.lines {
		text, start := s.text(i)
		if until != "" {
			s.hidden = append(s.hidden, stretch{start, start + len(text)})
			if string(bytes.TrimSpace(text)) == until {
				until = ""
			}
			continue
		}
		if m := value.FindIndex(text); m != nil {
			s.hidden = append(s.hidden, stretch{start + m[1], start + len(text)})
			if mark, ok := bytes.CutPrefix(text[m[1]:], []byte("<<")); ok {
				until = string(bytes.TrimSpace(bytes.TrimPrefix(mark, []byte("-"))))
			}
		}
	}
}
