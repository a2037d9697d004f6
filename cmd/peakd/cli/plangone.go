package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp"
)

// goneDaemon is one that no longer exists, and of which the state directory still knows.
type goneDaemon struct {
	Name string `json:"name"`
	Type string `json:"type"`
	// Since is when it went, Until when it is forgotten.
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
}

// goneOf are those of the memories, the latest to go first.
func goneOf(memories map[string]daemonapp.Memory) []goneDaemon {
	var list []goneDaemon
	for _, m := range memories {
		if !m.Gone.IsZero() {
			list = append(list, goneDaemon{m.Name, m.Type, m.Gone, m.Gone.Add(daemonapp.KeepGone)})
		}
	}
	slices.SortFunc(list, func(a, b goneDaemon) int { return cmp.Or(b.Since.Compare(a.Since), cmp.Compare(a.Name, b.Name)) })
	return list
}

// mostGone is how many of them a plan names.
const mostGone = 20

func writeGone(b *strings.Builder, list []goneDaemon) {
	if len(list) == 0 {
		return
	}
	b.WriteString("\nstill known of daemons that are gone:\n")
	t := &table{right: make([]bool, 3), width: planWidth}
	for _, d := range list[:min(len(list), mostGone)] {
		t.add("  "+printable(d.Name), printable(d.Type), fmt.Sprintf("since %s, until %s",
			d.Since.Local().Format("2006-01-02 15:04"), d.Until.Local().Format("2006-01-02")))
	}
	_ = t.write(b) // into memory
	if n := len(list) - mostGone; n > 0 {
		fmt.Fprintf(b, "  and %s more\n", number(n))
	}
}
