package dirqueue

// Bequest lets the tests see what becomes of what a queue leaves, whoever ends first.
type Bequest struct{ b bequest }

// Leave is the end of the queue whose estate it is.
func (b *Bequest) Leave() bool { return b.b.leave(estate{failed: 7}) }

// Take is what the heir asks; found tells whether there was an estate.
func (b *Bequest) Take() (found, ok bool) {
	e, ok := b.b.take()
	return e.failed == 7, ok
}

// Pass is the end of an heir that has an heir itself.
func (b *Bequest) Pass(to *Bequest) { b.b.pass(&to.b) }

// GiveUp is the end of an heir that has none.
func (b *Bequest) GiveUp() { b.b.giveUp() }
