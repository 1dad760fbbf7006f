// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"keyhold/member/people"
)

// parseTime reads a time as people write it on a command line: RFC 3339, `2026-03-01 14:00`,
// `today 14:00`, `yesterday 14:00`, `14:00` (today), `now`, or `-2h` (before now). Days are days in
// zone.
func parseTime(text string, now time.Time, zone *time.Location) (time.Time, error) {
	s := strings.ToLower(strings.TrimSpace(text))
	here := now.In(zone)
	switch {
	case s == "now":
		return now, nil
	case strings.HasPrefix(s, "-"):
		d, err := parseSpan(s[1:])
		if err != nil {
			return time.Time{}, wrongTime(text)
		}
		return now.Add(-d), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, strings.ToUpper(s)); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02t15:04:05", "2006-01-02 15:04", "2006-01-02t15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(strings.ToLower(layout), s, zone); err == nil {
			return t, nil
		}
	}
	day, clock, two := strings.Cut(s, " ")
	back := 0
	switch {
	case !two && (day == "today" || day == "yesterday"):
		clock = "00:00"
	case !two:
		day, clock = "today", s
	}
	switch day {
	case "today":
	case "yesterday":
		back = 1
	default:
		return time.Time{}, wrongTime(text)
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if c, err := time.Parse(layout, strings.TrimSpace(clock)); err == nil {
			return time.Date(here.Year(), here.Month(), here.Day()-back, c.Hour(), c.Minute(), c.Second(), 0, zone), nil
		}
	}
	return time.Time{}, wrongTime(text)
}

// parseSpan reads 2h, 90m, 1h30m, and 3d. What a Duration cannot hold is an error, as is less than nothing.
func parseSpan(s string) (time.Duration, error) {
	unit := time.Duration(1)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		s, unit = days+"h", 24
	}
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return 0, err
	case d < 0:
		return 0, errors.New("less than nothing")
	case d > math.MaxInt64/unit:
		return 0, errors.New("longer than 292 years")
	}
	return unit * d, nil
}

// parseEnd reads the end of something: "friday", "friday 18:00", "3d", or a time as parseTime reads it. A day without a
// time ends at midnight.
func parseEnd(text string, now time.Time, zone *time.Location) (time.Time, error) {
	s := strings.ToLower(strings.TrimSpace(text))
	here := now.In(zone)
	if d, err := parseSpan(s); err == nil {
		return now.Add(d), nil
	}
	day, clock, timed := strings.Cut(s, " ")
	ahead := -1
	if n, ok := people.ParseDay(day); ok {
		ahead = (n - weekday(here) + 7) % 7
	}
	switch day {
	case "today":
		ahead = 0
	case "tomorrow":
		ahead = 1
	}
	if ahead >= 0 {
		at := here.AddDate(0, 0, ahead)
		if !timed {
			return time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, 0, 0, zone), nil
		}
		c, err := time.Parse("15:04", strings.TrimSpace(clock))
		if err != nil {
			return time.Time{}, wrongEnd(text)
		}
		end := time.Date(at.Year(), at.Month(), at.Day(), c.Hour(), c.Minute(), 0, 0, zone)
		if !end.After(now) && day != "today" {
			end = end.AddDate(0, 0, 7)
		}
		return end, nil
	}
	if d, err := time.ParseInLocation("2006-01-02", s, zone); err == nil {
		return d.AddDate(0, 0, 1), nil
	}
	t, err := parseTime(text, now, zone)
	if err != nil {
		return t, wrongEnd(text)
	}
	return t, nil
}

// weekday counts from Monday, 1.
func weekday(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }

func wrongEnd(text string) error {
	return fmt.Errorf("%q is no end; write it like friday, \"friday 18:00\", tomorrow, 2026-03-01, \"2026-03-01 18:00\" or 3d", text)
}

func wrongTime(text string) error {
	return fmt.Errorf("%q is not a time; write it like 2026-03-01T14:00:00+01:00, \"today 14:00\", 14:00 or -2h", text)
}
