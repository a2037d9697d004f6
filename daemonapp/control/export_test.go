package control

import "os"

// UserName is who the tests run as.
func UserName() string { return userName(uint32(os.Geteuid())) }

// Watching is how many waits there are.
func (f *Feed) Watching() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, list := range f.watches {
		n += len(list)
	}
	if n != int(f.watching.Load()) {
		return -1
	}
	return n
}

// Reading is how many readers there are.
func (f *Feed) Reading() int {
	n := 0
	if list := f.streams.Load(); list != nil {
		n += len(*list)
	}
	if list := f.tails.Load(); list != nil {
		n += len(*list)
	}
	return n
}
