package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/peakd/peakd/daemonapp/status"
)

// statusNode is a daemon with its children, or several that are told of in one line.
type statusNode struct {
	daemon *status.Daemon // nil: folded
	label  string
	kids   []*statusNode
	rank   int // of the worst in it
	size   int // daemons in it
	// folded is the line that stands for several.
	folded string
}

// foldFrom is above how many daemons those that wait are told of in one line.
const foldFrom = 40

// statusTree orders the daemons by the attention they need, a seed at the rank of its worst child. With fold those of
// one state beside each other are told of together where they are many.
func statusTree(list []status.Daemon, fold bool) []*statusNode {
	nodes := make(map[string]*statusNode, len(list))
	for i := range list {
		d := &list[i]
		nodes[d.Name] = &statusNode{daemon: d, label: d.Name, rank: rankOf(d.State), size: 1}
	}
	var roots []*statusNode
	for i := range list {
		node := nodes[list[i].Name]
		parent := nodes[list[i].Parent]
		if parent == nil || parent == node {
			roots = append(roots, node)
			continue
		}
		node.label = strings.TrimPrefix(node.label, list[i].Parent+"/")
		parent.kids = append(parent.kids, node)
	}
	for _, root := range roots {
		root.sum()
	}
	return arranged(roots, fold)
}

// sum takes over the worst rank and the number of all below. Names end, so nobody is below itself.
func (n *statusNode) sum() {
	for _, kid := range n.kids {
		kid.sum()
		n.rank = min(n.rank, kid.rank)
		n.size += kid.size
	}
}

func arranged(nodes []*statusNode, fold bool) []*statusNode {
	slices.SortFunc(nodes, func(a, b *statusNode) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.daemon.Name, b.daemon.Name))
	})
	if fold {
		nodes = folded(nodes)
	}
	for _, node := range nodes {
		node.kids = arranged(node.kids, fold)
	}
	return nodes
}

// rankOf is the place of a state among those that need attention.
func rankOf(s status.State) int {
	if i := slices.Index(status.States(), s); i >= 0 {
		return i
	}
	return len(status.States())
}

// foldLimit is how many of one state stand beside each other at most, where there are many daemons.
func foldLimit(s status.State) int {
	switch s {
	case status.Disarmed, status.Stuck, status.Retrying:
		return 20
	case status.Running, status.Ready, status.Held, status.Paused:
		return 8
	case status.Window, status.Backoff, status.Waiting, status.Finished:
	}
	return 2
}

// folded leaves the first of each rank, and lines for the others. A single one is no shorter as a line.
func folded(nodes []*statusNode) []*statusNode {
	var kept []*statusNode
	for len(nodes) > 0 {
		n := 1
		for n < len(nodes) && nodes[n].rank == nodes[0].rank {
			n++
		}
		alike := nodes[:n]
		nodes = nodes[n:]
		shown := len(alike)
		if limit := foldLimit(ranked(alike[0].rank)); shown > limit+1 {
			shown = limit
		}
		kept = append(kept, alike[:shown]...)
		if shown < len(alike) {
			kept = append(kept, foldedLine(alike[shown:]))
		}
	}
	return kept
}

// ranked is the state of that rank.
func ranked(rank int) status.State {
	if all := status.States(); rank < len(all) {
		return all[rank]
	}
	return ""
}

// foldedLine is the line for several: "… 388 more, waiting, every 10s".
func foldedLine(nodes []*statusNode) *statusNode {
	line := &statusNode{rank: nodes[0].rank}
	least, most := time.Duration(1<<63-1), time.Duration(0)
	var count func(n *statusNode)
	count = func(n *statusNode) {
		every := n.daemon.Interval.Duration()
		least, most = min(least, every), max(most, every)
		line.size++
		for _, kid := range n.kids {
			count(kid)
		}
	}
	for _, n := range nodes {
		count(n)
	}
	line.folded = fmt.Sprintf("… %d more, %s", line.size, ranked(line.rank))
	switch {
	case least <= 0:
	case least == most:
		line.folded += ", every " + short(most)
	default:
		line.folded += fmt.Sprintf(", every %s to %s", short(least), short(most))
	}
	return line
}
