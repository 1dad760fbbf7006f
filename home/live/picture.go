// SPDX-License-Identifier: Apache-2.0

package live

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"

	"keyhold/home/ingest"
	"keyhold/statement/id"
)

// packetSize is what one packet carries at most: with all that goes around it, it fits through any network.
const packetSize = 1200

// A picture is one access unit, cut into packets once for all who watch. Nobody changes it.
type picture struct {
	session *ingest.Session
	// dts rises within a session, in ingest.VideoRate units.
	dts int64
	key bool
	// needed says that later pictures build on it.
	needed  bool
	packets [][]byte
	size    int
}

// newPicture cuts a frame. NAL units that fit into a packet are not copied.
func newPicture(f *ingest.Frame) *picture {
	p := &picture{session: f.Session, dts: f.DTS, key: f.Key, needed: f.Key}
	if f.Key && f.Params != nil {
		p.parameters(f.Params)
	}
	for _, u := range f.Units {
		if len(u) == 0 {
			continue
		}
		p.needed = p.needed || u[0]&0x60 != 0
		p.add(u)
	}
	for _, b := range p.packets {
		p.size += len(b)
	}
	return p
}

// parameters go before a key frame, in one packet where they fit (STAP-A, RFC 6184).
func (p *picture) parameters(params *ingest.Params) {
	n := 1 + 2 + len(params.SPS) + 2 + len(params.PPS)
	if n > packetSize || len(params.SPS) == 0 || len(params.PPS) == 0 {
		for _, u := range [][]byte{params.SPS, params.PPS} {
			if len(u) > 0 {
				p.add(u)
			}
		}
		return
	}
	b := make([]byte, 0, n)
	b = append(b, params.SPS[0]&0x60|byte(h264.NALUTypeSTAPA))
	for _, u := range [][]byte{params.SPS, params.PPS} {
		b = binary.BigEndian.AppendUint16(b, uint16(len(u)))
		b = append(b, u...)
	}
	p.packets = append(p.packets, b)
}

// beginsKey says whether a packet is the first of a key frame.
func beginsKey(packet []byte) bool {
	if len(packet) == 0 {
		return false
	}
	kind := h264.NALUType(packet[0] & 0x1f)
	return kind == h264.NALUTypeSTAPA || kind == h264.NALUTypeSPS
}

// add puts in one NAL unit, in pieces where it is too long (FU-A).
func (p *picture) add(u []byte) {
	if len(u) <= packetSize {
		p.packets = append(p.packets, u)
		return
	}
	const head = 2
	rest := u[1:]
	each := packetSize - head
	buf := make([]byte, 0, len(rest)+head*((len(rest)+each-1)/each))
	for first := true; len(rest) > 0; first = false {
		n := min(each, len(rest))
		kind := u[0] & 0x1f
		if first {
			kind |= 0x80
		}
		if n == len(rest) {
			kind |= 0x40
		}
		from := len(buf)
		buf = append(buf, u[0]&0xe0|byte(h264.NALUTypeFUA), kind)
		buf = append(buf, rest[:n]...)
		p.packets = append(p.packets, buf[from:len(buf):len(buf)])
		rest = rest[n:]
	}
}

// profile is what a camera's stream is, as an SDP names it; the commonest before its first picture.
func (e *Engine) profile(c id.Camera) string {
	if s, ok := e.c.Find(c); ok {
		sub, group := s.Watch(1)
		sub.Close()
		if len(group) > 0 && group[0].Params.Codec == ingest.H264 && len(group[0].Params.SPS) > 3 {
			return hex.EncodeToString(group[0].Params.SPS[1:3]) + "1f"
		}
	}
	return profiles[0]
}
