// SPDX-License-Identifier: Apache-2.0

// Package lan is the way to the hub for those who are at home: what is said to the cloud can be said here as well, to the
// hub itself, when the cloud is away or keeps something back.
//
// It promises that whoever connects speaks with the hub whose key the roster names, over TLS 1.3, and that nothing is
// done or told without a signature of somebody in the roster, made for this hub, within two minutes, once. It hands out
// what the shelf gives, and asks the roster again for each request and each second of a long one; it takes mail for the
// hub, and brings mail of the hub to those who have a socket open. It answers addresses of this network only. It trusts
// nothing that comes, and keeps nothing: a crash loses open sockets and addresses that were given out.
package lan

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"keyhold/api"
	"keyhold/home/shelf"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

const (
	// headTime bounds a handshake and the head of a request, smallTime a small request or answer.
	headTime  = 10 * time.Second
	smallTime = 20 * time.Second
	idleTime  = time.Minute
	maxHead   = 16 << 10
	// mostConns bounds what strangers can hold open, mostSockets the readers of mail.
	mostConns   = 128
	mostSockets = 64
	// perSecond and atOnce bound what has to be verified.
	perSecond = 200
	atOnce    = 1000
)

// Config is what a Door needs. All fields but Hooks must be set.
type Config struct {
	Address string // a TCP address; another port is taken if this one is not to be had
	Key     ed25519.PrivateKey
	// Sight is what a reader may see now, by the hub's own time.
	Sight  func(id.Device) roster.Sight
	Roster func() *roster.State
	// Mail takes a piece of mail for the hub. It does not wait for what the mail asks for.
	Mail func(context.Context, *api.Delivery) error
	// Hook takes a request below /bell/, by which a doorbell says that somebody presses, and says whether it is one. Hooks
	// is where they may come without TLS as well; nowhere if empty.
	Hook  func(*http.Request) bool
	Hooks string
	// Look writes down a fetch of footage before it is answered.
	Look  func(ctx context.Context, envelope []byte) error
	Shelf *shelf.Shelf
	Now   func() time.Time
	Log   *slog.Logger
}

// Door is the hub's door in the home.
type Door struct {
	c        Config
	listener net.Listener
	server   *http.Server
	often    *rate.Limiter
	nonces   nonces
	given    given
	lines    lines
	hooks    *hooks
	work     context.Context
	stop     context.CancelFunc
	wg       sync.WaitGroup // sockets
}

// New listens; Run serves.
func New(ctx context.Context, c Config) (*Door, error) {
	cert, err := certificate(c.Key)
	if err != nil {
		return nil, err
	}
	l, err := listen(ctx, c.Address)
	if err != nil {
		return nil, fmt.Errorf("lan: listen: %w", err)
	}
	d := &Door{c: c, often: rate.NewLimiter(perSecond, atOnce)}
	d.work, d.stop = context.WithCancel(context.WithoutCancel(ctx))
	d.listener = tls.NewListener(&nearby{Listener: l, free: make(chan struct{}, mostConns)}, &tls.Config{
		Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"},
	})
	d.server = &http.Server{
		Handler: d.routes(), ReadHeaderTimeout: headTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHead,
		BaseContext: func(net.Listener) context.Context { return d.work },
		ErrorLog:    slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // it would name addresses
	}
	if d.hooks, err = d.openHooks(ctx); err != nil {
		return nil, errors.Join(err, d.listener.Close())
	}
	return d, nil
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", address)
	if err == nil {
		return l, nil
	}
	host, _, bad := net.SplitHostPort(address)
	if bad != nil {
		return nil, bad
	}
	return c.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
}

// certificate is one that says nothing but the key. Readers compare that with the roster's, and nothing else in it.
func certificate(key ed25519.PrivateKey) (tls.Certificate, error) {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("lan: certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// Port is the TCP port that it listens on.
func (d *Door) Port() int {
	if a, ok := d.listener.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

// Run serves until Close.
func (d *Door) Run() {
	d.wg.Go(d.hooks.run)
	if err := d.server.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
		d.c.Log.Error("nobody at home can reach this hub without the cloud any more", "error", err)
	}
}

// Close ends what is under way and waits for it. It may be called without Run.
func (d *Door) Close() error {
	d.stop()
	end, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	err := d.server.Shutdown(end)
	if err != nil {
		err = d.server.Close()
	}
	d.hooks.close()
	d.wg.Wait()
	return errors.Join(err, ignoreClosed(d.listener.Close()))
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
