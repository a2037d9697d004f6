package priorityq_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/peakd/peakd/priorityq"
)

// TestIndexedAgainstModel: numbers come and go in any order, take each other's places, and are their own handles.
func TestIndexedAgainstModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var q priorityq.Indexed[int]
		var m model
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			i := rapid.IntRange(0, 30).Draw(t, "number")
			key := rapid.IntRange(-2, 2).Draw(t, "key")
			at := slices.IndexFunc(m.entries, func(e modelEntry) bool { return e.value == i })
			switch what := rapid.IntRange(0, 4).Draw(t, "what"); {
			case at < 0:
				q.Push(int32(i), key)
				m.add(key, i, 0)
			case what == 0:
				q.Remove(int32(i))
				m.entries = slices.Delete(m.entries, at, at+1)
			case what == 1:
				q.Update(int32(i), key)
				m.entries = slices.Delete(m.entries, at, at+1)
				m.add(key, i, 0)
			case what == 2:
				q.Replace(int32(i), int32(i+100))
				m.entries[at].value = i + 100
			default:
				v, k, ok := q.Pop()
				if first := m.entries[0]; !ok || int(v) != first.value || k != first.key {
					t.Fatalf("popped %d (key %d), want %+v", v, k, first)
				}
				m.entries = m.entries[1:]
			}
			m.forgetReplaced(&q)
			if q.Len() != len(m.entries) {
				t.Fatalf("%d entries, want %d", q.Len(), len(m.entries))
			}
		}
		for _, want := range m.entries {
			if got := q.Key(int32(want.value)); got != want.key {
				t.Fatalf("key of %d is %d, want %d", want.value, got, want.key)
			}
		}
		for _, want := range m.entries {
			if v, k, ok := q.Peek(); !ok || int(v) != want.value || k != want.key {
				t.Fatalf("first is %d (key %d), want %+v", v, k, want)
			}
			q.Pop()
		}
	})
}

// forgetReplaced takes back numbers that took the place of others, when two would be in it at once.
func (m *model) forgetReplaced(q *priorityq.Indexed[int]) {
	seen := map[int]bool{}
	for i := 0; i < len(m.entries); i++ {
		v := m.entries[i].value
		if v >= 100 && (seen[v-100] || slices.ContainsFunc(m.entries, func(e modelEntry) bool { return e.value == v-100 })) {
			q.Remove(int32(v))
			m.entries = slices.Delete(m.entries, i, i+1)
			i--
			continue
		}
		seen[v] = true
	}
}

// TestAnEmptiedIndexedGoesOn: the room of a crowd is given back, and what comes next is served as ever.
func TestAnEmptiedIndexedGoesOn(t *testing.T) {
	t.Parallel()
	var q priorityq.Indexed[int]
	for turn := range 3 {
		q.Grow(turn * 5000)
		for i := range int32(5000) {
			q.Push(i, -int(i))
		}
		for i := int32(4999); i >= 0; i-- {
			if v, _, ok := q.Pop(); !ok || v != i {
				t.Fatalf("popped %d %v, want %d", v, ok, i)
			}
		}
		if _, _, ok := q.Pop(); ok || q.Len() != 0 {
			t.Fatalf("%d entries", q.Len())
		}
	}
}
