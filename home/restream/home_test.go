// SPDX-License-Identifier: Apache-2.0

package restream

import (
	"errors"
	"net"
	"testing"
)

// from is a listener to which these addresses connect, one after the other.
type from struct {
	net.Listener
	list []string
}

type visitor struct {
	net.Conn
	at     net.Addr
	closed *bool
}

func (v visitor) RemoteAddr() net.Addr { return v.at }
func (v visitor) Close() error         { *v.closed = true; return nil }

var errNobody = errors.New("nobody else comes")

func (f *from) Accept() (net.Conn, error) {
	if len(f.list) == 0 {
		return nil, errNobody
	}
	at, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(f.list[0], "1"))
	f.list = f.list[1:]
	return visitor{at: at, closed: new(bool)}, err
}

func TestOnlyTheHomesOwnNetworksGetIn(t *testing.T) {
	t.Parallel()
	for ip, in := range map[string]bool{
		"127.0.0.1": true, "::1": true, "192.168.1.9": true, "10.0.0.1": true, "172.16.3.4": true, "169.254.1.1": true, "fd00::9": true, "fe80::9": true, "::ffff:192.168.1.9": true,
		"203.0.113.9": false, "8.8.8.8": false, "2001:db8::9": false, "172.32.0.1": false, "100.64.0.1": false, "::ffff:8.8.8.8": false,
	} {
		h := &home{Listener: &from{list: []string{ip}}, room: make(chan struct{}, 1)}
		conn, err := h.Accept()
		if (err == nil) != in {
			t.Errorf("%s: %v", ip, err)
		}
		if err == nil {
			_ = conn.Close()
		}
	}
}

func TestThereIsRoomForSoManyConnections(t *testing.T) {
	t.Parallel()
	h := &home{Listener: &from{list: []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"}}, room: make(chan struct{}, 1)}
	one, err := h.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Accept(); !errors.Is(err, errNobody) {
		t.Fatalf("a second one gets in: %v", err)
	}
	_ = one.Close()
	_ = one.Close() // which makes room once
	h.Listener = &from{list: []string{"10.0.0.4"}}
	if _, err := h.Accept(); err != nil {
		t.Errorf("after one has left: %v", err)
	}
}
