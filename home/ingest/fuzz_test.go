// SPDX-License-Identifier: Apache-2.0

package ingest_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"keyhold/home/ingest"
)

// record writes packets so that FuzzPackets can read them: kind, milliseconds to wait, length, packet.
func record(out []byte, kind byte, wait byte, p []byte) []byte {
	out = append(out, kind, wait)
	return append(binary.BigEndian.AppendUint16(out, uint16(len(p))), p...)
}

// h265Seed is a key frame and a picture of H.265, with G.711.
func h265Seed(f *testing.F) []byte {
	f.Helper()
	var seed []byte
	for i, x := range []struct {
		kind    byte
		stamp   uint32
		payload []byte
	}{
		{0, 1000, []byte{0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60, 0, 0, 3, 0, 0x90, 0, 0, 3, 0, 0, 3, 0, 0x3c, 0x95, 0x98, 0x09}},
		{0, 1000, []byte{
			0x42, 0x01, 0x01, 0x01, 0x60, 0, 0, 3, 0, 0x90, 0, 0, 3, 0, 0, 3, 0, 0x3c, 0xa0, 0x0a, 0x08, 0x05, 0xa1, 0x65, 0x95, 0x9a,
			0x49, 0x32, 0xbc, 0x04, 0, 0, 3, 0, 4, 0, 0, 3, 0, 0x78, 0x20,
		}},
		{0, 1000, []byte{0x44, 0x01, 0xc1, 0x72, 0xb4, 0x62, 0x40}},
		{0, 1000, []byte{0x26, 0x01, 0xaf, 0x06, 0xb8, 0x63}},
		{1, 0, make([]byte, 600)},
		{0, 7000, []byte{0x02, 0x01, 0xd0, 0x09, 0x7e, 0x10}},
	} {
		p := rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: uint16(i), Timestamp: x.stamp, SSRC: uint32(x.kind) + 1, Marker: i > 2},
			Payload: x.payload,
		}
		b, err := p.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		seed = record(seed, x.kind, 20, b)
	}
	return seed
}

// FuzzPackets feeds whatever a camera may send, at whatever time, to the assembler.
func FuzzPackets(f *testing.F) {
	sps := []byte{
		0x67, 0x42, 0xc0, 0x28, 0xd9, 0x00, 0x78, 0x02, 0x27, 0xe5, 0x84, 0x00, 0x00, 0x03, 0x00, 0x04,
		0x00, 0x00, 0x03, 0x00, 0xf0, 0x3c, 0x60, 0xc9, 0x20,
	}
	var seed []byte
	for i, x := range []struct {
		kind    byte
		stamp   uint32
		payload []byte
	}{
		{0, 1000, sps},
		{0, 1000, []byte{0x68, 6, 7, 8}},
		{0, 1000, []byte{0x65, 0x88, 0x84, 0}},
		{1, 500, []byte{0, 16, 0, 16, 1, 2}},
		{0, 7000, []byte{0x41, 0x9a, 0x24, 0}},
		{1, 1524, []byte{0, 16, 0, 16, 3, 4}},
		{0, 13000, []byte{0x7c, 0x81, 0x9a, 0x42}}, // a picture in two fragments
		{0, 13000, []byte{0x7c, 0x41, 0x9a, 0x42}},
	} {
		p := rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: uint16(i), Timestamp: x.stamp, SSRC: uint32(x.kind) + 1, Marker: i > 1 && i != 6},
			Payload: x.payload,
		}
		b, err := p.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		seed = record(seed, x.kind, 20, b)
	}
	report, err := (&rtcp.SenderReport{SSRC: 1, NTPTime: 1 << 40, RTPTime: 7}).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	aac := &format.MPEG4Audio{
		PayloadTyp: 97, SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3,
		Config: &mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 48000, ChannelConfig: 1},
	}
	tracks := []ingest.Tracks{
		{Video: &format.H264{PayloadTyp: 96, PacketizationMode: 1}, Audio: aac},
		{Video: &format.H264{PayloadTyp: 96, PacketizationMode: 1}, Audio: &format.Opus{PayloadTyp: 97, ChannelCount: 2}},
		{Video: &format.H265{PayloadTyp: 96}, Audio: &format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1}},
	}
	for i := range tracks {
		f.Add(byte(i), seed)
	}
	f.Add(byte(2), h265Seed(f))
	f.Add(byte(0), record(record(nil, 2, 0, report), 3, 0, report))
	f.Fuzz(func(t *testing.T, codecs byte, b []byte) {
		now := time.UnixMilli(1_800_000_000_000)
		var last [2]int64
		var of *ingest.Session
		a, err := ingest.NewAssembler(ingest.AssemblerConfig{
			Tracks: tracks[int(codecs)%len(tracks)],
			Now:    func() time.Time { return now },
			Lost:   func(time.Time, ingest.Reason) {},
			Frame: func(fr *ingest.Frame) {
				if fr.Session != of {
					if fr.Kind != ingest.Video || !fr.Key || fr.DTS != 0 {
						t.Fatal("a session does not start with a key frame at 0")
					}
					of, last = fr.Session, [2]int64{-1, -1}
				}
				if fr.DTS <= last[fr.Kind] {
					t.Fatalf("decoding time %d after %d", fr.DTS, last[fr.Kind])
				}
				if fr.Kind == ingest.Video && (fr.Params == nil || len(fr.Units) == 0) {
					t.Fatal("a picture without parameters or content")
				}
				last[fr.Kind] = fr.DTS
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		for len(b) >= 4 {
			kind, wait, n := b[0], b[1], int(binary.BigEndian.Uint16(b[2:]))
			b = b[4:]
			n = min(n, len(b))
			now = now.Add(time.Duration(wait) * time.Millisecond)
			var p rtp.Packet
			switch kind % 4 {
			case 0:
				if p.Unmarshal(b[:n]) == nil {
					a.VideoPacket(&p)
				}
			case 1:
				if p.Unmarshal(b[:n]) == nil {
					a.AudioPacket(&p)
				}
			default:
				if all, err := rtcp.Unmarshal(b[:n]); err == nil {
					for _, c := range all {
						a.Control(ingest.Kind(kind%4-2), c)
					}
				}
			}
			b = b[n:]
		}
		a.End(ingest.ReasonCamera)
	})
}
