// SPDX-License-Identifier: Apache-2.0

// Package find looks for cameras in the home and asks them what they are and where their streams are: WS-Discovery and
// the few calls of ONVIF that this takes.
//
// It trusts nothing that comes from the network. Whoever is in the home's network can answer as a camera, so every answer
// is bounded in size and count, no document may bring a type definition, no redirection is followed, and everything that
// an answer points at must be at the host that gave it: a password goes to that host or nowhere, and to it only in
// digests. It keeps nothing.
package find

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/ipv4"

	"keyhold/statement/rule"
)

const (
	// Port is where devices listen for probes.
	Port = 3702
	// MaxDevices is how many one search finds.
	MaxDevices = 64
	// maxDatagram bounds one answer to a probe, maxDatagrams how many are read of one socket.
	maxDatagram  = 16 << 10
	maxDatagrams = 1024
	// again is when a probe is sent a second time: datagrams get lost.
	again = 400 * time.Millisecond
)

var everybody = netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 255, 255, 250}), Port)

// Device is something that answered as a camera. Nothing of what it says is proved.
type Device struct {
	// Endpoint is its own name for itself, which stays the same.
	Endpoint string
	// Host is who answered; Service, its device service, is there.
	Host    netip.Addr
	Service string
	// Maker and Model are what it calls itself, "" if it does not say.
	Maker, Model string
}

// Config says whom a search asks.
type Config struct {
	// Ask are asked one by one; if there are none, everybody in the networks of this machine.
	Ask []netip.AddrPort
	// Wait is how long answers are waited for; 2.5 s if 0.
	Wait time.Duration
}

// Look searches once. What was found is sorted by host.
func Look(ctx context.Context, cfg Config) ([]Device, error) {
	if cfg.Wait == 0 {
		cfg.Wait = 2500 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.Wait)
	defer cancel()
	probe, message, err := newProbe()
	if err != nil {
		return nil, err
	}
	sockets, err := cfg.sockets(ctx)
	if err != nil {
		return nil, err
	}
	s := &search{probe: probe, message: message, found: map[string]Device{}}
	var wg sync.WaitGroup
	for _, k := range sockets {
		wg.Go(func() { s.run(ctx, k) })
	}
	wg.Wait()
	out := make([]Device, 0, len(s.found))
	for _, d := range s.found {
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Device) int {
		if c := a.Host.Compare(b.Host); c != 0 {
			return c
		}
		return strings.Compare(a.Service, b.Service)
	})
	return out, nil
}

// socket is one way out, and whom it asks.
type socket struct {
	conn *net.UDPConn
	to   []netip.AddrPort
}

// asked says whether an answer may come from a host: where each was asked by its own address, from nobody else.
func (k socket) asked(host netip.Addr) bool {
	return slices.ContainsFunc(k.to, func(a netip.AddrPort) bool { return a == everybody || a.Addr().Unmap() == host })
}

// sockets opens one for those that are asked one by one, or one for each network of this machine.
func (cfg Config) sockets(ctx context.Context) ([]socket, error) {
	if len(cfg.Ask) > 0 {
		conn, err := listen(ctx, ":0")
		if err != nil {
			return nil, err
		}
		return []socket{{conn, cfg.Ask}}, nil
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("find: networks: %w", err)
	}
	var out []socket
	var last error
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			last = err
			continue
		}
		for _, a := range addresses {
			prefix, err := netip.ParsePrefix(a.String())
			if err != nil || !prefix.Addr().Is4() {
				continue
			}
			conn, err := multicast(ctx, &i, prefix.Addr())
			if err != nil {
				last = err // of a network that cannot; another may
				continue
			}
			out = append(out, socket{conn, []netip.AddrPort{everybody}})
			break
		}
	}
	if len(out) == 0 {
		return nil, errors.Join(errors.New("find: this machine has no network to look for cameras in"), last)
	}
	return out, nil
}

func listen(ctx context.Context, address string) (*net.UDPConn, error) {
	conn, err := new(net.ListenConfig).ListenPacket(ctx, "udp4", address)
	if err != nil {
		return nil, fmt.Errorf("find: listen: %w", err)
	}
	return conn.(*net.UDPConn), nil
}

func multicast(ctx context.Context, i *net.Interface, own netip.Addr) (*net.UDPConn, error) {
	conn, err := listen(ctx, netip.AddrPortFrom(own, 0).String())
	if err != nil {
		return nil, err
	}
	p := ipv4.NewPacketConn(conn)
	if err := errors.Join(p.SetMulticastInterface(i), p.SetMulticastTTL(1)); err != nil {
		return nil, errors.Join(fmt.Errorf("find: network %s: %w", i.Name, err), conn.Close())
	}
	return conn, nil
}

// search is one probe and what came of it.
type search struct {
	probe   []byte
	message string

	mu    sync.Mutex
	found map[string]Device // by service; guarded by mu
}

// run asks through one socket, and reads until the time is over. It closes the socket.
func (s *search) run(ctx context.Context, k socket) {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	wg.Go(func() {
		defer func() { _ = k.conn.Close() }() // whoever reads sees the end
		s.send(k)
		t := time.NewTimer(again)
		defer t.Stop()
		select {
		case <-t.C:
			s.send(k)
			<-ctx.Done()
		case <-ctx.Done():
		}
	})
	buffer := make([]byte, maxDatagram+1)
	for range maxDatagrams {
		n, from, err := k.conn.ReadFromUDPAddrPort(buffer)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			continue // somebody who was asked one by one is not there
		}
		if host := from.Addr().Unmap(); k.asked(host) {
			s.take(buffer[:n], host)
		}
	}
}

func (s *search) send(k socket) {
	for _, to := range k.to {
		_, _ = k.conn.WriteToUDPAddrPort(s.probe, to) // whoever cannot be reached does not answer
	}
}

// take keeps what an answer says, unless it is none of ours or points elsewhere.
func (s *search) take(answer []byte, from netip.Addr) {
	if len(answer) > maxDatagram || !AtHome(from) {
		return
	}
	for _, d := range readMatches(answer, s.message, from) {
		s.mu.Lock()
		if _, known := s.found[d.Service]; known || len(s.found) < MaxDevices {
			s.found[d.Service] = d
		}
		s.mu.Unlock()
	}
}

// AtHome says whether an address is one of a home's own network: no router carries it further.
func AtHome(a netip.Addr) bool {
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10)
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || shared.Contains(a)
}

// within refuses an address that is not at the host that named it. What it carries of a user is dropped.
func within(host netip.Addr, address string, schemes ...string) (*url.URL, error) {
	if len(address) > maxAddress {
		return nil, rule.Errorf(rule.Length, "find: an address of %d bytes", len(address))
	}
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || !slices.Contains(schemes, u.Scheme) || u.Opaque != "" || u.Host == "" {
		return nil, rule.Errorf(rule.Syntax, "find: an address that is none of a camera") // it may hold a password: it is not repeated
	}
	u.User = nil
	named, err := netip.ParseAddr(u.Hostname())
	if (err != nil || named.Unmap() != host) && !rule.Off(rule.Elsewhere) {
		return nil, rule.Errorf(rule.Elsewhere, "find: a camera's answer points at another host")
	}
	return u, nil
}

// maxAddress bounds addresses that cameras name.
const maxAddress = 1024

func randomUUID() (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("find: random: %w", err)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}
