package config

import "github.com/hashicorp/hcl/v2/hclwrite"

// Format lays a native configuration out in the canonical way. What is not valid keeps its tokens.
func Format(src []byte) []byte { return hclwrite.Format(src) }

// Syntax tells what is wrong with the syntax of a native configuration, and of nothing else. The name is that of the
// file, for the diagnostics; o.Registry tells which attributes hold secrets.
func Syntax(o Options, name string, src []byte) *Diagnostics {
	known := &secrets{}
	l := &loader{
		reader: &reader{newWorld(o, known), &collector{secrets: known}},
		o:      o,
		cfg:    &Config{registry: o.Registry, secrets: known},
	}
	file := newSource(name, "", src)
	l.parse(file)
	file.settle()
	return l.c.done(1, 0)
}
