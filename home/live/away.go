// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"time"

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
// is taken before anybody wants it: then an answer waits for no relay, and at home nobody notices that there is one.
func (e *Engine) Stand(ctx context.Context, fetch func(context.Context) ([]api.Relay, error)) {
	pause := firstPause
	for ctx.Err() == nil {
		list, err := fetch(ctx)
		wait := noneEvery
		switch {
		case err != nil:
			e.c.Log.Debug("no relays were given", "error", err)
			wait, pause = pause/2+rand.N(pause), min(2*pause, longPause)
		case len(list) > 0:
			if e.stand(ctx, list[:min(len(list), mostRelays)]) {
				pause = firstPause
			}
			wait, pause = pause/2+rand.N(pause), min(2*pause, longPause)
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
	}
}

// stand stays until one of the places is lost, and says whether there was any.
func (e *Engine) stand(ctx context.Context, list []api.Relay) bool {
	ctx, lost := context.WithCancel(ctx)
	defer lost()
	var wg sync.WaitGroup
	stood := make(chan bool, len(list))
	for _, r := range list {
		wg.Go(func() {
			w, err := relay.Open(ctx, r)
			stood <- err == nil
			if err != nil {
				e.c.Log.Debug("a relay was not reached", "error", err)
				return
			}
			e.mux.Add(w)
			select {
			case <-ctx.Done():
			case <-w.Done():
				e.c.Log.Debug("a relay was lost")
				lost()
			}
			_ = e.mux.Remove(w) // the relay finds out by itself
		})
	}
	any := false
	for range list {
		any = <-stood || any
	}
	if !any {
		lost()
	}
	wg.Wait()
	return any
}

// relayed says whether a view has come to be through a relay.
func (v *View) relayed() bool {
	s := v.pc.GetSenders()
	if len(s) == 0 || s[0].Transport() == nil {
		return false
	}
	pair, err := s[0].Transport().ICETransport().GetSelectedCandidatePair()
	return err == nil && pair != nil && pair.Local != nil && v.engine.mux.Holds(net.JoinHostPort(pair.Local.Address, strconv.Itoa(int(pair.Local.Port))))
}
