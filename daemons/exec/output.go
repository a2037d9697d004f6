package exec

import (
	"bytes"
	"io"
	"strings"
	"sync"

	"go.uber.org/zap"
)

// The bounds of what one run may write to the log; the rest is only counted, and kept as [Captured] is.
const (
	logLines     = 1000
	logBytes     = 1 << 20
	logLineBytes = 8 << 10
	// readBytes is the longest line that is read as one. It is far above what is logged of a line, so
	// that a secret at the cut is seen, and masked, in full.
	readBytes = 64 << 10
	// detailBytes bounds what an error quotes of the output.
	detailBytes = 300
)

// output takes the two streams of a run.
type output struct {
	log  *zap.Logger
	mask func(string) string
	// follow is handed each line that is logged.
	follow func(stream, line string)

	mu           sync.Mutex // between the two readers
	kept         capture
	lines, bytes int64 // logged
	moreLines    int64 // not logged
	moreBytes    int64
	lastError    []byte // the last line of stderr that says anything
}

// reader reads one stream, "out" or "err".
func (o *output) reader(stream string) func(io.Reader) {
	return func(r io.Reader) {
		readLines(r, readBytes, func(block []byte) { o.take(stream, block) }, o.skip)
	}
}

func (o *output) take(stream string, block []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kept.add(block)
	if stream == "err" {
		o.noteLast(block)
	}
	for len(block) > 0 && o.lines < logLines && o.bytes < logBytes {
		var line []byte
		line, block, _ = bytes.Cut(block, []byte("\n"))
		o.write(stream, line)
	}
	o.moreBytes += int64(len(block))
	o.moreLines += int64(bytes.Count(block, []byte("\n")))
}

func (o *output) write(stream string, line []byte) {
	text := o.shown(line, logLineBytes)
	o.lines++
	o.bytes += int64(len(text))
	o.follow(stream, text)
	o.log.Info("output", zap.String("stream", stream), zap.String("line", text))
}

// shown masks, and then cuts.
func (o *output) shown(line []byte, limitBytes int) string {
	return quote(o.mask(strings.TrimRight(string(line), "\r\n")), limitBytes)
}

// quote makes any bytes a text that fits in a log line.
func quote(text string, limitBytes int) string {
	if len(text) > limitBytes {
		text = strings.ToValidUTF8(text[:limitBytes], "") + "…"
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

func (o *output) skip(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kept.skip(n)
	o.moreBytes += int64(n)
}

func (o *output) noteLast(block []byte) {
	line := bytes.TrimSpace(block)
	if i := bytes.LastIndexByte(line, '\n'); i >= 0 {
		line = line[i+1:]
	}
	if len(line) > 0 {
		o.lastError = append(o.lastError[:0], line...)
	}
}

// close tells what was not logged. Both readers have returned.
func (o *output) close() (kept Captured, lastError string) {
	if o.moreBytes > 0 {
		o.log.Warn("output_dropped", zap.Int64("lines", o.moreLines), zap.Int64("bytes", o.moreBytes))
	}
	return o.kept.captured(o.mask), o.shown(o.lastError, detailBytes)
}
