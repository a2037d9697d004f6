package launch

import (
	"fmt"

	"github.com/peakd/peakd/daemonapp"
)

// Faults collects what is wrong with settings. The zero value is ready for use.
type Faults []*daemonapp.FieldError

// Add adds one.
func (f *Faults) Add(field, hint, format string, args ...any) {
	*f = append(*f, &daemonapp.FieldError{Field: field, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// Err is the first of them, or nil.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	return f[0]
}
