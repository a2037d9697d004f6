package schedule_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp/schedule"
	"pgregory.net/rapid"
)

// waiting is one of the crowd before the floor: what decides when it starts.
type waiting struct {
	id       schedule.ID
	priority int
	since    time.Duration // when it became ready
}

// TestCrowdBeforeTheFloor: however many of the ready are equals, whoever of them goes and whenever ageing is switched,
// they start by priority, age and arrival, as a list that is searched from the front tells.
func TestCrowdBeforeTheFloor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		now := time.Duration(0)
		limits := schedule.Limits{Aging: oneOf(rt, "aging", 0, 1, 4)}
		s := schedule.New(at(now), limits)
		var crowd []waiting
		made := 0
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "what") {
			case 0:
				now += time.Second
			case 1:
				limits.Aging = oneOf(rt, "aging", 0, 1, 4)
				s.SetLimits(at(now), limits)
			case 2, 3:
				if len(crowd) > 0 {
					i := rapid.IntRange(0, len(crowd)-1).Draw(rt, "goes")
					s.Remove(at(now), crowd[i].id)
					crowd = slices.Delete(crowd, i, i+1)
				}
			case 4:
				crowd = startOne(rt, s, now, limits.Aging, crowd)
			default:
				w := waiting{priority: rapid.IntRange(0, 2).Draw(rt, "priority"), since: now}
				w.id = ready(rt, s, now, strconv.Itoa(made), w.priority)
				made++
				crowd = append(crowd, w)
			}
			if got := s.Ready(); got != len(crowd) {
				rt.Fatalf("%d ready, want %d", got, len(crowd))
			}
		}
		for len(crowd) > 0 {
			crowd = startOne(rt, s, now, limits.Aging, crowd)
		}
	})
}

// ready adds a daemon and has it stand before the floor, which somebody holds meanwhile.
func ready(rt *rapid.T, s *schedule.Scheduler, now time.Duration, name string, priority int) schedule.ID {
	holder, err := s.Add(at(now), schedule.Entry{Name: "holder", Planner: &schedule.Interval{Prio: 1000, Once: true}})
	if err != nil {
		rt.Fatal(err)
	}
	if d := s.Next(at(now)); d.ID != holder || d.Action != schedule.Start {
		rt.Fatalf("decided %+v", d)
	}
	e := every(name, priority, time.Hour).Entry
	id, err := s.Add(at(now), e)
	if err != nil {
		rt.Fatal(err)
	}
	if d := s.Next(at(now)); d.Action != schedule.Wait {
		rt.Fatalf("decided %+v", d)
	}
	s.Done(holder, at(now), schedule.Result{Outcome: schedule.Worked}, nil)
	s.Remove(at(now), holder)
	return id
}

// startOne has the first of the crowd start and end, and tells who is left.
func startOne(rt *rapid.T, s *schedule.Scheduler, now, aging time.Duration, crowd []waiting) []waiting {
	d := s.Next(at(now))
	if len(crowd) == 0 {
		if d.Action != schedule.Wait {
			rt.Fatalf("decided %+v", d)
		}
		return crowd
	}
	key := func(w waiting) time.Duration {
		if aging == 0 {
			return -time.Duration(w.priority)
		}
		return w.since - time.Duration(w.priority)*aging
	}
	first := 0
	for i := range crowd {
		if key(crowd[i]) < key(crowd[first]) {
			first = i
		}
	}
	if d.Action != schedule.Start || d.ID != crowd[first].id {
		rt.Fatalf("decided %+v, want a start of %d", d, crowd[first].id)
	}
	s.Done(d.ID, at(now), schedule.Result{Outcome: schedule.Worked}, nil)
	return slices.Delete(crowd, first, first+1)
}
