//go:build !linux

package process

import (
	"errors"
	"fmt"
	"os"
	"strconv"
)

// FDPath is a name under which a process opens its own descriptor.
func FDPath(fd int) string { return "/dev/fd/" + strconv.Itoa(fd) }

// Sealed returns a file that holds content, has no name any more, and can be read from its start but not
// be written to by who inherits it.
func Sealed(name string, content []byte) (*os.File, error) {
	w, err := os.CreateTemp("", "peakd-*")
	if err != nil {
		return nil, fmt.Errorf("create file %s: %w", name, err)
	}
	defer w.Close()
	_, err = w.Write(content)
	r, openErr := os.Open(w.Name())
	if err := errors.Join(err, openErr, os.Remove(w.Name())); err != nil {
		return nil, fmt.Errorf("fill file %s: %w", name, err)
	}
	return r, nil
}
