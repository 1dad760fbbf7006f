// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"net"
	"net/netip"
	"syscall"

	"keyhold/statement/rule"
)

// Told says whether the hub tells something at an address: where it may go at all, and outside the home only by TLS. near
// says which addresses are the home's.
func Told(to netip.AddrPort, tls bool, here []netip.AddrPort, near func(netip.Addr) bool) error {
	if err := Allowed(to, here); err != nil {
		return err
	}
	if !tls && !near(to.Addr()) && !rule.Off(rule.Elsewhere) {
		return rule.Errorf(rule.Elsewhere, "gate: somewhere outside the home, and no TLS on the way there")
	}
	return nil
}

// Dialer connects where the very address is allowed, whatever the name in front of it means at that moment.
func Dialer(allowed func(netip.AddrPort) error) *net.Dialer {
	return &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return allowed(to)
	}}
}
