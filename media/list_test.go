// SPDX-License-Identifier: Apache-2.0

package media_test

import (
	"io"
	"testing"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"

	"keyhold/media"
)

func TestASegmentInWhichThePictureStandsStill(t *testing.T) {
	// For seventy seconds, with sound all the while.
	picture, sound := []byte{0, 0, 0, 4, 0x41, 0x9a, 1, 2}, []byte{0x21, 0x10, 4, 0x60, 0x8c, 0x1c, 0, 0x23, 0x80}
	sounds := make([]*fmp4.Sample, 70)
	for i := range sounds {
		sounds[i] = &fmp4.Sample{Duration: 48000, Payload: sound}
	}
	var b seekablebuffer.Buffer
	init := header()
	if err := init.Marshal(&b); err != nil {
		t.Fatal(err)
	}
	for i, part := range []fmp4.Part{
		{Tracks: []*fmp4.PartTrack{{ID: 1, Samples: []*fmp4.Sample{{Duration: 70 * 90000, Payload: picture}}}, {ID: 2, Samples: sounds}}},
		{Tracks: []*fmp4.PartTrack{{ID: 1, BaseTime: 70 * 90000, Samples: []*fmp4.Sample{{Duration: 90000, IsNonSyncSample: true, Payload: picture}}}}},
	} {
		part.SequenceNumber = uint32(i)
		if err := part.Marshal(&b); err != nil {
			t.Fatal(err)
		}
	}
	if err := hold(t, b.Bytes(), media.Recorded{Session: 1, Start: 1000, End: 72_000, Media: 71_000_000}); err != nil {
		t.Error(err)
	}
	if err := hold(t, b.Bytes(), media.Recorded{Session: 1, Start: 1000, End: 72_000, Media: 71_000_012}); err == nil {
		t.Error("it holds for a segment that was a tick longer")
	}
}

// hold exports a segment, and holds the list of the export against it.
func hold(t *testing.T, segment []byte, r media.Recorded) error {
	t.Helper()
	var out memory
	done := false
	_, err := media.Export(&out, func() (media.Piece, error) {
		if done {
			return media.Piece{}, io.EOF
		}
		done = true
		return media.Piece{Data: segment, Session: r.Session, Start: r.Start, End: r.End}, nil
	}, media.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := media.Parse(segment)
	if err != nil {
		t.Fatal(err)
	}
	var content []byte
	if err := s.Content(func(b []byte) error { content = append(content, b...); return nil }); err != nil {
		t.Fatal(err)
	}
	const head = 28 + 16
	list, err := media.NewList(out.b[head+len(content)+8:], []media.Recorded{r}, media.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return list.Segment(head, content)
}
