package config

import (
	_ "embed"
	"strings"
)

// zoneNames are the names of the time zone database, one a line, for suggestions only: which zones there
// are is up to the host.
//
//go:embed zones.txt
var zoneNames string //nolint:gochecknoglobals // embedding needs a variable

// zoneHint is a way out for a time zone that does not exist.
func zoneHint(name string) string {
	all := strings.Fields(zoneNames)
	if near := nearest(name, all); near != "" {
		return `did you mean "` + near + `"?`
	}
	for _, zone := range all {
		if i := strings.LastIndexByte(zone, '/'); i >= 0 && strings.EqualFold(zone[i+1:], strings.ReplaceAll(name, " ", "_")) {
			return `did you mean "` + zone + `"?`
		}
	}
	return `zones are called like "Europe/Vienna" or "UTC"`
}
