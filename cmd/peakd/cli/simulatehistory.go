package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp/history"
	"github.com/peakd/peakd/daemonapp/schedule"
	"github.com/peakd/peakd/daemonapp/simulate"
)

// recalledRuns is how many of the latest runs of a daemon a simulation draws from.
const recalledRuns = 10_000

// recollection is what a simulation takes from the history instead of assumptions.
type recollection struct {
	last   time.Duration
	runs   map[string][]history.Ended
	note   string   // on what could not be taken
	used   int      // runs that a daemon of the simulation was given
	given  int      // daemons that were given some
	absent []string // daemons of which there is none, and nothing assumed
}

// recollect reads how the runs of the last so long went.
func (c *command) recollect(ctx context.Context, last string) (*recollection, error) {
	if last == "" {
		return nil, nil
	}
	d, err := config.ParseDuration(last)
	if err != nil || d <= 0 {
		return nil, usage("--from-history=%s: a duration with a unit, as in 24h or 7d", last)
	}
	r, err := c.openHistory(ctx, "")
	if err != nil {
		return nil, err
	}
	runs, err := r.Outcomes(ctx, time.Now().Add(-d), recalledRuns)
	return &recollection{last: d, runs: runs}, errors.Join(err, r.Close())
}

// simulation is the configuration with its assumptions. Without any of the user's own, seeds have the children that
// were recorded of them.
func (c *command) simulation(cfg *config.Config, o simulateOptions, past *recollection) (simulate.Input, error) {
	assumed, found := config.LoadAssumptions(c.assumptions(o.assume, c.In, o.hostname))
	if _, err := c.accepted(nil, found); err != nil {
		return simulate.Input{}, err
	}
	if past != nil && len(o.assume) == 0 {
		recalled, found := config.LoadAssumptions(c.assumptions([]string{"-"}, past.children(cfg), o.hostname))
		if !found.HasErrors() {
			if in, found := cfg.Simulation(recalled); !found.HasErrors() {
				return in, nil
			}
		}
		past.note = "; the children that were recorded do not fit this configuration: list them with --assume"
	}
	in, found := cfg.Simulation(assumed)
	_, err := c.accepted(nil, found)
	return in, err
}

func (c *command) assumptions(paths []string, stdin io.Reader, hostname string) config.Options {
	return config.Options{
		Paths: paths, Stdin: stdin, Environ: c.getenv, Program: c.Name, Hostname: hostname,
		Registry: c.registry, AllowWritable: c.flags.allowWritable,
	}
}

// children are assumptions that list the recorded children of each seed of the configuration.
func (p *recollection) children(cfg *config.Config) io.Reader {
	seeds := map[string]bool{}
	for _, d := range cfg.Daemons {
		seeds[d.Name] = len(d.Templates()) > 0
	}
	kids := map[string]map[string]bool{}
	for name := range p.runs {
		for cut := strings.LastIndexByte(name, '/'); cut > 0 && seeds[rootOf(name)]; cut = strings.LastIndexByte(name, '/') {
			seed, child := name[:cut], name[cut+1:]
			if kids[seed] == nil {
				kids[seed] = map[string]bool{}
			}
			// A name is its directory's, encoded.
			if plain, err := url.PathUnescape(child); err == nil && utf8.ValidString(plain) && config.EncodeName(plain) == child {
				kids[seed][plain] = true
			}
			name = seed
		}
	}
	var b bytes.Buffer
	for _, seed := range slices.Sorted(maps.Keys(kids)) {
		var names []string
		for _, kid := range slices.Sorted(maps.Keys(kids[seed])) {
			names = append(names, hclString(kid))
		}
		fmt.Fprintf(&b, "assume %s {\n  children = [%s]\n}\n", hclString(seed), strings.Join(names, ", "))
	}
	return &b
}

// hclString is a text as HCL has it: JSON's escapes, and none of its own interpolation.
func hclString(text string) string {
	quoted, _ := json.Marshal(text) // of a string: never fails
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(string(quoted))
}

// assume gives daemons that nothing is assumed of the runs that were recorded of them.
func (p *recollection) assume(daemons []simulate.Daemon) {
	for i := range daemons {
		d := &daemons[i]
		if d.Assume.Outcomes == nil && d.Assume.Duration == 0 {
			p.give(d)
		}
		p.assume(d.Children)
	}
}

func (p *recollection) give(d *simulate.Daemon) {
	runs := p.runs[d.Entry.Name]
	if len(runs) == 0 {
		p.absent = append(p.absent, d.Entry.Name)
		return
	}
	p.used += len(runs)
	p.given++
	d.Assume.Outcomes = make([]schedule.Outcome, len(runs))
	d.Assume.Durations = make([]time.Duration, len(runs))
	for i, run := range runs {
		d.Assume.Outcomes[i], d.Assume.Durations[i] = run.Outcome, run.Took
	}
}

// String says what stands behind the simulation.
func (p *recollection) String() string {
	text := fmt.Sprintf("drawn from the history of the last %s: %s of %s", short(p.last), plural(p.used, "run"), plural(p.given, "daemon"))
	if n := len(p.absent); n > 0 {
		named := p.absent[:min(n, 3)]
		text += "; none of " + strings.Join(named, ", ")
		if n > len(named) {
			text += fmt.Sprintf(" and %d others", n-len(named))
		}
		text += ", whose runs work in 0s"
	}
	return text + p.note
}
