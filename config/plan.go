package config

import (
	"slices"
	"strings"
)

// Snapshot is a configuration reduced to what a plan compares: plain values that can be kept.
type Snapshot struct {
	App     map[string]string // settings of the app block, as written
	Daemons []SnapshotDaemon
}

// SnapshotDaemon is one daemon of it.
type SnapshotDaemon struct {
	Name, Type, Digest, Where string
	Settings                  map[string]string // by path; secrets are masked, with a mark that changes with them
}

// Snapshot reduces the configuration to what a plan compares. Disabled daemons are not in it.
func (c *Config) Snapshot() Snapshot {
	s := Snapshot{App: settingsMap(c.appSettings())}
	s.App["name"] = quoted(c.App.Label)
	for _, dec := range c.Daemons {
		v := c.settings(dec)
		settings := settingsMap(v.shown)
		for path, digest := range v.digests {
			settings[path+referred] = "#" + digest[:8]
		}
		s.Daemons = append(s.Daemons, SnapshotDaemon{
			Name: dec.Name, Type: dec.Type, Digest: dec.Digest, Where: dec.Where(), Settings: settings,
		})
	}
	return s
}

// referred follows the path of a template: what its expressions refer to, as a digest.
const referred = ".*"

func settingsMap(list []ShownSetting) map[string]string {
	m := make(map[string]string, len(list))
	for _, s := range list {
		m[s.Path] = s.Value
	}
	return m
}

// Action is what a reload does to a daemon.
type Action string

const (
	// Add starts the daemon.
	Add Action = "add"
	// ChangeInPlace is of description, tags or priority; the daemon goes on.
	ChangeInPlace Action = "change"
	// ReplaceDaemon puts a new daemon in its place, after its current run.
	ReplaceDaemon Action = "replace"
	// RemoveDaemon stops it after its current run.
	RemoveDaemon Action = "remove"
)

// Plan is the difference between two configurations: what a reload would do.
type Plan struct {
	// App are the changed settings of the app. They apply live, but for those in Restart.
	App     []SettingChange `json:"app,omitempty"`
	Restart []string        `json:"restart,omitempty"`
	Daemons []DaemonChange  `json:"daemons,omitempty"`
	// Unchanged is how many daemons stay as they are.
	Unchanged int `json:"unchanged"`
}

// DaemonChange is what happens to one daemon.
type DaemonChange struct {
	Name     string          `json:"name"`
	Type     string          `json:"type"`
	Action   Action          `json:"action"`
	Where    string          `json:"where,omitempty"`
	Settings []SettingChange `json:"settings,omitempty"`
}

// SettingChange is a setting that is another one; an empty value was, or is, not there.
type SettingChange struct {
	Path   string `json:"path"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Empty tells whether a reload would do nothing.
func (p Plan) Empty() bool { return len(p.App) == 0 && len(p.Daemons) == 0 }

// Count is how many daemons have this done to them.
func (p Plan) Count(a Action) int {
	n := 0
	for _, d := range p.Daemons {
		if d.Action == a {
			n++
		}
	}
	return n
}

// Compare finds what a reload from one configuration to another would do: first what is in the new one, in its
// order, then what is gone.
func Compare(before, after Snapshot) Plan {
	p := Plan{App: changes(before.App, after.App)}
	for _, c := range p.App {
		switch first, _, _ := strings.Cut(c.Path, "."); first {
		case "state_dir", "name", "observe", "control", "history":
			p.Restart = append(p.Restart, c.Path)
		}
	}
	old := make(map[string]SnapshotDaemon, len(before.Daemons))
	for _, d := range before.Daemons {
		old[d.Name] = d
	}
	for _, d := range after.Daemons {
		change := DaemonChange{Name: d.Name, Type: d.Type, Where: d.Where, Action: Add}
		if was, there := old[d.Name]; there {
			change.Action, change.Settings = compare(was, d)
			delete(old, d.Name)
		}
		if change.Action == "" {
			p.Unchanged++
			continue
		}
		p.Daemons = append(p.Daemons, change)
	}
	for _, d := range before.Daemons {
		if _, gone := old[d.Name]; gone {
			p.Daemons = append(p.Daemons, DaemonChange{Name: d.Name, Type: d.Type, Where: d.Where, Action: RemoveDaemon})
		}
	}
	return p
}

// compare tells what happens to a daemon that is in both; no action if nothing does.
func compare(was, is SnapshotDaemon) (Action, []SettingChange) {
	all := changes(was.Settings, is.Settings)
	switch {
	case was.Type != is.Type:
		return ReplaceDaemon, []SettingChange{{"type", quoted(was.Type), quoted(is.Type)}}
	case was.Digest != is.Digest:
		return ReplaceDaemon, withoutReferred(all)
	}
	if all = labels(all); len(all) > 0 {
		return ChangeInPlace, all
	}
	return "", nil
}

// withoutReferred drops the digest of each template of which, or of a template in which, a change is listed.
func withoutReferred(all []SettingChange) []SettingChange {
	some := make([]SettingChange, 0, len(all))
	for _, c := range all {
		template, digest := strings.CutSuffix(c.Path, referred)
		if !digest || !slices.ContainsFunc(all, func(other SettingChange) bool {
			return other.Path == template || other.Path != c.Path && strings.HasPrefix(other.Path, template+".")
		}) {
			some = append(some, c)
		}
	}
	return some
}

// labels are the changes that replace nothing.
func labels(all []SettingChange) []SettingChange {
	return slices.DeleteFunc(all, func(c SettingChange) bool {
		return c.Path != "description" && c.Path != "tags" && c.Path != "priority"
	})
}

func changes(before, after map[string]string) []SettingChange {
	var all []SettingChange
	for path, value := range after {
		if before[path] != value {
			all = append(all, SettingChange{path, before[path], value})
		}
	}
	for path, value := range before {
		if _, there := after[path]; !there {
			all = append(all, SettingChange{path, value, ""})
		}
	}
	slices.SortFunc(all, func(a, b SettingChange) int { return strings.Compare(a.Path, b.Path) })
	return all
}
