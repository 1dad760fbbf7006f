// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// patch is how far packets of G.711 may seem apart, or over each other, and still be joined to one access unit. Some
// cameras stamp them by a clock that trembles.
const patch = 40 * time.Millisecond

type audioTrack struct {
	sound   *Sound
	unpack  unpacker
	length  func([]byte) int64
	source  source
	clock   unwrap
	arrival arrival
	grid    grid

	have        bool
	media, came time.Duration

	rest   []byte // G.711 that does not make an access unit yet
	restAt int64  // where that begins, in samples of the clock
}

// A piece is one access unit of sound.
type piece struct {
	at, length int64 // in samples of the track's clock
	unit       []byte
}

// pieces lays out what a packet has brought, which begins at start.
func (t *audioTrack) pieces(start int64, aus [][]byte) []piece {
	if t.sound.Codec == PCMA || t.sound.Codec == PCMU {
		return t.gather(start, aus[0])
	}
	out := make([]piece, 0, len(aus))
	for _, au := range aus {
		n := t.length(au)
		if len(au) > 0 && n > 0 {
			out = append(out, piece{start, n, au})
		}
		start += n
	}
	return out
}

// gather makes access units of one length out of packets of any.
func (t *audioTrack) gather(start int64, b []byte) []piece {
	rate, width := int64(t.sound.Rate), int64(t.sound.Channels)
	off := start - t.restAt - int64(len(t.rest))/width
	if most := units(patch, rate); len(t.rest) == 0 || off > most || off < -most {
		t.rest, t.restAt = nil, start
	}
	t.rest = append(t.rest, b...)
	n := rate * PieceMillis / 1000
	var out []piece
	for int64(len(t.rest)) >= n*width {
		out = append(out, piece{t.restAt, n, t.rest[: n*width : n*width]})
		t.rest, t.restAt = t.rest[n*width:], t.restAt+n
	}
	return out
}

func (a *Assembler) freshGrid() grid {
	if a.audio.sound == nil {
		return grid{}
	}
	return grid{rate: int64(a.audio.sound.Rate)}
}

// sounds tells whether the camera sends sound, not whether it says so.
func (a *Assembler) sounds(came time.Duration) bool {
	return a.audio.have && came-a.audio.came < mute
}

// AudioPacket takes one RTP packet of the sound.
func (a *Assembler) AudioPacket(pkt *rtp.Packet) {
	t := &a.audio
	ok, changed := t.source.accept(pkt.SSRC)
	if !ok {
		return
	}
	aus, err := t.unpack(pkt)
	if err != nil || len(aus) == 0 {
		return
	}
	a.heard(pkt.Timestamp, aus, changed)
}

// heard takes access units of sound that begin at a stamp of the track's clock; changed says that another sends them
// than before.
func (a *Assembler) heard(stamp uint32, aus [][]byte, changed bool) {
	t := &a.audio
	now := a.cfg.Now()
	came := a.since(now)
	rate := int64(t.sound.Rate)
	start := t.clock.next(stamp)
	media := ticks(start, rate)
	if t.have {
		forward := media - t.media
		if changed || forward < -leap || forward > leap && forward > came-t.came+leap {
			// Only the sound's clock jumped: it is placed anew, the picture goes on.
			t.arrival, t.rest = arrival{}, nil
			a.lip.used[Audio], a.lip.next[Audio] = nil, nil
		}
	}
	t.have, t.media, t.came = true, media, came
	byArrival := t.arrival.see(now, came-media)
	if a.session == nil {
		return
	}
	if a.holding {
		a.session.Audio = t.sound
		a.release()
	}
	if a.session.Audio == nil {
		return
	}
	shift := a.lip.shift(byArrival - a.video.arrival.offset())
	for _, p := range t.pieces(start, aus) {
		at := ticks(p.at, rate) + shift - ticks(a.zero, VideoRate)
		pts, ok := t.grid.place(units(at, rate), p.length)
		if !ok {
			continue
		}
		a.emit(&Frame{
			Session: a.session, Kind: Audio, PTS: pts, DTS: pts, Key: true,
			Units: [][]byte{p.unit}, At: a.arrived(at),
		})
	}
}

// Control takes an RTCP packet of a track.
func (a *Assembler) Control(k Kind, pkt rtcp.Packet) {
	sr, ok := pkt.(*rtcp.SenderReport)
	if !ok || sr.NTPTime == 0 {
		return
	}
	src, clock, rate := &a.video.source, &a.video.clock, int64(VideoRate)
	if k == Audio {
		if a.audio.sound == nil {
			return
		}
		src, clock, rate = &a.audio.source, &a.audio.clock, int64(a.audio.sound.Rate)
	}
	if !clock.have || src.ssrc != sr.SSRC {
		return
	}
	wall := time.Duration(sr.NTPTime>>32)*time.Second + time.Duration((sr.NTPTime&0xffffffff)*1e9>>32)
	a.lip.hear(k, report{media: ticks(clock.near(sr.RTPTime), rate), wall: wall})
}
