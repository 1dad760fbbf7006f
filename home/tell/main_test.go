// SPDX-License-Identifier: Apache-2.0

package tell

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"keyhold/e2e/harness"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// proven is a certificate of this machine that the tests' hub trusts.
var proven tls.Certificate

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "tell")
	if err == nil {
		err = prove(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// prove makes a certificate, and has this process trust it alone.
func prove(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a mail server"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return err
	}
	proven = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	file := filepath.Join(dir, "proven.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		return err
	}
	return os.Setenv("SSL_CERT_FILE", file)
}

// home is a desk whose clock can be set, and which may go to servers of the test's.
type home struct {
	*Desk
	t      *testing.T
	offset atomic.Int64
}

// eleven is when the clock stands at first.
var eleven = time.Date(2026, 3, 1, 10, 4, 0, 0, time.UTC)

func newHome(t *testing.T, here ...string) *home {
	t.Helper()
	h := &home{t: t}
	config := Config{
		Near: func(a netip.Addr) bool { return a.IsLoopback() || a.IsPrivate() }, Zone: func(context.Context) *time.Location { return time.FixedZone("home", 3600) }, Now: h.now,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, a := range here {
		config.Here = append(config.Here, netip.MustParseAddrPort(a))
	}
	h.Desk = New(t.Context(), config)
	t.Cleanup(h.Close)
	return h
}

func (h *home) now() time.Time { return eleven.Add(time.Duration(h.offset.Load())) }

// later lets time pass.
func (h *home) later(d time.Duration) { h.offset.Add(int64(d)) }

// add checks a channel and adds it, as the hub does.
func (h *home) add(name string, c request.Channel) {
	h.t.Helper()
	u, err := Check(&c)
	if err != nil {
		h.t.Fatal(err)
	}
	one := Channel{Cameras: []id.Camera{}, From: c.From, Kind: c.Kind, Language: "en", Name: name, Names: c.Names, To: c.To, Token: c.Token, Topic: c.Topic}
	if u.User != nil {
		one.User = u.User.Username()
		one.Password, _ = u.User.Password()
		u.User = nil
	}
	one.URL = u.String()
	h.Add(one)
}

// once tells something by a channel, and gives the error with the state that it makes.
func (h *home) once(ctx context.Context, c request.Channel) (string, error) {
	h.t.Helper()
	h.add("x", c)
	defer h.Remove("x")
	h.mu.Lock()
	l := h.lines["x"]
	h.mu.Unlock()
	err := l.try(ctx, text{"Doorbell", "Somebody rang, 11:04"})
	return why(err), err
}

// until waits for something.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	t.Logf("waiting for %s", what)
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s has not come", what)
		}
	}
}

// board is a server of topics, such as ntfy's.
type board struct {
	*httptest.Server
	mu   sync.Mutex
	list []note // guarded by mu
	// answers is how it answers, with 200 if it is nil.
	answers atomic.Pointer[http.HandlerFunc]
}

// note is something that was published, and how.
type note struct {
	path, text string
	header     http.Header
}

func newBoard(t *testing.T) *board {
	t.Helper()
	b := &board{}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		b.mu.Lock()
		b.list = append(b.list, note{r.Method + " " + r.URL.Path, string(text), r.Header.Clone()})
		b.mu.Unlock()
		if f := b.answers.Load(); f != nil {
			(*f)(w, r)
		}
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *board) at() string { return b.Listener.Addr().String() }

// answer lets it answer so from now on.
func (b *board) answer(f http.HandlerFunc) { b.answers.Store(&f) }

func (b *board) notes() []note {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]note(nil), b.list...)
}

// mailbox is a mail server; with TLS it wants a password.
func mailbox(t *testing.T, config *tls.Config) *harness.Mailbox {
	t.Helper()
	user, password := "", ""
	if config != nil {
		user, password = "hub", "a word for mail"
	}
	m, err := harness.StartMailbox(t.Context(), user, password, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	return m
}
