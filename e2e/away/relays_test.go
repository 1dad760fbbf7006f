// SPDX-License-Identifier: Apache-2.0

package away

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/api/relay"
	"keyhold/e2e/harness"
	"keyhold/internal/intime"
	"keyhold/member/device"
	"keyhold/member/session"
)

// A relay that keeps all that it passes on has no picture. The control is the same film through the same relay and line,
// in the plain: there the same search finds its pictures.
func TestTheRelaySeesNoPicture(t *testing.T) {
	e := newEarth(t)
	ctx := t.Context()
	var sealed, open Capture
	e.street.Wire.Tap(sealed.Take)
	l := e.look(t, e.phone)
	l.after(t, time.Time{}, patience)
	l.steady(t)
	l.end()
	e.street.Wire.Tap(nil)
	pictures, packets, err := sealed.Pictures(ctx)
	must(t, err)
	t.Logf("%d kB of a view: %d packets of media, %d pictures", sealed.Bytes()>>10, packets, pictures)
	if pictures > 0 || packets < 100 {
		t.Errorf("of %d packets of media %d pictures can be made", packets, pictures)
	}

	e.street.Wire.Tap(open.Take)
	e.plainly(t, e.Path("film.mp4"))
	e.street.Wire.Tap(nil)
	pictures, packets, err = open.Pictures(ctx)
	must(t, err)
	t.Logf("%d kB in the plain: %d packets of media, %d pictures", open.Bytes()>>10, packets, pictures)
	if pictures < 20 {
		t.Errorf("in the plain only %d pictures are found: this has shown nothing", pictures)
	}
}

// plainly sends some seconds of a film through the relay, from the phone to another place of the household, as nobody
// should.
func (e *earth) plainly(t *testing.T, film string) {
	t.Helper()
	ctx := t.Context()
	opened, err := device.Open(e.Path("device"))
	must(t, err)
	s, err := session.Open(opened, &api.Client{Base: cloudURL, HTTP: &http.Client{Transport: api.Transport(10 * time.Second)}})
	must(t, err)
	_, err = s.Sync(ctx)
	must(t, err)
	list, err := s.Relays(ctx)
	must(t, err)
	var from, to *relay.Way
	var in net.PacketConn
	must(t, e.phone.In(func() (err error) {
		if from, err = relay.Open(ctx, list[0]); err == nil {
			in, err = (&net.ListenConfig{}).ListenPacket(ctx, "udp4", "127.0.0.1:5004")
		}
		return err
	}))
	must(t, e.home.In(func() (err error) { to, err = relay.Open(ctx, list[0]); return err }))
	t.Cleanup(func() { _ = from.Close(); _ = to.Close() })
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 2000)
		for {
			n, _, err := in.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = from.WriteTo(b[:n], to.At())
		}
	}()
	must(t, e.phone.In(func() error {
		return exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-re", "-t", "4", "-i", film, "-an", "-c:v", "copy", "-bsf:v", "h264_mp4toannexb,dump_extra",
			"-f", "rtp", "rtp://127.0.0.1:5004?pkt_size=1200").Run()
	}))
	must(t, in.Close())
	<-done
}

// coturn starts a relay that we did not write, which shares a secret with a cloud, and returns where it is, the file with
// the secret, and what waits until somebody has a place at it. end ends it.
func coturn(t *testing.T) (flags []string, begin func() (end func()), taken func()) {
	t.Helper()
	turnserver, err := exec.LookPath("turnserver")
	if err != nil { // set-up only unpacks it
		cache, err := os.UserCacheDir()
		must(t, err)
		turnserver, err = exec.LookPath(filepath.Join(cache, "keyhold", "unpacked", "coturn", "usr", "bin", "turnserver"))
		must(t, err)
	}
	dir := t.TempDir()
	secret := dir + "/secret"
	must(t, os.WriteFile(secret, []byte("plum tartan\n"), 0o600))
	begin = func() func() {
		p, err := harness.Start("coturn", dir+"/coturn.log", nil, turnserver, "-n", "--log-file=stdout", "--pidfile", dir+"/pid", "--userdb", dir+"/db",
			"--listening-ip="+cloudIP, "--relay-ip="+cloudIP, "--listening-port="+coturnPort, "--verbose", "--no-tls", "--no-dtls", "--no-cli",
			"--use-auth-secret", "--static-auth-secret=plum tartan", "--realm=relay.example",
			"--no-multicast-peers", "--denied-peer-ip=0.0.0.0-255.255.255.255", "--allowed-peer-ip="+cloudIP)
		must(t, err)
		t.Cleanup(p.Kill)
		must(t, p.Until(t.Context(), time.Minute, "listening", func(ctx context.Context) bool { return harness.Listens(ctx, cloudIP+":"+coturnPort) }))
		return p.Kill
	}
	taken = func() {
		must(t, harness.Poll(t.Context(), time.Minute, "the hub's place at it", func(context.Context) bool {
			s, err := os.ReadFile(dir + "/coturn.log")
			return err == nil && strings.Contains(string(s), "ALLOCATE processed, success")
		}))
	}
	return []string{"--relay", "turn:" + cloudIP + ":" + coturnPort + "?transport=udp", "--relay-secret", secret}, begin, taken
}

const coturnPort = "3479" // the port beside it is the cloud's own

// A relay that we did not write serves as well, by a secret that it shares with the cloud.
func TestAnotherRelayServes(t *testing.T) {
	flags, begin, taken := coturn(t)
	e := newEarth(t, append(flags, "--relay-listen", "off")...)
	begin()
	taken()
	away := e.firsts(t, e.phone, 3)
	t.Logf("through coturn, first pictures after %v", away)
	if away[len(away)/2] > intime.By(firstWithin) {
		t.Errorf("the first picture takes %s", away[len(away)/2])
	}
}

// Beside the cloud's own it serves, too, and when it is gone the cloud's own is left.
func TestAnotherRelayServesBesideTheClouds(t *testing.T) {
	flags, begin, taken := coturn(t)
	e := newEarth(t, flags...)
	end := begin()
	taken()
	both := e.firsts(t, e.phone, 3)
	l := e.look(t, e.phone)
	l.after(t, time.Time{}, patience)
	end()
	gone := time.Now()
	// Whichever of the two it went through.
	l.after(t, gone.Add(backWithin), patience)
	l.end()
	one := e.firsts(t, e.phone, 3)
	t.Logf("first pictures through one of both after %v, and after coturn was gone after %v", both, one)
	for _, list := range [][]time.Duration{both, one} {
		if list[len(list)/2] > intime.By(firstWithin) {
			t.Errorf("the first picture takes %s", list[len(list)/2])
		}
	}
}
