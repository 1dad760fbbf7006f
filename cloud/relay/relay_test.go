// SPDX-License-Identifier: Apache-2.0

package relay_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"

	"keyhold/api"
	"keyhold/cloud/relay"
	"keyhold/statement/id"
)

const (
	ours   = id.Household("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	theirs = id.Household("baaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	phone  = id.Device("dev_aaaaaaaaaaaaaaaaaaaaaaaaaa")
	soon   = 30 * time.Second
	never  = 300 * time.Millisecond
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// rig is a relay and its clock.
type rig struct {
	*relay.Relay
	address string
	end     func()

	mu   sync.Mutex
	now  time.Time          // guarded by mu
	gone map[id.Device]bool // guarded by mu
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

func (r *rig) time() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) leave(d id.Device) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone[d] = true
}

func (r *rig) member(_ context.Context, _ id.Household, d id.Device) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.gone[d], nil
}

func open(t *testing.T, l relay.Limits, c *tls.Config) *rig {
	t.Helper()
	udp, tcp, err := relay.Listen(t.Context(), "127.0.0.1:0", c, l)
	must(t, err)
	r := &rig{now: time.Now(), gone: map[id.Device]bool{}}
	r.Relay, err = relay.Open(t.Context(), relay.Config{Limits: l, Member: r.member, Now: r.time}, udp, tcp)
	must(t, err)
	r.address = r.Address()
	r.end = sync.OnceFunc(func() { must(t, r.Close()) })
	t.Cleanup(r.end)
	return r
}

// credential is one for a member.
func (r *rig) credential(t *testing.T, h id.Household, d id.Device) relay.Credential {
	t.Helper()
	c, err := r.Credential(h, d)
	must(t, err)
	return c
}

// user is somebody at the relay, by a client that we did not write.
type user struct {
	client *turn.Client
	conn   net.PacketConn // nil if there is no place
}

// use shows a credential and asks for a place.
func (r *rig) use(t *testing.T, c relay.Credential) (*user, error) {
	t.Helper()
	return useAt(t, r.address, c)
}

func useAt(t *testing.T, address string, c relay.Credential) (*user, error) {
	t.Helper()
	below, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	must(t, err)
	u := &user{}
	u.client, err = turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: address, STUNServerAddr: address, Username: c.Name, Password: c.Password, Conn: below,
		LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled},
	})
	must(t, err)
	must(t, u.client.Listen())
	t.Cleanup(func() { u.client.Close(); _ = below.Close() })
	u.conn, err = u.client.Allocate()
	return u, err
}

// says sends a word, and says whether it came.
func (u *user) says(t *testing.T, word string, to *user) bool {
	t.Helper()
	// Each opens for the other, as both ends of a connection do.
	_, _ = to.conn.WriteTo([]byte("-"), u.conn.LocalAddr())
	end := time.Now().Add(never)
	for time.Now().Before(end) {
		if _, err := u.conn.WriteTo([]byte(word), to.conn.LocalAddr()); err != nil {
			return false
		}
		if to.hears(t, word, 50*time.Millisecond) {
			return true
		}
	}
	return false
}

func (u *user) hears(t *testing.T, word string, limit time.Duration) bool {
	t.Helper()
	b := make([]byte, 2000)
	must(t, u.conn.SetReadDeadline(time.Now().Add(limit)))
	for {
		n, _, err := u.conn.ReadFrom(b)
		if err != nil {
			return false
		}
		if string(b[:n]) == word {
			return true
		}
	}
}

func TestMembersOfAHouseholdReachEachOther(t *testing.T) {
	t.Parallel()
	r := open(t, relay.Limits{}, nil)
	hub, err := r.use(t, r.credential(t, ours, id.Hub))
	must(t, err)
	device, err := r.use(t, r.credential(t, ours, phone))
	must(t, err)
	if !device.says(t, "here I am", hub) || !hub.says(t, "and I", device) {
		t.Error("they do not hear each other")
	}
	stranger, err := r.use(t, r.credential(t, theirs, phone))
	must(t, err)
	if stranger.says(t, "and I too", hub) {
		t.Error("another household is heard")
	}
}

// certificate is one for 127.0.0.1.
func certificate(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	must(t, err)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
}

// One port speaks TCP and TLS, and who came by one reaches who came by another.
func TestOnePortSpeaksThreeWays(t *testing.T) {
	t.Parallel()
	r := open(t, relay.Limits{}, certificate(t))
	plain, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", r.address)
	must(t, err)
	secure, err := (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(t.Context(), "tcp", r.address) //nolint:gosec // made a moment ago
	must(t, err)
	hub, err := r.use(t, r.credential(t, ours, id.Hub))
	must(t, err)
	for name, conn := range map[string]net.Conn{"TCP": plain, "TLS": secure} {
		c := r.credential(t, ours, phone)
		u := &user{}
		u.client, err = turn.NewClient(&turn.ClientConfig{
			TURNServerAddr: r.address, Username: c.Name, Password: c.Password, Conn: turn.NewSTUNConn(conn), RequestedAddressFamily: turn.RequestedAddressFamilyIPv4,
			LoggerFactory: &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled},
		})
		must(t, err)
		must(t, u.client.Listen())
		t.Cleanup(func() { u.client.Close(); _ = conn.Close() })
		u.conn, err = u.client.Allocate()
		must(t, err)
		if !u.says(t, "by "+name, hub) || !hub.says(t, "to "+name, u) {
			t.Errorf("by %s they do not hear each other", name)
		}
	}
}

