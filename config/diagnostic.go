package config

import (
	"fmt"
	"slices"
)

// Severity tells whether a configuration can be used in spite of a diagnostic.
type Severity uint8

const (
	// Error: the configuration cannot be used.
	Error Severity = iota + 1
	// Warning: it can, but probably does not mean what was meant.
	Warning
)

// String returns the word used in outputs.
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Diagnostic is one mistake in a configuration. None of its texts holds a secret.
type Diagnostic struct {
	// File is as people named it, "<stdin>", or the flag or variable that is at fault.
	File string
	// Line and Col are where it starts, counted from 1; 0 if it has no place in a file.
	Line, Col int
	// EndCol is the column after its last character on that line.
	EndCol   int
	Severity Severity
	// Summary is a sentence without a full stop.
	Summary string
	// Hints are ways out.
	Hints []string
	// Source is the line, with secrets masked; the diagnostic is about its bytes from Start to End.
	Source     string
	Start, End int
}

// String is the first line of its text form: "file:line:col: error: sentence".
func (d Diagnostic) String() string {
	kind := d.Severity.String() + ": " + d.Summary
	switch {
	case d.File == "":
		return kind
	case d.Line == 0:
		return d.File + ": " + kind
	}
	return fmt.Sprintf("%s:%d:%d: %s", d.File, d.Line, d.Col, kind)
}

// Diagnostics is everything that was found in a configuration, sorted by place: files in the order
// of reading, and what has no place first. It is an error that lists them.
type Diagnostics struct {
	items   []Diagnostic
	files   int
	daemons int
	errors  int
}

// All are the diagnostics in order.
func (d *Diagnostics) All() []Diagnostic { return slices.Clone(d.items) }

// Errors is how many of them are errors.
func (d *Diagnostics) Errors() int { return d.errors }

// Warnings is how many are warnings.
func (d *Diagnostics) Warnings() int { return len(d.items) - d.errors }

// Files is how many files were read.
func (d *Diagnostics) Files() int { return d.files }

// Daemons is how many daemons were declared, good or bad.
func (d *Diagnostics) Daemons() int { return d.daemons }

// HasErrors tells whether the configuration cannot be used.
func (d *Diagnostics) HasErrors() bool { return d.errors > 0 }

// Err is d if it has errors, else nil.
func (d *Diagnostics) Err() error {
	if d.HasErrors() {
		return d
	}
	return nil
}

// Error is the first error, and how many more there are.
func (d *Diagnostics) Error() string {
	for _, item := range d.items {
		if item.Severity != Error {
			continue
		}
		if d.errors > 1 {
			return fmt.Sprintf("%s (and %s)", item, count(d.errors-1, "more error"))
		}
		return item.String()
	}
	return "no errors"
}

// Summary is "3 errors, 1 warning in 3 files, 5 daemons".
func (d *Diagnostics) Summary() string {
	found := "no errors"
	if d.errors > 0 {
		found = count(d.errors, "error")
	}
	if n := d.Warnings(); n > 0 {
		found += ", " + count(n, "warning")
	}
	return fmt.Sprintf("%s in %s, %s", found, count(d.files, "file"), count(d.daemons, "daemon"))
}

// count is "1 thing" or "2 things".
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
