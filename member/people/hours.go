// SPDX-License-Identifier: Apache-2.0

package people

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"keyhold/statement/roster"
)

var days = []string{"", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

// Hours says when in a week a right holds: "Monday to Friday 14:00–18:00". The zone is named where it is not the reader's.
func Hours(list []roster.Hours, zone string, here *time.Location) string {
	if len(list) == 0 {
		return ""
	}
	parts := make([]string, len(list))
	for i, h := range list {
		parts[i] = dayWords(h.Days) + " " + minute(h.From) + "–" + minute(h.Until)
	}
	text := and(parts)
	if zone != "" && zone != here.String() {
		text += " (" + zone + ")"
	}
	return text
}

func minute(m int) string { return fmt.Sprintf("%02d:%02d", m/60, m%60) }

// dayWords joins days that follow each other.
func dayWords(list []int) string {
	if len(list) == 7 {
		return "every day"
	}
	var parts []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		switch {
		case j-i >= 2:
			parts = append(parts, days[list[i]]+" to "+days[list[j]])
		case j-i == 1:
			parts = append(parts, days[list[i]], days[list[j]])
		default:
			parts = append(parts, days[list[i]])
		}
		i = j + 1
	}
	return and(parts)
}

var dayNames = map[string]int{
	"mon": 1, "monday": 1, "tue": 2, "tuesday": 2, "wed": 3, "wednesday": 3, "thu": 4, "thursday": 4,
	"fri": 5, "friday": 5, "sat": 6, "saturday": 6, "sun": 7, "sunday": 7,
}

// ParseDay reads the name of a day; 1 is Monday.
func ParseDay(s string) (int, bool) {
	d, ok := dayNames[strings.ToLower(s)]
	return d, ok
}

// ParseHours reads "mon-fri 14:00-18:00", "sat,sun 9:00-12:00", "daily 8:00-20:00", or times alone for every day.
func ParseHours(text string) (roster.Hours, error) {
	wrong := fmt.Errorf("%q are no hours; write them like \"mon-fri 14:00-18:00\" or \"sat,sun 9:00-12:00\"", text)
	fields := strings.Fields(strings.ToLower(text))
	if len(fields) == 1 {
		fields = []string{"daily", fields[0]}
	}
	if len(fields) != 2 {
		return roster.Hours{}, wrong
	}
	days, okDays := parseDays(fields[0])
	from, until, ok := strings.Cut(strings.ReplaceAll(fields[1], "–", "-"), "-")
	a, okFrom := parseMinute(from)
	b, okUntil := parseMinute(until)
	if !ok || !okDays || !okFrom || !okUntil {
		return roster.Hours{}, wrong
	}
	if a >= b {
		return roster.Hours{}, fmt.Errorf("%q end before they begin; write hours over midnight as two, such as \"fri 20:00-24:00\" and \"sat 0:00-6:00\"", text)
	}
	return roster.Hours{Days: days, From: a, Until: b}, nil
}

func parseDays(text string) ([]int, bool) {
	if text == "daily" {
		text = "mon-sun"
	}
	var on [8]bool
	for part := range strings.SplitSeq(text, ",") {
		first, last, ranged := strings.Cut(part, "-")
		a, ok := ParseDay(first)
		b, okLast := a, true
		if ranged {
			b, okLast = ParseDay(last)
		}
		if !ok || !okLast {
			return nil, false
		}
		for d := a; ; d = d%7 + 1 { // sat-mon goes over the end of the week
			on[d] = true
			if d == b {
				break
			}
		}
	}
	var list []int
	for d, yes := range on {
		if yes {
			list = append(list, d)
		}
	}
	return list, true
}

func parseMinute(s string) (int, bool) {
	h, m, ok := strings.Cut(s, ":")
	if !ok {
		m = "0"
	}
	hour, err := strconv.Atoi(h)
	least, errMinute := strconv.Atoi(m)
	if err != nil || errMinute != nil || hour < 0 || hour > 24 || least < 0 || least > 59 || (hour == 24 && least > 0) {
		return 0, false
	}
	return hour*60 + least, true
}
