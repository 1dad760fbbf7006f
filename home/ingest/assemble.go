// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
)

const (
	// leap is how far media time may run ahead of arrival, or fall back, between two pictures.
	leap = time.Second
	// slip is how far media time may fall behind arrival for a whole window.
	slip = 2 * time.Second
	// hold is how long the first pictures of a session wait to see whether the camera sends the sound it announces.
	hold = 700 * time.Millisecond
	// mute is how long sound may be absent before the next session is one without.
	mute = 2 * time.Second
	// strangers is how many packets in a row of another sender it takes until it is believed.
	strangers = 50
)

// AssemblerConfig is what an Assembler needs.
type AssemblerConfig struct {
	Tracks Tracks
	// Frame and Lost take what comes out, as in Sink.
	Frame func(*Frame)
	Lost  func(at time.Time, why Reason)
	// Seen is called for each picture that comes in, also before the first key frame; nil for nobody.
	Seen func(at time.Time)
	// Now is time.Now if nil.
	Now func() time.Time
	// LastSession is the id of the camera's session before; ids of one camera rise.
	LastSession int64
}

// An Assembler makes frames of the packets of one connection. It belongs to the goroutine that reads from it.
type Assembler struct {
	cfg    AssemblerConfig
	lastID int64

	origin time.Time // all arrival times count from here
	video  videoTrack
	audio  audioTrack
	lip    lip

	session *Session
	zero    int64 // video time of the first key frame of the session

	holding   bool // the session's first frames are kept back
	held      []*Frame
	heldSince time.Duration // when that began
}

type videoTrack struct {
	format  format.Format
	codec   Codec
	unpack  unpacker
	source  source
	clock   unwrap
	arrival arrival
	params  *Params
	pics    pictures

	have        bool
	media, came time.Duration // of the last picture
	shift       time.Duration // arrival offset at the last picture

	lastNumber uint16
	lastStamp  uint32
	lastMarker bool
	anyPacket  bool
	torn       bool // of the picture with the stamp lastStamp a packet is missing
}

// A source is the sender that a track listens to. Some cameras send the packets of a dead session into a new one.
type source struct {
	have   bool
	ssrc   uint32
	others int
}

// accept tells whether a packet is of the track's sender, and whether that is a new one.
func (s *source) accept(ssrc uint32) (ok, changed bool) {
	if s.have && s.ssrc == ssrc {
		s.others = 0
		return true, false
	}
	if s.have {
		if s.others++; s.others < strangers {
			return false, false
		}
	}
	changed = s.have
	s.have, s.ssrc, s.others = true, ssrc, 0
	return true, changed
}

// NewAssembler checks that the formats can be taken apart.
func NewAssembler(cfg AssemblerConfig) (*Assembler, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Seen == nil {
		cfg.Seen = func(time.Time) {}
	}
	a := &Assembler{cfg: cfg, lastID: cfg.LastSession}
	var err error
	a.video.format = cfg.Tracks.Video
	if a.video.unpack, err = unpackVideo(a.video.format); err != nil {
		return nil, err
	}
	p := paramsOf(a.video.format)
	if a.video.codec = p.Codec; p.whole() {
		a.video.params = &p
	}
	a.video.pics.reset()
	if cfg.Tracks.Audio != nil {
		if a.audio.sound, a.audio.unpack, a.audio.length, err = soundOf(cfg.Tracks.Audio); err != nil {
			return nil, err
		}
		a.audio.grid = a.freshGrid()
	}
	return a, nil
}

func (a *Assembler) since(t time.Time) time.Duration {
	if a.origin.IsZero() {
		a.origin = t
	}
	return t.Sub(a.origin)
}

// stepped tells whether somebody set the hub's clock since the origin.
func (a *Assembler) stepped(now time.Time) bool {
	if a.origin.IsZero() {
		return false
	}
	d := now.Round(0).Sub(a.origin.Round(0)) - now.Sub(a.origin)
	return d > slip || d < -slip
}

// End closes the session, if there is one.
func (a *Assembler) End(why Reason) {
	if a.session == nil {
		return
	}
	a.release()
	a.session = nil
	a.cfg.Lost(a.cfg.Now(), why)
}

// restart ends the session and forgets all clocks.
func (a *Assembler) restart(why Reason) {
	a.End(why)
	a.video.arrival, a.audio.arrival = arrival{}, arrival{}
	a.video.have, a.audio.have = false, false
	a.lip = lip{}
	a.video.pics.reset()
}

