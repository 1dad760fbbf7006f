// SPDX-License-Identifier: Apache-2.0

package serve

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"keyhold/api"
	"keyhold/statement/id"
)

// Rate is how often something may happen: so many a second, and so many at once after a pause.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Limits bound what one caller may ask for.
type Limits struct {
	// Stranger is for requests that anybody can make and that cost something: registrations, sheets, drops.
	Stranger Rate
	// Address is for all requests of one network address, Household for all signed ones of one household.
	Address   Rate
	Household Rate
	// Push is for messages of one household to push services.
	Push Rate
}

// DefaultLimits let a hub with sixteen cameras catch up after a week, and a family look at it meanwhile.
var DefaultLimits = Limits{
	Stranger:  Rate{PerSecond: 5, Burst: 200},
	Address:   Rate{PerSecond: 300, Burst: 3000},
	Household: Rate{PerSecond: 300, Burst: 3000},
	Push:      Rate{PerSecond: 2, Burst: 300},
}

// buckets holds a token bucket per caller. Buckets that are full again are forgotten.
type buckets[K comparable] struct {
	rate Rate
	now  func() time.Time

	mu   sync.Mutex
	by   map[K]*bucket // guarded by mu
	next time.Time     // when to look for full ones again; guarded by mu
}

type bucket struct {
	*rate.Limiter
	used time.Time
}

func newBuckets[K comparable](r Rate, now func() time.Time) *buckets[K] {
	return &buckets[K]{rate: r, now: now, by: map[K]*bucket{}}
}

// take says whether the caller may go on.
func (b *buckets[K]) take(k K) bool { return b.spend(k, 1) }

// spend is take for something that costs more than one, and never more than a bucket holds.
func (b *buckets[K]) spend(k K, n int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.forget(now)
	l := b.by[k]
	if l == nil {
		l = &bucket{Limiter: rate.NewLimiter(rate.Limit(b.rate.PerSecond), b.rate.Burst)}
		b.by[k] = l
	}
	l.used = now
	return l.AllowN(now, min(n, b.rate.Burst))
}

// forget drops buckets that nothing was taken from for as long as they need to fill. mu is held.
func (b *buckets[K]) forget(now time.Time) {
	if now.Before(b.next) {
		return
	}
	full := time.Duration(float64(b.rate.Burst) / b.rate.PerSecond * float64(time.Second))
	for k, l := range b.by {
		if now.Sub(l.used) > full {
			delete(b.by, k)
		}
	}
	b.next = now.Add(full)
}

func tooMany() *api.Problem {
	return api.NewProblem(api.TooMany, "", "too many requests: wait a little and try again")
}

// admit is the limit per household, asked once a request is known to be its own.
func (s *Server) admit(h id.Household) error {
	if !s.households.take(h) {
		return tooMany()
	}
	return nil
}

// caller is the network address that a request came from; for IPv6 the network of one customer. Headers that proxies
// add are not believed, so behind one all callers share a limit.
func caller(remote string) netip.Prefix {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return netip.Prefix{}
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	bits := 32
	if ip = ip.Unmap().WithZone(""); ip.Is6() {
		bits = 64
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
