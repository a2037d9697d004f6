package main

import (
	"context"
	"os"
	"strings"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// forEachLine are the settings of a for_each_line block.
type forEachLine struct {
	File  config.Path     `hcl:"file,required" doc:"a file with a name on each line"`
	Child config.Template `hcl:"child,block,required" doc:"the daemon for each of them; each.name is the line"`
}

// lines is the seed: a pace to embed, a run that looks, and the children that it found.
type lines struct {
	daemonapp.Pace
	settings forEachLine
	children []daemonapp.Spec
}

var _ daemonapp.Seed = (*lines)(nil)

func forEachLineType() config.Type {
	return config.NewType("for_each_line", "Keeps a child daemon for each line of a file.", forEachLine{},
		func(env config.Env, s forEachLine) (daemonapp.Daemon, error) {
			return &lines{Pace: daemonapp.Pace{Planner: env.Planner}, settings: s}, nil
		})
}

// Run reads the file. If it cannot be read the run has failed, and the children stay as they are.
func (l *lines) Run(context.Context) (schedule.Result, error) {
	text, err := os.ReadFile(string(l.settings.File))
	if err != nil {
		return schedule.Result{}, err
	}
	var children []daemonapp.Spec
	for _, name := range strings.Fields(string(text)) {
		spec, err := l.settings.Child.Spec(config.Each{Name: name})
		if err != nil {
			return schedule.Result{}, err
		}
		children = append(children, spec)
	}
	l.children = children
	return schedule.Result{Outcome: schedule.Worked, Count: len(children)}, nil
}

// Children states which children should exist. The app starts, replaces and stops.
func (l *lines) Children() []daemonapp.Spec { return l.children }
