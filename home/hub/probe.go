// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"keyhold/home/ingest"
	"keyhold/statement/request"
)

// probeTime is how long a new camera has to send a picture.
const probeTime = 12 * time.Second

// shown is what came of a look at a camera: its address, with the certificate by which it is known from now on if it made
// that itself, how its picture is coded, and the word of the protocol for what is wrong, or "".
type shown struct {
	address string
	codec   ingest.Codec
	word    string
}

// probe connects to an address once and waits for a picture, of one of these codecs if any are named.
func (h *Hub) probe(ctx context.Context, url string, codecs ...ingest.Codec) shown {
	address, certificate := addressOf(url)
	var met atomic.Pointer[[]byte]
	codec, word := h.meet(ctx, ingest.Config{
		URL: address, Certificate: certificate, Meet: func(sum []byte) { met.Store(&sum) },
	}, codecs)
	switch sum := met.Load(); {
	case sum != nil:
		address = knownBy(address, *sum)
	case certificate != nil:
		address = knownBy(address, certificate)
	}
	return shown{address, codec, word}
}

func (h *Hub) meet(ctx context.Context, c ingest.Config, codecs []ingest.Codec) (codec ingest.Codec, word string) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	first := &firstPicture{got: make(chan ingest.Codec, 1)}
	c.Sink, c.Retry = first, time.Second
	s, err := ingest.New(h.reading(c))
	if err != nil {
		return "", request.RefusedAddress
	}
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	defer func() { cancel(); <-done }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	away := 0
	for {
		select {
		case codec := <-first.got:
			if len(codecs) > 0 && !slices.Contains(codecs, codec) {
				return "", request.RefusedCodec
			}
			return codec, ""
		case <-ctx.Done():
			return "", request.RefusedUnreachable
		case <-tick.C:
		}
		switch s.Status().State {
		case ingest.StateRefused:
			return "", request.RefusedPassword
		case ingest.StateUnsuited:
			return "", request.RefusedCodec
		case ingest.StateLacking:
			return "", request.RefusedProgram
		case ingest.StateBarred:
			return "", request.RefusedAddress
		case ingest.StateStranger:
			return "", request.RefusedUnreachable
		case ingest.StateAway:
			if away++; away > 30 {
				return "", request.RefusedUnreachable
			}
		}
	}
}

// trialTime bounds how long a camera's pictures are made anew to see what that costs.
const trialTime = 8 * time.Second

// trial lets a child make a camera's pictures anew for some seconds, and says how much of a processor core that takes, in
// percent; 0 if it makes none. Nobody sees or keeps them.
func (h *Hub) trial(ctx context.Context, url string) int64 {
	ctx, cancel := context.WithTimeout(ctx, trialTime)
	defer cancel()
	address, certificate := addressOf(url)
	s, err := ingest.New(h.reading(ingest.Config{URL: address, Certificate: certificate, Make: true}))
	if err != nil {
		return 0
	}
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	defer func() { cancel(); <-done }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return 0
		case <-tick.C:
			if n := s.Cost(); n > 0 {
				return n
			}
		}
	}
}

// firstPicture says how the first picture is coded.
type firstPicture struct{ got chan ingest.Codec }

func (f *firstPicture) Frame(fr *ingest.Frame) {
	if fr.Kind != ingest.Video {
		return
	}
	select {
	case f.got <- fr.Params.Codec:
	default:
	}
}

func (*firstPicture) Lost(time.Time, ingest.Reason) {}
