package exec

import (
	"io"

	"github.com/peakd/peakd/daemons/exec/process"
)

// For the properties that are proved on the parts.

// ReadLines reads blocks of lines.
func ReadLines(r io.Reader, limitBytes int, block func([]byte), skipped func(int)) {
	readLines(r, limitBytes, block, skipped)
}

// ParseStatement tells what a report line means.
func ParseStatement(line string) (outcome string, count int, reason string, done, total int, err error) {
	st, err := parseStatement(line)
	return st.result.Outcome.String(), st.result.Count, st.reason, st.done, st.total, err
}

// Capture keeps the ends of blocks.
func Capture(mask func(string) string, blocks ...[]byte) Captured {
	var c capture
	for _, block := range blocks {
		c.add(block)
	}
	return c.captured(mask)
}

// FileName encodes a name.
func FileName(name string) string { return fileName(name) }

// Birth identifies a process as the lock records it.
func Birth(pid int) string { return process.Birth(pid) }
