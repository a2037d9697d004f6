package daemonapp_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/peakd/peakd/daemonapp"
	"github.com/peakd/peakd/daemonapp/schedule"
)

// ever is a window that never closes.
type ever struct{}

func (ever) Open(time.Time) (bool, time.Time) { return true, time.Time{} }

// TestTermsAreTheDaemonsOwn: each has its own, however little they differ from those of the one before.
func TestTermsAreTheDaemonsOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		base := daemonapp.Terms{StartAfter: time.Hour, Description: "the first", Tags: []string{"one"}}
		all := []daemonapp.Terms{{}, {}, base, base}
		terms := reflect.TypeFor[daemonapp.Terms]()
		for i := range terms.NumField() {
			for _, from := range []daemonapp.Terms{{}, base} {
				other := from
				reflect.ValueOf(&other).Elem().Field(i).Set(another(t, terms.Field(i).Type))
				all = append(all, other, from)
			}
		}
		specs := make([]daemonapp.Spec, len(all))
		for i := range all {
			specs[i] = spec("d"+string(rune('0'+i)), every(time.Hour, ending(schedule.Idle)))
			specs[i].Terms = all[i]
		}
		l := begin(t, daemonapp.Options{}, specs...)
		for i := range all {
			if got := l.status(specs[i].Name).Terms; !reflect.DeepEqual(got, all[i]) {
				t.Errorf("terms = %+v, want %+v", got, all[i])
			}
		}
	})
}

// another makes a value that no field has by itself.
func another(t *testing.T, of reflect.Type) reflect.Value {
	t.Helper()
	v := reflect.New(of).Elem()
	switch v.Interface().(type) {
	case []string:
		return reflect.ValueOf([]string{"another"})
	case []daemonapp.Window:
		return reflect.ValueOf([]daemonapp.Window{{Window: ever{}, Text: "always"}})
	case *schedule.Slots:
		return reflect.ValueOf(&schedule.Slots{Max: 1})
	case string:
		v.SetString("another")
	case bool:
		v.SetBool(true)
	case float64:
		v.SetFloat(0.9)
	default:
		v.SetInt(int64(7))
	}
	return v
}

// TestAPaceIsTheDaemonsOwn, though those that are equal share it: one that is replaced does not take the others along.
func TestAPaceIsTheDaemonsOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		paced := func(name, digest string, wait time.Duration, priority int) daemonapp.Spec {
			return daemonapp.Spec{Name: name, Type: "t", Digest: digest, Daemon: ranked(priority, wait, ending(schedule.Worked))}
		}
		l := begin(t, daemonapp.Options{},
			paced("a", "1", 10*time.Second, 0), paced("b", "1", 10*time.Second, 0), paced("c", "1", 10*time.Second, 7),
			paced("d", "1", 20*time.Second, 0), paced("e", "1", 20*time.Second, 0))
		l.until(time.Second)
		if _, err := l.Put(paced("a", "2", 15*time.Second, 0)); err != nil {
			t.Fatal(err)
		}
		l.until(41 * time.Second)
		for name, want := range map[string][]string{
			"a": {"0s", "15s", "30s"}, "b": {"0s", "10s", "20s", "30s", "40s"}, "c": {"0s", "10s", "20s", "30s", "40s"},
			"d": {"0s", "20s", "40s"}, "e": {"0s", "20s", "40s"},
		} {
			same(t, "starts of "+name, l.starts(name), want)
		}
		same(t, "priority", l.status("c").Priority, 7)
		same(t, "priority", l.status("d").Priority, 0)
	})
}
