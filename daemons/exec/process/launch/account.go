package launch

import (
	"bufio"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"

	"github.com/peakd/peakd/daemons/exec/process"
)

// defaultShell is the login shell of a user who has none.
const defaultShell = "/bin/sh"

// account is whom a program runs as.
type account struct {
	name, home, shell string
	uid, gid          int
	entry             *user.User // nil: not in the user database
}

// lookupAccount asks the user database. No user means peakd's own, which need not be in there: a container's
// often is not.
func lookupAccount(userName, groupName string) (account, error) {
	a, err := lookupUser(userName)
	if err != nil {
		return account{}, err
	}
	if groupName != "" {
		if a.gid, err = lookupGroup(groupName); err != nil {
			return account{}, err
		}
	}
	return a, nil
}

func lookupUser(name string) (account, error) {
	if name == "" {
		return self(), nil
	}
	entry, err := user.Lookup(name)
	if id, numErr := strconv.ParseUint(name, 10, 31); err != nil && numErr == nil {
		entry, err = user.LookupId(strconv.FormatUint(id, 10))
	}
	if err != nil {
		return account{}, fmt.Errorf("look up user %s: %w", name, err)
	}
	return fromEntry(entry)
}

func self() account {
	if entry, err := user.LookupId(strconv.Itoa(os.Geteuid())); err == nil {
		if a, err := fromEntry(entry); err == nil {
			a.gid = os.Getegid()
			return a
		}
	}
	return account{name: strconv.Itoa(os.Geteuid()), home: "/", shell: defaultShell, uid: os.Geteuid(), gid: os.Getegid()}
}

func fromEntry(entry *user.User) (account, error) {
	ids, err := numbers(entry, entry.Uid, entry.Gid)
	if err != nil {
		return account{}, err
	}
	return account{
		name: entry.Username, home: entry.HomeDir, shell: loginShell(entry.Username), uid: ids[0], gid: ids[1], entry: entry,
	}, nil
}

func numbers(entry *user.User, texts ...string) ([]int, error) {
	ids := make([]int, 0, len(texts))
	for _, text := range texts {
		id, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("read entry of user %s: %w", entry.Username, err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func lookupGroup(name string) (int, error) {
	entry, err := user.LookupGroup(name)
	if err != nil {
		if id, numErr := strconv.ParseUint(name, 10, 31); numErr == nil {
			return int(id), nil // a number needs no entry
		}
		return 0, fmt.Errorf("look up group %s: %w", name, err)
	}
	gid, err := strconv.Atoi(entry.Gid)
	if err != nil {
		return 0, fmt.Errorf("read entry of group %s: %w", name, err)
	}
	return gid, nil
}

// loginShell reads /etc/passwd, as os/user does not tell it.
func loginShell(name string) string {
	f, err := os.Open("/etc/passwd")
	if err != nil {
		return defaultShell
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Split(lines.Text(), ":")
		if fields[0] == name && len(fields) == 7 && fields[6] != "" {
			return fields[6]
		}
	}
	return defaultShell
}

// changes tells that running as this account takes a change of identity.
func (a account) changes() bool { return a.uid != os.Geteuid() || a.gid != os.Getegid() }

// changesUser tells that it is a user to whom files of peakd's own are closed.
func (a account) changesUser() bool { return a.uid != os.Geteuid() && a.uid != 0 }

// identity is what to become, or nil. Only here are the groups asked for, as most programs stay what peakd is.
func (a account) identity() (*process.Identity, error) {
	if !a.changes() {
		return nil, nil
	}
	groups, err := a.groups()
	if err != nil {
		return nil, err
	}
	return &process.Identity{UID: a.uid, GID: a.gid, Groups: groups}, nil
}

// groups are the supplementary ones.
func (a account) groups() ([]int, error) {
	if a.entry == nil {
		return nil, nil
	}
	texts, err := a.entry.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("look up groups of %s: %w", a.name, err)
	}
	return numbers(a.entry, texts...)
}
