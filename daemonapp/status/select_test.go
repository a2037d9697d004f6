package status_test

import (
	"errors"
	"path"
	"testing"

	"github.com/peakd/peakd/daemonapp/status"
)

func TestSelect(t *testing.T) {
	t.Parallel()
	all := status.Status{Daemons: []status.Daemon{
		{Name: "backup", Tags: []string{"nightly", "db"}},
		{Name: "mail", Seed: true, Tags: []string{"mail"}},
		{Name: "mail-check", Tags: []string{"nightly"}},
		{Name: "mail/in", Parent: "mail"},
		{Name: "mail/out", Parent: "mail", Tags: []string{"slow"}},
	}}
	for _, tt := range []struct {
		name  string
		names []string
		tags  []string
		want  []string
	}{
		{"all", nil, nil, []string{"backup", "mail", "mail-check", "mail/in", "mail/out"}},
		{"one", []string{"backup"}, nil, []string{"backup"}},
		{"a seed means its children", []string{"mail"}, nil, []string{"mail", "mail/in", "mail/out"}},
		{"a glob does not cross a slash", []string{"mail*"}, nil, []string{"mail", "mail-check", "mail/in", "mail/out"}},
		{"children", []string{"mail/*"}, nil, []string{"mail/in", "mail/out"}},
		{"several", []string{"mail/in", "backup"}, nil, []string{"backup", "mail/in"}},
		{"a tag", nil, []string{"nightly"}, []string{"backup", "mail-check"}},
		{"a tag of a seed", nil, []string{"mail"}, []string{"mail", "mail/in", "mail/out"}},
		{"names and tags", []string{"mail"}, []string{"slow"}, []string{"mail/out"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := all.Select(status.Selection{Names: tt.names, Tags: tt.tags})
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, d := range got.Daemons {
				names = append(names, d.Name)
			}
			same(t, "selected", names, tt.want)
			same(t, "of all", len(all.Daemons), 5)
		})
	}
	for _, tt := range []struct {
		name    string
		sel     status.Selection
		want    string
		nearest string
	}{
		{"a name", status.Selection{Names: []string{"backups"}}, `no daemon is called "backups"`, "backup"},
		{"a child", status.Selection{Names: []string{"out"}}, `no daemon is called "out"`, "mail/out"},
		{"a glob", status.Selection{Names: []string{"zzz*"}}, `no daemon is called "zzz*"`, ""},
		{"a tag", status.Selection{Tags: []string{"nihgtly"}}, `no daemon has the tag "nihgtly"`, "nightly"},
	} {
		_, err := all.Select(tt.sel)
		var unknown *status.UnknownError
		if !errors.As(err, &unknown) {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		same(t, tt.name, []string{unknown.Error(), unknown.Nearest(all)}, []string{tt.want, tt.nearest})
	}
	if _, err := all.Select(status.Selection{Names: []string{"[a"}}); !errors.Is(err, path.ErrBadPattern) {
		t.Errorf("a pattern that is none: %v", err)
	}
}
