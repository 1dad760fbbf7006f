// SPDX-License-Identifier: Apache-2.0

// Package proxy stands between clients and a cloud, where a dishonest operator stands.
//
// With nothing switched on it passes everything on unchanged, web sockets too: that is an attack's control. A test
// switches on a route (which cloud answers this request: a copy of yesterday, somebody else's) and a tamper (what
// happens to an answer on its way). It promises that what it is not told to touch goes through byte for byte, and
// that it counts what it touched, so that an attack which never happened cannot pass for one that was refused. It
// keeps everything in memory and leaves nothing behind.
package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Exchange is an answer on its way back, with the question it belongs to.
type Exchange struct {
	Method  string
	URL     *url.URL
	Request []byte // what was asked, if it had a body
	Status  int
	Header  http.Header
	Body    []byte
}

// Tamper changes an answer and says whether it did.
type Tamper func(*Exchange) bool

// Route chooses who answers a request, by its base address; nil means the proxy's own target.
type Route func(*http.Request) *url.URL

// Proxy is a running proxy.
type Proxy struct {
	target *url.URL
	server *http.Server
	listen net.Listener
	done   chan struct{}

	mu      sync.Mutex // guards what follows
	pages   *url.URL
	route   Route
	tamper  Tamper
	touched int
	seen    []string
}

// Start listens on a free port of the loopback and passes everything to the target.
func Start(ctx context.Context, target string) (*Proxy, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("proxy: read the target: %w", err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy: listen: %w", err)
	}
	p := &Proxy{target: to, listen: l, done: make(chan struct{})}
	pass := &httputil.ReverseProxy{
		Rewrite:        p.rewrite,
		ModifyResponse: p.answer,
		FlushInterval:  -1,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	p.server = &http.Server{Handler: p.remember(pass), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(p.done)
		// Serve ends when Close is called; another end shows in every request that follows.
		_ = p.server.Serve(l)
	}()
	return p, nil
}

// Address is the host and port on which it listens.
func (p *Proxy) Address() string { return p.listen.Addr().String() }

// URL is the base address for clients.
func (p *Proxy) URL() string { return "http://" + p.Address() }

// Close ends every connection, web sockets too.
func (p *Proxy) Close() error {
	err := p.server.Close()
	<-p.done
	return err
}

// Use switches an attack on; two nils switch it off. It forgets what was counted.
func (p *Proxy) Use(route Route, tamper Tamper) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.route, p.tamper, p.touched, p.seen = route, tamper, 0, nil
}

// Pages lets another server give the app's pages: those of a test build. It is no attack and is not counted; nil ends
// it.
func (p *Proxy) Pages(from *url.URL) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pages = from
}

// Touched is how many answers were changed, or came from elsewhere, since Use.
func (p *Proxy) Touched() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.touched
}

// Seen lists the requests since Use, "METHOD path" each.
func (p *Proxy) Seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.seen...)
}

// question is the key under which a request's body travels to its answer.
type question struct{}

// remember keeps the body of a question beside it.
func (p *Proxy) remember(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.seen = append(p.seen, r.Method+" "+r.URL.Path)
		p.mu.Unlock()
		if r.Method == http.MethodPost && r.ContentLength > 0 && r.ContentLength < 1<<20 {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				http.Error(w, "the question broke off", http.StatusBadRequest)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			r = r.WithContext(context.WithValue(r.Context(), question{}, body))
		}
		next.ServeHTTP(w, r)
	})
}

// rewrite sends the request where the route says. The host stays the one that the client named.
func (p *Proxy) rewrite(r *httputil.ProxyRequest) {
	p.mu.Lock()
	route, pages := p.route, p.pages
	p.mu.Unlock()
	to := p.target
	if pages != nil && !strings.HasPrefix(r.In.URL.Path, "/v1/") {
		to = pages
	}
	if route != nil {
		if other := route(r.In); other != nil {
			to = other
			p.mu.Lock()
			p.touched++
			p.mu.Unlock()
		}
	}
	r.Out.URL.Scheme, r.Out.URL.Host = to.Scheme, to.Host
	r.Out.Host = r.In.Host
	// A changed body has no encoding; the transport must not ask for one either.
	r.Out.Header.Set("Accept-Encoding", "identity")
}

// answer lets the tamper at an answer. Web sockets pass.
func (p *Proxy) answer(res *http.Response) error {
	p.mu.Lock()
	tamper := p.tamper
	p.mu.Unlock()
	if tamper == nil || res.StatusCode == http.StatusSwitchingProtocols {
		return nil
	}
	body, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	asked, _ := res.Request.Context().Value(question{}).([]byte)
	e := &Exchange{Method: res.Request.Method, URL: res.Request.URL, Request: asked, Status: res.StatusCode, Header: res.Header, Body: body}
	if tamper(e) {
		p.mu.Lock()
		p.touched++
		p.mu.Unlock()
		res.StatusCode, res.Status = e.Status, strconv.Itoa(e.Status)+" "+http.StatusText(e.Status)
	}
	res.Body = io.NopCloser(bytes.NewReader(e.Body))
	res.ContentLength = int64(len(e.Body))
	res.Header.Set("Content-Length", strconv.Itoa(len(e.Body)))
	return nil
}
