// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// firstTime is how long a connection may take to say something, quietTime how long it may say nothing after that:
	// longer than users wait before they refresh what they have.
	firstTime = 10 * time.Second
	quietTime = 10 * time.Minute
	// writeTime is how long a user may take to take something.
	writeTime = 5 * time.Second
	// handshake is how a connection begins that speaks TLS; what speaks TURN begins otherwise.
	handshake = 0x16
)

// Listen opens both ends of a port: UDP, and TCP with and without TLS. A port of 0 is any that is free on both.
func Listen(ctx context.Context, address string, c *tls.Config, l Limits) (net.PacketConn, net.Listener, error) {
	if l == (Limits{}) {
		l = DefaultLimits
	}
	var err error
	for range 8 { // a port that is free on one may be taken on the other
		var tcp net.Listener
		var udp net.PacketConn
		if tcp, err = (&net.ListenConfig{}).Listen(ctx, "tcp", address); err != nil {
			break
		}
		if udp, err = (&net.ListenConfig{}).ListenPacket(ctx, "udp", tcp.Addr().String()); err == nil {
			return udp, &door{Listener: tcp, tls: c, limits: l, guests: map[*guest]bool{}, from: map[netip.Addr]int{}}, nil
		}
		_ = tcp.Close()
		if _, port, bad := net.SplitHostPort(address); bad != nil || port != "0" {
			break
		}
	}
	return nil, nil, fmt.Errorf("relay: listen: %w", err)
}

// A door bounds how many connections there are, and how long they are quiet.
type door struct {
	net.Listener
	tls    *tls.Config
	limits Limits

	mu     sync.Mutex
	guests map[*guest]bool    // guarded by mu
	from   map[netip.Addr]int // guarded by mu
}

// Accept lets the next one in for whom there is room.
func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		g := &guest{Conn: c, door: d, from: address(c), first: bufio.NewReaderSize(c, 4096)}
		if d.enter(g) {
			return g, nil
		}
		_ = c.Close()
	}
}

// Close sends everybody away.
func (d *door) Close() error {
	err := d.Listener.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	for g := range d.guests {
		_ = g.Conn.Close() // whoever reads it leaves
	}
	return err
}

func address(c net.Conn) netip.Addr {
	a, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap().WithZone("")
}

func (d *door) enter(g *guest) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.guests) >= d.limits.Connections || d.from[g.from] >= d.limits.Address {
		return false
	}
	d.guests[g] = true
	d.from[g.from]++
	return true
}

func (d *door) leave(g *guest) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.guests[g] {
		return // it has left already
	}
	delete(d.guests, g)
	if d.from[g.from]--; d.from[g.from] == 0 {
		delete(d.from, g.from)
	}
}

// A guest is a connection that is plain or TLS, by how it begins. It is read by one goroutine, which comes before all
// that is written.
type guest struct {
	net.Conn
	door  *door
	from  netip.Addr
	first *bufio.Reader

	begun  bool
	secure *tls.Conn // nil if it is plain; set before anything is written
}

// Read waits for the first byte to find out what is spoken.
func (g *guest) Read(b []byte) (int, error) {
	if !g.begun {
		g.begun = true
		_ = g.SetReadDeadline(time.Now().Add(firstTime))
		start, err := g.first.Peek(1)
		if err != nil {
			return 0, err
		}
		if start[0] == handshake && g.door.tls != nil {
			g.secure = tls.Server(&begun{g.Conn, g.first}, g.door.tls)
			if err := g.secure.Handshake(); err != nil { //nolint:noctx // the deadline above bounds it
				return 0, err
			}
		}
	}
	_ = g.SetReadDeadline(time.Now().Add(quietTime))
	if g.secure != nil {
		return g.secure.Read(b)
	}
	return g.first.Read(b)
}

// Write never waits for long for one who does not read.
func (g *guest) Write(b []byte) (int, error) {
	_ = g.SetWriteDeadline(time.Now().Add(writeTime))
	if g.secure != nil {
		return g.secure.Write(b)
	}
	return g.Conn.Write(b)
}

// Close makes room for another.
func (g *guest) Close() error {
	g.door.leave(g)
	return g.Conn.Close()
}

// begun is a connection of which something was read already.
type begun struct {
	net.Conn
	first *bufio.Reader
}

func (b *begun) Read(p []byte) (int, error) { return b.first.Read(p) }
