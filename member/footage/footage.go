// SPDX-License-Identifier: Apache-2.0

// Package footage fetches recordings and opens them, in that order: nothing is opened before length and
// hash of the ciphertext are those of a leaf that was proved to be the hub's.
//
// A Fetch is a look: the cloud tells the hub of it, and the hub writes it down. What does not pass is an
// error that names its rule, and no byte of it is returned. Nothing is kept on disk.
package footage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"keyhold/api"
	"keyhold/media"
	"keyhold/member/session"
	"keyhold/sealing/open"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/rule"
)

// maxSegment bounds what is read into memory for one segment: far above the longest that a hub cuts.
const maxSegment = 256 << 20

// ErrOnlyCloud says that the hub has a recording no longer: it keeps three days, or less where its disk is full.
var ErrOnlyCloud = errors.New("the hub no longer has all of this; the cloud does, once it is back")

// Fetch is the right to read the objects of some segments for ten minutes.
type Fetch struct {
	s        *session.Session
	view     *session.View
	segments []session.Segment
	camera   id.Camera
	purpose  string
	answer   *api.Footage
	served   map[id.Object]int64
	expires  int64
}

// Start signs a fetch statement for these segments of one camera.
func Start(ctx context.Context, s *session.Session, v *session.View, camera id.Camera, segments []session.Segment, purpose string) (*Fetch, error) {
	f := &Fetch{s: s, view: v, segments: segments, camera: camera, purpose: purpose}
	return f, f.ask(ctx)
}

// ask is also how the right to read is made longer: an export can take more than ten minutes.
func (f *Fetch) ask(ctx context.Context) error {
	if len(f.segments) == 0 {
		return nil
	}
	from, until := f.segments[0].Start, f.segments[0].End
	for _, s := range f.segments {
		// The cloud files a pack under the hour in which it begins.
		from, until = min(from, s.Pack.Files[0].Start), max(until, s.End)
	}
	answer, err := f.s.Footage(ctx, f.purpose, f.camera, from, until)
	if err != nil {
		return err
	}
	f.answer, f.served = answer, map[id.Object]int64{}
	f.expires = f.s.Now().UnixMilli() + (answer.Expires - answer.Now)
	for _, o := range answer.Objects {
		f.served[o.Object] = o.Size
	}
	for _, s := range f.segments {
		size, ok := f.served[s.Pack.Object]
		switch {
		case !ok && f.s.AtHome():
			return ErrOnlyCloud
		case !ok && !rule.Off(rule.SeqGap):
			return rule.Errorf(rule.SeqGap, "an object that the hub's record names is not served")
		case ok && size != s.Pack.Size && !rule.Off(rule.FileSize):
			return rule.Errorf(rule.FileSize, "an object is %d bytes long, the hub wrote %d", size, s.Pack.Size)
		}
	}
	return nil
}

// Len is the number of segments.
func (f *Fetch) Len() int { return len(f.segments) }

// Segment reads, checks and opens segment i: a self-contained fragmented MP4.
func (f *Fetch) Segment(ctx context.Context, i int) ([]byte, error) {
	sealed, err := f.Sealed(ctx, i)
	if err != nil {
		return nil, err
	}
	s := f.segments[i]
	identity, err := f.view.Identity(ctx, f.camera, s.Pack.Epoch)
	if err != nil {
		return nil, err
	}
	return Open(identity, sealed, s.File)
}

// Sealed reads and checks segment i as it is stored.
func (f *Fetch) Sealed(ctx context.Context, i int) ([]byte, error) {
	s := f.segments[i]
	if f.s.Now().UnixMilli() > f.expires-30_000 {
		if err := f.ask(ctx); err != nil {
			return nil, err
		}
	}
	sealed, err := f.read(ctx, s)
	if err != nil {
		return nil, err
	}
	return sealed, s.CheckBytes(sealed)
}

func (f *Fetch) read(ctx context.Context, s session.Segment) ([]byte, error) {
	if s.Size > maxSegment {
		return nil, rule.Errorf(rule.FileSize, "a segment of %d bytes", s.Size)
	}
	r, err := f.s.Client.Object(ctx, f.answer.Address, s.Pack.Object, s.Offset, s.Size)
	if err != nil {
		return nil, f.refusal(ctx, err)
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, s.Size+1))
	if err != nil {
		return nil, f.refusal(ctx, err)
	}
	return b, nil
}

// refusal tells a recording that is kept back or cut off from a network that fails, and from what an owner has had
// hidden since: that is a *session.HiddenError.
func (f *Fetch) refusal(ctx context.Context, err error) error {
	gone := api.KindOf(err) == api.NotFound
	if gone && f.s.AtHome() {
		return ErrOnlyCloud
	}
	var hidden *session.HiddenError
	if gone {
		if _, now := f.s.Sync(ctx); errors.As(now, &hidden) {
			return hidden
		}
	}
	switch {
	case gone && !rule.Off(rule.SeqGap):
		return rule.Errorf(rule.SeqGap, "an object that the hub's record names is not served")
	case errors.Is(err, io.ErrUnexpectedEOF) && !rule.Off(rule.FileSize):
		return rule.Errorf(rule.FileSize, "an object ends before the hub's ended")
	default:
		return fmt.Errorf("fetch a segment: %w", err)
	}
}

// Open opens checked ciphertext.
func Open(identity *open.Identity, sealed []byte, file manifest.File) ([]byte, error) {
	r, err := identity.Open(bytes.NewReader(sealed))
	if err != nil {
		return nil, damaged("a recording does not open with its epoch's key", err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxSegment))
	if err != nil {
		return nil, damaged("a recording is damaged inside", err)
	}
	return plain, checkContent(plain, file)
}

// damaged refuses what has the right hash and still does not open.
func damaged(what string, err error) error {
	if rule.Off(rule.FileHash) {
		return fmt.Errorf("%s: %w", what, err)
	}
	return rule.Errorf(rule.FileHash, "%s: %v", what, err)
}

// checkContent holds what is inside against the leaf: an export is checked by this hash later, so it
// must be known to be right while the key is at hand.
func checkContent(plain []byte, file manifest.File) error {
	if file.Kind != manifest.FileSegment {
		if id.HashOf(plain) != file.Content.SHA256 && !rule.Off(rule.FileHash) {
			return rule.Errorf(rule.FileHash, "what is inside a recording is not what the hub wrote")
		}
		return nil
	}
	segment, err := media.Parse(plain)
	if err != nil {
		return fmt.Errorf("read a segment: %w", err)
	}
	h, size := sha256.New(), int64(0)
	err = segment.Content(func(b []byte) error {
		size += int64(len(b))
		_, err := h.Write(b)
		return err
	})
	if err != nil {
		return fmt.Errorf("read a segment: %w", err)
	}
	if (size != file.Content.Size || id.Hash(h.Sum(nil)) != file.Content.SHA256) && !rule.Off(rule.FileHash) {
		return rule.Errorf(rule.FileHash, "what is inside a recording is not what the hub wrote")
	}
	return nil
}