// VideoPacket takes one RTP packet of the picture.
func (a *Assembler) VideoPacket(pkt *rtp.Packet) {
	v := &a.video
	ok, changed := v.source.accept(pkt.SSRC)
	if !ok {
		return
	}
	if changed {
		a.restart(ReasonJump)
	}
	if !v.fits(pkt, changed) {
		return
	}
	// Without markers a picture is given out by the first packet of the next one.
	stamp := pkt.Timestamp
	if v.anyPacket && !v.lastMarker {
		stamp = v.lastStamp
	}
	au, err := v.unpack(pkt)
	v.anyPacket, v.lastStamp, v.lastMarker = true, pkt.Timestamp, pkt.Marker
	if err != nil || len(au) == 0 {
		return
	}
	a.picture(stamp, au)
}

// fits tells whether a packet can be part of a whole picture. Where packets are missing, what has come of a picture is
// dropped, and so is what still comes of it; the pictures after it are kept, although they may build on it: a picture
// with flaws shows more than none. (Of one that lacks its beginning, sift knows.)
func (v *videoTrack) fits(pkt *rtp.Packet, changed bool) bool {
	missing := v.anyPacket && (changed || pkt.SequenceNumber != v.lastNumber+1)
	v.lastNumber = pkt.SequenceNumber
	if missing {
		if fresh, err := unpackVideo(v.format); err == nil {
			v.unpack = fresh
		}
		v.torn = !changed && !v.lastMarker && pkt.Timestamp == v.lastStamp
		v.anyPacket = false
	}
	if v.torn && pkt.Timestamp == v.lastStamp {
		return false
	}
	v.torn = false
	return true
}

func (a *Assembler) picture(stamp uint32, au [][]byte) {
	v := &a.video
	units, key := a.sift(au)
	if len(units) == 0 {
		return
	}
	now := a.cfg.Now()
	a.cfg.Seen(now)
	if a.stepped(now) {
		a.restart(ReasonJump)
		a.origin = time.Time{}
	}
	came := a.since(now)
	pts := v.clock.next(stamp)
	media := ticks(pts, VideoRate)
	if v.have {
		forward := media - v.media
		if forward < -leap || forward > leap && forward > came-v.came+leap {
			a.restart(ReasonJump)
		}
	}
	shift := v.arrival.see(now, came-media)
	if v.have && shift > v.shift+slip {
		a.restart(ReasonJump)
		shift = v.arrival.see(now, came-media)
	}
	v.have, v.media, v.came, v.shift = true, media, came, shift

	if a.session == nil && (!key || v.params == nil) {
		return
	}
	dts, ok := v.pics.dts(v.params, units, key, pts)
	if !ok {
		return
	}
	if a.session != nil && key && !a.holding && a.audio.sound != nil && a.sounds(came) != (a.session.Audio != nil) {
		// A player cannot follow tracks that come and go, so a session has sound from its start to its end or none.
		a.End(ReasonCamera)
	}
	if a.session == nil {
		a.begin(dts, came)
	}
	if a.holding && came-a.heldSince > hold {
		a.release()
	}
	a.emit(&Frame{
		Session: a.session, Kind: Video, PTS: pts - a.zero, DTS: dts - a.zero, Key: key,
		Params: v.params, Units: units, At: a.arrived(ticks(dts-a.zero, VideoRate)),
	})
}

// emit hands a frame on, or keeps it back while it is open whether the session has sound.
func (a *Assembler) emit(f *Frame) {
	if a.holding {
		a.held = append(a.held, f)
		return
	}
	a.cfg.Frame(f)
}

// release hands on what was kept back. From here on the session is known to others and does not change.
func (a *Assembler) release() {
	held := a.held
	a.holding, a.held = false, nil
	for _, f := range held {
		a.cfg.Frame(f)
	}
}

func (a *Assembler) begin(dts int64, came time.Duration) {
	a.zero = dts
	s := &Session{}
	switch {
	case a.audio.sound == nil:
	case a.sounds(came):
		s.Audio = a.audio.sound
	default:
		a.holding, a.heldSince = true, came
	}
	s.ID = a.arrived(0).UnixMilli()
	if s.ID <= a.lastID {
		s.ID = a.lastID + 1
	}
	a.lastID, a.session = s.ID, s
	a.audio.grid = a.freshGrid()
}

// arrived is when something of the session's time t came in, by the hub's clock.
func (a *Assembler) arrived(t time.Duration) time.Time {
	return a.origin.Add(ticks(a.zero, VideoRate) + t + a.video.arrival.offset())
}
