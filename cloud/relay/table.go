// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// nowhere is the address of all places: one that no network has (RFC 5737). Users tell places apart by the port.
var nowhere = net.IPv4(192, 0, 2, 1).To4()

const (
	firstPort, ports = 1024, 64512
	// waiting is how many packets may wait for a user; more are lost, as on any way.
	waiting = 512
)

// A table has the places of all users.
type table struct {
	limits Limits
	now    func() time.Time

	mu         sync.RWMutex
	places     map[int]*place                 // by port; guarded by mu
	households map[id.Household]*rate.Limiter // of those that have places; guarded by mu
	count      map[id.Household]int           // guarded by mu
}

func newTable(l Limits, now func() time.Time) *table {
	return &table{limits: l, now: now, places: map[int]*place{}, households: map[id.Household]*rate.Limiter{}, count: map[id.Household]int{}}
}

// take gives a free place; gone is called once when it is given back.
func (t *table) take(h id.Household, gone func()) (*place, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.places) > ports/2 {
		return nil, errRefused
	}
	port := 0
	for port == 0 || t.places[port] != nil {
		port = firstPort + rand.N(ports)
	}
	if t.households[h] == nil {
		t.households[h] = rate.NewLimiter(rate.Limit(t.limits.Bytes), t.limits.Bytes)
	}
	t.count[h]++
	p := &place{table: t, household: h, limit: t.households[h], addr: &net.UDPAddr{IP: nowhere, Port: port}, in: make(chan packet, waiting), closed: make(chan struct{}), gone: gone}
	t.places[port] = p
	return p, nil
}

func (t *table) give(p *place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.places, p.addr.Port)
	if t.count[p.household]--; t.count[p.household] == 0 {
		delete(t.count, p.household)
		delete(t.households, p.household)
	}
}

// find looks for a place that h may send to.
func (t *table) find(a net.Addr, h id.Household) *place {
	u, ok := a.(*net.UDPAddr)
	if !ok || !u.IP.Equal(nowhere) {
		return nil
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	p := t.places[u.Port]
	if p == nil || (p.household != h && !rule.Off(rule.Household)) {
		return nil
	}
	return p
}

// close gives all places back.
func (t *table) close() {
	t.mu.Lock()
	list := make([]*place, 0, len(t.places))
	for _, p := range t.places {
		list = append(list, p)
	}
	t.mu.Unlock()
	for _, p := range list {
		_ = p.Close()
	}
}

type packet struct {
	from  net.Addr
	bytes []byte
}

// A place is where a user can be sent something, as a connection for the TURN server.
type place struct {
	table     *table
	household id.Household
	limit     *rate.Limiter
	addr      *net.UDPAddr
	in        chan packet
	closed    chan struct{}
	once      sync.Once
	gone      func()
}

// ReadFrom waits for what others of the household send.
func (p *place) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case x := <-p.in:
		return copy(b, x.bytes), x.from, nil
	case <-p.closed:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo passes a packet on. What finds no place, or is more than the household may send, is lost without a word.
func (p *place) WriteTo(b []byte, a net.Addr) (int, error) {
	to := p.table.find(a, p.household)
	if to == nil || (!p.limit.AllowN(p.table.now(), len(b)) && !rule.Off(rule.Quota)) {
		return len(b), nil
	}
	select {
	case to.in <- packet{from: p.addr, bytes: append([]byte(nil), b...)}: // b is used again
	default:
	}
	return len(b), nil
}

// Close gives the place back.
func (p *place) Close() error {
	p.once.Do(func() {
		close(p.closed)
		p.table.give(p)
		p.gone()
	})
	return nil
}

// LocalAddr is the address that others of the household send to.
func (p *place) LocalAddr() net.Addr { return p.addr }

// SetDeadline and its kin are not needed: nothing here waits for a network.
func (*place) SetDeadline(time.Time) error { return os.ErrNoDeadline }

// SetReadDeadline is not needed.
func (*place) SetReadDeadline(time.Time) error { return os.ErrNoDeadline }

// SetWriteDeadline is not needed.
func (*place) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }
