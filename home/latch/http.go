// SPDX-License-Identifier: Apache-2.0

package latch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"keyhold/home/gate"
	"keyhold/statement/lock"
	"keyhold/statement/rule"
)

const (
	// mostHead and mostAnswer bound what a lock answers, in bytes.
	mostHead   = 16 << 10
	mostAnswer = 4 << 10
)

// post tells a lock by one POST. Any answer of the kind 2xx says that it has taken it.
func (d *Driver) post(ctx context.Context, w *lock.Way) error {
	status, err := d.request(ctx, w)
	switch {
	case errors.Is(err, ErrWay):
		return fmt.Errorf("%w: %w", ErrNo, ErrWay)
	case err != nil:
		return outcome(err)
	case status/100 != 2:
		return fmt.Errorf("%w (status %d)", ErrNo, status)
	}
	return nil
}

// request makes that POST. Its errors may hold the address.
func (d *Driver) request(ctx context.Context, w *lock.Way) (status int, err error) {
	u, err := url.Parse(w.URL)
	if err != nil {
		return 0, ErrWay
	}
	user := u.User
	u.User = nil
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(w.Body))
	if err != nil {
		return 0, ErrWay
	}
	if user != nil {
		password, _ := user.Password()
		req.SetBasicAuth(user.Username(), password)
	}
	if strings.HasPrefix(w.Body, "{") || strings.HasPrefix(w.Body, "[") {
		req.Header.Set("Content-Type", "application/json")
	}
	t := &http.Transport{DialContext: gate.Dialer(d.allowed).DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: mostHead, DisableCompression: true}
	defer t.CloseIdleConnections()
	client := &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error {
		if rule.Off(rule.Elsewhere) {
			return nil
		}
		return http.ErrUseLastResponse
	}}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	_, _ = io.CopyN(io.Discard, resp.Body, mostAnswer) // what it says beside the status is not needed
	_ = resp.Body.Close()
	return resp.StatusCode, nil
}
