// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"fmt"
	"strconv"

	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// MaxPage is the longest page in the clear.
const MaxPage = 4 << 20

// PageName says which leaves a page holds. It is public: the cloud files pages by it.
type PageName struct {
	Run    id.Run
	Camera id.Camera
	Epoch  id.Epoch
	Hour   int64
}

// Entry is a leaf at its place in the tree, with the bytes that were hashed.
type Entry struct {
	Index int64
	Raw   []byte
	Leaf  Leaf
}

// AppendEntry adds a leaf's line to a page.
func AppendEntry(page []byte, index int64, leaf []byte) []byte {
	page = strconv.AppendInt(page, index, 10)
	page = append(page, ' ')
	page = append(page, leaf...)
	return append(page, '\n')
}

// ParsePage reads a page's lines.
func ParsePage(b []byte) ([]Entry, error) {
	bad := func() error { return rule.Errorf(rule.Syntax, "manifest: a malformed page") }
	if len(b) > MaxPage {
		return nil, rule.Errorf(rule.Length, "manifest: a page longer than %d bytes", MaxPage)
	}
	var out []Entry
	for len(b) > 0 {
		line, rest, ok := bytes.Cut(b, []byte{'\n'})
		if !ok {
			return nil, bad()
		}
		b = rest
		number, raw, ok := bytes.Cut(line, []byte{' '})
		if !ok {
			return nil, bad()
		}
		index, err := strconv.ParseInt(string(number), 10, 53)
		if err != nil || index < 0 || strconv.FormatInt(index, 10) != string(number) {
			return nil, bad()
		}
		if len(out) > 0 && index <= out[len(out)-1].Index {
			return nil, bad()
		}
		leaf, err := ParseLeaf(raw)
		if err != nil {
			return nil, fmt.Errorf("manifest: page: %w", err)
		}
		out = append(out, Entry{Index: index, Raw: raw, Leaf: leaf})
	}
	return out, nil
}

// CheckPage refuses leaves that do not belong on the page of this name.
func CheckPage(name PageName, entries []Entry) error {
	for _, e := range entries {
		h := e.Leaf.Common()
		epoch := name.Epoch
		switch l := e.Leaf.(type) {
		case *Pack:
			epoch = l.Epoch
		case *Moment:
			epoch = l.Epoch
		case *Epoch:
			epoch = l.Epoch
		}
		if (h.Camera != name.Camera || id.Hour(h.At) != name.Hour || epoch != name.Epoch) && !rule.Off(rule.WrongCamera) {
			return rule.Errorf(rule.WrongCamera, "manifest: a leaf of another camera, epoch or hour")
		}
	}
	return nil
}

// Patience is how long a camera's leaves may be silent: two heartbeats and a minute.
const Patience = 11 * 60_000

// CheckNumbers wants the leaves of one camera, in order, without a hole. tail is the time up to which they must reach
// (the checkpoint's), or 0 if a later leaf was seen already.
func CheckNumbers(entries []Entry, tail int64) error {
	if rule.Off(rule.SeqGap) {
		return nil
	}
	for i := 1; i < len(entries); i++ {
		if entries[i].Leaf.Common().Seq != entries[i-1].Leaf.Common().Seq+1 {
			return rule.Errorf(rule.SeqGap, "manifest: leaves of a camera are missing")
		}
	}
	if tail == 0 {
		return nil
	}
	if len(entries) == 0 {
		return rule.Errorf(rule.SeqGap, "manifest: a camera's leaves are missing")
	}
	last := entries[len(entries)-1].Leaf
	if s, ok := last.(*CameraState); ok && s.State == CameraRemoved {
		return nil
	}
	if tail-last.Common().At > Patience {
		return rule.Errorf(rule.SeqGap, "manifest: a camera's newest leaves are missing")
	}
	return nil
}
