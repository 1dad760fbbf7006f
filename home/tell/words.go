// SPDX-License-Identifier: Apache-2.0

package tell

import (
	"strings"
	"time"
	"unicode"
)

// late is after how long it is said that something is told late: until then the hour says it.
const late = time.Minute

// maxName bounds a camera's name in a text, in runes.
const maxName = 80

// text is what is told: a line, and a title where the channel has one.
type text struct{ title, line string }

// words are those of a language. Times are in the order of the sentence.
type words struct {
	title, somebody, rang, late, test string
}

// languages are those of request.Languages.
var languages = map[string]words{
	"de": {"Es klingelt", "Jemand hat geklingelt", "jemand hat geklingelt", "gemeldet um", "Probe: So meldet sich Keyhold, wenn jemand klingelt"},
	"en": {"Doorbell", "Somebody rang", "somebody rang", "told at", "A test: this is how Keyhold tells you that somebody rings"},
	"nl": {"De bel gaat", "Er heeft iemand aangebeld", "er heeft iemand aangebeld", "gemeld om", "Test: zo meldt Keyhold dat er iemand aanbelt"},
}

// text is what is told of a visit now.
func (l *line) text(r ring) text {
	w, now := languages[l.Language], l.d.c.Now()
	said := w.somebody
	if name := clean(r.camera); l.Names && name != "" {
		said = name + ": " + w.rang
	}
	zone := l.d.c.Zone(l.ctx)
	said += ", " + clock(r.at, zone)
	if now.Sub(r.at) >= late {
		said += ", " + w.late + " " + clock(now, zone)
	}
	return text{w.title, said}
}

func (l *line) testText() text {
	w := languages[l.Language]
	return text{w.title, w.test + ", " + clock(l.d.c.Now(), l.d.c.Zone(l.ctx))}
}

func clock(t time.Time, zone *time.Location) string { return t.In(zone).Format("15:04") }

// clean makes one line of a camera's name, which somebody else may have chosen: nothing in it ends a line, or turns what is
// written after it around.
func clean(name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.C, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, name)
	name = strings.Join(strings.Fields(name), " ")
	if runes := []rune(name); len(runes) > maxName {
		name = string(runes[:maxName]) + "…"
	}
	return name
}
