package cli

import "unicode/utf8"

// key is a key of the keyboard: a character, or one of those below.
type key rune

const (
	keyUp key = -iota - 1
	keyDown
	keyPageUp
	keyPageDown
	keyHome
	keyEnd
	keyInterrupt
	keyUnknown
)

// keysIn are the keys in what a terminal sent. A sequence that is cut off by the end is no key: terminals send one at once.
func keysIn(sent []byte) []key {
	var keys []key
	for len(sent) > 0 {
		k, n := firstKey(sent)
		keys = append(keys, k)
		sent = sent[n:]
	}
	return keys
}

func firstKey(sent []byte) (k key, size int) {
	switch {
	case sent[0] == 0x03: // Ctrl-C, which raw mode does not make a signal of
		return keyInterrupt, 1
	case sent[0] == 0x1b && len(sent) > 2 && (sent[1] == '[' || sent[1] == 'O'):
		return sequence(sent)
	}
	r, n := utf8.DecodeRune(sent)
	if r < ' ' || r == utf8.RuneError {
		return keyUnknown, n
	}
	return key(r), n
}

// sequence reads ESC [ or ESC O, parameters, and a final character.
func sequence(sent []byte) (k key, size int) {
	end := 2
	for end < len(sent)-1 && (sent[end] < '@' || sent[end] > '~') {
		end++
	}
	switch string(sent[2 : end+1]) {
	case "A":
		k = keyUp
	case "B":
		k = keyDown
	case "H", "1~", "7~":
		k = keyHome
	case "F", "4~", "8~":
		k = keyEnd
	case "5~":
		k = keyPageUp
	case "6~":
		k = keyPageDown
	default:
		k = keyUnknown
	}
	return k, end + 1
}
