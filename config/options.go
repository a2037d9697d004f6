package config

import (
	"io"
	"os"
)

// Options are what [Load] reads and with what.
type Options struct {
	// Paths are files, directories (of which *.hcl and *.hcl.json are read, but no dotfiles, in lexical order),
	// or "-" for Stdin.
	Paths []string
	Stdin io.Reader
	// Vars set variables, "NAME=VALUE"; VarFiles are HCL files of NAME = value. Vars win over VarFiles, these
	// over the environment (PEAKD_VAR_NAME), that over a variable's default; of several, the last.
	Vars     []string
	VarFiles []string
	// Environ looks an environment variable up; nil is the process's own environment.
	Environ func(string) (string, bool)
	// EnvPrefix stands before _VAR_NAME; empty means PEAKD.
	EnvPrefix string
	// Program is what hints call the program; empty means peakd.
	Program string
	// Hostname is the answer of hostname() and part of every jitter; empty is the host's own.
	Hostname string
	// Registry holds the daemon types; it is required.
	Registry *Registry
	// AllowWritable accepts files and directories that others than root can write, when root reads them.
	AllowWritable bool

	// asRoot makes the checks for root whoever runs them; tests set it.
	asRoot bool
}

func (o Options) envPrefix() string {
	if o.EnvPrefix == "" {
		return "PEAKD"
	}
	return o.EnvPrefix
}

func (o Options) program() string {
	if o.Program == "" {
		return "peakd"
	}
	return o.Program
}

func (o Options) outside() outside {
	out := outside{environ: o.Environ, hostname: os.Hostname, group: os.Getegid()}
	if out.environ == nil {
		out.environ = os.LookupEnv
	}
	if o.Hostname != "" {
		out.hostname = func() (string, error) { return o.Hostname, nil }
	}
	return out
}

// strict tells whether files must be writable by root only.
func (o Options) strict() bool { return (o.asRoot || os.Geteuid() == 0) && !o.AllowWritable }
