package main

import (
	"context"
	"fmt"
	"syscall"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// diskSpace are the settings of a disk_space block.
type diskSpace struct {
	Directory config.Path `hcl:"directory,required" doc:"a directory on the file system to watch"`
	Below     config.Size `hcl:"below" doc:"less free space than this fails the run"`
}

func diskSpaceType() config.Type {
	return config.NewType("disk_space", "Fails while a file system is nearly full.", diskSpace{Below: 1 << 30},
		func(env config.Env, s diskSpace) (daemonapp.Daemon, error) {
			return daemonapp.Task{Planner: env.Planner, Do: s.look}, nil
		})
}

func (s diskSpace) look(context.Context) (schedule.Result, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(string(s.Directory), &fs); err != nil {
		return schedule.Result{}, fmt.Errorf("look at %s: %w", s.Directory, err)
	}
	if free := config.Size(fs.Bavail) * config.Size(fs.Bsize); free < s.Below {
		return schedule.Result{}, fmt.Errorf("%s has %s left, less than %s", s.Directory, free, s.Below)
	}
	return schedule.Result{Outcome: schedule.Idle}, nil // all is well: look less often
}
