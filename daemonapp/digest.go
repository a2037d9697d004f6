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

// Digest is that of a daemon's settings, in a form that costs an event no memory.
type Digest struct {
	packed digest
	how    written
	text   string // of one that cannot be packed
}

// DigestOf is the Digest that String gives back.
func DigestOf(s string) Digest {
	d, how := pack(s)
	if how == unpacked {
		return Digest{how: how, text: s}
	}
	return Digest{packed: d, how: how}
}

// String is the digest as it was written.
func (d Digest) String() string {
	if d.how == unpacked {
		return d.text
	}
	return d.packed.unpack(d.how)
}

// sealed is the digest of the daemon id, for events.
func (a *App) sealed(id schedule.ID) Digest {
	u := &a.units[id]
	if u.written == unpacked {
		return Digest{how: unpacked, text: a.digests[id]}
	}
	return Digest{packed: u.digest, how: u.written}
}

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
