// SPDX-License-Identifier: Apache-2.0

// Package app serves the owner app on the household's own computer, so that the code a person trusts
// with recovery words does not come from the operator.
//
// It promises: the same files and headers as the operator's origin, on the loopback only; everything
// under /v1 is passed on to the cloud named at start, WebSocket included, and /cloud says which that is; a
// household that goes to another cloud, or has gone there, reaches that one by its address (clouds.go); its hub at home
// is reached by key and addresses, in the networks that this computer is in (hubs.go); and nothing else is reached. Of
// what is answered nothing but data gets into the browser; a request that names
// another host (a page of somebody else whose name was bent to 127.0.0.1) or comes from another
// origin is refused before anything is done. It trusts the programs of this computer's users: whoever
// can open a loopback port here can reach the cloud through it, as they could without it. It holds no
// keys and keeps nothing: which cloud the household is with, and where its hub is, the browser knows, under this
// origin, so the port must stay the same.
package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"keyhold/statement/rule"
	"keyhold/web"
)

// ErrNotLoopback says that the address to listen on could be reached from elsewhere.
var ErrNotLoopback = errors.New("the app is served on this computer alone: listen on 127.0.0.1, [::1] or localhost")

// Server is the app on one loopback address.
type Server struct {
	listener net.Listener
	handler  http.Handler
	hubs     *hubs
	log      *slog.Logger
}

// Config is what a Server is made of.
type Config struct {
	// Listen is a loopback address.
	Listen string
	// Cloud is the address of the cloud that the household is with, as far as whoever starts this knows.
	Cloud string
	// Files is the app (web.Handler).
	Files http.Handler
	// Transport is the way to clouds: one that finds names under .localhost on this computer (api.Transport).
	Transport http.RoundTripper
	Log       *slog.Logger
	// Another hears the address of each further cloud that a page asks for, once, before anything goes there. It may
	// be called by several goroutines; nil is nobody.
	Another func(cloud string)
}

// New listens at once, so that Address is known before Serve runs.
func New(ctx context.Context, c Config) (*Server, error) {
	first := strings.TrimRight(c.Cloud, "/")
	target, err := url.Parse(first)
	if err != nil || (target.Scheme != "http" && target.Scheme != "https") || target.Host == "" {
		return nil, fmt.Errorf("%q is not the address of a cloud, such as https://cloud.example", c.Cloud)
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for the app on %q: %w", c.Listen, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, ErrNotLoopback
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for the app: %w", err)
	}
	s := &Server{listener: listener, hubs: &hubs{log: c.Log}, log: c.Log}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		listener.Close()
		return nil, fmt.Errorf("listen for the app: %w", err)
	}
	others := &clouds{first: first, transport: c.Transport, log: c.Log, another: c.Another}
	mux := http.NewServeMux()
	mux.Handle("/v1/", passOn(target, c.Transport, "the cloud does not answer", c.Log))
	// The page cannot know which cloud lies behind this server, and the recovery sheet has to name it.
	mux.HandleFunc("GET /cloud", func(w http.ResponseWriter, _ *http.Request) { say(w, first) })
	mux.HandleFunc("POST "+othersPrefix, others.admit)
	mux.HandleFunc(othersPrefix+"/{number}/v1/", others.pass)
	mux.HandleFunc("POST "+homePrefix, s.hubs.admit)
	mux.HandleFunc(homePrefix+"/{number}/v1/", s.hubs.pass)
	mux.Handle("/", c.Files)
	s.handler = onlyOurs(port, mux)
	return s, nil
}

// Address is what a person opens. It says localhost, not a number: the browser files its keys there.
func (s *Server) Address() string {
	_, port, _ := net.SplitHostPort(s.listener.Addr().String())
	return "http://localhost:" + port
}

// Serve answers until the context ends.
func (s *Server) Serve(ctx context.Context) error {
	defer s.hubs.close()
	server := &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	done := make(chan error, 1)
	go func() {
		<-ctx.Done()
		// WebSockets are hijacked: they end with the base context, the rest gets a moment.
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		err := server.Shutdown(end)
		if err != nil {
			err = server.Close()
		}
		done <- err
	}()
	if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the app: %w", err)
	}
	return <-done
}

// onlyOurs refuses requests that were not meant for this server.
func onlyOurs(port string, next http.Handler) http.Handler {
	hosts := map[string]bool{"localhost:" + port: true, "127.0.0.1:" + port: true, "[::1]:" + port: true}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !hosts[strings.ToLower(r.Host)] && !rule.Off(rule.Audience) {
			problem(w, http.StatusForbidden, "denied", "this server answers only as localhost")
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && !rule.Off(rule.Origin) {
			o, err := url.Parse(origin)
			if err != nil || o.Scheme != "http" || !hosts[strings.ToLower(o.Host)] {
				problem(w, http.StatusForbidden, "denied", "this server answers only its own pages")
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// say answers a page with one line.
func say(w http.ResponseWriter, line string) {
	web.SetHeaders(w.Header())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, line) // the reader may have left
}

func problem(w http.ResponseWriter, status int, kind, title string) {
	web.SetHeaders(w.Header())
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "urn:keyhold:" + kind, "title": title, "status": status, "rule": "", "id": ""}) // the reader may have left
}
