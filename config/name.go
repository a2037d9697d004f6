package config

import (
	"fmt"
	"strings"
)

// validName tells whether a name has only letters, digits, ".", "_" and "-", and is no path of its own.
func validName(name string) bool {
	return name != "" && name != "." && name != ".." && strings.IndexFunc(name, func(r rune) bool { return !nameRune(r) }) < 0
}

func nameRune(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return true
	}
	return r == '.' || r == '_' || r == '-'
}

// EncodeName makes a daemon's name of any text, usually the name of a directory: each byte that a name
// cannot have is percent-encoded. Different texts give different names.
func EncodeName(text string) string {
	switch text {
	case "":
		return "%"
	case ".":
		return "%2E"
	case "..":
		return "%2E%2E"
	}
	if validName(text) {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; nameRune(rune(c)) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
