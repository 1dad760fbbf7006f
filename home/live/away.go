// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"keyhold/api"
	"keyhold/api/relay"
)

const (
	// mostRelays is how many relays are stood at.
	mostRelays = 4
	// firstPause and longPause are waited before relays are asked for again; noneEvery where there was none.
	firstPause = 250 * time.Millisecond
	longPause  = 30 * time.Second
	noneEvery  = 10 * time.Minute
)

// Stand keeps a place at each relay that fetch gives, until the context ends, and answers from there as well. The place
// is taken before anybody wants it: then an answer waits for no relay, and at home nobody notices that there is one. A
// relay that is away is tried again; what goes through the others is not disturbed.
func (e *Engine) Stand(ctx context.Context, fetch func(context.Context) ([]api.Relay, error)) {
	s := &standing{engine: e, at: map[string]bool{}, lost: make(chan string)}
	defer s.wg.Wait()
	pause := firstPause
	for ctx.Err() == nil {
		list, err := fetch(ctx)
		var wait time.Duration
		switch {
		case err != nil:
			e.c.Log.Debug("no relays were given", "error", err)
			fallthrough
		case !s.take(ctx, list):
			wait, pause = pause/2+rand.N(pause), min(2*pause, longPause)
		case len(list) == 0:
			wait = noneEvery
		default:
			pause = firstPause
			if !s.waitForLoss(ctx) {
				return
			}
			wait = pause/2 + rand.N(pause)
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case key := <-s.lost:
			delete(s.at, key)
		case <-ctx.Done():
		}
		t.Stop()
	}
}

// standing are the places of a hub.
type standing struct {
	engine *Engine
	at     map[string]bool // by the relay's addresses; owned by Stand
	lost   chan string
	wg     sync.WaitGroup // one for each place
}

// waitForLoss says that a place was lost, or that the context has ended.
func (s *standing) waitForLoss(ctx context.Context) bool {
	select {
	case key := <-s.lost:
		delete(s.at, key)
		return true
	case <-ctx.Done():
		return false
	}
}

// take takes a place at each relay where there is none, and says whether there is one at all of them now.
func (s *standing) take(ctx context.Context, list []api.Relay) bool {
	var missing []api.Relay
	for _, r := range list {
		if !s.at[keyOf(r)] && len(s.at)+len(missing) < mostRelays {
			missing = append(missing, r)
		}
	}
	ways := make([]*relay.Way, len(missing))
	var wg sync.WaitGroup
	for i, r := range missing {
		wg.Go(func() {
			w, err := relay.Open(ctx, r)
			if err != nil {
				s.engine.c.Log.Debug("a relay was not reached", "error", err)
				return
			}
			ways[i] = w
		})
	}
	wg.Wait()
	all := true
	for i, w := range ways {
		if w == nil {
			all = false
			continue
		}
		key := keyOf(missing[i])
		s.at[key] = true
		s.engine.mux.Add(w)
		s.wg.Go(func() { s.hold(ctx, key, w) })
	}
	return all
}

// hold answers from a place until it is lost.
func (s *standing) hold(ctx context.Context, key string, w *relay.Way) {
	select {
	case <-ctx.Done():
	case <-w.Done():
		s.engine.c.Log.Debug("a relay was lost")
	}
	_ = s.engine.mux.Remove(w) // the relay finds out by itself
	select {
	case s.lost <- key:
	case <-ctx.Done():
	}
}

func keyOf(r api.Relay) string { return strings.Join(r.URLs, " ") }

// relayed says whether a view has come to be through a relay.
func (v *View) relayed() bool {
	pair := v.pair()
	return pair != nil && v.engine.mux.Holds(net.JoinHostPort(pair.Local.Address, strconv.Itoa(int(pair.Local.Port))))
}

// near says whether the viewer is in the home's own networks, and no relay is in between.
func (v *View) near() bool {
	pair := v.pair()
	if pair == nil || v.engine.c.Near == nil || v.relayed() {
		return false
	}
	ip, err := netip.ParseAddr(pair.Remote.Address)
	return err == nil && v.engine.c.Near(ip)
}

// pair is the way that packets take now; nil before there is one.
func (v *View) pair() *webrtc.ICECandidatePair {
	s := v.pc.GetSenders()
	if len(s) == 0 || s[0].Transport() == nil {
		return nil
	}
	pair, err := s[0].Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil || pair.Local == nil || pair.Remote == nil {
		return nil
	}
	return pair
}
