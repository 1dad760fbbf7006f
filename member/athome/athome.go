// SPDX-License-Identifier: Apache-2.0

// Package athome is a device's way to its hub at home, without the cloud.
//
// It promises that what is said this way is said to the hub whose key the household's roster names, or to nobody: over
// TLS 1.3, to a certificate of just that key, whatever else stands in it and whoever has the address now. No name is
// looked up and none is told. It trusts neither the addresses nor the network.
package athome

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"time"

	"keyhold/api"
	"keyhold/statement/rule"
)

const (
	// most is how many addresses are tried.
	most = 16
	// dialTime bounds a connection with its handshake, answerTime the first word of an answer.
	dialTime   = 3 * time.Second
	answerTime = 20 * time.Second
	// Base stands where a cloud has its name; it is never looked up.
	Base = "https://hub"
)

var (
	// ErrAway says that the hub is at none of the addresses.
	ErrAway = errors.New("the hub cannot be reached at home")
	// ErrAnother says that somebody else answers at one of them. That is no alarm: a network gives addresses to others.
	ErrAnother = errors.New("somebody else answers at one of the hub's addresses")
)

// Client speaks with the hub that has this key, at one of these addresses: an IP address and a port each.
func Client(hub ed25519.PublicKey, addresses []string) *api.Client {
	return &api.Client{Base: Base, HTTP: &http.Client{Transport: Transport(hub, addresses)}}
}

// Transport is the way there, whatever name is asked for.
func Transport(hub ed25519.PublicKey, addresses []string) *http.Transport {
	d := &dialer{key: hub, addresses: Addresses(addresses)}
	return &http.Transport{
		DialTLSContext:        func(ctx context.Context, _, _ string) (net.Conn, error) { return d.dial(ctx) },
		DialContext:           func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("only over TLS") },
		ResponseHeaderTimeout: answerTime, IdleConnTimeout: 30 * time.Second, MaxIdleConnsPerHost: 8,
	}
}

// Addresses are those of a list to which somebody may connect: each once, and no names.
func Addresses(list []string) []string {
	out, seen := []string{}, map[netip.AddrPort]bool{}
	for _, text := range list {
		a, err := netip.ParseAddrPort(text)
		ip := a.Addr()
		if err != nil || a.Port() == 0 || ip.IsUnspecified() || ip.IsMulticast() || ip.Zone() != "" || seen[a] || len(out) == most {
			continue
		}
		seen[a] = true
		out = append(out, a.String())
	}
	return out
}

type dialer struct {
	key       ed25519.PublicKey
	addresses []string
}

type dialed struct {
	conn net.Conn
	err  error
}

// dial tries all addresses at once and takes the first at which the hub is.
func (d *dialer) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	came := make(chan dialed)
	for _, a := range d.addresses {
		go func() { // received below, whoever is first
			conn, err := d.one(ctx, a)
			came <- dialed{conn, err}
		}()
	}
	var conn net.Conn
	errs := []error{ErrAway}
	for range d.addresses {
		switch one := <-came; {
		case one.err != nil:
			errs = append(errs, one.err)
		case conn == nil:
			conn = one.conn
			cancel() // the others give up
		default:
			_ = one.conn.Close()
		}
	}
	if conn == nil {
		return nil, errors.Join(errs...)
	}
	return conn, nil
}

func (d *dialer) one(ctx context.Context, address string) (net.Conn, error) {
	t := tls.Dialer{Config: &tls.Config{
		MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"},
		// No authority vouches for a hub, and no name: the roster does, for a key.
		InsecureSkipVerify: true, VerifyConnection: d.pinned, //nolint:gosec // VerifyConnection is stricter
	}}
	conn, err := t.DialContext(ctx, "tcp", address)
	if err != nil {
		if errors.Is(err, ErrAnother) {
			return nil, ErrAnother
		}
		return nil, errors.New("nobody answers at one of its addresses") // which, is for no log
	}
	return conn, nil
}

// pinned wants the certificate to be of the hub's key. That the other side has that key, TLS has made sure of.
func (d *dialer) pinned(s tls.ConnectionState) error {
	if rule.Off(rule.HubKeys) {
		return nil
	}
	if s.Version == tls.VersionTLS13 && len(s.PeerCertificates) == 1 {
		if key, ok := s.PeerCertificates[0].PublicKey.(ed25519.PublicKey); ok && key.Equal(d.key) {
			return nil
		}
	}
	return ErrAnother
}
