// SPDX-License-Identifier: Apache-2.0

// Package record turns a camera's frames into sealed packs.
//
// Frames become fragmented MP4 segments that start at a key frame; each segment streams through a sealer into the open
// pack of the spool, so that plain video never touches a disk. A pack of about a minute is synced, moved under packs/
// and announced. It promises that a finished segment survives the death of the process at any instant, and that what
// was not recorded is announced as a gap. It trusts the frames of home/ingest, the disk to keep what it synced, and
// nobody with keys: it has none that open anything. A crash leaves an open pack and its index in the spool, which
// Recover turns into a closed pack with every whole segment, or a closed pack that nobody confirmed, announced again.
package record

import (
	"io"

	"keyhold/home/ingest"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

// A Sealer encrypts one file: what is written to the result goes to w as ciphertext. Close ends the file, not w.
type Sealer interface {
	Seal(w io.Writer) (io.WriteCloser, error)
}

// An Epoch is what a pack is sealed to.
type Epoch struct {
	ID     id.Epoch
	Sealer Sealer
}

// A Pack is a closed object: sealed files end to end.
type Pack struct {
	Object id.Object
	Camera id.Camera
	Epoch  id.Epoch
	// Session is the id of the session its segments are of, milliseconds since 1970 UTC.
	Session int64
	Files   []manifest.File
	Size    int64
	SHA256  id.Hash
	// Path is where the object lies.
	Path string
}

// Start is the arrival of the first picture, milliseconds since 1970 UTC.
func (p *Pack) Start() int64 { return p.Files[0].Start }

// End is the arrival of what follows the last picture.
func (p *Pack) End() int64 {
	end := p.Files[0].End
	for _, f := range p.Files {
		end = max(end, f.End)
	}
	return end
}

// A Gap is a stretch without footage; Reason is one of the manifest's. Until is 0 where the next picture is not known.
type Gap struct {
	Camera      id.Camera
	From, Until int64
	Reason      string
}

// gapReason says in the manifest's words why a session ended.
func gapReason(why ingest.Reason) string {
	switch why {
	case ingest.ReasonJump:
		return manifest.GapJump
	case ingest.ReasonStopped:
		return manifest.GapStopped
	default:
		return manifest.GapCamera
	}
}
