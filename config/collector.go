package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// collector gathers diagnostics while a configuration is read.
type collector struct {
	secrets *secrets
	found   []finding
	errors  int
}

// finding is a diagnostic that does not know its source line yet: what is to be hidden on the line may be
// found out later.
type finding struct {
	at       span
	origin   string // instead of a place: the flag or file at fault
	severity Severity
	summary  string
	hints    []string
}

// errorf tells of a mistake at a place. Empty hints are dropped.
func (c *collector) errorf(at span, hints []string, format string, args ...any) {
	c.add(finding{at: at, severity: Error, summary: fmt.Sprintf(format, args...), hints: hints})
}

// warnf is errorf for a warning.
func (c *collector) warnf(at span, hints []string, format string, args ...any) {
	c.add(finding{at: at, severity: Warning, summary: fmt.Sprintf(format, args...), hints: hints})
}

// faultf tells of a mistake that has no place in a file of the configuration.
func (c *collector) faultf(origin string, hints []string, format string, args ...any) {
	c.add(finding{origin: origin, severity: Error, summary: fmt.Sprintf(format, args...), hints: hints})
}

func (c *collector) add(f finding) {
	f.hints = slices.DeleteFunc(slices.Clone(f.hints), func(h string) bool { return h == "" })
	if f.severity == Error {
		c.errors++
	}
	c.found = append(c.found, f)
}

// done sorts what was found, drops what was found twice, and looks up the source lines.
func (c *collector) done(files, daemons int) *Diagnostics {
	slices.SortStableFunc(c.found, byPlace)
	d := &Diagnostics{files: files, daemons: daemons}
	seen := make(map[string]bool, len(c.found))
	for _, f := range c.found {
		item := c.diagnostic(f)
		key := fmt.Sprint(item.String(), f.at.start, item.Hints)
		if seen[key] {
			continue
		}
		seen[key] = true
		if item.Severity == Error {
			d.errors++
		}
		d.items = append(d.items, item)
	}
	return d
}

func byPlace(a, b finding) int {
	if a.at.ok() != b.at.ok() {
		if a.at.ok() {
			return 1
		}
		return -1
	}
	if !a.at.ok() {
		return strings.Compare(a.origin, b.origin)
	}
	return cmp.Or(
		cmp.Compare(a.at.src.order, b.at.src.order),
		cmp.Compare(a.at.start, b.at.start),
		cmp.Compare(a.severity, b.severity),
	)
}

func (c *collector) diagnostic(f finding) Diagnostic {
	d := Diagnostic{File: f.origin, Severity: f.severity, Summary: c.clean(f.summary)}
	for _, hint := range f.hints {
		d.Hints = append(d.Hints, c.clean(hint))
	}
	if !f.at.ok() {
		return d
	}
	src := f.at.src
	d.File = src.name
	d.Line, d.Col = src.position(int(f.at.start))
	text, start := src.text(d.Line - 1)
	from := min(int(f.at.start)-start, len(text))
	to := max(min(int(f.at.end)-start, len(text)), from)
	d.EndCol = d.Col + characters(text[from:to])
	d.Source, d.Start, d.End = c.snippet(src, d.Line-1, from, to)
	return d
}

// clean makes a text fit for one line, without secrets.
func (c *collector) clean(text string) string {
	return printable(strings.Join(strings.Fields(c.secrets.mask(text)), " "))
}
