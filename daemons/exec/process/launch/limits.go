package launch

import (
	"time"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemons/exec/process"
)

// limits are the given ones.
func (l *Limits) limits() []process.Limit {
	if l == nil {
		return nil
	}
	var all []process.Limit
	all = appendLimit(all, "nofile", l.NoFile, 0)
	all = appendLimit(all, "nproc", l.NProc, 0)
	all = appendLimit(all, "cpu", l.cpuSeconds(), 1)
	all = appendLimit(all, "core", l.Core, 0)
	all = appendLimit(all, "fsize", l.FSize, 0)
	all = appendLimit(all, "memlock", l.MemLock, 0)
	all = appendLimit(all, "rss", l.RSS, 0)
	all = appendLimit(all, "stack", l.Stack, 0)
	all = appendLimit(all, "data", l.Data, 0)
	return appendLimit(all, "as", l.AS, 0)
}

func appendLimit[N int | int64 | config.Size](all []process.Limit, name string, value *N, more uint64) []process.Limit {
	if value == nil {
		return all
	}
	soft := uint64(*value)
	return append(all, process.Limit{Name: name, Soft: soft, Hard: soft + more})
}

// cpuSeconds rounds up, since no time at all would kill at once.
func (l *Limits) cpuSeconds() *int64 {
	if l.CPU == nil {
		return nil
	}
	seconds := int64((*l.CPU + time.Second - 1) / time.Second)
	return &seconds
}
