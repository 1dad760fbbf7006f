// SPDX-License-Identifier: Apache-2.0

package lan

import (
	"net"
	"net/netip"
	"testing"
)

func TestOnlyThisNetworkIsLetIn(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"127.0.0.1": true, "::1": true, "192.168.1.7": true, "10.0.0.9": true, "172.16.3.4": true, "fd00::7": true, "fe80::7": true,
		"::ffff:192.168.1.7": true, "198.51.100.7": false, "2001:db8::7": false, "::ffff:198.51.100.7": false,
	} {
		a := net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(text), 40000))
		if isNear(a) != want {
			t.Errorf("%s: let in %v", text, !want)
		}
	}
	if isNear(&net.UnixAddr{Name: "x"}) {
		t.Error("something that is no address is let in")
	}
	for _, own := range ownPrefixes() {
		if !isNear(net.TCPAddrFromAddrPort(netip.AddrPortFrom(own.Addr(), 1))) {
			t.Error("an address of this machine is kept out")
		}
	}
}

func TestThereIsRoomForSoManyConnections(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &nearby{Listener: l, free: make(chan struct{}, 1)}
	defer n.Close()
	came := make(chan net.Conn, 3)
	go func() {
		for {
			c, err := n.Accept()
			if err != nil {
				return
			}
			came <- c
		}
	}()
	dial := func() net.Conn {
		t.Helper()
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	dial()
	first := <-came
	if _, err := dial().Read(make([]byte, 1)); err == nil {
		t.Error("a second connection was not closed")
	}
	_ = first.Close()
	_ = first.Close() // a second time makes no more room
	dial()
	<-came
}
