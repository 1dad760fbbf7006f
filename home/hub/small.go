// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"cmp"
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"time"

	"keyhold/home/ingest"
	"keyhold/home/live"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// smallRest is how long a second stream stays connected after the last who looked: going to one camera and back costs no
// new connection then.
const smallRest = 5 * time.Second

// small is the second, smaller stream of a camera at work, for live view alone. It is connected while somebody looks, and
// a little longer: cameras have few connections and little strength, and one that nobody watches is to see no reader but
// the recorder. It ends with its camera's channel.
type small struct {
	run     context.Context // of its camera's channel
	bare    bool            // it shows what is covered of the main stream: then it is not used at all
	reading func(ingest.Config) ingest.Config
	log     *slog.Logger

	mu      sync.Mutex
	url     string         // "" for none; guarded by mu
	closed  bool           // guarded by mu
	source  *ingest.Source // nil while it is not connected; guarded by mu
	stop    context.CancelFunc
	looking int         // who has opened it; guarded by mu
	rest    *time.Timer // runs out some time after the last; guarded by mu
	wg      sync.WaitGroup
}

func (s *small) there() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.url != "" && !s.closed && !s.bare
}

// Open connects unless it is connected already.
func (s *small) Open() (live.Stream, func(), bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.url == "" || s.bare {
		return nil, nil, false
	}
	if s.source == nil {
		address, certificate := addressOf(s.url)
		source, err := ingest.New(s.reading(ingest.Config{URL: address, Certificate: certificate, Log: s.log}))
		if err != nil {
			s.log.Error("the second stream of a camera cannot be watched", "error", err)
			return nil, nil, false
		}
		run, stop := context.WithCancel(s.run)
		s.source, s.stop = source, stop
		s.wg.Go(func() { source.Run(run) })
	}
	if s.rest != nil {
		s.rest.Stop()
	}
	s.looking++
	source := s.source
	var once sync.Once
	return source, func() { once.Do(func() { s.leave(source) }) }, true
}

// leave is the end of one look at a source.
func (s *small) leave(source *ingest.Source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.source != source {
		return // it is closed already
	}
	if s.looking--; s.looking == 0 {
		s.rest = time.AfterFunc(smallRest, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.source == source && s.looking == 0 {
				s.quit()
			}
		})
	}
}

// quit disconnects; mu is held. Whoever looks sees the end of the stream.
func (s *small) quit() {
	if s.source != nil {
		s.stop()
		s.source, s.looking = nil, 0
	}
	if s.rest != nil {
		s.rest.Stop()
	}
}

// set gives it another address, or none.
func (s *small) set(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.url != url {
		s.url = url
		s.quit()
	}
}

// close ends it for good, and waits until nothing is connected.
func (s *small) close() {
	s.mu.Lock()
	s.closed = true
	s.quit()
	s.mu.Unlock()
	s.wg.Wait()
}

// smallStream is the second stream of a camera at work, if it has one.
func (h *Hub) smallStream(c id.Camera) (live.Loan, bool) {
	ch := h.channel(c)
	if ch == nil || !ch.small.there() {
		return nil, false
	}
	return ch.small, true
}

// setSmall says where the second stream of a camera is, once it has shown a picture of H.264; "" says that it has none.
func (h *Hub) setSmall(ctx context.Context, by id.Device, camera id.Camera, url string) error {
	if !h.may(by, roster.Cameras, id.HouseholdCamera) {
		return refusal(request.RefusedDenied)
	}
	if _, ok, err := h.listed(ctx, camera); err != nil || !ok {
		return cmp.Or(err, error(refusal(request.RefusedNotFound)))
	}
	if url != "" && h.isPrivate(camera) {
		return refusal(request.RefusedPrivate)
	}
	if url != "" {
		shown := h.probe(ctx, url, ingest.H264)
		if shown.word != "" {
			return refusal(shown.word)
		}
		url = shown.address
	}
	h.control.Lock()
	defer h.control.Unlock()
	// The look took its time; whoever was removed meanwhile changes nothing.
	if !h.may(by, roster.Cameras, id.HouseholdCamera) {
		return refusal(request.RefusedDenied)
	}
	c, ok, err := h.listed(ctx, camera)
	if err != nil || !ok {
		return cmp.Or(err, error(refusal(request.RefusedNotFound)))
	}
	was := c
	switch c.Small = url; {
	case url == "" && c.Recorded == request.RecordSmall:
		return refusal(request.RefusedForm) // it is what is recorded: nobody has said in which form the other is to be
	case h.uncovers(was, c):
		return refusal(request.RefusedCovered)
	}
	err = h.db.Write(ctx, func(tx *sql.Tx) error { return h.cameras.SetSmall(ctx, tx, c.ID, url) })
	if err != nil {
		return err
	}
	if c.Recorded == request.RecordSmall {
		h.again(c)
	} else if ch := h.channel(camera); ch != nil {
		ch.small.set(url)
	}
	return nil
}

// smalls tells which of the cameras that the device may see have a second stream.
func (h *Hub) smalls(ctx context.Context, by id.Device) ([]id.Camera, error) {
	list, err := h.cameras.List(ctx)
	out := []id.Camera{}
	for _, c := range list {
		if _, second := streams(c); c.Removed == 0 && second != "" && h.may(by, roster.History, c.ID) {
			out = append(out, c.ID)
		}
	}
	return out, err
}
