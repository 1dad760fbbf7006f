// SPDX-License-Identifier: Apache-2.0

// Package gate is the one way to a camera for a child that reads its stream.
//
// Such a child follows what a camera answers: a redirection, a list of films, a name that means another address each
// time it is asked. So it never goes anywhere itself: it is given the gate's address on the loopback, and the gate
// connects it to the one host and port that the camera was added with, nowhere else, over TLS if that is what the
// address says. What a name means is looked at when it is connected to, so there is nothing in between that could
// change it. The gate knows no password: those go through it.
//
// It keeps nothing. Close ends every connection and waits for it.
package gate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

const (
	dialTimeout  = 2 * time.Second // so that an address nobody answers at is asked again soon
	shakeTimeout = 5 * time.Second
	// most is how many connections a child may have at a time.
	most = 8
)

// Config says where a gate leads.
type Config struct {
	Host, Port string
	// TLS is spoken with the camera, where its address says so; nil if not.
	TLS *tls.Config
	// HTTP makes the gate a proxy of HTTP. Else it passes on bytes.
	HTTP bool
	// Here are addresses of this computer to which it may lead.
	Here []netip.AddrPort
}

// Said is what the camera has answered so far.
type Said struct {
	// Password: it refuses user and password, or wants some.
	Password bool
	// List: it sends a list of films, the newest last.
	List bool
	// Barred is why the gate did not lead where it was to; nil if it did.
	Barred error
}

// A Gate leads to one camera.
type Gate struct {
	cfg    Config
	listen net.Listener
	open   chan struct{} // closed when the child may go
	once   sync.Once
	ctx    context.Context
	stop   context.CancelFunc
	wg     sync.WaitGroup
	slots  chan struct{}
	server *http.Server // nil if bytes are passed on

	mu   sync.Mutex
	said Said
}

// New opens a gate. Nothing goes through before Open.
func New(ctx context.Context, cfg Config) (*Gate, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("gate: %w", err)
	}
	g := &Gate{cfg: cfg, listen: l, open: make(chan struct{}), slots: make(chan struct{}, most)}
	g.ctx, g.stop = context.WithCancel(ctx)
	if cfg.HTTP {
		g.wg.Go(g.proxy())
	} else {
		g.wg.Go(g.accept)
	}
	return g, nil
}

// Addr is where the child connects to.
func (g *Gate) Addr() string { return g.listen.Addr().String() }

// Open lets the child through.
func (g *Gate) Open() { g.once.Do(func() { close(g.open) }) }

// Said tells what the camera has answered so far.
func (g *Gate) Said() Said {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.said
}

func (g *Gate) note(f func(*Said)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f(&g.said)
}

// Close ends all of it.
func (g *Gate) Close() {
	g.stop()
	_ = g.listen.Close()
	if g.server != nil {
		// Everything that is under way has just been told to end, and the child is gone.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(g.ctx), dialTimeout)
		defer cancel()
		_ = errors.Join(g.server.Shutdown(ctx), g.server.Close())
	}
	g.wg.Wait()
}

func (g *Gate) accept() {
	for {
		in, err := g.listen.Accept()
		if err != nil {
			return
		}
		select {
		case g.slots <- struct{}{}:
		default:
			_ = in.Close()
			continue
		}
		g.wg.Go(func() {
			defer func() { <-g.slots }()
			g.relay(in)
		})
	}
}

// relay passes bytes on, both ways, until one side ends.
func (g *Gate) relay(in net.Conn) {
	defer in.Close()
	ctx, cancel := context.WithCancel(g.ctx)
	defer cancel()
	select {
	case <-g.open:
	case <-ctx.Done():
		return
	}
	out, err := g.dial(ctx, "tcp", net.JoinHostPort(g.cfg.Host, g.cfg.Port))
	if err != nil {
		return
	}
	defer out.Close()
	if g.cfg.TLS != nil {
		if out, err = g.shake(ctx, out); err != nil {
			return
		}
	}
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		both.Go(func() {
			defer cancel()
			pass(way[0], way[1])
		})
	}
	<-ctx.Done()
	_, _ = in.Close(), out.Close()
	both.Wait()
}

func pass(to, from net.Conn) {
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		if n > 0 {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (g *Gate) shake(ctx context.Context, c net.Conn) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, shakeTimeout)
	defer cancel()
	t := tls.Client(c, g.named())
	if err := t.HandshakeContext(ctx); err != nil {
		g.note(func(s *Said) { s.Barred = err })
		return nil, fmt.Errorf("gate: %w", err)
	}
	return t, nil
}

func (g *Gate) named() *tls.Config {
	c := g.cfg.TLS.Clone()
	c.ServerName = g.cfg.Host
	return c
}

// dial connects to an address that leads has let through.
func (g *Gate) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{
		Timeout: dialTimeout,
		Control: func(_, address string, _ syscall.RawConn) error { return g.may(address) },
	}
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		if barred := (*barredError)(nil); errors.As(err, &barred) {
			g.note(func(s *Said) { s.Barred = barred.why })
		}
		return nil, fmt.Errorf("gate: %w", err)
	}
	return c, nil
}

// barredError marks what the gate refuses to connect to.
type barredError struct{ why error }

func (b *barredError) Error() string { return b.why.Error() }

func (g *Gate) may(address string) error {
	to, err := netip.ParseAddrPort(address)
	if err == nil {
		err = Allowed(to, g.cfg.Here)
	}
	if err != nil {
		return &barredError{err}
	}
	return nil
}
