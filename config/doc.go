// Package config reads configurations: HCL in its native and its JSON syntax, decoded into plain structs
// and checked, with every mistake told as a [Diagnostic]. It is the only package that knows HCL.
//
// [Load] reads files into a [Config]. A [Registry] holds the daemon types that a configuration may use;
// each [Type] describes its settings with a struct. Nothing is built or started until [Config.Specs].
package config
