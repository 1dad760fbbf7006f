// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"keyhold/home/durable"
	"keyhold/home/ingest"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
)

const (
	// momentWidth is how wide the single picture of a moment is.
	momentWidth = 640
	// pictureTime is how long it may take; without it the moment goes its way. Who was at the door is worth some seconds of
	// a busy computer: what was pressed has been told by then.
	pictureTime = 6 * time.Second
	// maxMoment bounds the pictures of which it is made.
	maxMoment = 8 << 20
)

// MomentConfig says of what a moment is made, and where to.
type MomentConfig struct {
	Camera id.Camera
	Epoch  Epoch
	// Packs is the folder of closed objects.
	Packs  string
	Thumbs *Thumbs
	// Group is a key frame and the pictures that follow on it, of one session.
	Group []*ingest.Frame
}

// Moment makes an object of its own of what a camera has shown since its last key frame: a segment, and a JPEG of the
// last picture of it, if that can be made. When it returns, the object lies in its place and is synced; a crash leaves a
// file that nothing names, which the next start removes.
func Moment(ctx context.Context, cfg MomentConfig) (Pack, error) {
	object, err := id.NewObject(rand.Reader)
	if err != nil {
		return Pack{}, err
	}
	segment, first, err := segmentOf(cfg.Group)
	if err != nil {
		return Pack{}, err
	}
	last := cfg.Group[len(cfg.Group)-1]
	out := Pack{Object: object, Camera: cfg.Camera, Epoch: cfg.Epoch.ID, Session: last.Session.ID, Path: PackPath(cfg.Packs, object)}
	var all bytes.Buffer
	start := first.At.UnixMilli()
	end := max(last.At.UnixMilli(), start)
	if err := out.add(&all, cfg.Epoch, manifest.FileSegment, segment, start, end); err != nil {
		return Pack{}, err
	}
	if picture := cfg.Thumbs.picture(ctx, cfg.Group); picture != nil {
		if err := out.add(&all, cfg.Epoch, manifest.FileThumbs, &plain{content: picture}, end, end); err != nil {
			return Pack{}, err
		}
	}
	out.Size, out.SHA256 = int64(all.Len()), id.Hash(sha256.Sum256(all.Bytes()))
	err = durable.MkdirAll(filepath.Dir(out.Path))
	if err == nil {
		err = durable.WriteFile(out.Path, all.Bytes(), 0o600)
	}
	if err != nil {
		return Pack{}, fmt.Errorf("record: moment: %w", err)
	}
	return out, nil
}

// plain is a file before it is sealed: what stands before its content, and that.
type plain struct {
	head, content []byte
	media         int64 // µs
}

// add seals one more file to the end of an object.
func (p *Pack) add(all *bytes.Buffer, e Epoch, kind string, f *plain, start, end int64) error {
	offset := int64(all.Len())
	w, err := e.Sealer.Seal(all)
	if err == nil {
		_, err = w.Write(f.head)
	}
	if err == nil {
		_, err = w.Write(f.content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return fmt.Errorf("record: seal: %w", err)
	}
	cipher := all.Bytes()[offset:]
	p.Files = append(p.Files, manifest.File{
		Content: manifest.Content{SHA256: id.Hash(sha256.Sum256(f.content)), Size: int64(len(f.content))},
		Start:   start, End: end, Kind: kind, Media: f.media, Offset: offset, Size: int64(len(cipher)), SHA256: id.Hash(sha256.Sum256(cipher)),
	})
	return nil
}

// segmentOf makes a segment of a group: pictures without sound, in one part.
func segmentOf(group []*ingest.Frame) (*plain, *ingest.Frame, error) {
	if len(group) == 0 || !group[0].Key || group[0].Params == nil {
		return nil, nil, errors.New("record: no picture")
	}
	first := group[0]
	silent := &ingest.Session{ID: first.Session.ID}
	head, err := header(silent, first.Params)
	if err != nil {
		return nil, nil, err
	}
	p := &part{sequence: 1}
	span := int64(ingest.VideoRate / 25)
	for i, f := range group {
		if i+1 < len(group) {
			span = max(group[i+1].DTS-f.DTS, 1)
		}
		p.add(sample{f, uint32(span)})
	}
	out := &plain{head: append(head, p.head()...), content: make([]byte, 0, p.bytes)}
	last := group[len(group)-1]
	out.media = (last.DTS + span - first.DTS) * 1_000_000 / ingest.VideoRate
	err = p.each(func(b []byte) error {
		out.content = append(out.content, b...)
		return nil
	})
	return out, first, err
}

// picture decodes the last picture of a group; nil if that is not to be had in time.
func (t *Thumbs) picture(ctx context.Context, group []*ingest.Frame) []byte {
	if t == nil || len(group) == 0 {
		return nil
	}
	all := tile{codec: group[0].Params.Codec}
	for i, f := range group {
		if i == 0 {
			all.annex = annexB(f)
			continue
		}
		for _, u := range f.Units {
			all.annex = append(append(all.annex, 0, 0, 0, 1), u...)
		}
		if len(all.annex) > maxMoment {
			return nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, pictureTime)
	defer cancel()
	select {
	case t.asked <- struct{}{}:
		defer func() { <-t.asked }()
	case <-ctx.Done():
		return nil
	}
	stop := context.AfterFunc(t.ctx, cancel)
	defer stop()
	filter := fmt.Sprintf("select='gte(n,%d)',scale='min(%d,iw)':-2:flags=area", len(group)-1, momentWidth)
	pictures, err := t.child(ctx, []tile{all}, true, filter)
	if err != nil || len(pictures) == 0 {
		t.log.Debug("the picture of a moment was not made", "err", err)
		return nil
	}
	return pictures[len(pictures)-1]
}
