package cli

import (
	"slices"
	"strings"

	"github.com/peakd/peakd/daemonapp/status"
)

// topScreen is what top shows: a status, a mark on a daemon, and what is being asked. It knows no terminal.
type topScreen struct {
	view   statusView
	height int // of the screen in lines; 0: as high as need be
	status status.Status
	rows   []statusRow
	loads  []float64 // the latest last
	marked string    // a daemon's name
	at     int       // where the mark is, or was when that daemon was last there
	from   int       // the first row that is shown
	ask    *topAct   // waits for y
	notice string
}

// topAct is a steering act.
type topAct struct {
	key    rune
	daemon string
}

// topVerb is what a key does.
type topVerb struct {
	key       rune
	verb, did string
}

func topVerbs() []topVerb {
	return []topVerb{{'p', "pause", "paused"}, {'r', "resume", "resumed"}, {'t', "trigger", "triggered"}, {'a', "arm", "armed"}}
}

func verbOf(key rune) (topVerb, bool) {
	for _, v := range topVerbs() {
		if v.key == key {
			return v, true
		}
	}
	return topVerb{}, false
}

// loadsKept are those of five minutes.
const loadsKept = 300

func newTopScreen(v statusView) *topScreen { return &topScreen{view: v} }

// see takes over what the app says now.
func (s *topScreen) see(now status.Status) {
	s.status = now
	s.loads = append(s.loads, now.App.Load[0])
	if extra := len(s.loads) - loadsKept; extra > 0 {
		s.loads = slices.Delete(s.loads, 0, extra)
	}
	s.arrange()
}

// arrange makes the rows, and puts the mark where its daemon is now, or near to where it was.
func (s *topScreen) arrange() {
	s.rows = s.view.rows(s.status)
	if i := slices.IndexFunc(s.rows, func(r statusRow) bool { return r.name != "" && r.name == s.marked }); i >= 0 {
		s.at = i
		return
	}
	s.move(0)
}

// move moves the mark by so many rows, to one with a daemon.
func (s *topScreen) move(by int) {
	s.at = min(max(s.at+by, 0), max(len(s.rows)-1, 0))
	step := 1
	if by < 0 {
		step = -1
	}
	for _, step := range [2]int{step, -step} {
		for i := s.at; i >= 0 && i < len(s.rows); i += step {
			if s.rows[i].name != "" {
				s.at, s.marked = i, s.rows[i].name
				return
			}
		}
	}
	s.marked = ""
}

// page is by how much a page moves.
func (s *topScreen) page() int { return max(s.room()-1, 1) }

// press acts on a key. quit tells that it was the last, act what is to be done now.
func (s *topScreen) press(k key) (act *topAct, quit bool) {
	if s.ask != nil {
		asked := s.ask
		if s.ask = nil; k == 'y' || k == 'Y' {
			return asked, false
		}
		if k == keyInterrupt {
			return nil, true
		}
		s.notice = "not done"
		return nil, false
	}
	s.notice = ""
	switch k {
	case 'q', keyInterrupt:
		return nil, true
	case 'j', keyDown:
		s.move(1)
	case 'k', keyUp:
		s.move(-1)
	case keyPageDown:
		s.move(s.page())
	case keyPageUp:
		s.move(-s.page())
	case keyHome:
		s.move(-len(s.rows))
	case keyEnd:
		s.move(len(s.rows))
	case 'w':
		s.view.whole = !s.view.whole
		s.arrange()
	default:
		if _, ok := verbOf(rune(k)); ok && s.marked != "" {
			s.ask = &topAct{key: rune(k), daemon: s.marked}
		}
	}
	return nil, false
}

// question asks back before an act.
func (s *topScreen) question() string {
	v, _ := verbOf(s.ask.key)
	text := v.verb + " " + printable(s.ask.daemon)
	for i := range s.status.Daemons {
		if d := &s.status.Daemons[i]; d.Name == s.ask.daemon && d.Children > 0 {
			text += " and what it has started, " + plural(d.Children, "daemon")
		}
	}
	return text + "? y or n"
}

// head are the lines above the table.
func (s *topScreen) head() []string {
	lines := s.view.header(s.status.App)
	column := s.view.headColumn(s.status.App)
	load := fill("load", column, false) + sparkline(s.loads, min(s.view.width-column-22, 60)) + " over the last minutes"
	return append(lines, cut(load, s.view.width), "")
}

// foot are the lines below it.
func (s *topScreen) foot() []string {
	summary := s.view.summary(s.status)
	help := "q quit  j k move  p pause  r resume  t trigger  a arm  w all"
	switch {
	case s.ask != nil:
		help = s.question()
	case s.notice != "":
		help = printable(s.notice)
	}
	return []string{"", cut(summary[0], s.view.width), cut(help, s.view.width)}
}

// room is how many rows of the table there is room for.
func (s *topScreen) room() int {
	if s.height == 0 {
		return len(s.rows)
	}
	return max(s.height-len(s.head())-len(s.foot())-1, 1)
}

// picture is the screen without a mark, in full: for paper.
func (s *topScreen) picture() []string {
	lines := append(s.head(), s.view.table(s.rows)...)
	return append(append(lines, ""), s.view.summary(s.status)...)
}

// frame is the screen, as many lines as it is high at most.
func (s *topScreen) frame() []string {
	room := s.room()
	if s.at < s.from {
		s.from = s.at
	}
	if s.at >= s.from+room {
		s.from = s.at - room + 1
	}
	s.from = max(min(s.from, len(s.rows)-room), 0)
	table := s.view.table(s.rows)
	lines := append(s.head(), table[0])
	for i := s.from; i < min(s.from+room, len(s.rows)); i++ {
		line := table[i+1]
		if i == s.at && s.marked != "" {
			line = s.inverse(line)
		}
		lines = append(lines, line)
	}
	lines = append(lines, s.foot()...)
	if s.height > 0 && len(lines) > s.height { // a very low screen: what is asked stays
		lines = append(lines[:s.height-1:s.height-1], lines[len(lines)-1])
	}
	return lines
}

// inverse is a line with the mark on it.
func (s *topScreen) inverse(line string) string {
	space := strings.Repeat(" ", max(s.view.width-cells(unpainted(line)), 0))
	return "\x1b[7m" + unpainted(line) + space + "\x1b[0m"
}

// unpainted is a line without its colour.
func unpainted(line string) string {
	if rest, ok := strings.CutPrefix(line, "\x1b["); ok {
		if _, text, ok := strings.Cut(rest, "m"); ok {
			return strings.TrimSuffix(text, "\x1b[0m")
		}
	}
	return line
}

// sparkline draws values from 0 to 1, each cell the mean of some, the latest on the right.
func sparkline(values []float64, columns int) string {
	if columns < 1 || len(values) == 0 {
		return ""
	}
	levels := []rune("▁▂▃▄▅▆▇█")
	each := max((loadsKept+columns-1)/columns, 1)
	var line []rune
	for end := len(values); end > 0 && len(line) < columns; end -= each {
		part := values[max(end-each, 0):end]
		sum := 0.0
		for _, v := range part {
			sum += v
		}
		level := int(sum / float64(len(part)) * float64(len(levels)))
		line = append(line, levels[min(max(level, 0), len(levels)-1)])
	}
	slices.Reverse(line)
	return string(line)
}
