package schedule_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/peakd/peakd/daemonapp/schedule"
	"pgregory.net/rapid"
)

// TestNames adds and removes daemons at random: the names that are there are found, and no others.
func TestNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := schedule.New(epoch, schedule.Limits{})
		there := map[string]schedule.ID{}
		most := rapid.SampledFrom([]int{3, 30, 300}).Draw(rt, "most")
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, most), 0, 3*most).Draw(rt, "names") {
			name := strconv.Itoa(n)
			id, known := there[name]
			switch {
			case !known:
				id, err := s.Add(epoch, every(name, 0, sec).Entry)
				if err != nil {
					rt.Fatal(err)
				}
				there[name] = id
			case n%3 == 0:
				if _, err := s.Add(epoch, every(name, 0, sec).Entry); !errors.Is(err, schedule.ErrDuplicate) {
					rt.Fatalf("a second %s: %v", name, err)
				}
			default:
				s.Remove(epoch, id)
				delete(there, name)
			}
		}
		if s.Len() != len(there) {
			rt.Fatalf("%d daemons, want %d", s.Len(), len(there))
		}
		for n := range most + 1 {
			name := strconv.Itoa(n)
			id, known := s.Lookup(name)
			if want, ok := there[name]; ok != known || (ok && (id != want || s.Name(id) != name)) {
				rt.Fatalf("%s is found: %t %d, want %t %d", name, known, id, ok, want)
			}
		}
	})
}
