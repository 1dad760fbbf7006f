// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"time"

	"keyhold/home/cameras"
	"keyhold/home/ingest"
	"keyhold/home/live"
	"keyhold/home/speech"
	"keyhold/home/talk"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/quickreply"
	"keyhold/statement/roster"
	"keyhold/statement/signal"
)

const (
	// askSpeaker bounds the question whether a camera has a speaker; speakerAgain is how long no for an answer holds, and
	// speakerSoon how long none is asked again that has not answered.
	askSpeaker   = 10 * time.Second
	speakerAgain = 5 * time.Minute
	speakerSoon  = 10 * time.Second
)

// speaker is the way to a camera's speaker. It is looked for when somebody watches, and claimed while somebody talks:
// a camera has but one, and others may want it. It ends with its camera's channel.
type speaker struct {
	run   context.Context // of its camera's channel
	claim func(context.Context) (talk.Line, error)
	asks  func(context.Context) (bool, error)
	now   func() time.Time
	log   *slog.Logger
	known func() // told when it is found out

	mu     sync.Mutex
	url    string    // where the camera takes sound, if not by its stream; guarded by mu
	closed bool      // guarded by mu
	there  bool      // guarded by mu
	again  time.Time // it is not asked before; guarded by mu
	asking bool      // guarded by mu
	wg     sync.WaitGroup
}

func (h *Hub) speakerOf(run context.Context, c cameras.Camera, source *ingest.Source, log *slog.Logger) *speaker {
	s := &speaker{run: run, url: c.Speaker, asks: source.Speaks, now: h.Now, log: log, known: func() { h.engine.Known(c.ID) }}
	s.claim = func(ctx context.Context) (talk.Line, error) {
		if url := s.address(); url != "" {
			return h.loudspeaker(ctx, url, nil)
		}
		line, err := source.Speaker(ctx)
		if err != nil {
			return nil, err
		}
		return line, nil
	}
	return s
}

// address is where the camera takes sound, "" if that is by its stream.
func (s *speaker) address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url
}

// set says where the camera takes sound. Whoever talks at that moment is heard to the end where they began.
func (s *speaker) set(url string) {
	s.mu.Lock()
	s.url, s.again = url, time.Time{}
	s.mu.Unlock()
	s.known()
}

// isThere says whether there is one as far as that is known, and sees to it that it becomes known.
func (s *speaker) isThere() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.url != "" {
		return true
	}
	if fresh := s.there || s.now().Before(s.again); !fresh && !s.asking && !s.closed {
		s.asking = true
		s.wg.Go(s.ask)
	}
	return s.there
}

func (s *speaker) ask() {
	ctx, cancel := context.WithTimeout(s.run, askSpeaker)
	defer cancel()
	there, err := s.asks(ctx)
	pause := speakerAgain
	if err != nil {
		pause = speakerSoon
		s.log.Debug("a camera did not say whether it has a speaker") // why not would name its address
	}
	s.mu.Lock()
	s.asking, s.again, s.there = false, s.now().Add(pause), there
	s.mu.Unlock()
	if there {
		s.known()
	}
}

// open claims it, in the way that is given, until the context ends or the camera's channel.
func (s *speaker) open(ctx context.Context, claim func(context.Context) (talk.Line, error)) (talk.Line, error) {
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.wg.Add(1)
	}
	s.mu.Unlock()
	if closed {
		return nil, ingest.ErrNoSpeaker
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.run, cancel)
	line, err := claim(ctx)
	if err != nil {
		stop()
		cancel()
		s.wg.Done()
		return nil, err
	}
	return &claimed{Line: line, done: sync.OnceFunc(func() { stop(); cancel(); s.wg.Done() })}, nil
}

// claimed gives back what it holds.
type claimed struct {
	talk.Line
	done func()
}

func (c *claimed) Close() {
	c.Line.Close()
	c.done()
}

// close ends it for good, and waits until nothing is connected.
func (s *speaker) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.wg.Wait()
}

// speaks says whether somebody can talk by a camera, as far as that is known.
func (h *Hub) speaks(c id.Camera) bool {
	ch := h.channel(c)
	return ch != nil && ch.speaker.isThere()
}

// openTalk prepares talk, and ends on the record what an earlier process left.
func (h *Hub) openTalk(ctx context.Context) error {
	var speak func(context.Context, *quickreply.Reply) ([]byte, error)
	var err error
	if h.voice, err = speech.Find(h.Speak); err == nil {
		speak = h.voice.Say
	} else {
		h.Log.Warn("there are no quick replies", "error", err)
	}
	h.talk, err = talk.New(ctx, talk.Config{
		Speak: speak,
		DB:    h.db, Hub: h.household.Roster().Hub.Sign, Roster: func() *roster.State { return h.household.Roster() }, May: h.why, Aloud: h.aloud,
		Open: func(ctx context.Context, c id.Camera) (talk.Line, error) {
			ch := h.channel(c)
			if ch == nil {
				return nil, ingest.ErrNoSpeaker
			}
			return ch.speaker.open(ctx, ch.speaker.claim)
		},
		Record: func(ctx context.Context, l *manifest.Talk, also func(*sql.Tx) error) error {
			return h.recordLeaves(ctx, []manifest.Leaf{l}, also)
		},
		Tell: func() { h.views.Tell() }, Now: h.Now, Log: h.Log,
	})
	if err != nil {
		return err
	}
	return h.talk.Recover(ctx)
}

// attend gives who decides about what a viewer wants to do.
func (h *Hub) attend(offer *signal.Signal, by id.Person, v *live.View) live.Attendant {
	return h.talk.Attend(talk.Viewer{Device: offer.From, Person: by, View: offer.View, Say: v.Say})
}

// why asks the roster by the hub's time for rights, and says why not.
func (h *Hub) why(d id.Device, a roster.Action, c id.Camera) roster.Reason {
	m := h.clock.Moment()
	return m.Of(h.household.Roster()).May(d, a, c, m.At)
}
