package smtp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The bounds of a header; what is beyond is no mail.
const (
	headerBytes = 1 << 20
	lineBytes   = 64 << 10
)

// message is a mail in a file, as one look at it tells.
type message struct {
	fields []field
	sends  []span // the parts of the file that are sent
	size   int64  // as it is sent
	eight  bool   // it has bytes above 127
}

// field is one of the header's, unfolded.
type field struct {
	name  string // in small letters
	value string
}

// span is a part of a file.
type span struct{ from, to int64 }

// formatError says why a file is no mail that can be sent.
type formatError struct{ reason string }

func (e *formatError) Error() string { return e.reason }

func malformed(format string, args ...any) error {
	return &formatError{reason: fmt.Sprintf(format, args...)}
}

// readMessage reads a mail. The errors are of type *formatError, or of the reading.
func readMessage(file io.Reader) (*message, error) {
	s := scanner{in: bufio.NewReaderSize(file, lineBytes)}
	if err := s.header(); err != nil {
		return nil, err
	}
	if err := s.body(); err != nil {
		return nil, err
	}
	return &s.message, nil
}

type scanner struct {
	message

	in      *bufio.Reader
	at      int64 // in the file
	line    int
	last    byte // the byte before
	omitted bool // the field that is being read is not sent
}

// header reads up to and with the empty line.
func (s *scanner) header() error {
	for {
		line, err := s.in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull) || s.at+int64(len(line)) > headerBytes:
			return malformed("the header is too long to be that of a mail, at line %d", s.line+1)
		case err != nil && !errors.Is(err, io.EOF):
			return fmt.Errorf("read mail: %w", err)
		}
		if len(line) == 0 {
			return s.headless()
		}
		s.line++
		empty := len(bytes.TrimRight(line, "\r\n")) == 0
		if !empty {
			if err := s.field(line); err != nil {
				return err
			}
		}
		if err := s.pass(line, !empty && s.omitted); err != nil {
			return err
		}
		if empty {
			return s.headless()
		}
	}
}

func (s *scanner) headless() error {
	if len(s.fields) == 0 {
		return malformed("the file is no mail: it has no header")
	}
	return nil
}

// field reads a line of the header.
func (s *scanner) field(line []byte) error {
	text := strings.TrimRight(string(line), "\r\n")
	if text[0] == ' ' || text[0] == '\t' {
		if len(s.fields) == 0 {
			return malformed("the file is no mail: line 1 continues a field, and there is none")
		}
		s.fields[len(s.fields)-1].value += text
		return nil
	}
	name, value, found := strings.Cut(text, ":")
	name = strings.TrimRight(name, " \t")
	if !found || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return malformed("the file is no mail: line %d is no field of a header", s.line)
	}
	name = strings.ToLower(name)
	s.omitted = slices.Contains([]string{"bcc", "resent-bcc", "return-path"}, name)
	s.fields = append(s.fields, field{name: name, value: value})
	return nil
}

// body reads the rest.
func (s *scanner) body() error {
	for {
		block, err := s.in.Peek(1)
		if len(block) > 0 {
			block, _ = s.in.Peek(s.in.Buffered())
			if err := s.pass(block, false); err != nil {
				return err
			}
			_, _ = s.in.Discard(len(block)) // what was peeked
			continue
		}
		if !errors.Is(err, io.EOF) {
			return fmt.Errorf("read mail: %w", err)
		}
		return s.end()
	}
}

// pass takes note of what is to be sent, or omitted.
func (s *scanner) pass(block []byte, omitted bool) error {
	for _, b := range block {
		if s.last == '\r' && b != '\n' {
			return s.bareCR()
		}
		if b == '\n' && s.last != '\r' && !omitted {
			s.size++
		}
		s.eight = s.eight || b >= 0x80
		s.last = b
	}
	to := s.at + int64(len(block))
	if !omitted {
		s.size += int64(len(block))
		if n := len(s.sends); n > 0 && s.sends[n-1].to == s.at {
			s.sends[n-1].to = to
		} else {
			s.sends = append(s.sends, span{s.at, to})
		}
	}
	s.at = to
	return nil
}

func (s *scanner) end() error {
	if s.last == '\r' {
		return s.bareCR()
	}
	if s.last != '\n' && len(s.sends) > 0 && s.sends[len(s.sends)-1].to == s.at {
		s.size += 2 // the library ends the line
	}
	return nil
}

func (s *scanner) bareCR() error {
	return malformed("the mail has a carriage return that does not end a line, which SMTP cannot carry")
}
