package control

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/peakd/peakd/daemonapp/status"
)

func (s *Server) getVersion(*request) (any, error) { return s.about(), nil }

func (s *Server) getStatus(*request) (any, error) {
	if s.options.Status == nil {
		return nil, &Error{Status: statusNotFound, Message: "this app does not tell its status"}
	}
	return s.options.Status(), nil
}

func (s *Server) getDaemons(*request) (any, error) {
	list := s.options.App.Status()
	answer := Daemons{Daemons: make([]Listed, 0, len(list))}
	for i := range list {
		d := &list[i]
		listed := Listed{Name: d.Name, Type: d.Type, State: d.State.String(), Seed: d.Seed, Parent: d.Parent, Tags: d.Terms.Tags}
		if d.RunID != 0 {
			listed.Run, listed.Since = d.RunID.String(), d.LastStart
		}
		answer.Daemons = append(answer.Daemons, listed)
	}
	slices.SortFunc(answer.Daemons, func(a, b Listed) int { return cmp.Compare(a.Name, b.Name) })
	return answer, nil
}

func (s *Server) getDaemon(r *request) (any, error) {
	if s.options.Status == nil {
		return s.getStatus(r)
	}
	all := s.options.Status().Daemons
	name := strings.TrimSuffix(r.name, "/")
	if i := slices.IndexFunc(all, func(d status.Daemon) bool { return d.Name == name }); i >= 0 {
		return all[i], nil
	}
	return nil, unknown(name, s.options.App.Status())
}

func (s *Server) getHistory(r *request) (any, error) {
	return s.ask(r, s.options.History, "this app keeps no history")
}

func (s *Server) getLogs(r *request) (any, error) {
	return s.ask(r, s.options.Logs, "this app keeps no output of runs")
}

// ask has a function of the options answer.
func (s *Server) ask(r *request, answer func(context.Context, url.Values) (any, error), without string) (any, error) {
	if answer == nil {
		return nil, &Error{Status: statusNotFound, Message: without, Hint: "see the history block of its configuration"}
	}
	if err := r.unhurried(); err != nil {
		return nil, err
	}
	got, err := answer(r.Context(), r.URL.Query())
	if err == nil && got == nil {
		got = struct{}{}
	}
	return got, err
}
