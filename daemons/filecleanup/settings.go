package filecleanup

import (
	"fmt"
	"math"
	"path"
	"strings"
	"time"

	"github.com/peakd/peakd/config"
	"github.com/peakd/peakd/daemonapp"
)

// Settings are the attributes of a file_cleanup block. [Defaults] holds the value of each that a
// configuration leaves out.
type Settings struct {
	Directory            config.Path   `hcl:"directory,required" doc:"the directory to clean; it stays, only what is in it goes"`
	Include              []string      `hcl:"include" doc:"patterns of names to consider; one with a slash is matched against the path below the directory, where ** stands for any number of folders; * matches names with a leading dot too"`
	Exclude              []string      `hcl:"exclude" doc:"patterns of names to keep; a directory that matches is not entered"`
	RemoveOlderThan      time.Duration `hcl:"remove_older_than" doc:"the age from which on a file goes; 0s means any age, down to minimum_age"`
	AgeBy                string        `hcl:"age_by" doc:"the times that count, the newest of them decides: m modified, c status changed, a accessed, b born. With c, a file that was moved in, or had an old time put on it, is new"`
	Recursive            bool          `hcl:"recursive" doc:"clean the directories below too"`
	OneFileSystem        bool          `hcl:"one_file_system" doc:"stay on the file system of the directory; on Linux bind mounts are not entered either"`
	Types                []string      `hcl:"types" doc:"what may go: file, symlink (the link itself), socket, fifo; devices never do"`
	KeepNewest           int           `hcl:"keep_newest" doc:"so many of the newest matching files are kept at any age, counted over the whole tree"`
	MaximumTotalSize     config.Size   `hcl:"maximum_total_size" doc:"while the matching files together are larger, the oldest go, whatever remove_older_than says; 0 means no limit"`
	EmptyDirectories     bool          `hcl:"empty_directories" doc:"remove directories below that are empty and were last modified long enough ago; needs recursive"`
	Unit                 string        `hcl:"unit" enum:"file|subtree" doc:"file: each file for itself; subtree: each entry of the directory goes or stays as a whole, as old as the newest thing in it"`
	InUse                string        `hcl:"in_use" enum:"lease|flock|none" doc:"how files in use are recognised and kept: lease, no process has it open (Linux; elsewhere, and where a file system has no leases, flock); flock, no process holds a lock on it; none, not looked at"`
	Action               string        `hcl:"action" enum:"delete|archive|trash" doc:"delete; archive, move below archive_directory; trash, move to a private directory inside and delete after trash_for"`
	ArchiveDirectory     config.Path   `hcl:"archive_directory" doc:"where action = \"archive\" moves files, under the same relative path; nothing there is ever overwritten. It must exist" default:"none"`
	TrashFor             time.Duration `hcl:"trash_for" doc:"how long action = \"trash\" keeps what it took out"`
	DryRun               bool          `hcl:"dry_run" doc:"log what would go and change nothing; such a run counts as idle"`
	MaximumPerRun        int           `hcl:"maximum_per_run" doc:"after so many removals the run ends, and goes on at its next turn; 0 means no limit"`
	Slice                time.Duration `hcl:"slice" doc:"after so long the run ends, and goes on where it was at its next turn; 0s means in one go. A daemon with run_once works in one go"`
	MinimumAge           time.Duration `hcl:"minimum_age" doc:"nothing younger is touched, whatever else says so"`
	Verify               bool          `hcl:"verify" doc:"move each file to a private directory first and look again before it is deleted, so that not even a file that takes its name at the last instant can go in its place; needs one_file_system"`
	AllowUnsafeDirectory bool          `hcl:"allow_unsafe_directory" doc:"accept /, the root of a mount, a sticky directory that everybody can write (such as /tmp), and a path through symbolic links that others can change"`
}

// Defaults returns the settings of a block that says nothing but its directory.
func Defaults() Settings {
	return Settings{
		Include:         []string{"*"},
		RemoveOlderThan: 7 * 24 * time.Hour,
		AgeBy:           "mc",
		OneFileSystem:   true,
		Types:           []string{"file"},
		Unit:            unitFile,
		InUse:           useLease,
		Action:          actionDelete,
		TrashFor:        7 * 24 * time.Hour,
		MaximumPerRun:   100_000,
		Slice:           5 * time.Millisecond,
		MinimumAge:      time.Minute,
	}
}

const (
	unitFile    = "file"
	unitSubtree = "subtree"

	useLease = "lease"
	useFlock = "flock"
	useNone  = "none"

	actionDelete  = "delete"
	actionArchive = "archive"
	actionTrash   = "trash"
)

// Validate tells every fault that can be seen without looking at the system.
func (s *Settings) Validate() []*daemonapp.FieldError {
	var faults faultList
	s.validatePlace(&faults)
	s.validateSelection(&faults)
	s.validateAction(&faults)
	return faults
}

func (s *Settings) validatePlace(faults *faultList) {
	switch {
	case s.Directory == "":
		faults.add("directory", "no directory is given", `write directory = "/srv/spool/old"`)
	case path.Clean(string(s.Directory)) == "/" && !s.AllowUnsafeDirectory:
		faults.add("directory", "cleaning / would take the system with it", "name a directory below it")
	}
	if s.EmptyDirectories && s.Unit == unitSubtree {
		faults.add("empty_directories", `a subtree goes as a whole, its directories with it`, `leave it out, or set unit = "file"`)
	} else if s.EmptyDirectories && !s.Recursive {
		faults.add("empty_directories", "directories are only looked at with recursive = true", "set recursive = true")
	}
}

