// SPDX-License-Identifier: Apache-2.0

// Package people puts into plain sentences who belongs to a household, what they may do, and how that came to be.
//
// It reads a roster that was checked and changes nothing. Names are sealed to owners and guardians; where a reader has
// none, a sentence says "somebody" or "a device" and never guesses. It keeps no state.
package people

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// Names gives ids their names, or "" where there is none.
type Names interface {
	PersonName(id.Person) string
	DeviceName(id.Device) string
	CameraName(id.Camera) string
}

// Role is a role with its article.
func Role(r roster.Role) string {
	if r == roster.Owner {
		return "an owner"
	}
	return "a " + string(r)
}

// Means says what a role is, in one sentence without its subject.
func Means(r roster.Role) string {
	switch r {
	case roster.Owner:
		return "sees everything and decides about everybody"
	case roster.Guardian:
		return "sees everything, adds cameras, and invites guests"
	case roster.Viewer:
		return "sees the cameras given"
	default:
		return "sees the cameras given, in the hours given, until the end given"
	}
}

// Rights says what a person may do, one phrase for each right. now decides whether a beginning is worth saying.
func Rights(role roster.Role, rights []roster.Right, names Names, now time.Time) []string {
	if role == roster.Owner || role == roster.Guardian {
		return []string{Means(role)}
	}
	out := make([]string, len(rights))
	for i, r := range rights {
		out[i] = Right(r, names, now)
	}
	return out
}

// Right is one right: "the Garden and Doorbell cameras: see recordings, Monday to Friday 14:00–18:00, until …".
func Right(r roster.Right, names Names, now time.Time) string {
	parts := []string{Cameras(r.Cameras, names) + ": " + actions(r.Actions)}
	if h := Hours(r.Hours, r.Zone, now.Location()); h != "" {
		parts = append(parts, h)
	}
	if r.Since > now.UnixMilli() {
		parts = append(parts, "from "+Moment(r.Since, now.Location()))
	}
	if r.Until > 0 {
		word := "until "
		if r.Until <= now.UnixMilli() {
			word = "ended "
		}
		parts = append(parts, word+Moment(r.Until, now.Location()))
	}
	return strings.Join(parts, ", ")
}

// Cameras names cameras: "all cameras", "the Garden camera", "the Garden and Doorbell cameras".
func Cameras(list []id.Camera, names Names) string {
	if len(list) == 0 {
		return "all cameras"
	}
	known := make([]string, 0, len(list))
	for _, c := range list {
		name := names.CameraName(c)
		if name == "" {
			return plural(len(list), "one camera", "cameras")
		}
		known = append(known, name)
	}
	if len(known) == 1 {
		return "the " + known[0] + " camera"
	}
	return "the " + and(known) + " cameras"
}

func actions(list []roster.Action) string {
	var words []string
	// People watch and see before they save.
	for _, a := range []roster.Action{roster.Live, roster.History, roster.Export, roster.Private, roster.Talk, roster.Open} {
		switch {
		case !slices.Contains(list, a):
		case a == roster.Live && !slices.Contains(list, roster.Listen):
			words = append(words, doing[a]+" without sound")
		default:
			words = append(words, doing[a])
		}
	}
	for _, a := range list {
		if doing[a] == "" && a != roster.Listen { // without live there is nothing to be heard live
			words = append(words, string(a))
		}
	}
	return and(words)
}

// doing is what actions are called.
var doing = map[roster.Action]string{roster.Live: "watch live", roster.History: "see recordings", roster.Export: "save recordings", roster.Private: "turn cameras off", roster.Talk: "talk by the speaker", roster.Open: "open doors"}

// Moment is a time for a person, with its day of the week.
func Moment(ms int64, zone *time.Location) string {
	t := time.UnixMilli(ms).In(zone)
	if t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 {
		// An end at midnight is the end of the day before.
		return "the end of " + t.Add(-time.Second).Format("Monday 2 January 2006")
	}
	return t.Format("Monday 2 January 2006, 15:04")
}

func and(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return number(n) + " " + many
}

func number(n int) string {
	small := []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}
	if n < len(small) {
		return small[n]
	}
	return strconv.Itoa(n)
}
