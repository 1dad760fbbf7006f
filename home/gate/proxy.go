// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"

	"keyhold/statement/rule"
)

// hops are headers between a program and its proxy, and not the camera's business.
var hops = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// proxy prepares the gate to be a proxy of HTTP, and gives what serves.
func (g *Gate) proxy() func() {
	t := &http.Transport{
		DialContext: g.dial, DisableCompression: true, MaxIdleConnsPerHost: 2,
		ResponseHeaderTimeout: shakeTimeout, TLSHandshakeTimeout: shakeTimeout, MaxResponseHeaderBytes: 64 << 10,
	}
	if g.cfg.TLS != nil {
		t.TLSClientConfig = g.named()
	}
	g.server = &http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.forward(t, w, r) }),
		ReadHeaderTimeout: shakeTimeout, MaxHeaderBytes: 64 << 10,
	}
	return func() {
		defer t.CloseIdleConnections()
		_ = g.server.Serve(g.listen) // until Close
	}
}

// forward passes a request on if it is for the camera.
func (g *Gate) forward(t *http.Transport, w http.ResponseWriter, r *http.Request) {
	select {
	case g.slots <- struct{}{}:
		defer func() { <-g.slots }()
	default:
		http.Error(w, "too many", http.StatusTooManyRequests)
		return
	}
	select {
	case <-g.open:
	case <-g.ctx.Done():
		return
	}
	if err := g.leads(r); err != nil {
		g.note(func(s *Said) { s.Barred = err })
		http.Error(w, "elsewhere", http.StatusForbidden)
		return
	}
	out := r.Clone(g.ctx)
	out.RequestURI, out.Body, out.ContentLength = "", http.NoBody, 0
	out.URL.Scheme = "http"
	if g.cfg.TLS != nil {
		out.URL.Scheme = "https"
	}
	for _, h := range hops {
		out.Header.Del(h)
	}
	answer, err := t.RoundTrip(out)
	if err != nil {
		if barred := (*barredError)(nil); g.cfg.TLS != nil && !errors.As(err, &barred) && g.ctx.Err() == nil {
			g.note(func(s *Said) { s.Barred = err })
		}
		http.Error(w, "away", http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	g.look(r, answer)
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	for _, h := range hops {
		w.Header().Del(h)
	}
	if out.URL.Scheme == "https" {
		plain(w.Header())
	}
	w.WriteHeader(answer.StatusCode)
	flow(w, answer.Body)
}

// leads says whether a request is for where the gate leads.
func (g *Gate) leads(r *http.Request) error {
	to := net.JoinHostPort(r.URL.Hostname(), or(r.URL.Port(), "80"))
	camera := net.JoinHostPort(g.cfg.Host, g.cfg.Port)
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead, r.URL.Scheme != "http":
		return rule.Errorf(rule.Elsewhere, "gate: a camera's stream is only read")
	case !strings.EqualFold(to, camera) && !rule.Off(rule.Elsewhere):
		return rule.Errorf(rule.Elsewhere, "gate: a camera's answer points at another host")
	}
	return nil
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// look notes what an answer says.
func (g *Gate) look(r *http.Request, a *http.Response) {
	kind, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	list := strings.HasSuffix(strings.ToLower(r.URL.Path), ".m3u8") || strings.Contains(kind, "mpegurl")
	// The first answer to a password in digests is that one is wanted.
	refused := a.StatusCode == http.StatusForbidden || a.StatusCode == http.StatusUnauthorized && r.Header.Get("Authorization") != ""
	wanted := a.StatusCode == http.StatusUnauthorized
	g.note(func(s *Said) {
		s.List = s.List || list && a.StatusCode < 300
		s.Password = refused || wanted
	})
}

// plain lets a redirection within a camera that speaks TLS come back through the gate.
func plain(h http.Header) {
	if u, err := url.Parse(h.Get("Location")); err == nil && u.Scheme == "https" {
		u.Scheme, u.Host = "http", net.JoinHostPort(u.Hostname(), or(u.Port(), "443"))
		h.Set("Location", u.String())
	}
}

// flow passes a body on as it comes.
func flow(w http.ResponseWriter, body io.Reader) {
	c := http.NewResponseController(w)
	b := make([]byte, 64<<10)
	for {
		n, err := body.Read(b)
		if n > 0 {
			if _, err := w.Write(b[:n]); err != nil {
				return
			}
			if err := c.Flush(); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
