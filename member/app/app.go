// SPDX-License-Identifier: Apache-2.0

// Package app serves the owner app on the household's own computer, so that the code a person trusts
// with recovery words does not come from the operator.
//
// It promises: the same files and headers as the operator's origin, on the loopback only; everything
// under /v1 is passed on to the one cloud named at start, WebSocket included, and /cloud says which that is; a request that names
// another host (a page of somebody else whose name was bent to 127.0.0.1) or comes from another
// origin is refused before anything is done. It trusts the programs of this computer's users: whoever
// can open a loopback port here can reach the cloud through it, as they could without it. It holds no
// keys and no state: those live in the browser, under this origin, so the port must stay the same.
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
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"keyhold/web"
)

// ErrNotLoopback says that the address to listen on could be reached from elsewhere.
var ErrNotLoopback = errors.New("the app is served on this computer alone: listen on 127.0.0.1, [::1] or localhost")

// Server is the app on one loopback address.
type Server struct {
	listener net.Listener
	handler  http.Handler
	log      *slog.Logger
}

// New listens at once, so that Address is known before Serve runs. files is the app (web.Handler).
func New(ctx context.Context, listen, cloud string, files http.Handler, transport http.RoundTripper, log *slog.Logger) (*Server, error) {
	target, err := url.Parse(cloud)
	if err != nil || (target.Scheme != "http" && target.Scheme != "https") || target.Host == "" {
		return nil, fmt.Errorf("%q is not the address of a cloud, such as https://cloud.example", cloud)
	}
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("listen for the app on %q: %w", listen, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, ErrNotLoopback
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("listen for the app: %w", err)
	}
	s := &Server{listener: listener, log: log}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		listener.Close()
		return nil, fmt.Errorf("listen for the app: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/", s.proxy(target, transport))
	// The page cannot know which cloud lies behind this server, and the recovery sheet has to name it.
	mux.HandleFunc("GET /cloud", func(w http.ResponseWriter, _ *http.Request) {
		web.SetHeaders(w.Header())
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = io.WriteString(w, cloud) // the reader may have left
	})
	mux.Handle("/", files)
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
		if !hosts[strings.ToLower(r.Host)] {
			problem(w, http.StatusForbidden, "denied", "this server answers only as localhost")
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			o, err := url.Parse(origin)
			if err != nil || o.Scheme != "http" || !hosts[strings.ToLower(o.Host)] {
				problem(w, http.StatusForbidden, "denied", "this server answers only its own pages")
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) proxy(target *url.URL, transport http.RoundTripper) http.Handler {
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			// The cloud must not learn more of this computer than a command line would tell it, and
			// it has nothing to decide by a browser's origin: signatures are the login.
			for _, name := range []string{"Origin", "Referer", "Cookie", "User-Agent", "Accept-Language"} {
				p.Out.Header.Del(name)
			}
			p.Out.Header.Set("User-Agent", "keyhold")
		},
		ModifyResponse: func(r *http.Response) error {
			r.Header.Del("Set-Cookie")
			return nil
		},
		FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				s.log.Debug("the cloud did not answer", "error", err)
			}
			problem(w, http.StatusBadGateway, "unavailable", "the cloud does not answer")
		},
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

func problem(w http.ResponseWriter, status int, kind, title string) {
	web.SetHeaders(w.Header())
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "urn:keyhold:" + kind, "title": title, "status": status, "rule": "", "id": ""}) // the reader may have left
}
