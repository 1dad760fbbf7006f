// SPDX-License-Identifier: Apache-2.0

// Package relay is a way to the other end of live view through a relay, for the hub and for devices.
//
// A Way is a place at a relay, as a packet connection: what is written to it goes to another place at the same relay, and
// to nowhere else. It trusts the relay with nothing: what goes through is encrypted between the two ends.
package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/logging"
	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"

	"keyhold/api"
)

const (
	// tryTime is how long one address of a relay may take before the next is tried.
	tryTime = 3 * time.Second
	// keepEvery is how often the relay is asked whether it is there, so that walls on the way stay open; askTime how long
	// it may take to say so. Each placeEvery times it is asked for the place itself, which costs it more.
	keepEvery  = 5 * time.Second
	askTime    = 4 * time.Second
	placeEvery = 3
	// socketBuffer is what the kernel may hold on the way out and in.
	socketBuffer = 1 << 20
	// discard is a port that nobody is given.
	discard = 9
)

// A Way is a place at a relay, from Open to Close. Done says when it is no good any more.
type Way struct {
	net.PacketConn
	client *turn.Client
	below  net.PacketConn // by which the relay is reached
	at     *net.UDPAddr   // the place
	seen   string         // as what the relay saw this end first; of the goroutine that keeps
	done   chan struct{}
	once   sync.Once
	end    func() error // gives the place back, once
	stop   context.CancelFunc
	wg     sync.WaitGroup
}

// Open takes a place at a relay, by the first of its addresses that works.
func Open(ctx context.Context, r api.Relay) (*Way, error) {
	err := errors.New("it has no address")
	for _, u := range r.URLs {
		var w *Way
		try, cancel := context.WithTimeout(ctx, tryTime)
		w, err = open(try, u, r)
		cancel()
		if err == nil {
			return w, nil
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, fmt.Errorf("relay: none of its addresses works: %w", err)
}

func open(ctx context.Context, address string, r api.Relay) (*Way, error) {
	u, err := stun.ParseURI(address)
	if err != nil {
		return nil, err
	}
	below, server, err := reach(ctx, u)
	if err != nil {
		return nil, err
	}
	w, err := take(ctx, below, server, r)
	if err != nil {
		return nil, errors.Join(err, quietly(below.Close()))
	}
	return w, nil
}

// quietly makes nothing of it that something was closed already.
func quietly(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// reach opens what carries the talk with the relay.
func reach(ctx context.Context, u *stun.URI) (net.PacketConn, net.Addr, error) {
	host := u.Host
	if strings.HasSuffix(host, ".localhost") {
		host = "localhost" // RFC 6761, also where the resolver does not know
	}
	at := net.JoinHostPort(host, strconv.Itoa(u.Port))
	if u.Proto == stun.ProtoTypeTCP {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", at)
		if err != nil {
			return nil, nil, err
		}
		remote := c.RemoteAddr()
		if u.Scheme == stun.SchemeTypeTURNS {
			secure := tls.Client(c, &tls.Config{ServerName: u.Host, MinVersion: tls.VersionTLS12})
			if err := secure.HandshakeContext(ctx); err != nil {
				return nil, nil, errors.Join(err, c.Close())
			}
			c = secure
		}
		return turn.NewSTUNConn(c), remote, nil
	}
	if u.Scheme == stun.SchemeTypeTURNS {
		return nil, nil, errors.New("relays over DTLS are not used")
	}
	list, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, nil, err
	}
	ip, network := list[0].Unmap(), "udp6"
	for _, one := range list {
		if one = one.Unmap(); one.Is4() {
			ip, network = one, "udp4"
			break
		}
	}
	c, err := (&net.ListenConfig{}).ListenPacket(ctx, network, ":0")
	if err != nil {
		return nil, nil, err
	}
	if b, ok := c.(*net.UDPConn); ok {
		_ = errors.Join(b.SetReadBuffer(socketBuffer), b.SetWriteBuffer(socketBuffer)) // as much as the system allows
	}
	return c, &net.UDPAddr{IP: ip.AsSlice(), Port: u.Port}, nil
}

// take takes the place.
func take(ctx context.Context, below net.PacketConn, server net.Addr, r api.Relay) (*Way, error) {
	client, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: server.String(), STUNServerAddr: server.String(), Username: r.Username, Password: r.Credential, Conn: below,
		RequestedAddressFamily: turn.RequestedAddressFamilyIPv4,
		LoggerFactory:          &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled}, // it would name addresses
	})
	if err != nil {
		return nil, err
	}
	if err := client.Listen(); err != nil {
		return nil, err
	}
	// The client's own waits have no context: they end with the client and what is below.
	end := context.AfterFunc(ctx, func() { client.Close(); _ = below.Close() })
	w := &Way{client: client, below: below, done: make(chan struct{})}
	w.end = sync.OnceValue(w.close)
	err = w.begin()
	if !end() {
		err = errors.Join(err, ctx.Err())
	}
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	keep, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop = stop
	w.wg.Go(func() { w.keep(keep) })
	return w, nil
}

