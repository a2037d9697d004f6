package schedule

import "hash/maphash"

// index finds a daemon by name: a hash table with linear probing that holds no names but a hash and an ID, for
// a quarter of what a map costs. The slots are ordered by hash, so that to grow copies them from the one
// end to the other.
type index struct {
	seed  maphash.Seed
	slots []indexed
	used  int
}

// indexed is a slot; one of the zero hash is empty.
type indexed struct {
	hash uint32
	id   ID
}

func newIndex() index { return index{seed: maphash.MakeSeed(), slots: make([]indexed, 8)} }

func (x *index) hash(name string) uint32 { return uint32(maphash.String(x.seed, name)>>32) | 1 }

// home is where a hash is looked for first: as far into the table as the hash is into its range.
func (x *index) home(hash uint32) int { return int(uint64(hash) * uint64(len(x.slots)) >> 32) }

// after is the slot behind i.
func (x *index) after(i int) int {
	if i++; i < len(x.slots) {
		return i
	}
	return 0
}

// find is the slot of the daemon called name, or the empty one where it would go.
func (x *index) find(hash uint32, name string, of *records) int {
	i := x.home(hash)
	for x.slots[i].hash != 0 && (x.slots[i].hash != hash || of.at(x.slots[i].id).name != name) {
		i = x.after(i)
	}
	return i
}

// lookup is the daemon called name, or nobody.
func (x *index) lookup(name string, of *records) ID {
	hash := x.hash(name)
	if s := x.slots[x.find(hash, name, of)]; s.hash != 0 {
		return s.id
	}
	return nobody
}

// place is the slot of the daemon called name, which is taken from then on; there tells that it was before.
func (x *index) place(name string, of *records) (slot *indexed, there bool) {
	if x.used*8 >= len(x.slots)*7 {
		x.resize(len(x.slots) + len(x.slots)/2)
	}
	hash := x.hash(name)
	slot = &x.slots[x.find(hash, name, of)]
	if there = slot.hash != 0; !there {
		slot.hash = hash
		x.used++
	}
	return slot, there
}

// reserve makes room for n more.
func (x *index) reserve(n int) {
	if slots := (x.used+n)*8/7 + 1; slots > len(x.slots) {
		x.resize(slots)
	}
}

func (x *index) put(s indexed) {
	i := x.home(s.hash)
	for x.slots[i].hash != 0 {
		i = x.after(i)
	}
	x.slots[i] = s
}

func (x *index) resize(slots int) {
	old := x.slots
	x.slots = make([]indexed, slots)
	for _, s := range old {
		if s.hash != 0 {
			x.put(s)
		}
	}
}

// remove takes the daemon called name out, and moves up those behind it that had made way.
func (x *index) remove(name string, of *records) {
	gap := x.find(x.hash(name), name, of)
	for i := x.after(gap); x.slots[i].hash != 0; i = x.after(i) {
		if home := x.home(x.slots[i].hash); between(gap, home, i) {
			continue
		}
		x.slots[gap] = x.slots[i]
		gap = i
	}
	x.slots[gap] = indexed{}
	x.used--
}

// between tells whether home lies behind gap and not behind i, going round.
func between(gap, home, i int) bool {
	if gap <= i {
		return gap < home && home <= i
	}
	return gap < home || home <= i
}
