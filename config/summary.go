package config

import "strings"

// Summary is the first sentence of the type's description, on one line.
func (t Type) Summary() string {
	paragraph, _, _ := strings.Cut(strings.TrimSpace(t.doc), "\n\n")
	text := strings.Join(strings.Fields(paragraph), " ")
	if i := strings.Index(text, ". "); i >= 0 {
		return text[:i+1]
	}
	return text
}

// Suggest is the daemon type whose name comes close to this one; empty if none does.
func (r *Registry) Suggest(name string) string { return nearest(name, r.names()) }
