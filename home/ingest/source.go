// SPDX-License-Identifier: Apache-2.0

package ingest

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"keyhold/statement/rule"
)

const (
	dialTimeout    = 2 * time.Second  // so that an address nobody answers at is asked again soon
	requestTimeout = 5 * time.Second  // for an answer to an RTSP request
	refusedPause   = 30 * time.Second // after wrong credentials: cameras lock out who tries too often
)

// A State says what is known of a camera.
type State string

// The states of a source.
const (
	StateConnecting State = "connecting"
	StateRunning    State = "running"
	StateAway       State = "away"     // does not answer, or sends no pictures
	StateRefused    State = "refused"  // does not accept the user name and password
	StateStranger   State = "stranger" // shows another certificate than the one it is known by
	StateUnsuited   State = "unsuited" // answers, but has no stream that can be kept
	StateLacking    State = "lacking"  // it takes a program to read it that is not on this computer
	StateBarred     State = "barred"   // its address leads to where the hub does not go
	// StateUncovered: parts of its picture are to be covered and cannot be, so nobody gets it.
	StateUncovered State = "uncovered"
)

// ErrNoVideo is for a camera without an H.264 or H.265 stream.
var ErrNoVideo = errors.New("the camera offers neither H.264 nor H.265; choose another of its streams or set it to H.264")

// Config is what a source needs.
type Config struct {
	// URL is rtsp:// or rtsps:// with user name and password, or one of those that a child reads. It is never logged.
	URL string
	// FFmpeg is the program that reads what is not RTSP, and covers; "ffmpeg" if empty.
	FFmpeg string
	// Here is what of this computer may be a camera.
	Here Here
	// Certificate is the SHA-256 of the certificate that an rtsps:// camera made itself and is known by; nil for one that
	// the system trusts.
	Certificate []byte
	// Meet takes that hash of a camera that is met for the first time. If nil, nothing but Certificate and what the
	// system trusts is accepted.
	Meet func(sum []byte)
	// Cover are the parts of the picture that nobody gets to see: Sink and subscribers get pictures that FFmpeg
	// has made of the camera's, in H.264, with these filled. Where it cannot, they get none.
	Cover []Area
	// Make: where the camera sends something else, Sink and subscribers get H.264 that FFmpeg has made of it; where it
	// cannot, they get what the camera sends.
	Make bool
	// Sink takes the frames; it gets them before the subscribers.
	Sink Sink
	// Stall is how long without a picture means that the camera hangs; 4 s if 0.
	Stall time.Duration
	// Retry is the pause between two attempts; 500 ms if 0, at most 1 s.
	Retry time.Duration
	// Now is time.Now if nil.
	Now func() time.Time
	Log *slog.Logger
}

// A Status is a source's state at a moment.
type Status struct {
	State State
	Since time.Time
	// Picture is when the last picture came in; zero before the first.
	Picture time.Time
}

// A Source is the one connection to one camera.
type Source struct {
	cfg  Config
	at   address
	hub  fan
	live atomic.Int32  // how many want frames at once
	soon chan struct{} // holds a token when live has grown
	veil *cover        // nil where nothing is covered and nothing made
	sent gauge

	lastID    int64        // owned by Run
	udp       bool         // the camera refused TCP; owned by Run
	nature    *nature      // of what a child reads, once it is known; owned by Run
	fruitless int          // connections of a child in a row that brought nothing; owned by Run
	picture   atomic.Int64 // when the last picture was handed on, ns
	alive     atomic.Int64 // when the connection last brought a picture, whole or not yet decodable, ns

	mu     sync.Mutex
	status Status // guarded by mu
}

// New checks the address. Nothing is connected before Run.
func New(cfg Config) (*Source, error) {
	at, err := readAddress(cfg.URL)
	if err != nil {
		return nil, err
	}
	if cfg.FFmpeg == "" {
		cfg.FFmpeg = "ffmpeg"
	}
	if cfg.Stall == 0 {
		cfg.Stall = 4 * time.Second
	}
	if cfg.Retry == 0 {
		cfg.Retry = 500 * time.Millisecond
	}
	cfg.Retry = min(cfg.Retry, time.Second)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Source{cfg: cfg, at: at, soon: make(chan struct{}, 1)}
	s.status = Status{State: StateConnecting, Since: cfg.Now()}
	if hide := len(cfg.Cover) > 0; hide || cfg.Make {
		s.veil = &cover{
			program: cfg.FFmpeg, filter: coverFilter(cfg.Cover), give: s.give, lost: s.over, failed: s.unmade, now: cfg.Now,
			hide: hide, in: make(chan covering, coverQueue),
		}
		if hide {
			s.veil.failed = s.uncovered
		}
	}
	return s, nil
}