func TestANameTellsNothingAndIsUsedOnce(t *testing.T) {
	t.Parallel()
	r := open(t, relay.Limits{}, nil)
	one, other := r.credential(t, ours, phone), r.credential(t, ours, phone)
	until, once, ok := strings.Cut(one.Name, ":")
	if !ok || len(until) != 10 || len(once) != 26 || one.Name == other.Name || one.Password == other.Password {
		t.Errorf("names are %q and %q", one.Name, other.Name)
	}
	for _, secret := range []string{string(ours), string(phone)} {
		if strings.Contains(one.Name+one.Password, secret[4:]) {
			t.Errorf("%q tells who it is for", one.Name)
		}
	}
}

func TestWhoHasLeftDoesNotGoOn(t *testing.T) {
	t.Parallel()
	r := open(t, relay.Limits{}, nil)
	hub, err := r.use(t, r.credential(t, ours, id.Hub))
	must(t, err)
	u, err := r.use(t, r.credential(t, ours, phone))
	must(t, err)
	// What has begun goes on after the credential's time.
	r.pass(relay.Lifetime + time.Second)
	must(t, u.client.CreatePermission(hub.conn.LocalAddr()))
	r.leave(phone)
	if err := u.client.CreatePermission(hub.conn.LocalAddr()); err == nil {
		t.Error("a device that is gone goes on")
	}
	must(t, hub.client.CreatePermission(u.conn.LocalAddr()))
}

// A household that sends more than it may loses what is too much, and takes nothing from another.
func TestAHouseholdTakesItsShare(t *testing.T) {
	t.Parallel()
	l := relay.DefaultLimits
	l.Bytes = 20_000
	r := open(t, l, nil)
	hub, err := r.use(t, r.credential(t, ours, id.Hub))
	must(t, err)
	u, err := r.use(t, r.credential(t, ours, phone))
	must(t, err)
	if !u.says(t, "begin", hub) {
		t.Fatal("nothing comes")
	}
	big := bytes.Repeat([]byte("x"), 1000)
	for range 100 { // the clock stands still
		_, err := u.conn.WriteTo(big, hub.conn.LocalAddr())
		must(t, err)
	}
	came := 0
	for hub.hears(t, string(big), never) {
		came++
	}
	if came == 0 || came > 20 {
		t.Errorf("%d of 100 came; 20 may", came)
	}
	a, err := r.use(t, r.credential(t, theirs, id.Hub))
	must(t, err)
	b, err := r.use(t, r.credential(t, theirs, phone))
	must(t, err)
	if !a.says(t, "hello", b) {
		t.Error("another household cannot send")
	}
	r.pass(time.Second)
	if !u.says(t, "again", hub) {
		t.Error("after a second it cannot send again")
	}
}

func TestCredentialsAreNotWithoutEnd(t *testing.T) {
	t.Parallel()
	l := relay.DefaultLimits
	l.Credentials = 3
	r := open(t, l, nil)
	for range 3 {
		r.credential(t, ours, phone)
	}
	if _, err := r.Credential(ours, phone); !errors.Is(err, relay.ErrQuota) {
		t.Errorf("the fourth: %v", err)
	}
	r.credential(t, ours, id.Hub)
	r.pass(2 * relay.Lifetime)
	r.credential(t, ours, phone)
}

// Nobody comes by the relay into the operator's own network: there is no socket by which they could. The control is a
// relay as they usually are, by which the same user does.
func TestTheRelayLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	internal, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = internal.Close() })
	reaches := func(u *user) (refused error, came bool) {
		refused = u.client.CreatePermission(internal.LocalAddr())
		for range 3 {
			_, _ = u.conn.WriteTo([]byte("open up"), internal.LocalAddr())
		}
		must(t, internal.SetReadDeadline(time.Now().Add(never)))
		b := make([]byte, 100)
		n, _, err := internal.ReadFrom(b)
		return refused, err == nil && string(b[:n]) == "open up"
	}

	r := open(t, relay.Limits{}, nil)
	u, err := r.use(t, r.credential(t, ours, phone))
	must(t, err)
	if refused, came := reaches(u); refused == nil || came {
		t.Errorf("an address of the operator's own: refused %v, reached %v", refused, came)
	}

	usual, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	must(t, err)
	server, err := turn.NewServer(turn.ServerConfig{
		Realm: relay.Realm, AuthHandler: func(a *turn.RequestAttributes) (string, []byte, bool) {
			return a.Username, turn.GenerateAuthKey(a.Username, a.Realm, "open"), true
		},
		PacketConnConfigs: []turn.PacketConnConfig{{PacketConn: usual, RelayAddressGenerator: &turn.RelayAddressGeneratorStatic{RelayAddress: net.IPv4(127, 0, 0, 1), Address: "127.0.0.1"}}},
		LoggerFactory:     &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled},
	})
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	u, err = useAt(t, usual.LocalAddr().String(), relay.Credential{Name: "anybody", Password: "open"})
	must(t, err)
	if refused, came := reaches(u); refused != nil || !came {
		t.Errorf("by a usual relay: refused %v, reached %v: this test cannot see what it is for", refused, came)
	}
}

// given is a relay as the cloud tells of it.
func (r *rig) given(c relay.Credential) api.Relay {
	return api.Relay{URLs: []string{"turn:" + r.address + "?transport=udp"}, Username: c.Name, Credential: c.Password, Until: c.Until.UnixMilli()}
}
