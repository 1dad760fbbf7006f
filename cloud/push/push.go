// SPDX-License-Identifier: Apache-2.0

// Package push brings messages of households to the push services of browsers (docs/protocol.md 17).
//
// Where a message goes was chosen by whoever subscribed, so perhaps by an attacker: it promises that nothing but the
// services of a list is ever connected to, that a name of that list never leads into the operator's own network, that no
// redirection is followed, and that every attempt has an end. It keeps nothing: a message is tried once, and the hub, which
// has its own store and its own patience, is told what came of it. It trusts the signature that access has checked. It can
// neither read a message nor make one: the keys of both are the hub's and the browser's.
package push

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"keyhold/api"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

const (
	// attempt is how long a push service may take.
	attempt = 10 * time.Second
	// mostAnswer is how much of its answer is read, so that the connection can be used again.
	mostAnswer = 4 << 10
	// mostWait is the longest that a service may ask the hub to wait.
	mostWait = time.Hour
)

// Service sends to push services. Make one with New.
type Service struct {
	hosts  *hosts
	client *http.Client
}

// New makes a service that sends to the well-known push services and to those of more.
func New(more []string) (*Service, error) {
	h, err := parseHosts(more)
	if err != nil {
		return nil, err
	}
	return &Service{hosts: h, client: &http.Client{
		Transport: &http.Transport{
			// No proxy of the environment: it would be asked to connect where this package must not.
			Proxy:       nil,
			DialContext: h.dial, ForceAttemptHTTP2: true, MaxIdleConns: 64, MaxIdleConnsPerHost: 16, MaxConnsPerHost: 64,
			IdleConnTimeout: 5 * time.Minute, TLSHandshakeTimeout: attempt, ResponseHeaderTimeout: attempt, MaxResponseHeaderBytes: 16 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			if rule.Off(rule.Elsewhere) {
				return nil
			}
			return http.ErrUseLastResponse
		},
	}}, nil
}

// Close ends connections that wait to be used again.
func (s *Service) Close() { s.client.CloseIdleConnections() }

// Send tries a message once. It fails only for what is wrong with the request itself.
func (s *Service) Send(ctx context.Context, p *request.Push) (*api.Pushed, error) {
	to, err := s.hosts.target(p.Endpoint)
	if err != nil {
		return nil, api.NewProblem(api.Denied, rule.PushHost, "this cloud sends to no such push service")
	}
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(p.Body))
	if err != nil {
		return nil, api.NewProblem(api.Denied, rule.PushHost, "this cloud sends to no such push service")
	}
	r.Header.Set("Authorization", p.Proof)
	r.Header.Set("Content-Encoding", "aes128gcm")
	r.Header.Set("Content-Type", "application/octet-stream")
	r.Header.Set("TTL", strconv.FormatInt(p.TTL, 10))
	r.Header.Set("Urgency", p.Urgency)
	r.Header.Set("User-Agent", "keyhold-cloud")
	res, err := s.client.Do(r)
	if errors.Is(err, errInside) {
		return nil, api.NewProblem(api.Denied, rule.PushInside, "the push service's name leads into a network of its own")
	}
	if err != nil {
		return &api.Pushed{Outcome: api.PushLater}, nil //nolint:nilerr // nobody answers: that is what came of it
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, mostAnswer))
	return &api.Pushed{Outcome: outcome(res.StatusCode), After: after(res.Header.Get("Retry-After"))}, nil
}

// outcome is what a status of a push service means (RFC 8030).
func outcome(status int) string {
	switch {
	case status >= 200 && status < 300:
		return api.PushSent
	case status == http.StatusNotFound || status == http.StatusGone:
		return api.PushGone
	case status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500:
		return api.PushLater
	}
	return api.PushRefused
}

// after is how many seconds a push service asks to wait; 0 where it says nothing of the sort.
func after(header string) int64 {
	n, err := strconv.ParseInt(header, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return min(n, int64(mostWait/time.Second))
}
