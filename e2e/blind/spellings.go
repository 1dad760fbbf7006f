// SPDX-License-Identifier: Apache-2.0

package blind

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"html"
	"net/url"
	"strings"
	"unicode/utf16"
)

// spelling is one way in which a program may write a text down.
type spelling struct {
	how   string
	bytes []byte
}

// spellings lists them all for one text, in its own letters and in small and large ones.
func spellings(text string) []spelling {
	var all []spelling
	for _, form := range []struct{ how, text string }{{"", text}, {"small ", strings.ToLower(text)}, {"large ", strings.ToUpper(text)}} {
		if form.how != "" && form.text == text {
			continue
		}
		for _, s := range spell(form.text) {
			all = append(all, spelling{form.how + s.how, s.bytes})
		}
	}
	return all
}

// spell is spellings for exactly these letters.
func spell(text string) []spelling {
	raw := []byte(text)
	all := []spelling{{"plain", raw}}
	add := func(how, written string) {
		if written != text {
			all = append(all, spelling{how, []byte(written)})
		}
	}
	little, big := utf16Bytes(text, binary.LittleEndian), utf16Bytes(text, binary.BigEndian)
	all = append(all, spelling{"utf-16le", little}, spelling{"utf-16be", big})
	for _, form := range []struct {
		how string
		raw []byte
	}{{"", raw}, {" of utf-16le", little}} {
		add("hex"+form.how, hex.EncodeToString(form.raw))
		add("large hex"+form.how, strings.ToUpper(hex.EncodeToString(form.raw)))
		for shift := range 3 {
			std := shifted(form.raw, shift, 3, 4, base64.RawStdEncoding.EncodeToString)
			add(fmt.Sprintf("base64, shift %d%s", shift, form.how), std)
			add(fmt.Sprintf("base64url, shift %d%s", shift, form.how), strings.NewReplacer("+", "-", "/", "_").Replace(std))
		}
		for shift := range 5 {
			b32 := shifted(form.raw, shift, 5, 8, base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString)
			add(fmt.Sprintf("base32, shift %d%s", shift, form.how), b32)
			add(fmt.Sprintf("small base32, shift %d%s", shift, form.how), strings.ToLower(b32))
		}
	}
	add("query-escaped", url.QueryEscape(text))
	add("path-escaped", url.PathEscape(text))
	var percent, smallPercent strings.Builder
	for _, b := range raw {
		fmt.Fprintf(&percent, "%%%02X", b)
		fmt.Fprintf(&smallPercent, "%%%02x", b)
	}
	add("percent-encoded", percent.String())
	add("small percent-encoded", smallPercent.String())
	add("html-escaped", html.EscapeString(text))
	add("json, ascii", jsonEscaped(text, false))
	add("json, all escaped", jsonEscaped(text, true))
	add("json in json", jsonEscaped(jsonEscaped(text, false), false))
	return all
}

// shifted encodes the text as it looks when other bytes stand before it: the letters that those bytes, or the bytes
// after it, would change are left away. A group of in bytes becomes a group of out letters.
func shifted(raw []byte, shift, in, out int, encode func([]byte) string) string {
	padded := append(make([]byte, shift), raw...)
	written := encode(padded)
	bits := 8 * in / out
	from := (shift*8 + bits - 1) / bits // the first letter made of the text's bits alone
	until := len(padded) * 8 / bits     // after the last such letter
	return written[from:until]
}

func utf16Bytes(text string, order binary.AppendByteOrder) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, unit)
	}
	return b
}

// jsonEscaped writes characters beyond ASCII, or all, as \u escapes.
func jsonEscaped(text string, all bool) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		switch {
		case all || unit > 0x7e || unit < 0x20:
			fmt.Fprintf(&b, `\u%04x`, unit)
		case unit == '"' || unit == '\\':
			b.WriteByte('\\')
			b.WriteByte(byte(unit))
		default:
			b.WriteByte(byte(unit))
		}
	}
	return b.String()
}

// hit is a spelling that was seen.
type hit struct{ canary, spelling string }

// matcher finds many short needles in one pass.
type matcher struct {
	begins  [1 << 16]bool            // pairs of bytes with which a needle begins
	needles map[uint32][]namedNeedle // by their first four bytes
}

type namedNeedle struct {
	hit   hit
	bytes []byte
}

// shortest is the length under which a spelling would be found in any noise.
const shortest = 6

func newMatcher(canaries []Canary) *matcher {
	m := &matcher{needles: map[uint32][]namedNeedle{}}
	for _, c := range canaries {
		if c.Kind != Text {
			continue
		}
		for _, s := range spellings(c.Text) {
			if len(s.bytes) < shortest {
				continue
			}
			m.begins[binary.LittleEndian.Uint16(s.bytes)] = true
			key := binary.LittleEndian.Uint32(s.bytes)
			m.needles[key] = append(m.needles[key], namedNeedle{hit{c.Name, s.how}, s.bytes})
		}
	}
	return m
}

// find returns each spelling that occurs, once.
func (m *matcher) find(data []byte) []hit {
	var hits []hit
	seen := map[hit]bool{}
	for i := 0; i+shortest <= len(data); i++ {
		if !m.begins[uint16(data[i])|uint16(data[i+1])<<8] {
			continue
		}
		for _, n := range m.needles[binary.LittleEndian.Uint32(data[i:])] {
			if len(data)-i >= len(n.bytes) && string(data[i:i+len(n.bytes)]) == string(n.bytes) && !seen[n.hit] {
				seen[n.hit] = true
				hits = append(hits, n.hit)
			}
		}
	}
	return hits
}
