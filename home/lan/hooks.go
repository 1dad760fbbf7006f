// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"golang.org/x/time/rate"
)

const (
	// mostHooks bounds the connections of doorbells that cannot speak TLS.
	mostHooks = 16
	// hooksPerSecond and hooksAtOnce bound requests to addresses that are none.
	hooksPerSecond = 20
	hooksAtOnce    = 60
)

// hook takes the word of a doorbell. Its address is the one secret; whoever has another is answered as for anything else
// that is not there. What is bounded are such guesses alone: however many there are, none takes its turn from a doorbell.
func (d *Door) hook(w http.ResponseWriter, r *http.Request) {
	// In a connection that is kept a press can be lost: sent in the moment in which it is closed for want of another. What
	// a press asks for is not to be asked for twice, so no client sends it again by itself.
	w.Header().Set("Connection", "close")
	d.prompt(func(r *http.Request) (any, error) {
		switch {
		case d.c.Hook(r):
			return nil, nil
		case !d.hooks.often.Allow():
			return nil, tooMany()
		}
		return nil, nothing()
	})(w, r)
}

// hooks is the way for doorbells that cannot speak TLS: the same addresses, and nothing else.
type hooks struct {
	often  *rate.Limiter
	listen net.Listener // nil for none
	server *http.Server
}

func (d *Door) openHooks(ctx context.Context) (*hooks, error) {
	h := &hooks{often: rate.NewLimiter(hooksPerSecond, hooksAtOnce)}
	if d.c.Hooks == "" {
		return h, nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", d.c.Hooks)
	if err != nil {
		return nil, fmt.Errorf("lan: listen for doorbells: %w", err)
	}
	h.listen = &nearby{Listener: l, free: make(chan struct{}, mostHooks)}
	mux := http.NewServeMux()
	mux.HandleFunc("/bell/", d.hook)
	h.server = &http.Server{
		Handler: mux, ReadTimeout: headTime, WriteTimeout: headTime, MaxHeaderBytes: maxHead,
		BaseContext: func(net.Listener) context.Context { return d.work },
		ErrorLog:    slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // it would name addresses
	}
	return h, nil
}

func (h *hooks) run() {
	if h.server != nil {
		_ = h.server.Serve(h.listen) // until close
	}
}

func (h *hooks) close() {
	if h.server != nil {
		_ = h.server.Close()
		_ = h.listen.Close() // it may never have been served
	}
}

// PlainAddresses are where doorbells that cannot speak TLS reach the hub.
func (d *Door) PlainAddresses() []string {
	if d.hooks.listen == nil {
		return nil
	}
	return addressesOf(d.hooks.listen.Addr())
}
