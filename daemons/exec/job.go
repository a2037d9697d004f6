package exec

import (
	"cmp"
	"os"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemons/exec/process"
)

// job is what one run starts, with the files that were opened for it.
type job struct {
	*process.Command
	opened []*os.File
}

// job puts together what is started; run may be nil.
func (d *Daemon) job(run *daemonapp.RunInfo, held *held) (*job, error) {
	s := &d.settings
	cmd, err := s.Prepare(s.program(), told(d.env.Name, run))
	if err != nil {
		return nil, err
	}
	cmd.Extra, cmd.Started = held.inherited(), held.write
	cmd.Grace, cmd.Clock = cmp.Or(d.env.Terms.KillGrace, daemonapp.DefaultKillGrace), d.env.Clock
	if run != nil {
		cmd.Kill = run.Killed()
	}
	j := &job{Command: cmd}
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
