package config

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// Size is a number of bytes, written "512KiB" or "2GB".
type Size int64

// Path is a file or directory; one that is relative is taken from the folder of the file it stands in.
type Path string

// Mode is a file mode or umask, written in octal: "0027".
type Mode uint32

// sizeUnit is a unit of bytes. The slice of them starts with the largest.
type sizeUnit struct {
	name  string
	bytes int64
}

func sizeUnits() []sizeUnit {
	return []sizeUnit{
		{"PiB", 1 << 50},
		{"PB", 1e15},
		{"TiB", 1 << 40},
		{"TB", 1e12},
		{"GiB", 1 << 30},
		{"GB", 1e9},
		{"MiB", 1 << 20},
		{"MB", 1e6},
		{"KiB", 1 << 10},
		{"KB", 1e3},
		{"kB", 1e3},
		{"B", 1},
	}
}

// ParseSize reads a size: a number and one of the units B, KB, MB, GB, TB, PB (powers of 1000) and
// KiB, MiB, GiB, TiB, PiB (powers of 1024). The errors are sentences without a subject.
func ParseSize(s string) (Size, error) {
	n := 0
	for n < len(s) && (s[n] == '.' || '0' <= s[n] && s[n] <= '9') {
		n++
	}
	number, unit := s[:n], s[n:]
	if number == "" {
		return 0, fmt.Errorf("%q does not start with a number", s)
	}
	if unit == "" && number != "0" {
		return 0, fmt.Errorf("the number %s has no unit", number)
	}
	value, ok := new(big.Rat).SetString(number)
	if !ok {
		return 0, fmt.Errorf("%s is not a number", number)
	}
	bytes, err := unitBytes(unit)
	if err != nil {
		return 0, err
	}
	value.Mul(value, new(big.Rat).SetInt64(bytes))
	if !value.IsInt() {
		return 0, errors.New("it is no whole number of bytes")
	}
	if !value.Num().IsInt64() {
		return 0, errors.New("it is more than 8 EiB")
	}
	return Size(value.Num().Int64()), nil
}

func unitBytes(name string) (int64, error) {
	if name == "" {
		return 1, nil
	}
	for _, u := range sizeUnits() {
		if u.name == name {
			return u.bytes, nil
		}
	}
	return 0, fmt.Errorf("%q is no unit of size", name)
}

// String writes the size in the unit that makes its number whole and shortest, so that [ParseSize] reads it back.
func (s Size) String() string {
	best := strconv.FormatInt(int64(s), 10) + "B"
	for _, u := range sizeUnits() {
		if s == 0 || int64(s)%u.bytes != 0 {
			continue
		}
		if text := strconv.FormatInt(int64(s)/u.bytes, 10) + u.name; numberLen(text) < numberLen(best) {
			best = text
		}
	}
	return best
}

func numberLen(s string) int { return len(strings.TrimRight(s, "BKMGTPik")) }

// ParseMode reads a file mode in octal, at most 7777.
func ParseMode(s string) (Mode, error) {
	n, err := strconv.ParseUint(s, 8, 32)
	if err != nil || n > 0o7777 {
		return 0, errors.New("it is no octal number from 0 to 7777")
	}
	return Mode(n), nil
}

// String writes the mode in four octal digits.
func (m Mode) String() string { return fmt.Sprintf("%04o", uint32(m)) }

func itoa(n int) string { return strconv.Itoa(n) }
