package config

import "io/fs"

// AsRoot makes Load check who can write the files, as it does for root.
func AsRoot(o Options) Options {
	o.asRoot = true
	return o
}

// Writers is who besides root can write a file of this mode and owner.
func Writers(mode fs.FileMode, uid, gid int) string { return writers(mode, uid, gid) }

// Nearest is the suggestion for a word.
func Nearest(written string, candidates []string) string { return nearest(written, candidates) }

// PlaceOf is where a setting of a daemon stands: the line of its name, and the text of its value.
func PlaceOf(d *Decoded, path string) (line int, value string, found bool) {
	p := d.at(path)
	if p == nil {
		return 0, "", false
	}
	line, _ = p.name.src.position(int(p.name.start))
	return line, p.value.text(), true
}

// FunctionNames are the names of all functions.
var FunctionNames = functionNames

// FunctionExamples calls a function with each documented function: its call, and an example with its result.
func FunctionExamples(visit func(call, example, result string)) {
	for _, g := range functionDocs() {
		for _, f := range g.functions {
			visit(f.call, f.example, f.result)
		}
	}
}
