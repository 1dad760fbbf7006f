// SPDX-License-Identifier: Apache-2.0

package away

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"keyhold/e2e/harness"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const (
	cloudIP      = "198.18.0.1"
	cloudAddress = cloudIP + ":7440"
	cloudURL     = "https://" + cloudAddress
	cameras      = "127.0.0.1:8554"
)

// earth is a home, a phone elsewhere, and the cloud between them.
type earth struct {
	*harness.World
	house, street, mobile *Line
	home, phone           *Space
}

// newEarth begins a household with one camera. Its owner's device is carried about.
func newEarth(t *testing.T, relay ...string) *earth {
	t.Helper()
	if errNoSpace != nil {
		t.Skip("NOT TRIED, live view away from home: ", errNoSpace)
	}
	ctx := t.Context()
	e := lines(t)
	programs, err := harness.Build(ctx, false)
	must(t, err)
	e.World = &harness.World{Programs: programs, Dir: t.TempDir()}
	for _, sub := range []string{"logs", "cloud", "hub"} {
		must(t, os.MkdirAll(e.Path(sub), 0o700))
	}
	must(t, os.WriteFile(e.Path("camera-password"), []byte(harness.CameraPassword+"\n"), 0o600))
	certificate(t, e)
	film, small := e.Path("film.mp4"), e.Path("small.mp4")
	must(t, harness.Film{Seconds: 20, Pulse: true, Hz: 440, Colour: "green"}.Make(ctx, film))
	must(t, harness.Film{Seconds: 20, Hz: 440, Colour: "green", Half: true}.Make(ctx, small))
	t.Cleanup(func() { must(t, e.Close()) })

	e.Cloud, err = harness.Start("cloud", e.Path("logs/cloud.log"), e.Env, e.Programs.Cloud, append([]string{
		"serve", "--listen", cloudAddress, "--data", e.Path("cloud"), "--origin", cloudURL, "--tls-cert", e.Path("cert.pem"), "--tls-key", e.Path("key.pem"),
	}, relay...)...)
	must(t, err)
	must(t, e.Cloud.Until(ctx, time.Minute, "listening", func(ctx context.Context) bool { return harness.Listens(ctx, cloudAddress) }))
	must(t, e.home.In(func() (err error) {
		e.Cameras, err = harness.Start("cameras", e.Path("logs/cameras.log"), e.Env, e.Keyhold,
			"camera", "serve", "--listen", cameras, "--user", harness.CameraUser, "--password-file", e.Path("camera-password"), "--small", "garden="+small, "garden="+film)
		return err
	}))
	e.HubCloud = cloudURL
	must(t, e.home.In(func() error { return e.StartHub(ctx) }))
	must(t, e.home.In(func() error { return e.Pair(ctx, cloudURL) }))
	must(t, harness.Poll(ctx, time.Minute, "the camera", func(ctx context.Context) bool {
		return e.home.In(func() error { _, err := e.Owner(ctx, "cameras", "add", "Garden", stream("garden")); return err }) == nil
	}))
	return e
}

// stream is where the hub finds one.
func stream(path string) string {
	at := url.URL{Scheme: "rtsp", User: url.UserPassword(harness.CameraUser, harness.CameraPassword), Host: cameras, Path: "/" + path}
	return at.String()
}

