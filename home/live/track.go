// SPDX-License-Identifier: Apache-2.0

package live

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"keyhold/home/ingest"
	"keyhold/home/live/line"
	"keyhold/statement/id"
)

const (
	// mostQueued is how many bytes of one camera may wait to be sent to one viewer. More than that is given up up to the
	// next key frame: who is that slow sees nothing of it anyway.
	mostQueued = 32 << 20
	// apart is the distance of pictures that are sent faster than they were made, in ingest.VideoRate units.
	apart = ingest.VideoRate / 1000
	// restartPause is how often at most a viewer is given a key frame anew.
	restartPause = time.Second
)

// playoutDelay names the header extension by which a viewer is told how long it may hold pictures back so that they are
// shown evenly: the least and the most, of twelve bits each. What one packet says holds until another says something else.
const playoutDelay = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"

// atOnce is said by it: not at all.
var atOnce = []byte{0, 0, 0}

// A track is one camera in one view.
type track struct {
	*output
	camera id.Camera
	view   *View
	// main and small are the feeds that it holds, nil where it does not; owned by the view's talk, as is eased: the second
	// stream is to be sent because the line does not carry the first.
	main, small *feed
	eased       bool

	// All guarded by view.mu. from is whose pictures are sent, next whose are to be from its next key frame on, if any's.
	from, next *feed
	wantSmall  bool
	queue      []queued
	waiting    int  // bytes in queue
	skipping   bool // until the next key frame
	shown      bool
	times      timeline
	begun      time.Time // when it was last given a key frame anew
}

// queued is a picture with the time stamp that it will have.
type queued struct {
	*picture
	stamp uint32
}

// begin starts anew with a group: what waits is dropped, and the group is laid out so closely that it shows at once.
// Pictures that no other needs are left out. The feed's lock is held.
func (t *track) begin(f *feed, group []*picture) {
	t.view.mu.Lock()
	defer t.view.mu.Unlock()
	if f == t.next && len(group) > 0 && f.playing { // the feed's lock is held
		t.turn()
	}
	if f != t.from {
		return
	}
	t.clear()
	t.skipping = len(group) == 0 || !t.shown
	t.begun = t.view.engine.now()
	if t.skipping {
		return
	}
	var list []*picture
	for i, p := range group {
		if p.needed || i == len(group)-1 {
			list = append(list, p)
		}
	}
	stamps := t.times.compress(list, t.view.engine.now())
	for i, p := range list {
		t.push(queued{p, stamps[i]})
	}
	t.view.wake()
}

// offer never waits. The feed's lock is held.
func (t *track) offer(f *feed, p *picture) {
	t.view.mu.Lock()
	defer t.view.mu.Unlock()
	if f == t.next && p.key {
		t.turn()
	}
	if f != t.from || !t.shown || t.skipping && !p.key {
		return
	}
	if t.waiting+p.size > mostQueued {
		t.clear()
		t.skipping = true
		return
	}
	t.skipping = false
	t.push(queued{p, t.times.next(p, t.view.engine.now())})
	t.view.wake()
}

// turn goes over to the feed that is next, with a key frame of it. It needs the lock.
func (t *track) turn() {
	t.from, t.next = t.next, nil
	t.skipping = !t.shown
	t.view.changed()
}

// push and clear need the lock.
func (t *track) push(q queued) {
	t.queue = append(t.queue, q)
	t.waiting += q.size
}

func (t *track) clear() {
	clear(t.queue)
	t.queue, t.waiting = t.queue[:0], 0
}

// pop gives the next picture; it needs the lock.
func (t *track) pop() (queued, bool) {
	if len(t.queue) == 0 {
		return queued{}, false
	}
	q := t.queue[0]
	t.queue[0] = queued{}
	if t.queue = t.queue[1:]; len(t.queue) == 0 {
		t.queue = nil // so that what is behind the first can be given back
	}
	t.waiting -= q.size
	return q, true
}

// A timeline makes time stamps that only rise: over sessions of the camera, and over groups that are sent quickly.
type timeline struct {
	started bool
	session *ingest.Session
	offset  int64 // from dts to time stamp
	last    int64
	at      time.Time // when last was given
}

// start begins at a number nobody can guess (RFC 3550).
func (l *timeline) start(now time.Time) {
	if l.started {
		return
	}
	var b [4]byte
	_, _ = rand.Read(b[:]) // it never fails
	l.started, l.last, l.at = true, int64(binary.BigEndian.Uint32(b[:])), now
}

// tie lays a picture's time at stamp, or at what has passed since the last one if that is later.
func (l *timeline) tie(p *picture, now time.Time, stamp int64) {
	passed := l.last + int64(now.Sub(l.at)*ingest.VideoRate/time.Second)
	l.session, l.offset = p.session, max(stamp, passed)-p.dts
}

