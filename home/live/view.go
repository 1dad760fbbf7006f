// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"keyhold/home/live/line"
	"keyhold/statement/id"
)

const (
	// connectTime is how long a viewer may take to connect after the answer.
	connectTime = 15 * time.Second
	// gatherTime bounds the search for addresses of this machine, which takes no time.
	gatherTime = 2 * time.Second
	// overhead is what goes around the payload of a packet: RTP, SRTP, UDP, IP.
	overhead = 12 + 10 + 8 + 20
)

// An Outcome says how a view ended.
type Outcome string

// The outcomes.
const (
	Left    Outcome = "left"    // the viewer ended it
	Lost    Outcome = "lost"    // nothing came from the viewer any more, or it never connected
	Stopped Outcome = "stopped" // Close was called
)

// A View is one viewer's connection.
type View struct {
	engine *Engine
	pc     *webrtc.PeerConnection
	tracks []*track
	sound  *sound // nil where the viewer wants none
	// hearing is the camera that the viewer wants to hear; owned by talk.
	hearing id.Camera
	ended   <-chan struct{} // closed when it is to end
	cancel  context.CancelFunc
	done    chan struct{}

	play      chan struct{} // closed once media may leave
	playOnce  sync.Once
	connected chan struct{} // closed once the viewer is there
	connOnce  sync.Once
	woken     chan struct{} // holds a token when something waits to be sent
	news      chan struct{} // holds a token when a camera began or stopped to play
	review    chan struct{} // holds a token when it is to be asked anew what the viewer may hear
	control   chan control  // from the data channel

	line     *line.Line        // what the viewer says of its packets
	readings chan line.Reading // of the line
	steer    line.Steer        // owned by talk

	attendant Attendant                // decides for it; nil where nobody does
	voice     chan *webrtc.TrackRemote // holds the track by which the viewer talks

	channel  *webrtc.DataChannel // nil where the viewer wants none
	opened   chan struct{}       // closed once channel is open
	openOnce sync.Once

	// mu guards the tracks' queues and outcome. It is taken after a feed's lock.
	mu      sync.Mutex
	outcome Outcome
	next    int // the track whose turn it is; guarded by mu
}

// Answer takes up an offer and returns what to answer. No media leaves before Play. attend gives who decides about what
// else the viewer wants to do; it may be nil.
func (e *Engine) Answer(ctx context.Context, cameras []id.Camera, offer string, attend func(*View) Attendant) (*View, string, error) {
	w, err := read(offer, len(cameras))
	if err != nil {
		return nil, "", err
	}
	pc, err := e.api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, "", fmt.Errorf("live: connection: %w", err)
	}
	alive, cancel := context.WithCancel(e.work)
	v := &View{
		engine: e, cancel: cancel, ended: alive.Done(), pc: pc, done: make(chan struct{}), play: make(chan struct{}), connected: make(chan struct{}),
		woken: make(chan struct{}, 1), news: make(chan struct{}, 1), review: make(chan struct{}, 1), control: make(chan control, 4),
		line: line.New(time.Now()), readings: make(chan line.Reading, 4),
		opened: make(chan struct{}), voice: make(chan *webrtc.TrackRemote, 1),
	}
	if attend != nil {
		v.attendant = attend(v)
	}
	answer, err := v.negotiate(ctx, cameras, offer, w)
	if err == nil && !e.begin(alive, v) {
		err = errors.New("live: the hub is stopping")
	}
	if err != nil {
		cancel()
		for _, t := range v.tracks {
			e.drop(t.main)
		}
		return nil, "", errors.Join(err, pc.Close())
	}
	return v, answer, nil
}

// begin starts what a view consists of, unless the engine is closing.
func (e *Engine) begin(ctx context.Context, v *View) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.wg.Go(func() { v.run(ctx) })
	return true
}

func (v *View) negotiate(ctx context.Context, cameras []id.Camera, offer string, w wants) (string, error) {
	e := v.engine
	v.pc.OnConnectionStateChange(v.state)
	v.pc.OnTrack(v.voiced)
	if err := v.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return "", errors.Join(ErrOffer, err)
	}
	// pion gives tracks to the offer's media in their order.
	for i, c := range cameras {
		t := &track{camera: c, view: v, main: e.hold(stream{c, false}), shown: true, skipping: true}
		t.from = t.main
		v.tracks = append(v.tracks, t)
		t.output = &output{id: "video" + strconv.Itoa(i), want: h264Codec(e.profile(c)), line: v.line, picture: true}
		if _, err := v.pc.AddTrack(t.output); err != nil {
			return "", fmt.Errorf("live: track: %w", err)
		}
	}
	if w.sound {
		v.sound = newSound(v)
		if _, err := v.pc.AddTrack(v.sound.output); err != nil {
			return "", fmt.Errorf("live: track: %w", err)
		}
	}
	if w.channel {
		if err := v.openChannel(); err != nil {
			return "", fmt.Errorf("live: channel: %w", err)
		}
	}
	answer, err := v.pc.CreateAnswer(nil)
	if err != nil {
		return "", errors.Join(ErrOffer, err)
	}
	gathered := webrtc.GatheringCompletePromise(v.pc)
	if err := v.pc.SetLocalDescription(answer); err != nil {
		return "", errors.Join(ErrOffer, err)
	}
	ctx, cancel := context.WithTimeout(ctx, gatherTime)
	defer cancel()
	select {
	case <-gathered:
	case <-ctx.Done():
		return "", fmt.Errorf("live: gather: %w", ctx.Err())
	}
	return e.mux.Named(v.pc.LocalDescription().SDP), nil
}

