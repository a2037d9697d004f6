package calendar_test

import (
	"fmt"
	"time"

	"github.com/peakd/peakd/daemonapp/calendar"
	"github.com/peakd/peakd/daemonapp/schedule"
)

func ExampleSchedule_Next() {
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := calendar.Parse("30 2 * * *", vienna)
	if err != nil {
		fmt.Println(err)
		return
	}
	t := time.Date(2027, 3, 27, 0, 0, 0, 0, vienna)
	for range 3 {
		t = s.Next(t)
		fmt.Println(t)
	}
	// Output:
	// 2027-03-27 02:30:00 +0100 CET
	// 2027-03-28 03:00:00 +0200 CEST
	// 2027-03-29 02:30:00 +0200 CEST
}

func ExampleParse_errors() {
	for _, expr := range []string{"0 25 * * *", "0 0 31 2 *", "@every 5m"} {
		_, err := calendar.Parse(expr, time.UTC)
		fmt.Println(err)
	}
	// Output:
	// hour "25": there is no such hour; write 0 to 23, a list 1,5, a range 1-5, a step */2, or *
	// the schedule never comes: no date fits the day of month "31", the month "2" and the weekday "*"; change one of them
	// @every is an interval: write run_every = "5m" in place of the schedule
}

func ExamplePlan() {
	s, err := calendar.Parse("0 2 * * *", time.UTC)
	if err != nil {
		fmt.Println(err)
		return
	}
	plan := &calendar.Plan{Schedule: s, Retry: &schedule.Retry{Every: 5 * time.Minute}}
	last := schedule.Run{Finished: time.Date(2027, 1, 1, 2, 10, 0, 0, time.UTC)}

	last.Result.Outcome = schedule.Worked
	fmt.Println("worked:", plan.NextRun(last))
	last.Result.Outcome, last.Failures = schedule.Failed, 1
	fmt.Println("failed:", plan.NextRun(last))
	// Output:
	// worked: 2027-01-02 02:00:00 +0000 UTC
	// failed: 2027-01-01 02:15:00 +0000 UTC
}

func ExampleWindow() {
	w, err := calendar.ParseWindow("22:00", "06:00", []string{"mon-fri"}, time.UTC)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(w)
	fmt.Println(w.Open(time.Date(2027, 1, 16, 3, 0, 0, 0, time.UTC))) // a Saturday
	// Output:
	// 22:00 to 06:00 mon-fri
	// true 2027-01-16 06:00:00 +0000 UTC
}
