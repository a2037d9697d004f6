package spool_test

import "golang.org/x/sys/unix"

func rename(from, to int, name string) error {
	return unix.Renameat2(from, name, to, name, unix.RENAME_NOREPLACE)
}
