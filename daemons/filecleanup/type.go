package filecleanup

import (
	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
)

// Type is the daemon type file_cleanup.
func Type() config.Type {
	return config.NewType("file_cleanup", doc, Defaults(), build)
}

func build(env config.Env, s Settings) (daemonapp.Daemon, error) { return New(env, s) }

const doc = `Removes old files from a directory, and nothing else.

` + "```hcl" + `
daemon "file_cleanup" "session-cleanup" {
  run_every         = "5m"
  directory         = "/srv/spam/sessions"
  remove_older_than = "30m"
}
` + "```" + `

A file goes when it is old: when the newest of the times chosen by ` + "`age_by`" + ` is at least
` + "`remove_older_than`" + ` ago. Names are chosen with ` + "`include` and `exclude`" + `, kinds of file with
` + "`types`" + `. The directory itself always stays. ` + "`dry_run = true`" + ` shows in the log what would go.

By default the change time counts too (` + "`age_by = \"mc\"`" + `): a file that was just moved in, unpacked with an
old date, or given one with ` + "`touch -d`" + ` is new. ` + "`age_by = \"m\"`" + ` goes by the modification time alone.
A file whose time lies in the future is never old, and nothing younger than ` + "`minimum_age`" + ` is touched.

**Keeping some, or so much.** ` + "`keep_newest = 3`" + ` keeps the three newest matching files at any age;
` + "`maximum_total_size = \"2GB\"`" + ` lets the oldest go while the matching files are larger than that together,
even if they are not old yet (but never the newest kept, nor what is younger than ` + "`minimum_age`" + `).
` + "`unit = \"subtree\"`" + ` takes each entry of the directory as a whole: a folder is as old as the newest thing in it,
and it goes at once or not at all.

` + "```hcl" + `
daemon "file_cleanup" "backups" {
  schedule           = "0 3 * * *"
  directory          = "/srv/backups"
  include            = ["*.tar.zst"]
  remove_older_than  = "30d"
  keep_newest        = 3
  maximum_total_size = "500GB"
  action             = "archive"
  archive_directory  = "/mnt/cold/backups"
}
` + "```" + `

**Files in use stay.** On Linux a lease tells whether any process has the file open, without touching it; where a
file system has none, or on other systems, a lock is looked for. A socket stays while the kernel lists one of its name.
FIFOs, sockets and devices are never opened, so that for a FIFO only its age counts.

**Hostile directories.** Directories are held open, links are not followed, paths are not resolved twice: who swaps
a directory for a link gains nothing. ` + "`/`" + `, the root of a mount, a directory such as ` + "`/tmp`" + ` (sticky, writable by all)
and a path through links that others can change are refused unless ` + "`allow_unsafe_directory = true`" + `. Between the last
look at a file and its removal a new file could take its name; ` + "`verify = true`" + ` closes that gap as well.

**Archive and trash.** Nothing is overwritten: where a name is taken, a number is added. An archive on another file
system gets a copy that is on the disk before the original goes (owner, mode and times are kept, extended
attributes are not). Trash, subtrees that are being deleted and files being verified are in the directory's own
` + "`.peakd-cleanup`" + `, which only the daemon may enter and which goes when it is empty.

**It yields.** After each ` + "`slice`" + ` (or ` + "`maximum_per_run`" + ` removals) the run ends as more, so that a higher priority can go first,
and goes on where it was. Only a single large file that is being copied by the kernel, or one slow system call, takes longer.
A pass ends as worked if it removed anything, else (and always with ` + "`dry_run`" + `) as idle.

**When something is wrong.** A file that cannot be removed is logged (the first few of a pass) and counted, and the rest goes on.
The run fails if the directory cannot be read or is not safe, and, once, if the clock went ahead by more than an hour.
`