func (s *Settings) validateSelection(faults *faultList) {
	for _, p := range s.Include {
		faults.pattern("include", p)
	}
	for _, p := range s.Exclude {
		faults.pattern("exclude", p)
	}
	if len(s.Include) == 0 {
		faults.add("include", "it names nothing, so nothing would ever go", `write include = ["*"] for everything`)
	}
	if s.AgeBy == "" || strings.Trim(s.AgeBy, "mcab") != "" {
		faults.add("age_by", fmt.Sprintf("%q is not made of the letters m, c, a, b", s.AgeBy), `write age_by = "mc"`)
	}
	if len(s.Types) == 0 {
		faults.add("types", "it names nothing, so nothing would ever go", `write types = ["file"]`)
	}
	for _, t := range s.Types {
		if _, known := kindNamed(t); !known {
			faults.add("types", fmt.Sprintf("%q is not a type of file this daemon removes", t), `use "file", "symlink", "socket" and "fifo"`)
		}
	}
	faults.notNegative("remove_older_than", int64(s.RemoveOlderThan))
	faults.notNegative("minimum_age", int64(s.MinimumAge))
	faults.notNegative("keep_newest", int64(s.KeepNewest))
	faults.notNegative("maximum_total_size", int64(s.MaximumTotalSize))
}

func (s *Settings) validateAction(faults *faultList) {
	faults.oneOf("unit", s.Unit, unitFile, unitSubtree)
	faults.oneOf("in_use", s.InUse, useLease, useFlock, useNone)
	faults.oneOf("action", s.Action, actionDelete, actionArchive, actionTrash)
	faults.notNegative("trash_for", int64(s.TrashFor))
	faults.notNegative("maximum_per_run", int64(s.MaximumPerRun))
	faults.notNegative("slice", int64(s.Slice))
	if s.Action == actionArchive && s.ArchiveDirectory == "" {
		faults.add("archive_directory", `action = "archive" needs a place to move files to`, `write archive_directory = "/srv/archive"`)
	}
	if s.ArchiveDirectory != "" && path.Clean(string(s.ArchiveDirectory)) == path.Clean(string(s.Directory)) {
		faults.add("archive_directory", "it is the directory that is cleaned", "name another one")
	}
	if s.OneFileSystem {
		return
	}
	if s.Verify {
		faults.add("verify", "a file is verified by a rename, which cannot leave its file system", "set one_file_system = true")
	}
	if s.Action == actionTrash {
		faults.add("action", "trash is a rename, which cannot leave a file system", "set one_file_system = true")
	}
	if s.Unit == unitSubtree {
		faults.add("unit", "a subtree goes by a rename, which cannot leave its file system", "set one_file_system = true")
	}
}

// Warnings tells what will make runs fail or find nothing, as far as it can be seen now.
func (s *Settings) Warnings() []*daemonapp.FieldError {
	var warnings faultList
	if s.RemoveOlderThan < s.MinimumAge && s.RemoveOlderThan > 0 {
		warnings.add("remove_older_than", fmt.Sprintf("nothing younger than minimum_age = %q is touched", s.MinimumAge),
			fmt.Sprintf("set minimum_age = %q too", s.RemoveOlderThan))
	}
	s.warnOf(&warnings, "directory", s.Directory, true)
	if s.Action == actionArchive {
		s.warnOf(&warnings, "archive_directory", s.ArchiveDirectory, false)
	}
	if s.InUse == useLease && !haveLeases {
		warnings.add("in_use", "leases are known on Linux only; locks (flock) are looked at instead", `set in_use = "flock" or "none"`)
	}
	return warnings
}

func (s *Settings) warnOf(warnings *faultList, field string, directory config.Path, cleaned bool) {
	fd, err := openTrusted(string(directory), s.AllowUnsafeDirectory)
	if err != nil {
		warnings.add(field, fmt.Sprintf("its runs will fail: %v", err), "")
		return
	}
	defer closeFD(fd)
	if !cleaned || s.AllowUnsafeDirectory {
		return
	}
	if err := refuseUnsafe(fd, string(directory)); err != nil {
		warnings.add(field, fmt.Sprintf("its runs will fail: %v", err), "name a directory below it, or set allow_unsafe_directory = true")
	}
}

// limit is MaximumPerRun as a number to count down from.
func (s *Settings) limit() int {
	if s.MaximumPerRun == 0 {
		return math.MaxInt
	}
	return s.MaximumPerRun
}

// ranked tells whether the oldest must be known before the first can go.
func (s *Settings) ranked() bool {
	return s.KeepNewest > 0 || s.MaximumTotalSize > 0 || s.Unit == unitSubtree
}

type faultList []*daemonapp.FieldError

func (l *faultList) add(field, message, hint string) {
	*l = append(*l, &daemonapp.FieldError{Field: field, Message: message, Hint: hint})
}

func (l *faultList) notNegative(field string, n int64) {
	if n < 0 {
		l.add(field, "it cannot be negative", "")
	}
}

func (l *faultList) oneOf(field, value string, words ...string) {
	for _, w := range words {
		if w == value {
			return
		}
	}
	l.add(field, fmt.Sprintf("%q is not one of %s", value, strings.Join(words, ", ")), "")
}

func (l *faultList) pattern(field, text string) {
	if _, err := newGlob(text); err != nil {
		l.add(field, fmt.Sprintf("%q is not a pattern: %v", text, err), `write * for any text, ? for one character, [a-z] for a range, \ before one that means itself`)
	}
}
