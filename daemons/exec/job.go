package exec

import (
	"cmp"
	"os"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/exec/process"
)

// job is what one run starts, with the files that were opened for it.
type job struct {
	process.Command
	opened []*os.File
}

// job puts together what is started; run may be nil. Accounts and programs are looked up for each run, so
// that a change on the host needs no reload.
func (d *Daemon) job(run *daemonapp.RunInfo, held *held) (*job, error) {
	s := &d.settings
	who, err := lookupAccount(s.User, s.Group)
	if err != nil {
		return nil, err
	}
	env := s.environment(who, d.env.Name, run)
	program, err := findProgram(s.program(), s.dir(), env["PATH"])
	if err != nil {
		return nil, err
	}
	j := &job{Command: process.Command{
		Path: program, Env: pairs(env), Dir: s.dir(), Extra: held.inherited(), Started: held.write,
		Terms: process.Terms{Identity: who.identity(), Nice: s.Nice, Umask: umask(s.Umask), Limits: s.Limits.limits()},
		Grace: cmp.Or(d.env.Terms.KillGrace, daemonapp.DefaultKillGrace), Clock: d.env.Clock,
	}}
	if run != nil {
		j.Kill = run.Killed()
	}
	if err := j.feed(s); err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

// feed opens what the job reads: its input, and its script. A script on the command line could be
// read by everybody and only be so long; on standard input it would be in the way of the input.
func (j *job) feed(s *Settings) error {
	var script string
	if s.Script != "" {
		file, err := j.open("peakd-script", s.Script)
		if err != nil {
			return err
		}
		script = process.FDPath(process.FirstExtra + len(j.Extra))
		j.Extra = append(j.Extra, file)
	}
	j.Argv = s.argv(script)
	if s.Stdin == "" {
		return nil
	}
	var err error
	j.Stdin, err = j.open("peakd-stdin", s.Stdin)
	return err
}

func (j *job) open(name, content string) (*os.File, error) {
	file, err := process.Sealed(name, []byte(content))
	if err == nil {
		j.opened = append(j.opened, file)
	}
	return file, err
}

func (j *job) close() {
	for _, file := range j.opened {
		_ = file.Close()
	}
}

func umask(mode *config.Mode) *int {
	if mode == nil {
		return nil
	}
	mask := int(*mode)
	return &mask
}