// Play lets media leave.
func (v *View) Play() { v.playOnce.Do(func() { close(v.play) }) }

// Done is closed when the view has ended and no packet leaves any more.
func (v *View) Done() <-chan struct{} { return v.done }

// Outcome says how it ended, once Done is closed.
func (v *View) Outcome() Outcome {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.outcome
}

// Close ends the view; Done says when that is done.
func (v *View) Close() { v.end(Stopped) }

// end never waits. The first word counts.
func (v *View) end(o Outcome) {
	v.mu.Lock()
	if v.outcome == "" {
		v.outcome = o
	}
	v.mu.Unlock()
	v.cancel()
}

func (v *View) state(s webrtc.PeerConnectionState) {
	switch s {
	case webrtc.PeerConnectionStateConnected:
		v.connOnce.Do(func() { close(v.connected) })
	case webrtc.PeerConnectionStateFailed:
		v.end(Lost)
	case webrtc.PeerConnectionStateClosed:
		v.end(Left)
	}
}

// run owns everything of the view.
func (v *View) run(ctx context.Context) {
	defer close(v.done)
	var wg sync.WaitGroup
	for i, s := range v.pc.GetSenders() {
		if i < len(v.tracks) {
			wg.Go(func() { v.listen(s, v.tracks[i]) })
		} else {
			wg.Go(func() { v.listen(s, nil) })
		}
	}
	sending := make(chan struct{})
	go func() { defer close(sending); v.send(ctx) }()
	wg.Go(func() { v.talk(ctx) })
	if v.attendant != nil {
		wg.Go(func() { v.overhear(ctx) })
	}
	late := time.NewTimer(connectTime)
	defer late.Stop()
	select {
	case <-v.connected:
		<-ctx.Done()
	case <-late.C:
		v.end(Lost)
	case <-ctx.Done():
	}
	v.end(Stopped)
	if v.attendant != nil {
		v.attendant.Gone()
	}
	<-sending // from here on no packet leaves; the rest may take a moment
	if err := v.pc.GracefulClose(); err != nil {
		v.engine.c.Log.Debug("a connection did not end in order", "error", err)
	}
	wg.Wait()
	for _, t := range v.tracks {
		v.release(t, t.main)
		v.release(t, t.small)
	}
}

// ready waits until pictures may leave; it says whether they may.
func (v *View) ready(ctx context.Context) bool {
	for _, ready := range []chan struct{}{v.connected, v.play} {
		select {
		case <-ready:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// send is the one goroutine by which pictures leave.
func (v *View) send(ctx context.Context) {
	if !v.ready(ctx) {
		return
	}
	p := newPacer(len(v.tracks), v.relayed())
	for {
		t, q, ok := v.pop()
		if !ok {
			select {
			case <-v.woken:
				continue
			case <-ctx.Done():
				return
			}
		}
		// At home nothing comes so unevenly that it would have to be held back; a line elsewhere is the viewer's to judge.
		// The first packet of a key frame is a small one: what it says has room there.
		prompt := q.key && v.near()
		rest := q.size + overhead*len(q.packets)
		for i, b := range q.packets {
			if !p.wait(ctx, len(b)+overhead, rest) {
				return
			}
			rest -= len(b) + overhead
			t.write(b, q.stamp, i == len(q.packets)-1, prompt && i == 0)
		}
	}
}

// pop takes one picture of each camera in turn, so that the first of all come before the second of one.
func (v *View) pop() (*track, queued, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for range v.tracks {
		t := v.tracks[v.next]
		v.next = (v.next + 1) % len(v.tracks)
		if q, ok := t.pop(); ok {
			return t, q, true
		}
	}
	return nil, queued{}, false
}

func (v *View) wake() {
	select {
	case v.woken <- struct{}{}:
	default:
	}
}

// changed says that a camera has begun or stopped to send pictures.
func (v *View) changed() {
	select {
	case v.news <- struct{}{}:
	default:
	}
}

// listen takes what a viewer says of one track: that something is missing beyond what can be sent again.
func (v *View) listen(s *webrtc.RTPSender, t *track) {
	for {
		list, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range list {
			switch p := p.(type) {
			case *rtcp.TransportLayerCC:
				v.weigh(p)
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				if t != nil {
					v.restart(t)
				}
			}
		}
	}
}

// restart gives a viewer the newest key frame anew, not too often.
func (v *View) restart(t *track) {
	v.mu.Lock()
	soon, from := !t.begun.IsZero() && v.engine.now().Sub(t.begun) < restartPause, t.from
	v.mu.Unlock()
	if !soon {
		from.again(t)
	}
}