// begin asks for the place.
func (w *Way) begin() error {
	conn, err := w.client.Allocate()
	if err != nil {
		return err
	}
	w.PacketConn = conn
	at, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok {
		return errors.New("the relay gave no address")
	}
	w.at = at
	// Whoever has a place at this relay may begin: where that is is not known before.
	_, err = conn.WriteTo([]byte{0}, &net.UDPAddr{IP: at.IP, Port: discard})
	return err
}

// keep asks the relay again and again, until it does not answer, sees another address, or knows of no place: it may be
// another process since.
func (w *Way) keep(ctx context.Context) {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		late := time.AfterFunc(askTime, w.lost)
		err := w.there(n%placeEvery == 0)
		if !late.Stop() || err != nil {
			w.lost()
			return
		}
	}
}

// there asks whether the relay is there, or whether the place still is.
func (w *Way) there(place bool) error {
	if place {
		nobody := &net.UDPAddr{IP: w.at.IP, Port: discard}
		// Of a place that the client has given up by itself it says nothing but to who writes.
		if _, err := w.PacketConn.WriteTo([]byte{0}, nobody); err != nil {
			return err
		}
		return w.client.CreatePermission(nobody)
	}
	seen, err := w.client.SendBindingRequestTo(w.client.TURNServerAddr())
	if err != nil {
		return err
	}
	if w.seen == "" {
		w.seen = seen.String()
	}
	if seen.String() != w.seen {
		return errors.New("the relay sees another address")
	}
	return nil
}

func (w *Way) lost() { w.once.Do(func() { close(w.done) }) }

// Done is closed when the way has been lost.
func (w *Way) Done() <-chan struct{} { return w.done }

// At is the place.
func (w *Way) At() *net.UDPAddr { return w.at }

// WriteTo sends to another place at the same relay; what is for elsewhere is dropped.
func (w *Way) WriteTo(b []byte, a net.Addr) (int, error) {
	if u, ok := a.(*net.UDPAddr); !ok || !u.IP.Equal(w.at.IP) {
		return len(b), nil
	}
	return w.PacketConn.WriteTo(b, a)
}

// ReadFrom waits for what comes through the relay.
func (w *Way) ReadFrom(b []byte) (int, net.Addr, error) {
	n, a, err := w.PacketConn.ReadFrom(b)
	if err != nil {
		w.lost()
	}
	return n, a, err
}

// Close gives the place back. Whoever reads from it closes it as well, so it may be asked for twice.
func (w *Way) Close() error { return w.end() }

func (w *Way) close() error {
	w.lost()
	if w.stop != nil {
		w.stop()
	}
	var err error
	if w.PacketConn != nil {
		err = w.PacketConn.Close() // tells the relay
	}
	w.client.Close()
	err = errors.Join(quietly(err), quietly(w.below.Close()))
	w.wg.Wait()
	return err
}
