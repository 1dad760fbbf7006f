// SPDX-License-Identifier: Apache-2.0

// Package parts carries a message to one reader that does not fit into a drop box in one piece (docs/protocol.md,
// section 8).
//
// It promises that a message is read only as it was sealed: each part is bound to its box, its place and how many there
// are. It authenticates no sender; what is inside has to show where it comes from.
package parts

import (
	"errors"
	"fmt"
	"strconv"

	"keyhold/sealing/box"
	"keyhold/statement/pairing"
	"keyhold/statement/rule"
)

// Max is the longest message.
const Max = pairing.MaxParts * pairing.Chunk

// ErrLong says that a message does not fit into a box at all.
var ErrLong = errors.New("the message is too long for a drop box")

var errNoPart = rule.Errorf(rule.Invitation, "parts: no part of a message")

func bound(name string, part, of int) box.Context {
	return box.Context{"box": name, "of": strconv.Itoa(of), "part": strconv.Itoa(part)}
}

// Seal cuts a message for a box into parts, each sealed to this key.
func Seal(key []byte, info box.Context, name string, text []byte) ([][]byte, error) {
	of := max(1, (len(text)+pairing.Chunk-1)/pairing.Chunk)
	if of > pairing.MaxParts {
		return nil, ErrLong
	}
	var out [][]byte
	for i := range of {
		sealed, err := box.Seal(key, info, bound(name, i, of), text[i*pairing.Chunk:min(len(text), (i+1)*pairing.Chunk)])
		if err != nil {
			return nil, fmt.Errorf("parts: %w", err)
		}
		out = append(out, append([]byte{byte(i), byte(of)}, sealed...))
	}
	return out, nil
}

// Gathering is what a reader has of a message.
type Gathering struct {
	Key  *box.Key
	Info box.Context
	Box  string

	of    int
	parts map[int][]byte
}

// Open opens one message of a box: a part, its number and how many there are. What is none is refused.
func Open(key *box.Key, info box.Context, name string, body []byte) (part, of int, plain []byte, err error) {
	if len(body) < 2 {
		return 0, 0, nil, errNoPart
	}
	part, of = int(body[0]), int(body[1])
	if of < 1 || of > pairing.MaxParts || part >= of {
		return 0, 0, nil, errNoPart
	}
	if plain, err = key.Open(info, bound(name, part, of), body[2:]); err != nil {
		return 0, 0, nil, errNoPart
	}
	return part, of, plain, nil
}

// Add takes one message of the box and says whether it is a part. Parts of a later message take the places of an
// earlier one's.
func (g *Gathering) Add(body []byte) bool {
	part, of, plain, err := Open(g.Key, g.Info, g.Box, body)
	if err != nil {
		return false
	}
	if g.of != of {
		g.of, g.parts = of, map[int][]byte{}
	}
	g.parts[part] = plain
	return true
}

// Whole is the message, once all of it is there.
func (g *Gathering) Whole() ([]byte, bool) {
	if g.of == 0 || len(g.parts) < g.of {
		return nil, false
	}
	var text []byte
	for i := range g.of {
		text = append(text, g.parts[i]...)
	}
	return text, true
}
