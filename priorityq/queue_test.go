package priorityq_test

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/peakd/peakd/priorityq"
)

func TestQueueOrder(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		keys []int
		want []int // indexes into keys
	}{
		{"empty", nil, nil},
		{"one", []int{3}, []int{0}},
		{"by key", []int{3, 1, 2}, []int{1, 2, 0}},
		{"equals in the order they came", []int{1, 0, 1, 0, 1}, []int{1, 3, 0, 2, 4}},
		{"all equal", []int{7, 7, 7, 7, 7, 7, 7}, []int{0, 1, 2, 3, 4, 5, 6}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var q priorityq.Queue[int, int]
			for i, k := range tt.keys {
				q.Push(k, i)
			}
			var got []int
			for v, _, ok := q.Pop(); ok; v, _, ok = q.Pop() {
				got = append(got, v)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("popped %v, want %v", got, tt.want)
			}
		})
	}
}

func TestUpdateGoesBehindItsEquals(t *testing.T) {
	t.Parallel()
	var q priorityq.Queue[int, string]
	a := q.Push(1, "a")
	q.Push(1, "b")
	q.Update(a, 1)
	if v, key, ok := q.Pop(); v != "b" || key != 1 || !ok {
		t.Errorf("Pop = %q %d %v, want b first", v, key, ok)
	}
	if got := q.Key(a); got != 1 {
		t.Errorf("Key = %d, want 1", got)
	}
}

// model is the obvious queue: a list kept sorted by key, then by arrival.
type model struct {
	entries []modelEntry
	arrival int
}

type modelEntry struct {
	key, arrival, value int
	handle              priorityq.Handle
}

func (m *model) add(key, value int, h priorityq.Handle) {
	m.arrival++
	m.entries = append(m.entries, modelEntry{key, m.arrival, value, h})
	slices.SortFunc(m.entries, func(a, b modelEntry) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.arrival, b.arrival))
	})
}

func TestQueueAgainstModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var q priorityq.Queue[int, int]
		var m model
		key := rapid.IntRange(-3, 3)
		pick := func() int { return rapid.IntRange(0, len(m.entries)-1).Draw(t, "which") }
		next := 0
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				k := key.Draw(t, "key")
				m.add(k, next, q.Push(k, next))
				next++
			},
			"pop": func(t *rapid.T) {
				v, k, ok := q.Pop()
				if ok != (len(m.entries) > 0) {
					t.Fatalf("Pop ok = %v with %d entries", ok, len(m.entries))
				}
				if !ok {
					return
				}
				if want := m.entries[0]; v != want.value || k != want.key {
					t.Fatalf("Pop = %d (key %d), want %d (key %d)", v, k, want.value, want.key)
				}
				m.entries = m.entries[1:]
			},
			"remove": func(t *rapid.T) {
				if len(m.entries) == 0 {
					t.Skip("empty")
				}
				i := pick()
				if got := q.Remove(m.entries[i].handle); got != m.entries[i].value {
					t.Fatalf("Remove = %d, want %d", got, m.entries[i].value)
				}
				m.entries = slices.Delete(m.entries, i, i+1)
			},
			"update": func(t *rapid.T) {
				if len(m.entries) == 0 {
					t.Skip("empty")
				}
				i, k := pick(), key.Draw(t, "key")
				e := m.entries[i]
				q.Update(e.handle, k)
				m.entries = slices.Delete(m.entries, i, i+1)
				m.add(k, e.value, e.handle)
			},
			"": func(t *rapid.T) {
				if q.Len() != len(m.entries) {
					t.Fatalf("Len = %d, want %d", q.Len(), len(m.entries))
				}
				if v, k, ok := q.Peek(); ok && (v != m.entries[0].value || k != m.entries[0].key) {
					t.Fatalf("Peek = %d (key %d), want %+v", v, k, m.entries[0])
				}
				for _, e := range m.entries {
					if got := q.Key(e.handle); got != e.key {
						t.Fatalf("Key = %d, want %d", got, e.key)
					}
				}
			},
		})
	})
}

func TestQueueAllocatesNothingOnceGrown(t *testing.T) {
	var q priorityq.Queue[int64, int32]
	for i := range int64(1000) {
		q.Push(i, int32(i))
	}
	key := int64(1000)
	got := testing.AllocsPerRun(1000, func() {
		v, _, _ := q.Pop()
		q.Update(q.Push(key, v), key+1)
		key++
	})
	if got != 0 {
		t.Errorf("%v allocations a round, want 0", got)
	}
}
