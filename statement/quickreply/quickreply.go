// SPDX-License-Identifier: Apache-2.0

// Package quickreply is a quick reply: a short text that the hub speaks by a camera's speaker, as somebody's talk.
//
// It stands in the command that orders it, and in the leaf that says who talked (docs/protocol.md 14.5).
package quickreply

import (
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"
)

// MaxCharacters bounds the text.
const MaxCharacters = 120

// Languages are those in which a hub can speak: those of the app.
func Languages() []string { return []string{"de", "en", "nl"} }

// Reply is one text.
type Reply struct {
	Language string `json:"language"`
	Text     string `json:"text"`
}

// Check refuses values that the types allow. What steers how text is shown or spoken is no text: what stands on the record
// is what was heard.
func (r *Reply) Check() error {
	if !slices.Contains(Languages(), r.Language) {
		return fmt.Errorf("quickreply: an unknown language")
	}
	if n := utf8.RuneCountInString(r.Text); n < 1 || n > MaxCharacters {
		return fmt.Errorf("quickreply: a text of %d characters", n)
	}
	for _, c := range r.Text {
		if unicode.IsControl(c) || c >= 0x2028 && c <= 0x202e || c >= 0x2066 && c <= 0x2069 {
			return fmt.Errorf("quickreply: a text with a character that steers")
		}
	}
	return nil
}
