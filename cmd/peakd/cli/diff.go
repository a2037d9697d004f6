package cli

import (
	"fmt"
	"strings"
)

// unified is the difference between two texts in unified format, with three lines around; empty if none.
func unified(name, before, after string) string {
	a, b := lines(before), lines(after)
	edits := compare(a, b)
	var out strings.Builder
	const around = 3
	for i := 0; i < len(edits); {
		if edits[i].kind == ' ' {
			i++
			continue
		}
		from := max(0, i-around)
		to, quiet := i, 0
		for to < len(edits) && quiet <= 2*around {
			if edits[to].kind == ' ' {
				quiet++
			} else {
				quiet = 0
			}
			to++
		}
		to -= max(0, quiet-around)
		if out.Len() == 0 {
			fmt.Fprintf(&out, "--- %s\n+++ %s\n", name, name)
		}
		hunk(&out, edits[from:to])
		i = to
	}
	return out.String()
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// edit is a line that stays (' '), goes ('-') or comes ('+'), and where it stands.
type edit struct {
	kind     byte
	text     string
	old, new int
}

// compare pairs the lines one by one: a new layout keeps every line in its place. Should the numbers differ
// after all, everything goes and comes.
func compare(a, b []string) []edit {
	edits := make([]edit, 0, len(a)+len(b))
	if len(a) != len(b) {
		return append(edits, run(a, b, 0, len(a), 0, len(b))...)
	}
	for i := 0; i < len(a); i++ {
		if a[i] == b[i] {
			edits = append(edits, edit{' ', a[i], i, i})
			continue
		}
		from := i
		for i+1 < len(a) && a[i+1] != b[i+1] {
			i++
		}
		edits = append(edits, run(a, b, from, i+1, from, i+1)...)
	}
	return edits
}

// run is a run of lines that all go, and those that come for them.
func run(a, b []string, aFrom, aTo, bFrom, bTo int) []edit {
	var edits []edit
	for i := aFrom; i < aTo; i++ {
		edits = append(edits, edit{'-', a[i], i, bFrom})
	}
	for i := bFrom; i < bTo; i++ {
		edits = append(edits, edit{'+', b[i], aTo, i})
	}
	return edits
}

func hunk(out *strings.Builder, edits []edit) {
	old, added := 0, 0
	for _, e := range edits {
		if e.kind != '+' {
			old++
		}
		if e.kind != '-' {
			added++
		}
	}
	fmt.Fprintf(out, "@@ -%d,%d +%d,%d @@\n", edits[0].old+1, old, edits[0].new+1, added)
	for _, e := range edits {
		out.WriteString(string(e.kind) + e.text + "\n")
	}
}
