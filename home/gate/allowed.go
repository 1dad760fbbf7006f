// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"net"
	"net/netip"
	"slices"

	"keyhold/statement/rule"
)

// inside are addresses at which clouds tell a computer of theirs its secrets, and which look like any other.
var inside = []netip.Addr{
	netip.AddrFrom4([4]byte{100, 100, 100, 200}), netip.AddrFrom4([4]byte{168, 63, 129, 16}),
	netip.MustParseAddr("fd00:ec2::254"), netip.MustParseAddr("fd20:ce::254"),
}

// Allowed says whether a camera may be at an address: anywhere but on this computer, unless it is among here, and but at
// addresses that only mean something to a computer itself. Whoever may add cameras is not by that somebody who may talk
// to what runs on the hub's computer, and what listens on its loopback trusts whoever comes.
func Allowed(to netip.AddrPort, here []netip.AddrPort) error {
	to = netip.AddrPortFrom(to.Addr().Unmap().WithZone(""), to.Port())
	if slices.Contains(here, to) || rule.Off(rule.Here) {
		return nil
	}
	a := to.Addr()
	// An address of IPv6 that carries one of IPv4 leads to that.
	if a4, ok := carried(a); ok {
		return Allowed(netip.AddrPortFrom(a4, to.Port()), here)
	}
	if a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast() ||
		a.Is4() && (a.As4()[0] == 0 || a.As4()[0] >= 224) || slices.Contains(inside, a) || own(a) {
		return rule.Errorf(rule.Here, "gate: an address on the hub's own computer that nobody there has allowed")
	}
	return nil
}

// carried finds the address of IPv4 that one of IPv6 is made of: NAT64 and 6to4.
func carried(a netip.Addr) (netip.Addr, bool) {
	if !a.Is6() {
		return netip.Addr{}, false
	}
	b := a.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(a), netip.MustParsePrefix("::/96").Contains(a) && !a.IsLoopback() && !a.IsUnspecified():
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case netip.MustParsePrefix("2002::/16").Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}

// own says whether an address is this computer's by another name than its loopback.
func own(a netip.Addr) bool {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return true // what cannot be told apart is not gone to
	}
	return slices.ContainsFunc(list, func(n net.Addr) bool {
		p, ok := n.(*net.IPNet)
		if !ok {
			return false
		}
		is, ok := netip.AddrFromSlice(p.IP)
		return ok && is.Unmap() == a
	})
}
