// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"fmt"
	"net"
	"sync"

	"keyhold/api/relay"
	"keyhold/member/session"
)

// mostRelays is how many relays are tried.
const mostRelays = 4

// ways are a port of this machine, and places at relays that are being taken. Nothing waits for those: a connection that
// is being made goes by them once they are there.
type ways struct {
	*relay.Mux
	stop context.CancelFunc
	wg   sync.WaitGroup
}

// stand opens the port, and begins to take a place at each relay that the cloud gives.
func stand(ctx context.Context, s *session.Session) (*ways, error) {
	conn, err := (&net.ListenConfig{}).ListenPacket(ctx, "udp", ":0")
	if err != nil {
		return nil, fmt.Errorf("open a port: %w", err)
	}
	w := &ways{Mux: relay.NewMux(conn)}
	var expected []*relay.Expected
	for range mostRelays {
		expected = append(expected, w.Expect())
	}
	ctx, w.stop = context.WithCancel(ctx)
	w.wg.Go(func() {
		list, err := s.Relays(ctx)
		if err != nil {
			return // where it leads there directly none is needed
		}
		for i, r := range list[:min(len(list), mostRelays)] {
			w.wg.Go(func() {
				way, err := relay.Open(ctx, r)
				if err == nil && !expected[i].Come(way) {
					_ = way.Close()
				}
			})
		}
	})
	return w, nil
}

// Close gives up all of them.
func (w *ways) Close() error {
	w.stop()
	w.wg.Wait()
	return w.Mux.Close()
}
