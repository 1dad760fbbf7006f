// SPDX-License-Identifier: Apache-2.0

package home

import (
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// silent takes connections and says nothing, as a camera does that hangs. It counts those who ask.
func silent(t *testing.T) (address string, asked *atomic.Int32) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	asked = new(atomic.Int32)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			asked.Add(1)
			wg.Go(func() {
				defer c.Close()
				for b := make([]byte, 512); ; {
					if _, err := c.Read(b); err != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return l.Addr().String(), asked
}

func TestWhoLooksAtSilentCamerasHoldsNoOtherCommandUp(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	yard := r.Add("Yard", "b")
	ben := r.Bring("Ben", roster.Owner)
	address, asked := silent(t)
	var sent atomic.Int32
	way := func(cloud http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			cloud.ServeHTTP(w, req)
			if req.Method == http.MethodPut && strings.HasSuffix(req.URL.Path, "/mail/hub") {
				sent.Add(1)
			}
		})
	}
	r.way.Store(&way)
	const many = 12 // more than the hub carries out at once
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer func() { stop(); wg.Wait() }()
	var answered atomic.Int32
	for range many {
		s := ben.session()
		wg.Go(func() {
			if _, err := s.Do(ctx, request.Op{Kind: request.OpSetSmall, Camera: yard, URL: "rtsp://" + address + "/x"}); word(err) != "" {
				answered.Add(1)
			}
		})
	}
	r.Until("all of the commands, and looks at the camera", func() bool { return sent.Load() == many && asked.Load() > 0 })
	began := time.Now()
	r.Do(request.Op{Kind: request.OpPing})
	if n := answered.Load(); n > 0 {
		t.Errorf("another command was answered after %s, once %d of those had been that look at a camera which says nothing", time.Since(began), n)
	}
}
