package worker

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/peakd/peakd/daemons/dirqueue/deliver"
)

// Hello is the first line that a worker writes, when it is ready.
const Hello = "peakd-worker 1"

// lineBytes bounds a line of a worker.
const lineBytes = 4 << 10

// appendDeliver appends the line that tells a worker of a job. It is a command for a shell, too: but for the spaces and its end
// there are only characters in it that have no meaning to one.
func appendDeliver(line []byte, n uint64, job *deliver.Job, id bool) []byte {
	line = append(line, "deliver "...)
	line = strconv.AppendUint(line, n, 10)
	line = append(line, ' ')
	line = deliver.AppendEscaped(line, job.Path)
	line = append(line, ' ')
	line = strconv.AppendInt(line, int64(job.Attempt), 10)
	if id {
		line = append(line, ' ')
		line = deliver.AppendEscaped(line, job.ID)
	}
	return append(line, '\n')
}

// reply is one line of a worker; a wrong one has an error.
type reply struct {
	n      uint64
	result deliver.Result
	err    error
}

// parseReply reads "ok N", "retry N REASON", "fail N REASON" or "trip N REASON".
func parseReply(line []byte) (reply, error) {
	verb, rest, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(" "))
	number, reason, _ := bytes.Cut(rest, []byte(" "))
	var verdict deliver.Verdict
	switch string(verb) {
	case "ok":
		verdict = deliver.Done
	case "retry":
		verdict = deliver.Retry
	case "fail":
		verdict = deliver.Permanent
	case "trip":
		verdict = deliver.Trip
	default:
		return reply{}, fmt.Errorf("it wrote %.60q, which is no answer", line)
	}
	n, err := strconv.ParseUint(string(number), 10, 64)
	if err != nil {
		return reply{}, fmt.Errorf("it wrote %.60q, which has no number", line)
	}
	return reply{n: n, result: deliver.Result{Verdict: verdict, Reason: string(reason)}}, nil
}

// readReplies waits for a reply, and appends it and all that have come with it. After a wrong one, or the end, it has an error.
func readReplies(lines *bufio.Reader, replies []reply) ([]reply, error) {
	for {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			return replies, err
		}
		var r reply
		if err == nil {
			r, err = parseReply(line)
		}
		r.err = err
		replies = append(replies, r)
		if err != nil {
			return replies, err
		}
		rest, _ := lines.Peek(lines.Buffered())
		if bytes.IndexByte(rest, '\n') < 0 {
			return replies, nil
		}
	}
}

// readLine reads a whole line; what an ended worker left of one is none. The line is overwritten by the next.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("it wrote a line of more than %d bytes", lineBytes)
	case err != nil:
		return nil, io.EOF
	}
	return line, nil
}
