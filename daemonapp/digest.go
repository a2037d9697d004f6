package daemonapp

import (
	"encoding/hex"

	"github.com/peakd/peakd/daemonapp/schedule"
)

// digest is the digest of a daemon's settings, packed: most are short hexadecimal numbers, for which a string would take
// three times the room.
type digest [12]byte

// written tells how a digest was written: the number of its hexadecimal digits, or that it is none that can be packed.
type written int8

const unpacked written = -1

// pack packs a digest. One that cannot be packed is to be kept as it is.
func pack(s string) (digest, written) {
	var d digest
	if len(s) > hex.EncodedLen(len(d)) || len(s)%2 != 0 {
		return d, unpacked
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return d, unpacked
		}
	}
	var from [2 * len(d)]byte
	if _, err := hex.Decode(d[:], from[:copy(from[:], s)]); err != nil {
		return d, unpacked
	}
	return d, written(len(s))
}

func (d *digest) unpack(w written) string { return hex.EncodeToString(d[:])[:w] }

// digest is the digest of the daemon id, as it was written.
func (a *App) digest(id schedule.ID) string {
	u := &a.units[id]
	if u.written == unpacked {
		return a.digests[id]
	}
	return u.digest.unpack(u.written)
}

// digested tells whether the daemon id has that digest.
func (a *App) digested(id schedule.ID, s string) bool {
	u := &a.units[id]
	d, w := pack(s)
	return w == u.written && d == u.digest && (w != unpacked || a.digests[id] == s)
}