// lines lays the lines. The phone's Wi-Fi has the same addresses as the home, as so many have, and another machine where
// the hub is at home; its other line is a mobile one.
func lines(t *testing.T) *earth {
	t.Helper()
	ctx := t.Context()
	must(t, run(ctx, "ip link set lo up", "ip addr add "+cloudIP+"/32 dev lo"))
	must(t, os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0))
	t.Cleanup(func() { _ = run(context.Background(), "ip addr del "+cloudIP+"/32 dev lo") })
	e := &earth{}
	line := func(name, ours, theirs, lan string) *Line {
		l, err := NewLine(ctx, name, ours, theirs, lan)
		must(t, err)
		t.Cleanup(func() { _ = l.Close() })
		return l
	}
	e.house = line("house", "203.0.113.2", "203.0.113.1", "192.168.7.1/24")
	e.street = line("street", "203.0.113.6", "203.0.113.5", "192.168.7.1/24")
	e.mobile = line("mobile", "203.0.113.10", "203.0.113.9", "10.64.0.1/24")
	machine := func() *Space {
		s, err := NewSpace(ctx)
		must(t, err)
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	e.home, e.phone = machine(), machine()
	stranger := machine()
	must(t, errors.Join(
		e.house.Plug(ctx, e.home, "wire", "192.168.7.2/24"), e.home.Run(ctx, "ip link set wire up", "ip route add default via 192.168.7.1"),
		e.street.Plug(ctx, stranger, "other", "192.168.7.2/24"), stranger.Run(ctx, "ip link set other up"),
		e.street.Plug(ctx, e.phone, "wifi", "192.168.7.5/24"), e.mobile.Plug(ctx, e.phone, "mobile", "10.64.0.2/24"),
		e.wifi(ctx),
	))
	return e
}

// wifi lets the phone use the street's Wi-Fi, roam the mobile line, and offline neither.
func (e *earth) wifi(ctx context.Context) error {
	return e.phone.Run(ctx, "ip link set mobile down", "ip link set wifi up", "ip route replace default via 192.168.7.1")
}

func (e *earth) roam(ctx context.Context) error {
	return e.phone.Run(ctx, "ip link set wifi down", "ip link set mobile up", "ip route replace default via 10.64.0.1")
}

func (e *earth) offline(ctx context.Context) error { return e.phone.Run(ctx, "ip link set wifi down") }

// certificate makes one for the cloud, which all programs take as known.
func certificate(t *testing.T, e *earth) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "cloud"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.ParseIP(cloudIP)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	must(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	must(t, os.WriteFile(e.Path("cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(e.Path("key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600))
	t.Setenv("SSL_CERT_FILE", e.Path("cert.pem"))
	t.Setenv("SSL_CERT_DIR", e.Dir)
}

// looker is `keyhold live` whose pictures are watched.
type looker struct {
	cmd   *exec.Cmd
	began time.Time
	done  chan struct{}

	mu    sync.Mutex
	first time.Time     // guarded by mu
	last  time.Time     // guarded by mu
	gap   time.Duration // the longest between two pictures; guarded by mu
	bytes int64         // guarded by mu
}

// look begins to look from somewhere.
func (e *earth) look(t *testing.T, from *Space) *looker {
	t.Helper()
	l := &looker{cmd: exec.CommandContext(t.Context(), e.Keyhold, "live", "--camera", "Garden", "--device", e.Path("device")), done: make(chan struct{})}
	l.cmd.Cancel = func() error { return l.cmd.Process.Signal(syscall.SIGINT) }
	l.cmd.WaitDelay = 10 * time.Second
	l.cmd.Stderr = testWriter{t}
	out, err := l.cmd.StdoutPipe()
	must(t, err)
	must(t, from.In(l.cmd.Start))
	l.began = time.Now()
	go func() {
		defer close(l.done)
		b := make([]byte, 64<<10)
		for {
			n, err := out.Read(b)
			if err != nil {
				return
			}
			l.note(time.Now(), n)
		}
	}()
	t.Cleanup(func() { l.end() })
	return l
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Logf("it said: %s", b)
	return len(b), nil
}

func (l *looker) note(at time.Time, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.bytes += int64(n)
	if l.first.IsZero() {
		l.first = at
	} else {
		l.gap = max(l.gap, at.Sub(l.last))
	}
	l.last = at
}

// newest is when the newest picture came, longest the longest time without one so far.
func (l *looker) newest() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

func (l *looker) longest() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gap
}

// after waits for a picture that comes later than a time, and says how much later.
func (l *looker) after(t *testing.T, at time.Time, limit time.Duration) time.Duration {
	t.Helper()
	must(t, harness.Poll(t.Context(), limit, "a further picture", func(context.Context) bool { return l.newest().After(at) }))
	return l.newest().Sub(at)
}

// end ends it.
func (l *looker) end() {
	_ = l.cmd.Process.Signal(syscall.SIGINT) // it may have ended
	<-l.done
	_ = l.cmd.Wait()
}
