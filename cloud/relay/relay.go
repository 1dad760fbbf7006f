// SPDX-License-Identifier: Apache-2.0

// Package relay passes on the packets of live view between a household's devices and its hub, where neither can be
// reached from outside. It speaks TURN.
//
// What it passes on is encrypted between the two ends. It has no socket but the one by which its users come: the
// address that a user is given is a place in a table of this process, and what is sent to it goes to that user, if the
// sender is of the same household. So it is no way into any network, the operator's own or another, and needs no list
// of addresses that are forbidden.
//
// A user shows a name and a password made for a few minutes (Credential). The name holds the second in which it ends and
// an id that is used once; which household it stands for is known to this process alone and for as long as it is used.
// Nothing is kept on disk or written to the log.
package relay

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"

	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// Realm is what the relay calls itself.
const Realm = "keyhold"

const (
	// Lifetime is how long a credential may be begun with.
	Lifetime = 5 * time.Minute
	// idle is how long an allocation stays that nobody refreshes.
	idle = 3 * time.Minute
	// permission is how long a user who may no longer be here can go on at most.
	permission = 2 * time.Minute
)

// Limits bound what the users of one household, and one of them, may take.
type Limits struct {
	// Household and Member are how many allocations at once, Credentials how many a member can have that are not over.
	Household, Member, Credentials int
	// Bytes is how many bytes a second of a household are passed on, and as many at once after a pause.
	Bytes int
	// Connections is how many connections over TCP at once, Address how many from one address.
	Connections, Address int
}

// DefaultLimits let a family watch several cameras, each with 4 Mbit/s.
var DefaultLimits = Limits{Household: 48, Member: 12, Credentials: 120, Bytes: 6 << 20, Connections: 4096, Address: 64}

// Config is what a relay needs.
type Config struct {
	Limits Limits
	// Member says whether somebody still belongs to a household; it is asked whenever a user shows a credential.
	Member func(context.Context, id.Household, id.Device) (bool, error)
	Now    func() time.Time
}

// A Relay is open from Open to Close.
type Relay struct {
	c      Config
	secret []byte
	table  *table
	server *turn.Server
	addr   net.Addr
	life   context.Context
	end    context.CancelFunc

	mu         sync.Mutex
	users      map[string]*user     // by name; guarded by mu
	households map[id.Household]int // allocations; guarded by mu
	members    map[member]*share    // guarded by mu
	forget     time.Time            // when to look for old ones again; guarded by mu
}

// member is a device of a household, or its hub.
type member struct {
	household id.Household
	id        id.Device
}

// share is what a member has.
type share struct{ credentials, allocations int }

// user is somebody who was given a credential.
type user struct {
	member
	key         []byte
	until       time.Time
	allocations int // guarded by Relay.mu
}

// Open begins to answer on both. They are closed with the relay.
func Open(ctx context.Context, c Config, udp net.PacketConn, tcp net.Listener) (*Relay, error) {
	if c.Limits == (Limits{}) {
		c.Limits = DefaultLimits
	}
	r := &Relay{c: c, secret: make([]byte, 32), users: map[string]*user{}, households: map[id.Household]int{}, members: map[member]*share{}, table: newTable(c.Limits, c.Now)}
	_, _ = rand.Read(r.secret) // never fails
	r.life, r.end = context.WithCancel(context.WithoutCancel(ctx))
	only := func(_ net.Addr, ip net.IP) bool { return ip.Equal(nowhere) }
	server, err := turn.NewServer(turn.ServerConfig{
		Realm: Realm, AuthHandler: r.admit, QuotaHandler: r.room,
		AllocationLifetime: idle, PermissionTimeout: permission, StrictAddressFamily: true,
		LoggerFactory:     &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}, // it would name addresses
		PacketConnConfigs: []turn.PacketConnConfig{{PacketConn: udp, RelayAddressGenerator: places{r}, PermissionHandler: only}},
		ListenerConfigs:   []turn.ListenerConfig{{Listener: tcp, RelayAddressGenerator: places{r}, PermissionHandler: only}},
	})
	if err != nil {
		r.end()
		return nil, fmt.Errorf("relay: %w", err)
	}
	r.server, r.addr = server, udp.LocalAddr()
	return r, nil
}

