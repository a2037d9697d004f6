package config

import "strings"

// Summary is the first sentence of the type's description.
func (t Type) Summary() string {
	line, _, _ := strings.Cut(strings.TrimSpace(t.doc), "\n")
	return line
}

// Suggest is the daemon type whose name comes close to this one; empty if none does.
func (r *Registry) Suggest(name string) string { return nearest(name, r.names()) }
