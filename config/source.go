package config

import (
	"bytes"
	"math"
	"path/filepath"
	"sort"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
)

// source is one file of a configuration.
type source struct {
	name   string // as people named it
	dir    string // absolute; relative paths in the file are taken from here
	data   []byte
	lines  []int // where each line starts
	order  int   // in the order of reading
	json   bool
	hidden []stretch
}

// stretch is a half-open range of bytes.
type stretch struct{ start, end int }

func newSource(name, dir string, data []byte) *source {
	s := &source{name: name, dir: dir, data: data, lines: []int{0}}
	for i, b := range data {
		if b == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	return s
}

// line is the number, counted from 0, of the line that holds a byte.
func (s *source) line(offset int) int {
	return sort.Search(len(s.lines), func(i int) bool { return s.lines[i] > offset }) - 1
}

// text is a line without its line end, and where it starts.
func (s *source) text(line int) ([]byte, int) {
	start, end := s.lines[line], len(s.data)
	if line+1 < len(s.lines) {
		end = s.lines[line+1]
	}
	return bytes.TrimRight(s.data[start:end], "\r\n"), start
}

// position is the line and column of a byte, both counted from 1. Columns count what people see as one
// character: a combining mark belongs to the one before it.
func (s *source) position(offset int) (line, col int) {
	line = s.line(offset)
	return line + 1, characters(s.data[s.lines[line]:offset]) + 1
}

func characters(text []byte) int {
	n := 0
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if !combines(r) {
			n++
		}
		text = text[size:]
	}
	return n
}

func combines(r rune) bool {
	return r > unicode.MaxLatin1 && unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf)
}

// span is a place in a source; without one it is no place. It is a fifth of an hcl.Range, and there is
// one for each attribute of each daemon.
type span struct {
	src        *source
	start, end int32
}

func (s *source) span(start, end int) span {
	start = min(max(start, 0), len(s.data), math.MaxInt32)
	end = min(max(end, start), len(s.data), math.MaxInt32)
	return span{s, int32(start), int32(end)} //nolint:gosec // both are bounded by the line above
}

// within is the part of a span that a range of the same file covers.
func (s *source) spanOf(r hcl.Range) span { return s.span(r.Start.Byte, r.End.Byte) }

// ok tells whether it is a place at all.
func (s span) ok() bool { return s.src != nil }

// String is "file:line", as sentences refer to a place.
func (s span) String() string {
	if !s.ok() {
		return ""
	}
	line, _ := s.src.position(int(s.start))
	return s.src.name + ":" + itoa(line)
}

// text are the bytes of the place.
func (s span) text() string {
	if !s.ok() {
		return ""
	}
	return string(s.src.data[s.start:s.end])
}

// path takes a path that stands in this file from the file's folder.
func (s *source) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(s.dir, p)
}
