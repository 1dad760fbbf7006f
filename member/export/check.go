// SPDX-License-Identifier: Apache-2.0

package export

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"keyhold/media"
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
	files, pieces, err := p.files(packs, out)
	if err != nil {
		return nil, err
	}
	return out, p.held(file, files, pieces)
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
func (p *Proof) files(packs []*manifest.Pack, out *Proved) ([]manifest.File, []media.Recorded, error) {
	files := make([]manifest.File, len(p.segments))
	pieces := make([]media.Recorded, len(p.segments))
	for i, s := range p.segments {
		if s.Leaf >= int64(len(packs)) || s.File >= int64(len(packs[s.Leaf].Files)) {
			return nil, nil, rule.Errorf(rule.Shape, "proof: a segment that no leaf names")
		}
		f := packs[s.Leaf].Files[s.File]
		if f.Kind != manifest.FileSegment {
			return nil, nil, rule.Errorf(rule.Shape, "proof: a segment that is none")
		}
		if i > 0 {
			before := files[i-1]
			if f.Start <= before.Start && !rule.Off(rule.FileHash) {
				return nil, nil, rule.Errorf(rule.FileHash, "proof: segments are not in the order in which they were recorded")
			}
			if f.Start-before.End > jitter {
				out.Holes = append(out.Holes, Hole{From: before.End, Until: f.Start})
			}
		}
		files[i], pieces[i] = f, media.Recorded{Session: packs[s.Leaf].Session, Start: f.Start, End: f.End, Media: f.Media}
	}
	out.Segments, out.From, out.Until = len(files), files[0].Start, files[len(files)-1].End
	return files, pieces, nil
}

// held hashes the file's mdat box piece by piece, and holds the list of its samples against the pieces.
func (p *Proof) held(file io.ReadSeeker, files []manifest.File, pieces []media.Recorded) error {
	f, err := findContent(file)
	if err != nil {
		return err
	}
	var want int64
	for _, one := range files {
		want += one.Content.Size
	}
	if f.size != want && !rule.Off(rule.FileSize) {
		return rule.Errorf(rule.FileSize, "the file holds %d bytes of pictures and sound, the hub recorded %d", f.size, want)
	}
	if rule.Off(rule.FileHash) {
		return nil
	}
	list, err := f.list(file, pieces, media.Options{From: p.export.From, Until: p.export.Until})
	if err != nil {
		return err
	}
	at := f.content
	if _, err := file.Seek(at, io.SeekStart); err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	var b bytes.Buffer
	for i, one := range files {
		b.Reset()
		if _, err := io.CopyN(&b, file, one.Content.Size); err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the file: %w", err)
		}
		if id.HashOf(b.Bytes()) != one.Content.SHA256 {
			return rule.Errorf(rule.FileHash, "segment %d of %d is not what the hub recorded", i+1, len(files))
		}
		if err := list.Segment(at, b.Bytes()); err != nil {
			return unlike(err)
		}
		at += one.Content.Size
	}
	return nil
}

// ErrList refuses a film whose pictures and sound are the hub's, but not what a player makes of them.
var ErrList = errors.New("the list of pictures in this file is not the one that belongs to this recording")

func unlike(err error) error {
	return fmt.Errorf("%w: %w", ErrList, rule.Errorf(rule.FileHash, "%v", err))
}

// mostTable bounds a list of samples, by segment and in all.
const mostTable, mostTables = 128 << 10, 1 << 30

// A layout is where the parts of a file lie.
type layout struct {
	content, size int64 // of mdat
	moov, table   int64
}

// list reads the list of samples.
func (f *layout) list(file io.ReadSeeker, pieces []media.Recorded, o media.Options) (*media.List, error) {
	if f.table > min(int64(len(pieces)+8)*mostTable, mostTables) {
		return nil, unlike(errors.New("it is longer than that of any film of this length"))
	}
	if _, err := file.Seek(f.moov, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	moov, err := io.ReadAll(io.LimitReader(file, f.table))
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	l, err := media.NewList(moov, pieces, o)
	if err != nil {
		return nil, unlike(err)
	}
	return l, nil
}

// order is of which boxes a film is made.
var order = [...]string{"ftyp", "mdat", "moov"}

// findContent finds the boxes of a film: those that an exporter writes, in its order, and nothing else.
func findContent(file io.ReadSeeker) (*layout, error) {
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	f := &layout{}
	var at int64
	for n := 0; at < end; n++ {
		if _, err := file.Seek(at, io.SeekStart); err != nil {
			return nil, fmt.Errorf("read the file: %w", err)
		}
		var head [16]byte
		k, err := io.ReadFull(file, head[:])
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) || k < 8 {
			return nil, rule.Errorf(rule.FileSize, "the file is cut off")
		}
		box, skip := int64(binary.BigEndian.Uint32(head[:4])), int64(8)
		switch box {
		case 0:
			box = end - at
		case 1:
			box, skip = int64(binary.BigEndian.Uint64(head[8:])), 16
		}
		if box < skip || box > end-at {
			return nil, rule.Errorf(rule.FileSize, "the file is cut off, or is no MP4")
		}
		name := string(head[4:8])
		if (n >= len(order) || name != order[n]) && !rule.Off(rule.FileHash) {
			return nil, rule.Errorf(rule.FileHash, "the file holds something that was not exported with it")
		}
		switch name {
		case "mdat":
			f.content, f.size = at+skip, box-skip
		case "moov":
			f.moov, f.table = at+skip, box-skip
		}
		at += box
	}
	if f.content == 0 || f.moov == 0 {
		return nil, rule.Errorf(rule.FileSize, "the file is cut off, or is no MP4")
	}
	return f, nil
}