func (l *timeline) give(stamp int64, now time.Time) uint32 {
	l.last, l.at = stamp, now
	return uint32(stamp)
}

// next is the stamp of a picture that follows on the last.
func (l *timeline) next(p *picture, now time.Time) uint32 {
	l.start(now)
	if p.session != l.session || p.dts+l.offset <= l.last {
		l.tie(p, now, l.last+apart)
	}
	return l.give(p.dts+l.offset, now)
}

// compress gives the stamps of pictures that are all there already: one close after the other, the last at its own time.
func (l *timeline) compress(list []*picture, now time.Time) []uint32 {
	l.start(now)
	newest := list[len(list)-1]
	first := l.last + int64(len(list))*apart
	if newest.session != l.session || newest.dts+l.offset < first {
		l.tie(newest, now, first)
	}
	end := newest.dts + l.offset
	out := make([]uint32, len(list))
	for i := range list {
		out[i] = l.give(end-int64(len(list)-1-i)*apart, now)
	}
	return out
}

// An output is where packets of one kind leave to one viewer. It keeps no copy of a packet, so packets are sent as they
// were cut, and sent again from there where one got lost.
type output struct {
	id   string
	want webrtc.RTPCodecCapability
	line *line.Line // nil: its packets are not counted

	writer  atomic.Pointer[binding]
	seq     uint16 // owned by the view's sender
	sent    int64  // the same
	picture bool
}

type binding struct {
	webrtc.TrackLocalWriter
	ssrc    uint32
	payload uint8
	number  uint8 // of the header extension by which packets are numbered; 0 for none
	prompt  uint8 // of the one by which a viewer is told not to hold pictures back; 0 for none
}

var errCodec = errors.New("live: the viewer offers no codec for this")

// Bind is called by pion once a track is agreed on.
func (o *output) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	var best *webrtc.RTPCodecParameters
	for _, p := range c.CodecParameters() {
		if !strings.EqualFold(p.MimeType, o.want.MimeType) {
			continue
		}
		if best == nil || p.SDPFmtpLine != best.SDPFmtpLine && sameProfile(p.SDPFmtpLine, o.want.SDPFmtpLine) && !sameProfile(best.SDPFmtpLine, o.want.SDPFmtpLine) {
			best = &p
		}
	}
	if best == nil {
		return webrtc.RTPCodecParameters{}, errCodec
	}
	w := &binding{TrackLocalWriter: c.WriteStream(), ssrc: uint32(c.SSRC()), payload: uint8(best.PayloadType)}
	for _, x := range c.HeaderExtensions() {
		switch {
		case x.URI == sdp.TransportCCURI && o.line != nil:
			w.number = uint8(x.ID)
		case x.URI == playoutDelay:
			w.prompt = uint8(x.ID)
		}
	}
	o.writer.Store(w)
	return *best, nil
}

// Unbind is called by pion when the track ends.
func (o *output) Unbind(webrtc.TrackLocalContext) error {
	o.writer.Store(nil)
	return nil
}

// ID and its kin name the track.
func (o *output) ID() string       { return o.id }
func (o *output) RID() string      { return "" }
func (o *output) StreamID() string { return o.id }

// Kind tells picture from sound.
func (o *output) Kind() webrtc.RTPCodecType {
	if o.picture {
		return webrtc.RTPCodecTypeVideo
	}
	return webrtc.RTPCodecTypeAudio
}

// write sends one packet; by one that is prompt the viewer is told to show pictures at once. An error says that the
// connection is over, which its own state says as well.
func (o *output) write(payload []byte, stamp uint32, last, prompt bool) {
	w := o.writer.Load()
	if w == nil {
		return
	}
	o.seq++
	h := &rtp.Header{Version: 2, Marker: last, PayloadType: w.payload, SequenceNumber: o.seq, Timestamp: stamp, SSRC: w.ssrc}
	if w.number != 0 {
		n := o.line.Sent(time.Now(), len(payload)+overhead)
		_ = h.SetExtension(w.number, []byte{byte(n >> 8), byte(n)}) // two bytes always fit
	}
	if prompt && w.prompt != 0 {
		_ = h.SetExtension(w.prompt, atOnce)
	}
	if _, err := w.WriteRTP(h, payload); err == nil {
		o.sent++
	}
}

// sameProfile compares the H.264 profile of two format lines.
func sameProfile(a, b string) bool {
	return a != "" && profileOf(a) == profileOf(b)
}

func profileOf(line string) string {
	for part := range strings.SplitSeq(line, ";") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(part), "profile-level-id="); ok && len(v) >= 4 {
			return strings.ToLower(v[:4])
		}
	}
	return ""
}
