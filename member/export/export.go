// SPDX-License-Identifier: Apache-2.0

// Package export writes a range of one camera as an MP4 that plays anywhere, with a proof beside it.
//
// It promises: every segment in the file was checked against the hub's record before it was opened; the
// file holds the content of each byte for byte, so that Check can hold it against the proof later,
// offline and without any key; if one segment does not pass, no file is left behind. It trusts the
// View it is given. Both files appear under their names only when they are complete; a crash leaves
// FILE.part, which the next export to the same name replaces.
package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"keyhold/media"
	"keyhold/member/footage"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

// ErrNothing says that nothing was recorded in the range.
var ErrNothing = errors.New("nothing was recorded in this range")

// Result says what an export covers.
type Result struct {
	From, Until int64
	Segments    int
	// Joints is how often the recording was interrupted inside; interruptions are closed up.
	Joints int
	Bytes  int64
	// Shown is how long it plays, in microseconds.
	Shown int64
}

// Write exports what a timeline holds. progress is told how many bytes are done.
func Write(ctx context.Context, s *session.Session, v *session.View, t *session.Timeline, path string, progress func(done, total int64)) (*Result, error) {
	if len(t.Segments) == 0 {
		return nil, ErrNothing
	}
	proof, err := prove(ctx, v, t)
	if err != nil {
		return nil, fmt.Errorf("gather the proof: %w", err)
	}
	fetch, err := footage.Start(ctx, s, v, t.Camera, t.Segments, request.PurposeExport)
	if err != nil {
		return nil, err
	}
	first, last := t.Segments[0], t.Segments[len(t.Segments)-1]
	result := &Result{From: max(t.From, first.Start), Until: min(t.Until, last.End)}
	err = replace(path, func(file *os.File) error {
		joined, err := join(ctx, fetch, t, file, progress)
		if err != nil {
			return err
		}
		result.Segments, result.Joints, result.Shown = joined.Segments, joined.Joints, joined.Shown
		info, err := file.Stat()
		if err != nil {
			return err
		}
		result.Bytes = info.Size()
		return replace(path+Suffix, func(beside *os.File) error { return proof.write(beside) })
	})
	if err != nil {
		return nil, err
	}
	return result, nil
}

func join(ctx context.Context, fetch *footage.Fetch, t *session.Timeline, file io.WriteSeeker, progress func(done, total int64)) (media.Result, error) {
	var done, total int64
	for _, s := range t.Segments {
		total += s.Size
	}
	segments := fetch.Ahead(ctx)
	defer segments.Close()
	i := 0
	return media.Export(file, func() (media.Piece, error) {
		plain, err := segments.Next()
		if err != nil {
			return media.Piece{}, err
		}
		s := t.Segments[i]
		i++
		done += s.Size
		progress(done, total)
		return media.Piece{Data: plain, Session: s.Pack.Session, Start: s.Start, End: s.End}, nil
	}, media.Options{From: t.From, Until: t.Until})
}

// replace lets fill write a file that gets its name only when it is complete and on the disk.
func replace(path string, fill func(*os.File) error) error {
	part := path + ".part"
	file, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	err = fill(file)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err != nil {
		return errors.Join(err, os.Remove(part))
	}
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return nil
}

// prove gathers what somebody else needs to check the segments: no key, no name, and of the record only
// the packs that were used. Who has looked, for one, is nobody's business outside the household.
func prove(ctx context.Context, v *session.View, t *session.Timeline) (*Proof, error) {
	p := &Proof{
		export: exportLine{Camera: t.Camera, From: t.From, Household: v.Roster.Household, Kind: kindExport, Until: t.Until, Version: version},
		roster: v.Roster.Chain,
	}
	runs, leaves := map[id.Run]bool{}, map[*manifest.Pack]int64{}
	for _, s := range t.Segments {
		at, ok := leaves[s.Pack]
		if !ok {
			var err error
			if at, err = p.addLeaf(ctx, s.Record, runs); err != nil {
				return nil, err
			}
			leaves[s.Pack] = at
		}
		p.segments = append(p.segments, segmentLine{File: int64(s.Number), Kind: kindSegment, Leaf: at})
	}
	return p, nil
}

func (p *Proof) addLeaf(ctx context.Context, r session.Record, runs map[id.Run]bool) (int64, error) {
	path, err := r.Run.Tree.Prove(ctx, r.Index)
	if err != nil {
		return 0, err
	}
	if path == nil {
		path = []id.Hash{}
	}
	if !runs[r.Run.Run] {
		runs[r.Run.Run] = true
		p.checkpoints = append(p.checkpoints, r.Run.Note)
	}
	p.leaves = append(p.leaves, leafLine{Index: r.Index, Kind: kindLeaf, Leaf: r.Raw, Proof: path, Run: r.Run.Run})
	return int64(len(p.leaves) - 1), nil
}
