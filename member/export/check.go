// SPDX-License-Identifier: Apache-2.0

package export

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// ErrNoProof says that nothing can be said about a file.
var ErrNoProof = errors.New("there is no proof beside this file (FILE.mp4.proof), so nothing can be said about it")

// Proved is what the check of an export proves.
type Proved struct {
	Household id.Household
	Hub       []byte
	Camera    id.Camera
	Segments  int
	// From and Until are the arrival times of the first and the last segment.
	From, Until int64
	// Holes are the pauses between segments.
	Holes []Hole
	// SignedAt is the newest checkpoint that covers the segments.
	SignedAt int64
}

// Hole is a pause between two segments, in milliseconds since 1970.
type Hole struct{ From, Until int64 }

// jitter is how far apart two segments without a pause may arrive.
const jitter = 1500

// Check holds an export against the proof beside it. It needs no network and no key.
func Check(path string) (*Proved, error) {
	beside, err := os.Open(path + Suffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoProof
	}
	if err != nil {
		return nil, fmt.Errorf("check export: %w", err)
	}
	defer beside.Close()
	proof, err := ReadProof(beside)
	if err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("check export: %w", err)
	}
	defer file.Close()
	return proof.Check(file)
}

// Check holds the content of an MP4 against the proof.
func (p *Proof) Check(file io.ReadSeeker) (*Proved, error) {
	state, err := roster.Replay(p.roster, p.export.Household)
	if err != nil {
		return nil, err
	}
	out := &Proved{Household: state.Household, Hub: state.Hub.Sign, Camera: p.export.Camera}
	packs, err := p.packs(state, out)
	if err != nil {
		return nil, err
	}
	files, err := p.files(packs, out)
	if err != nil {
		return nil, err
	}
	return out, checkContent(file, files)
}

// packs proves every leaf.
func (p *Proof) packs(state *roster.State, out *Proved) ([]*manifest.Pack, error) {
	checkpoints := map[id.Run]manifest.Checkpoint{}
	for _, note := range p.checkpoints {
		cp, err := manifest.OpenCheckpoint(state, note)
		if err != nil {
			return nil, err
		}
		checkpoints[cp.Run] = cp
		out.SignedAt = max(out.SignedAt, cp.At)
	}
	packs := make([]*manifest.Pack, len(p.leaves))
	for i, l := range p.leaves {
		cp, ok := checkpoints[l.Run]
		if !ok {
			return nil, rule.Errorf(rule.NotIncluded, "proof: a leaf of a run without a checkpoint")
		}
		if err := manifest.CheckProof(cp, l.Index, l.Leaf, l.Proof); err != nil {
			return nil, err
		}
		leaf, err := manifest.ParseLeaf(l.Leaf)
		if err != nil {
			return nil, err
		}
		pack, ok := leaf.(*manifest.Pack)
		if !ok {
			return nil, rule.Errorf(rule.Shape, "proof: a leaf that is no pack")
		}
		era, _ := state.EraOfRun(l.Run)
		if err := manifest.CheckRange(era, manifest.Entry{Leaf: leaf}); err != nil {
			return nil, err
		}
		if pack.Camera != p.export.Camera && !rule.Off(rule.WrongCamera) {
			return nil, rule.Errorf(rule.WrongCamera, "proof: a recording of another camera")
		}
		packs[i] = pack
	}
	return packs, nil
}

// files finds the segments in the leaves and wants them in the order in which they were recorded.
func (p *Proof) files(packs []*manifest.Pack, out *Proved) ([]manifest.File, error) {
	files := make([]manifest.File, len(p.segments))
	for i, s := range p.segments {
		if s.Leaf >= int64(len(packs)) || s.File >= int64(len(packs[s.Leaf].Files)) {
			return nil, rule.Errorf(rule.Shape, "proof: a segment that no leaf names")
		}
		f := packs[s.Leaf].Files[s.File]
		if f.Kind != manifest.FileSegment {
			return nil, rule.Errorf(rule.Shape, "proof: a segment that is none")
		}
		if i > 0 {
			before := files[i-1]
			if f.Start <= before.Start && !rule.Off(rule.FileHash) {
				return nil, rule.Errorf(rule.FileHash, "proof: segments are not in the order in which they were recorded")
			}
			if f.Start-before.End > jitter {
				out.Holes = append(out.Holes, Hole{From: before.End, Until: f.Start})
			}
		}
		files[i] = f
	}
	out.Segments, out.From, out.Until = len(files), files[0].Start, files[len(files)-1].End
	return files, nil
}

// checkContent hashes the file's mdat box piece by piece.
func checkContent(file io.ReadSeeker, files []manifest.File) error {
	size, err := findContent(file)
	if err != nil {
		return err
	}
	var want int64
	for _, f := range files {
		want += f.Content.Size
	}
	if size != want && !rule.Off(rule.FileSize) {
		return rule.Errorf(rule.FileSize, "the file holds %d bytes of pictures and sound, the hub recorded %d", size, want)
	}
	for i, f := range files {
		h := sha256.New()
		if _, err := io.CopyN(h, file, f.Content.Size); err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the file: %w", err)
		}
		if id.Hash(h.Sum(nil)) != f.Content.SHA256 && !rule.Off(rule.FileHash) {
			return rule.Errorf(rule.FileHash, "segment %d of %d is not what the hub recorded", i+1, len(files))
		}
	}
	return nil
}

// findContent moves to the payload of the file's only mdat box and returns its length.
func findContent(file io.ReadSeeker) (int64, error) {
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, fmt.Errorf("read the file: %w", err)
	}
	var at, found, length int64
	found = -1
	for at < end {
		if _, err := file.Seek(at, io.SeekStart); err != nil {
			return 0, fmt.Errorf("read the file: %w", err)
		}
		var head [16]byte
		n, err := io.ReadFull(file, head[:])
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) || n < 8 {
			return 0, rule.Errorf(rule.FileSize, "the file is cut off")
		}
		box, skip := int64(binary.BigEndian.Uint32(head[:4])), int64(8)
		switch box {
		case 0:
			box = end - at
		case 1:
			box, skip = int64(binary.BigEndian.Uint64(head[8:])), 16
		}
		if box < skip || box > end-at {
			return 0, rule.Errorf(rule.FileSize, "the file is cut off, or is no MP4")
		}
		if string(head[4:8]) == "mdat" {
			if found >= 0 {
				return 0, rule.Errorf(rule.FileHash, "the file holds pictures that were not exported with it")
			}
			found, length = at+skip, box-skip
		}
		at += box
	}
	if found < 0 {
		return 0, rule.Errorf(rule.FileSize, "the file holds no pictures, or is no MP4")
	}
	if _, err := file.Seek(found, io.SeekStart); err != nil {
		return 0, fmt.Errorf("read the file: %w", err)
	}
	return length, nil
}
