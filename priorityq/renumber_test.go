package priorityq_test

import (
	"math"
	"testing"

	"github.com/peakd/peakd/priorityq"
	"pgregory.net/rapid"
)

// TestNumbersOfArrivalRunOut: the order among equals survives the numbering afresh, wherever it comes.
func TestNumbersOfArrivalRunOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var q priorityq.Queue[int, int]
		var m model
		q.SetSeq(math.MaxUint32 - rapid.Uint32Range(0, 40).Draw(t, "left"))
		for i, k := range rapid.SliceOfN(rapid.IntRange(-2, 2), 1, 80).Draw(t, "keys") {
			switch {
			case k == 2 && len(m.entries) > 0: // leaves a gap behind
				v, _, _ := q.Pop()
				if v != m.entries[0].value {
					t.Fatalf("popped %d, want %+v", v, m.entries[0])
				}
				m.entries = m.entries[1:]
			case k == -2 && len(m.entries) > 0:
				e := m.entries[len(m.entries)-1]
				q.Update(e.handle, e.key)
				m.entries = m.entries[:len(m.entries)-1]
				m.add(e.key, e.value, e.handle)
			default:
				m.add(k, i, q.Push(k, i))
			}
		}
		for _, want := range m.entries {
			if v, k, ok := q.Pop(); !ok || v != want.value || k != want.key {
				t.Fatalf("popped %d (key %d), want %+v", v, k, want)
			}
		}
	})
}

// TestAnEmptiedQueueGoesOn: the room of a crowd is given back, and what comes next is served as ever.
func TestAnEmptiedQueueGoesOn(t *testing.T) {
	t.Parallel()
	var q priorityq.Queue[int, int]
	for range 3 {
		for i := range 5000 {
			q.Push(-i, i)
		}
		for i := 4999; i >= 0; i-- {
			if v, _, ok := q.Pop(); !ok || v != i {
				t.Fatalf("popped %d %v, want %d", v, ok, i)
			}
		}
		if q.Room() > 0 || q.Len() != 0 {
			t.Fatalf("room for %d, %d entries", q.Room(), q.Len())
		}
	}
}
