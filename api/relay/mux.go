// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
)

// A Mux is a port of this machine and places at relays, as one for ICE. Close ends both.
type Mux struct {
	ice.UDPMux // the port

	mu   sync.Mutex
	away map[string]*place // by address; guarded by mu
}

// place is where this end is reached through a relay.
type place struct {
	ice.UDPMux
	conn net.PacketConn
}

// NewMux makes one over a port.
func NewMux(conn net.PacketConn) *Mux {
	return &Mux{UDPMux: over(conn), away: map[string]*place{}}
}

func over(conn net.PacketConn) ice.UDPMux {
	quiet := &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled} // it would name addresses
	return ice.NewUDPMuxDefault(ice.UDPMuxParams{Logger: quiet.NewLogger("ice"), UDPConn: conn})
}

// Add takes a place over; connections that are made from now on can be reached there.
func (m *Mux) Add(w *Way) {
	m.add(w)
}

func (m *Mux) add(conn net.PacketConn) {
	p := &place{conn: conn, UDPMux: over(conn)}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away[conn.LocalAddr().String()] = p
}

// Expect makes room for a place that is still being taken. Connections that are made meanwhile go by it once it is there.
// Its address is not known yet, so it does not stand in what they tell the other end.
func (m *Mux) Expect() *Expected {
	m.mu.Lock()
	at := &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1 + len(m.away)} // of no network (RFC 5737), and to nobody told
	m.mu.Unlock()
	e := &Expected{at: at, come: make(chan struct{}), closed: make(chan struct{})}
	m.add(e)
	return e
}

// Remove gives a place up, and with it the connections that lead through it.
func (m *Mux) Remove(w *Way) error {
	m.mu.Lock()
	p := m.away[w.At().String()]
	delete(m.away, w.At().String())
	m.mu.Unlock()
	if p == nil {
		return nil
	}
	return p.close()
}

func (p *place) close() error { return errors.Join(p.UDPMux.Close(), p.conn.Close()) }

// Close ends everything.
func (m *Mux) Close() error {
	err := m.UDPMux.Close()
	m.mu.Lock()
	list := m.away
	m.away = map[string]*place{}
	m.mu.Unlock()
	for _, p := range list {
		_ = p.close() // a relay that is gone finds out by itself
	}
	return err
}

// places are the addresses at relays.
func (m *Mux) places() []net.Addr {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []net.Addr
	for _, p := range m.away {
		out = append(out, p.conn.LocalAddr())
	}
	return out
}

// Holds says whether this is the address of a place at a relay.
func (m *Mux) Holds(address string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.away[address] != nil
}

// GetListenAddresses are all by which a connection can be reached now.
func (m *Mux) GetListenAddresses() []net.Addr {
	return append(m.UDPMux.GetListenAddresses(), m.places()...)
}

// GetConn gives what carries a connection by one of these.
func (m *Mux) GetConn(ufrag string, a net.Addr) (net.PacketConn, error) {
	m.mu.Lock()
	p := m.away[a.String()]
	m.mu.Unlock()
	if p != nil {
		return p.GetConn(ufrag, a)
	}
	return m.UDPMux.GetConn(ufrag, a)
}

// RemoveConnByUfrag ends a connection's use of all of them.
func (m *Mux) RemoveConnByUfrag(ufrag string) {
	m.UDPMux.RemoveConnByUfrag(ufrag)
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.away {
		p.RemoveConnByUfrag(ufrag)
	}
}

// lowest is the priority of a relay's candidate (RFC 8445, 5.1.2.1): whatever leads there directly comes first.
const lowest = 1<<8 - 1

// Named says in a description which of its candidates are at relays. For ICE at this end all are its own host's.
func (m *Mux) Named(sdp string) string {
	lines := strings.SplitAfter(sdp, "\n")
	for i, l := range lines {
		f := strings.Fields(l)
		if len(f) == 8 && strings.HasPrefix(f[0], "a=candidate:") && f[7] == "host" && m.Holds(net.JoinHostPort(f[4], f[5])) {
			f[3], f[7] = strconv.Itoa(lowest), "relay raddr 0.0.0.0 rport 0"
			lines[i] = strings.Join(f, " ") + "\r\n"
		}
	}
	return strings.Join(lines, "")
}