// Address is where it answers.
func (r *Relay) Address() string { return r.addr.String() }

// Close ends everything that is passed on.
func (r *Relay) Close() error {
	r.end()
	err := r.server.Close()
	r.table.close()
	if err != nil {
		return fmt.Errorf("relay: %w", err)
	}
	return nil
}

// ErrQuota says that a member has asked for more than anybody needs.
var ErrQuota = errors.New("relay: a member has too many credentials")

// Credential makes a credential for a member of a household.
func (r *Relay) Credential(household id.Household, from id.Device) (Credential, error) {
	c := NewCredential(r.secret, r.c.Now())
	m := member{household, from}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tidy()
	has := r.members[m]
	if has == nil {
		has = &share{}
		r.members[m] = has
	}
	if has.credentials >= r.c.Limits.Credentials {
		return Credential{}, ErrQuota
	}
	has.credentials++
	r.users[c.Name] = &user{member: m, until: c.Until, key: turn.GenerateAuthKey(c.Name, Realm, c.Password)}
	return c, nil
}

// tidy forgets who cannot begin any more and has nothing. mu is held.
func (r *Relay) tidy() {
	now := r.c.Now()
	if now.Before(r.forget) {
		return
	}
	for name, u := range r.users {
		if u.allocations > 0 || !now.After(u.until) {
			continue
		}
		delete(r.users, name)
		if has := r.members[u.member]; has.credentials == 1 {
			delete(r.members, u.member)
		} else {
			has.credentials--
		}
	}
	r.forget = now.Add(Lifetime / 5)
}

// admit is asked at every request of a user. Who has begun in time may go on, but nobody who has left the household.
func (r *Relay) admit(a *turn.RequestAttributes) (string, []byte, bool) {
	u, ok := r.user(a.Username, a.Method == stun.MethodAllocate)
	if !ok {
		return "", nil, false
	}
	if yes, err := r.c.Member(r.life, u.household, u.id); err != nil || !yes {
		return "", nil, false
	}
	return a.Username, u.key, true
}

// user finds who has this name, if it may still be used.
func (r *Relay) user(name string, begins bool) (*user, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.users[name]
	if u == nil {
		return nil, false
	}
	late := r.c.Now().After(u.until) && !rule.Off(rule.Time)
	return u, !late || (!begins && u.allocations > 0)
}

// room says whether a user may have one more allocation.
func (r *Relay) room(name, _ string, _ net.Addr) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fits(r.users[name])
}

// fits counts. mu is held.
func (r *Relay) fits(u *user) bool {
	if u == nil {
		return false
	}
	l := r.c.Limits
	return (r.households[u.household] < l.Household && r.members[u.member].allocations < l.Member) || rule.Off(rule.Quota)
}

// holds adds to what a user has. mu is held.
func (r *Relay) holds(u *user, n int) {
	u.allocations += n
	r.members[u.member].allocations += n
	if r.households[u.household] += n; r.households[u.household] == 0 {
		delete(r.households, u.household)
	}
}

var errRefused = errors.New("relay: there is no such place here")

// places gives a user a place in the table, where others would open a socket.
type places struct{ r *Relay }

// Validate has nothing to check.
func (places) Validate() error { return nil }

// AllocatePacketConn is called for a user whom room has let in.
func (p places) AllocatePacketConn(c turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	if c.Network != "udp4" || c.RequestedPort != 0 {
		return nil, nil, errRefused
	}
	r := p.r
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.users[c.UserID]
	if !r.fits(u) {
		return nil, nil, errRefused
	}
	place, err := r.table.take(u.household, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.holds(u, -1)
	})
	if err != nil {
		return nil, nil, err
	}
	r.holds(u, 1)
	return place, place.LocalAddr(), nil
}

// AllocateListener and AllocateConn would be for TCP between the relay and others, which there is none of.
func (places) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errRefused
}

// AllocateConn is refused like AllocateListener.
func (places) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) { return nil, errRefused }
