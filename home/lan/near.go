// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"net"
	"net/netip"
	"strconv"
	"sync"
)

// nearby lets in connections from this network, and not more than there is room for.
type nearby struct {
	net.Listener
	free chan struct{}
}

func (n *nearby) Accept() (net.Conn, error) {
	for {
		c, err := n.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if !isNear(c.RemoteAddr()) {
			_ = c.Close()
			continue
		}
		select {
		case n.free <- struct{}{}:
			return &counted{Conn: c, leave: func() { <-n.free }}, nil
		default:
			_ = c.Close()
		}
	}
}

// counted makes room when it closes.
type counted struct {
	net.Conn
	once  sync.Once
	leave func()
}

func (c *counted) Close() error {
	c.once.Do(c.leave)
	return c.Conn.Close()
}

// isNear says whether an address is of this machine or of a network that this machine is in.
func isNear(a net.Addr) bool {
	t, ok := a.(*net.TCPAddr)
	return ok && Near(t.AddrPort().Addr())
}

// Near says whether an address is of this machine, or one of the home's networks.
func Near(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	if ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() {
		return true
	}
	for _, own := range ownPrefixes() {
		if own.Contains(ip) {
			return true
		}
	}
	return false
}

// ownPrefixes are this machine's addresses with their networks.
func ownPrefixes() []netip.Prefix {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []netip.Prefix
	for _, a := range list {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		if ip, ok := netip.AddrFromSlice(n.IP); ok {
			bits, _ := n.Mask.Size()
			if ip = ip.Unmap(); ip.Is4() && bits > 32 {
				bits -= 96
			}
			out = append(out, netip.PrefixFrom(ip, bits))
		}
	}
	return out
}

// mostAddresses bounds what a device is told.
const mostAddresses = 16

// Addresses are where this door can be reached, those of the network before the machine's own: an IP address and a port
// each. They change when the network does, so they are asked for whenever somebody wants to know.
func (d *Door) Addresses() []string { return addressesOf(d.listener.Addr()) }

func addressesOf(a net.Addr) []string {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return nil
	}
	var ips []netip.Addr
	if bound := t.AddrPort().Addr().Unmap(); !bound.IsUnspecified() {
		ips = []netip.Addr{bound}
	} else {
		var own []netip.Addr
		for _, p := range ownPrefixes() {
			switch ip := p.Addr(); {
			case ip.IsLoopback() && ip.Is4():
				own = append(own, ip)
			case ip.IsGlobalUnicast(): // private ones are
				ips = append(ips, ip)
			}
		}
		ips = append(ips, own...)
	}
	out := make([]string, 0, len(ips))
	for _, ip := range ips[:min(len(ips), mostAddresses)] {
		out = append(out, net.JoinHostPort(ip.String(), strconv.Itoa(t.Port)))
	}
	return out
}