// Status tells how the camera does.
func (s *Source) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.status
	if ns := s.picture.Load(); ns != 0 {
		st.Picture = time.Unix(0, ns)
	}
	return st
}

func (s *Source) setState(st State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status.State == st {
		return
	}
	s.status.State, s.status.Since = st, s.cfg.Now()
	s.cfg.Log.Info("camera state changed", "state", string(st))
}

// Live makes frames come at once, at the price of more wake-ups, until the function it returns is called.
func (s *Source) Live() (done func()) {
	s.live.Add(1)
	select {
	case s.soon <- struct{}{}:
	default:
	}
	var once sync.Once
	return func() { once.Do(func() { s.live.Add(-1) }) }
}

// Subscribe hands out the frames to one more taker; see Subscription.
func (s *Source) Subscribe(queue int) *Subscription { return s.hub.subscribe(queue) }

// Watch is Subscribe for who wants to see something at once: it also gives the newest key frame and the pictures after
// it, which is what the subscription goes on from.
func (s *Source) Watch(queue int) (*Subscription, []*Frame) { return s.hub.watch(queue) }

// Run keeps the connection until the context ends.
func (s *Source) Run(ctx context.Context) {
	defer s.hub.close()
	if s.veil != nil {
		done := make(chan struct{})
		go func() { defer close(done); s.veil.run(ctx) }()
		defer func() { <-done }()
	}
	for ctx.Err() == nil {
		before := s.lastID
		var err error
		if s.at.way == wayRTSP {
			err = s.connect(ctx)
		} else {
			err = s.byChild(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		pause := s.cfg.Retry
		if errors.Is(err, errTransport) && !s.udp {
			s.udp = true // asked for at once
			continue
		}
		s.udp = s.udp && s.lastID != before // where UDP brought nothing either, TCP is asked for again
		switch {
		case errors.Is(err, errRefused):
			s.setState(StateRefused)
			pause = refusedPause
		case errors.Is(err, ErrStranger):
			if s.Status().State != StateStranger {
				s.cfg.Log.Warn("the camera shows another certificate than when it was added, or something else answers at its " +
					"address; it is not recorded. If its certificate was renewed, remove the camera and add it again")
			}
			s.setState(StateStranger)
			pause = refusedPause
		case errors.Is(err, errBarred):
			if s.Status().State != StateBarred {
				s.cfg.Log.Warn("the camera's address, or what it answers, leads to where the hub does not go", "rule", string(rule.Of(err)))
			}
			s.setState(StateBarred)
			pause = refusedPause
		case errors.Is(err, errNoChild):
			if s.Status().State != StateLacking {
				s.cfg.Log.Error("the program that reads such a camera cannot be started; is ffmpeg installed?")
			}
			s.setState(StateLacking)
			pause = refusedPause
		case errors.Is(err, ErrNoVideo):
			s.setState(StateUnsuited)
			pause = refusedPause
		default:
			s.setState(StateAway)
		}
		s.cfg.Log.Debug("camera connection ended", "err", s.clean(err))
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		t.Stop()
	}
}

// clean keeps the address out of an error's text.
func (s *Source) clean(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	for _, secret := range s.at.secrets() {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "camera")
		}
	}
	return text
}

// frame takes what the camera sent.
func (s *Source) frame(f *Frame) {
	s.sent.frame(f)
	if s.veil != nil {
		s.veil.take(covering{frame: f})
		return
	}
	s.give(f)
}

// give hands out what everybody may see.
func (s *Source) give(f *Frame) {
	if f.Kind == Video {
		s.picture.Store(s.cfg.Now().UnixNano())
		s.setStateRunning()
	}
	if s.cfg.Sink != nil {
		s.cfg.Sink.Frame(f)
	}
	s.hub.send(f)
}

func (s *Source) setStateRunning() {
	s.mu.Lock()
	running := s.status.State == StateRunning
	s.mu.Unlock()
	if !running {
		s.setState(StateRunning)
	}
}

func (s *Source) sessionLost(at time.Time, why Reason) {
	if s.veil != nil {
		s.veil.take(covering{at: at, why: why})
		return
	}
	s.over(at, why)
}

// over says to everybody that a session has ended.
func (s *Source) over(at time.Time, why Reason) {
	if s.cfg.Sink != nil {
		s.cfg.Sink.Lost(at, why)
	}
	s.hub.send(nil)
}
