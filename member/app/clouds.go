// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"keyhold/api"
	"keyhold/web"
)

const (
	// othersPrefix is where pages find further clouds: they post an address, and are told the path that it has here.
	othersPrefix = "/at"
	// mostClouds bounds what one run of this program is asked for.
	mostClouds = 16
	maxAddress = 2048
	// lookTime is how long something may take to show that it is a cloud.
	lookTime = 10 * time.Second
)

// errAddress says that an address is not one that a page may ask for.
var errAddress = errors.New("a cloud has an address like https://cloud.example; http is for this computer alone")

// clouds are those that pages have asked for, in order. A page gets nothing else by this: an address without a path, and
// nothing goes there before it has shown that a cloud answers at it.
type clouds struct {
	// first is the one that was named at start, which needs no place here.
	first     string
	transport http.RoundTripper
	log       *slog.Logger
	another   func(string)

	mu   sync.Mutex
	list []*cloud // only grows; guarded by mu
}

type cloud struct {
	address string
	proxy   http.Handler
	shown   atomic.Bool // that it is one
}

// admit gives an address its path here: the empty one to the cloud named at start.
func (c *clouds) admit(w http.ResponseWriter, r *http.Request) {
	// Browsers name the origin of whatever posts, which onlyOurs has looked at: no page of somebody else asks for a cloud.
	if r.Header.Get("Origin") == "" {
		problem(w, http.StatusForbidden, "denied", "this server answers only its own pages")
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAddress))
	if err != nil {
		problem(w, http.StatusBadRequest, "invalid", errAddress.Error())
		return
	}
	if string(text) == c.first {
		say(w, "")
		return
	}
	target, err := parseAddress(string(text))
	if err != nil {
		problem(w, http.StatusBadRequest, "invalid", err.Error())
		return
	}
	number, fresh := c.number(target)
	if number < 0 {
		problem(w, http.StatusTooManyRequests, "too_many", "start keyhold app again to reach further clouds")
		return
	}
	if fresh && c.another != nil {
		c.another(target.String())
	}
	say(w, othersPrefix+"/"+strconv.Itoa(number))
}

func (c *clouds) number(target *url.URL) (number int, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, one := range c.list {
		if one.address == target.String() {
			return i, false
		}
	}
	if len(c.list) == mostClouds {
		return -1, false
	}
	c.list = append(c.list, &cloud{address: target.String(), proxy: passOn(target, c.transport, "the cloud does not answer", c.log)})
	return len(c.list) - 1, true
}

// parseAddress takes the origin of a cloud, in its one spelling: over TLS, or on this computer.
func parseAddress(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Scheme+"://"+u.Host != text || strings.ToLower(text) != text {
		return nil, errAddress
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, errAddress
		}
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !onThisComputer(u.Hostname())) {
		return nil, errAddress
	}
	return u, nil
}

func onThisComputer(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || (ip != nil && ip.IsLoopback())
}

// pass hands a request on to the cloud of its number.
func (c *clouds) pass(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(r.PathValue("number"))
	c.mu.Lock()
	known := err == nil && number >= 0 && number < len(c.list)
	var one *cloud
	if known {
		one = c.list[number]
	}
	c.mu.Unlock()
	if !known {
		problem(w, http.StatusNotFound, "not_found", "no cloud was asked for by this number")
		return
	}
	if !one.shown.Load() {
		if err := c.look(r.Context(), one.address); err != nil {
			c.log.Debug("no cloud answers there", "error", err)
			problem(w, http.StatusBadGateway, "unavailable", "no cloud answers there")
			return
		}
		one.shown.Store(true)
	}
	http.StripPrefix(othersPrefix+"/"+r.PathValue("number"), one.proxy).ServeHTTP(w, r)
}

// look wants a cloud to answer at an address, so that no page talks through this program to a router or a printer.
func (c *clouds) look(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	info, err := (&api.Client{Base: address, HTTP: &http.Client{Transport: c.transport}}).Info(ctx)
	if err == nil && (len(info.To) != ed25519.PublicKeySize || info.Now <= 0) {
		err = errors.New("something else than a cloud answers")
	}
	return err
}

// passOn is the way to one cloud, or hub. A cloud is trusted with nothing: not with what this computer is, and not with a
// page, a script or an order to this origin, where the household's keys lie.
func passOn(target *url.URL, transport http.RoundTripper, silent string, log *slog.Logger) http.Handler {
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
		ModifyResponse: dataAlone,
		FlushInterval:  -1,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				log.Debug("nobody answered a page", "error", err)
			}
			problem(w, http.StatusBadGateway, "unavailable", silent)
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// passed are the headers of a cloud's answer that get through. All others could tell a browser to do something: to keep a
// cookie, to go elsewhere, to clear what this origin has stored.
var passed = []string{"Content-Encoding", "Content-Length", "Content-Range", "Content-Type"}

// upgraded are those of an answer that opens a WebSocket.
var upgraded = []string{"Connection", "Sec-Websocket-Accept", "Sec-Websocket-Extensions", "Sec-Websocket-Protocol", "Upgrade"}

// dataAlone makes of a cloud's answer what can only be read: no redirection, and nothing that a browser would show as a
// page or run, even if somebody were led to open its address.
func dataAlone(r *http.Response) error {
	if r.StatusCode >= 300 && r.StatusCode < 400 {
		return errors.New("the answer sends elsewhere")
	}
	keep := passed
	if r.StatusCode == http.StatusSwitchingProtocols {
		keep = upgraded
	}
	header := http.Header{}
	for _, name := range keep {
		if values := r.Header.Values(name); len(values) > 0 {
			header[name] = values
		}
	}
	if header.Get("Content-Type") != "" {
		header.Set("Content-Type", mediaType(header.Get("Content-Type")))
	}
	web.SetHeaders(header)
	header.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	header.Set("Cache-Control", "no-store")
	r.Header, r.Trailer = header, nil
	return nil
}

func mediaType(said string) string {
	kind, _, err := mime.ParseMediaType(said)
	if err == nil && (kind == "application/json" || kind == "application/problem+json") {
		return kind
	}
	return "application/octet-stream"
}
