package calendar

import (
	"math/bits"
	"time"
)

// monthsOfCalendar is the length of the Gregorian calendar's cycle: after 400 years every date falls on the
// same weekday again. What does not come within it never comes.
const monthsOfCalendar = 400 * 12

// month is one month of one year.
type month struct {
	before  int64        // the day before its first, counted from 1970-01-01
	weekday time.Weekday // of the first
	number  int          // 1 to 12
	year    int
	length  int
}

// monthOf is the month of a day counted from 1970-01-01.
func monthOf(day int64) month {
	t := time.Unix(day*secondsPerDay, 0).UTC()
	year, number, d := t.Date()
	weekday := (int(t.Weekday()) + 36 - d) % 7
	return month{day - int64(d), time.Weekday(weekday), int(number), year, lengthOf(int(number), year)}
}

func (m month) next() month {
	m.before += int64(m.length)
	m.weekday = time.Weekday((int(m.weekday) + m.length) % 7)
	m.number++
	if m.number > 12 {
		m.number = 1
		m.year++
	}
	m.length = lengthOf(m.number, m.year)
	return m
}

func lengthOf(number, year int) int {
	if number != 2 {
		return 30 + (number+number>>3)&1
	}
	if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		return 29
	}
	return 28
}

// days are all the days of the month: bit n is day n.
func (m month) days() uint32 { return 1<<(m.length+1) - 2 }

// on are the days of the month that fall on a set of weekdays (bit n: time.Weekday(n)).
func (m month) on(weekdays uint8) uint32 {
	const everySeventh = 1 | 1<<7 | 1<<14 | 1<<21 | 1<<28 | 1<<35
	return uint32(uint64(weekdays)*everySeventh>>m.weekday<<1) & m.days()
}

// daySet are the last three fields of an expression: which days of which months.
type daySet struct {
	months   uint16 // bit n: month n
	dates    uint32 // bit n: day n of the month
	weekdays uint8  // bit n: time.Weekday(n)

	// either: both the day of month and the weekday are given, and one of them is enough.
	either bool
	// special: some of the fields below are set.
	special bool
	// fromEnd, bit n: the day n days before the last one of the month (L, L-n).
	fromEnd uint32
	// lastWorkday: the last of Monday to Friday (LW).
	lastWorkday bool
	// nearest, bit n: of Monday to Friday the one nearest to day n, in the same month (nW).
	nearest uint32
	// nth[n]: the weekdays of which the n-th of the month is meant (MON#n); nth[0] the last (MON#L).
	nth [6]uint8
}

// in are the days of a month that belong to the set.
func (d *daySet) in(m month) uint32 {
	if d.months&(1<<m.number) == 0 {
		return 0
	}
	dates, weekdays := d.dates&m.days(), m.on(d.weekdays)
	if d.special {
		dates |= d.specialDates(m)
		weekdays |= d.specialWeekdays(m)
	}
	if d.either {
		return dates | weekdays
	}
	return dates & weekdays
}

const (
	workdays = 1<<time.Monday | 1<<time.Tuesday | 1<<time.Wednesday | 1<<time.Thursday | 1<<time.Friday
	weekend  = 1<<time.Saturday | 1<<time.Sunday
)

func (d *daySet) specialDates(m month) uint32 {
	// Reversing puts the last day of the month at bit 0, as in fromEnd.
	dates := bits.Reverse32(d.fromEnd) >> (31 - m.length) & m.days()
	if d.lastWorkday {
		dates |= 1 << (bits.Len32(m.on(workdays)) - 1)
	}
	for rest := d.nearest & m.days(); rest != 0; rest &= rest - 1 {
		dates |= nearestWorkday(m, bits.TrailingZeros32(rest))
	}
	return dates
}

// nearestWorkday stays in the month: Saturday the first moves to Monday, a last Sunday to Friday.
func nearestWorkday(m month, day int) uint32 {
	date := uint32(1) << day
	switch {
	case date&m.on(weekend) == 0:
		return date
	case date&m.on(1<<time.Saturday) != 0 && day > 1:
		return date >> 1
	case date&m.on(1<<time.Saturday) != 0:
		return date << 2
	case day < m.length:
		return date << 1
	}
	return date >> 2
}

func (d *daySet) specialWeekdays(m month) uint32 {
	const week = 1<<7 - 1
	var dates uint32
	for n := 1; n <= 5; n++ {
		dates |= m.on(d.nth[n]) & (week << (7*n - 6))
	}
	return dates | m.on(d.nth[0])&(week<<(m.length-6))
}
