// SPDX-License-Identifier: Apache-2.0

package canon

import (
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"keyhold/statement/rule"
)

// maxInteger is the largest magnitude that both Go and JavaScript hold exactly.
const maxInteger = 1<<53 - 1

// parser reads JSON from left to right and stops at the first fault, so that every implementation names the same rule.
type parser struct {
	in    []byte
	pos   int
	depth int
	own   bool // see parse
}

func syntax(what string) error { return rule.Errorf(rule.Syntax, "canonical JSON: %s", what) }

func errNumber() error {
	return rule.Errorf(rule.Number, "canonical JSON: a number that is no integer below 2^53")
}

// parse returns the value as map[string]any, []any, string, int64 or bool. The text is our own if encoding/json has made
// it of a value of ours, to be written: what the canonical form mends is then taken, and what has none (nil, a
// json.Number, a key) is left to appendValue, which speaks of it in the order of what is written.
func parse(in []byte, own bool) (any, error) {
	if !utf8.Valid(in) {
		return nil, rule.Errorf(rule.UTF8, "canonical JSON: text is not UTF-8")
	}
	p := &parser{in: in, own: own}
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	if p.space(); p.pos != len(in) {
		return nil, syntax("text after the value")
	}
	return v, nil
}

func (p *parser) space() {
	for p.pos < len(p.in) {
		switch p.in[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

func (p *parser) peek() byte {
	if p.pos < len(p.in) {
		return p.in[p.pos]
	}
	return 0
}

func (p *parser) word(w string) bool {
	if len(p.in)-p.pos >= len(w) && string(p.in[p.pos:p.pos+len(w)]) == w {
		p.pos += len(w)
		return true
	}
	return false
}

func (p *parser) value() (any, error) {
	p.space()
	switch c := p.peek(); {
	case c == '{':
		return p.object()
	case c == '[':
		return p.array()
	case c == '"':
		return p.text()
	case c == '-' || (c >= '0' && c <= '9'):
		return p.integer()
	case p.word("true"):
		return true, nil
	case p.word("false"):
		return false, nil
	case p.word("null"):
		if p.own {
			return nil, nil
		}
		return nil, rule.Errorf(rule.Null, "canonical JSON: null is not used")
	}
	return nil, syntax("a value was expected")
}

func (p *parser) enter() error {
	if p.depth++; p.depth > MaxDepth && !p.own {
		return rule.Errorf(rule.Depth, "canonical JSON: nested deeper than %d", MaxDepth)
	}
	p.pos++
	return nil
}

func (p *parser) object() (any, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	out := map[string]any{}
	for p.space(); p.peek() != '}'; p.space() {
		if len(out) > 0 {
			if p.peek() != ',' {
				return nil, syntax("a comma was expected")
			}
			p.pos++
			p.space()
		}
		if p.peek() != '"' {
			return nil, syntax("a key was expected")
		}
		key, err := p.text()
		if err != nil {
			return nil, err
		}
		if !p.own && !validKey(key) {
			return nil, rule.Errorf(rule.Key, "canonical JSON: a key outside the allowed form")
		}
		if _, ok := out[key]; ok && !p.own {
			return nil, rule.Errorf(rule.DuplicateKey, "canonical JSON: a key stands twice")
		}
		if p.space(); p.peek() != ':' {
			return nil, syntax("a colon was expected")
		}
		p.pos++
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		out[key] = v
	}
	p.pos++
	p.depth--
	return out, nil
}

func (p *parser) array() (any, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	out := []any{}
	for p.space(); p.peek() != ']'; p.space() {
		if len(out) > 0 {
			if p.peek() != ',' {
				return nil, syntax("a comma was expected")
			}
			p.pos++
		}
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	p.pos++
	p.depth--
	return out, nil
}

func validKey(s string) bool {
	if len(s) == 0 || len(s) > 32 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || (c != '_' && (c < '0' || c > '9'))) {
			return false
		}
	}
	return true
}

// integer reads a JSON number by the grammar of RFC 8259 and refuses what is none of our integers.
func (p *parser) integer() (any, error) {
	start := p.pos
	if p.peek() == '-' {
		p.pos++
	}
	digits := func() int {
		from := p.pos
		for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
			p.pos++
		}
		return p.pos - from
	}
	whole := p.pos
	n := digits()
	if n == 0 || (n > 1 && p.in[whole] == '0') {
		return nil, syntax("a malformed number")
	}
	exact := true
	if p.peek() == '.' {
		exact = false
		if p.pos++; digits() == 0 {
			return nil, syntax("a malformed number")
		}
	}
	if p.peek()|0x20 == 'e' {
		exact = false
		p.pos++
		if c := p.peek(); c == '+' || c == '-' {
			p.pos++
		}
		if digits() == 0 {
			return nil, syntax("a malformed number")
		}
	}
	text := string(p.in[start:p.pos])
	v, err := strconv.ParseInt(text, 10, 64)
	switch bad := !exact || err != nil || v > maxInteger || v < -maxInteger; {
	case bad && p.own:
		return json.Number(text), nil
	case bad, text == "-0" && !p.own:
		return nil, errNumber()
	}
	return v, nil
}

func (p *parser) text() (string, error) {
	p.pos++
	// Nearly all stand as they are meant.
	start := p.pos
	for p.pos < len(p.in) && p.in[p.pos] >= 0x20 && p.in[p.pos] != '"' && p.in[p.pos] != '\\' {
		p.pos++
	}
	out := p.in[start:p.pos:p.pos] // without room: what is appended is a copy
	for {
		if p.pos >= len(p.in) {
			return "", syntax("a string does not end")
		}
		c := p.in[p.pos]
		p.pos++
		switch {
		case c == '"':
			if !p.own && !norm.NFC.IsNormal(out) {
				return "", rule.Errorf(rule.NFC, "canonical JSON: a string that is not in NFC")
			}
			return string(out), nil
		case c < 0x20:
			return "", syntax("a control character in a string")
		case c != '\\':
			out = append(out, c)
		default:
			var err error
			if out, err = p.escape(out); err != nil {
				return "", err
			}
		}
	}
}

func (p *parser) escape(out []byte) ([]byte, error) {
	c := p.peek()
	p.pos++
	switch c {
	case '"', '\\', '/':
		return append(out, c), nil
	case 'b':
		return append(out, '\b'), nil
	case 'f':
		return append(out, '\f'), nil
	case 'n':
		return append(out, '\n'), nil
	case 'r':
		return append(out, '\r'), nil
	case 't':
		return append(out, '\t'), nil
	case 'u':
		r, err := p.hex4()
		if err != nil {
			return nil, err
		}
		if !utf16.IsSurrogate(r) {
			return utf8.AppendRune(out, r), nil
		}
		if p.word(`\u`) {
			low, err := p.hex4()
			if err != nil {
				return nil, err
			}
			if full := utf16.DecodeRune(r, low); full != utf8.RuneError {
				return utf8.AppendRune(out, full), nil
			}
		}
		return nil, syntax("an unpaired surrogate")
	}
	return nil, syntax("an unknown escape")
}

func (p *parser) hex4() (rune, error) {
	if len(p.in)-p.pos < 4 {
		return 0, syntax("a malformed escape")
	}
	var v rune
	for _, c := range p.in[p.pos : p.pos+4] {
		switch {
		case c >= '0' && c <= '9':
			v = v<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			v = v<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, syntax("a malformed escape")
		}
	}
	p.pos += 4
	return v, nil
}
