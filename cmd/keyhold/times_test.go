// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"time"
)

func TestTimesAreReadAsPeopleWriteThem(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 29, 14, 30, 0, 0, berlin) // the day on which the clock was put forward
	for text, want := range map[string]string{
		"now":                       "2026-03-29T14:30:00+02:00",
		"-2h":                       "2026-03-29T12:30:00+02:00",
		"-90m":                      "2026-03-29T13:00:00+02:00",
		"-1h30m":                    "2026-03-29T13:00:00+02:00",
		"-1d":                       "2026-03-28T13:30:00+01:00",
		"14:00":                     "2026-03-29T14:00:00+02:00",
		" 14:00:05 ":                "2026-03-29T14:00:05+02:00",
		"1:30":                      "2026-03-29T01:30:00+01:00",
		"today":                     "2026-03-29T00:00:00+01:00",
		"today 14:00":               "2026-03-29T14:00:00+02:00",
		"Yesterday 23:59":           "2026-03-28T23:59:00+01:00",
		"yesterday":                 "2026-03-28T00:00:00+01:00",
		"2026-03-01":                "2026-03-01T00:00:00+01:00",
		"2026-03-01 14:00":          "2026-03-01T14:00:00+01:00",
		"2026-03-01T14:00:05":       "2026-03-01T14:00:05+01:00",
		"2026-03-01T14:00:00Z":      "2026-03-01T15:00:00+01:00",
		"2026-03-01t14:00:00+01:00": "2026-03-01T14:00:00+01:00",
	} {
		got, err := parseTime(text, now, berlin)
		if err != nil || got.In(berlin).Format(time.RFC3339) != want {
			t.Errorf("%q is %s (%v), want %s", text, got.In(berlin).Format(time.RFC3339), err, want)
		}
	}
	for _, text := range []string{"", "tomorrow", "tomorrow 14:00", "25:00", "14", "-", "--2h", "--2d", "-999999d", "-2x", "2026-13-01", "14:00 today"} {
		if got, err := parseTime(text, now, berlin); err == nil {
			t.Errorf("%q is read as %s", text, got)
		}
	}
}

func FuzzTime(f *testing.F) {
	for _, text := range []string{"now", "-2h", "today 14:00", "2026-03-01T14:00:00Z", "-9999999999999d"} {
		f.Add(text)
	}
	now := time.Date(2026, 3, 29, 14, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseTime(text, now, time.UTC)
		if err == nil && text != "" && text[0] == '-' && got.After(now) {
			t.Errorf("%q lies in the future: %s", text, got)
		}
	})
}

func TestEndsAsPeopleWriteThem(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 15, 30, 0, 0, zone) // a Sunday
	at := func(month time.Month, day, hour, minute int) time.Time {
		return time.Date(2026, month, day, hour, minute, 0, 0, zone)
	}
	for text, want := range map[string]time.Time{
		"friday":           at(11, 28, 0, 0),
		"Fri 18:00":        at(11, 27, 18, 0),
		"sunday":           at(11, 23, 0, 0),
		"sunday 14:00":     at(11, 29, 14, 0), // it was an hour ago
		"sunday 16:00":     at(11, 22, 16, 0),
		"today":            at(11, 23, 0, 0),
		"tomorrow 9:15":    at(11, 23, 9, 15),
		"3d":               at(11, 25, 15, 30),
		"90m":              at(11, 22, 17, 0),
		"2026-12-24":       at(12, 25, 0, 0),
		"2026-12-24 18:00": at(12, 24, 18, 0),
		"17:00":            at(11, 22, 17, 0),
	} {
		got, err := parseEnd(text, now, zone)
		if err != nil || !got.Equal(want) {
			t.Errorf("%q is %v (%v), want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "someday", "friday noon", "32.13.", "999999d"} {
		if got, err := parseEnd(text, now, zone); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}
