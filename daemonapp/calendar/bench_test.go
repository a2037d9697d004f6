package calendar_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	cron "github.com/netresearch/go-cron"

	"github.com/peakd/peakd/daemonapp/calendar"
)

// BenchmarkNext compares Next with that of the library, whose parser we use.
//
//	go test -run - -bench Next ./daemonapp/calendar
func BenchmarkNext(b *testing.B) {
	for _, zone := range []string{"UTC", "Europe/Vienna"} {
		loc := load(b, zone)
		from := time.Date(2026, 11, 3, 12, 34, 56, 0, loc)
		for _, expr := range []string{"*/5 * * * *", "0 2 * * *", "30 4 1 * *", "0 0 13 * 5", "0 0 29 2 *", "15 10 L * *"} {
			ours, err := calendar.Parse(expr, loc)
			if err != nil {
				b.Fatal(err)
			}
			theirs := reference(b, expr)
			theirs.Location = loc
			b.Run(zone+"/"+expr+"/calendar", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					ours.Next(from)
				}
			})
			b.Run(zone+"/"+expr+"/go-cron", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					theirs.Next(from)
				}
			})
		}
	}
}

func load(tb testing.TB, zone string) *time.Location {
	tb.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		tb.Fatal(err)
	}
	return loc
}

// reference parses with the library alone; nil if it refuses.
func reference(tb testing.TB, expr string) *cron.SpecSchedule {
	tb.Helper()
	parser, err := cron.TryNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow |
		cron.Descriptor | cron.Extended | cron.DowOrDom)
	if err != nil {
		tb.Fatal(err)
	}
	parsed, err := parser.Parse(expr)
	if err != nil {
		return nil
	}
	spec, _ := parsed.(*cron.SpecSchedule)
	return spec
}
