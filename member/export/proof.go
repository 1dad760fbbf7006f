// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// Suffix is what a proof's name adds to the name of its export.
const Suffix = ".proof"

// A proof is canonical JSON, one object a line, in this order: one export, the roster from genesis on,
// checkpoints, leaves, segments. Segments come as they lie in the file's mdat box, end to end.
const (
	kindExport     = "export"
	kindRoster     = "roster"
	kindCheckpoint = "checkpoint"
	kindLeaf       = "leaf"
	kindSegment    = "segment"
)

type exportLine struct {
	Camera    id.Camera    `json:"camera"`
	From      int64        `json:"from"`
	Household id.Household `json:"household"`
	Kind      string       `json:"kind"`
	Until     int64        `json:"until"`
	Version   int64        `json:"version"`
}

const version = 1

// Check refuses values that the types allow.
func (l *exportLine) Check() error {
	if !l.Camera.Valid() || !l.Household.Valid() || l.From <= 0 || l.Until < l.From || l.Version != version {
		return fmt.Errorf("proof: a malformed export line")
	}
	return nil
}

type rosterLine struct {
	Envelope []byte `json:"envelope"`
	Kind     string `json:"kind"`
}

type checkpointLine struct {
	Kind string `json:"kind"`
	Note string `json:"note"`
}

type leafLine struct {
	Index int64     `json:"index"`
	Kind  string    `json:"kind"`
	Leaf  []byte    `json:"leaf"`
	Proof []id.Hash `json:"proof"`
	Run   id.Run    `json:"run"`
}

// Check refuses values that the types allow.
func (l *leafLine) Check() error {
	if l.Index < 0 || !l.Run.Valid() || len(l.Proof) > 64 {
		return fmt.Errorf("proof: a malformed leaf line")
	}
	return nil
}

type segmentLine struct {
	// File is the place in the leaf's list of files, Leaf the place among this proof's leaves.
	File int64  `json:"file"`
	Kind string `json:"kind"`
	Leaf int64  `json:"leaf"`
}

// Check refuses values that the types allow.
func (l *segmentLine) Check() error {
	if l.File < 0 || l.Leaf < 0 {
		return fmt.Errorf("proof: a malformed segment line")
	}
	return nil
}

// Proof is what stands beside an export.
type Proof struct {
	export      exportLine
	roster      [][]byte
	checkpoints []string
	leaves      []leafLine
	segments    []segmentLine
}

func (p *Proof) write(w io.Writer) error {
	lines := []any{p.export}
	for _, e := range p.roster {
		lines = append(lines, rosterLine{Envelope: e, Kind: kindRoster})
	}
	for _, note := range p.checkpoints {
		lines = append(lines, checkpointLine{Kind: kindCheckpoint, Note: note})
	}
	for _, l := range p.leaves {
		lines = append(lines, l)
	}
	for _, s := range p.segments {
		lines = append(lines, s)
	}
	out := bufio.NewWriter(w)
	for _, line := range lines {
		b, err := canon.Marshal(line)
		if err != nil {
			return fmt.Errorf("write proof: %w", err)
		}
		if _, err := out.Write(append(b, '\n')); err != nil {
			return fmt.Errorf("write proof: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write proof: %w", err)
	}
	return nil
}

const (
	// maxLine is more than an envelope or a leaf in base64, with what stands around it.
	maxLine = 192 << 10
	// maxLines bounds a proof: a week of segments of four seconds, and room.
	maxLines = 1 << 18
)

// ReadProof reads a proof; it checks its form only.
func ReadProof(r io.Reader) (*Proof, error) {
	p := &Proof{}
	scan := bufio.NewScanner(r)
	scan.Buffer(make([]byte, 0, 64<<10), maxLine)
	stage := 0
	for n := 0; scan.Scan(); n++ {
		if n == maxLines {
			return nil, rule.Errorf(rule.Length, "proof: more than %d lines", maxLines)
		}
		next, err := p.line(scan.Bytes())
		if err != nil {
			return nil, fmt.Errorf("proof: line %d: %w", n+1, err)
		}
		if next < stage || (next == 0) != (n == 0) {
			return nil, rule.Errorf(rule.Shape, "proof: line %d is out of order", n+1)
		}
		stage = next
	}
	if errors.Is(scan.Err(), bufio.ErrTooLong) {
		return nil, rule.Errorf(rule.Length, "proof: a line longer than %d bytes", maxLine)
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("read proof: %w", err)
	}
	if len(p.segments) == 0 || len(p.roster) == 0 {
		return nil, rule.Errorf(rule.Shape, "proof: it is not complete")
	}
	return p, nil
}

// line reads one line and returns the place of its kind in the order.
func (p *Proof) line(b []byte) (int, error) {
	tree, err := canon.Parse(b, maxLine)
	if err != nil {
		return 0, err
	}
	m, _ := tree.(map[string]any)
	kind, _ := m["kind"].(string)
	read := func(v any) error { return canon.UnmarshalMax(bytes.Clone(b), v, maxLine) }
	switch kind {
	case kindExport:
		return 0, read(&p.export)
	case kindRoster:
		var l rosterLine
		err = read(&l)
		p.roster = append(p.roster, l.Envelope)
		return 1, err
	case kindCheckpoint:
		var l checkpointLine
		err = read(&l)
		p.checkpoints = append(p.checkpoints, l.Note)
		return 2, err
	case kindLeaf:
		var l leafLine
		err = read(&l)
		p.leaves = append(p.leaves, l)
		return 3, err
	case kindSegment:
		var l segmentLine
		err = read(&l)
		p.segments = append(p.segments, l)
		return 4, err
	default:
		return 0, rule.Errorf(rule.Shape, "a line of an unknown kind")
	}
}
