// SPDX-License-Identifier: Apache-2.0

package ingest_test

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/internal/intime"
)

// A taker remembers what a source gave it.
type taker struct {
	mu     sync.Mutex
	frames []*ingest.Frame
	ends   []ingest.Reason
}

func (k *taker) Frame(f *ingest.Frame) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.frames = append(k.frames, f)
}

func (k *taker) Lost(_ time.Time, why ingest.Reason) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ends = append(k.ends, why)
}

func (k *taker) count() (frames, sessions int, ends []ingest.Reason) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var last *ingest.Session
	for _, f := range k.frames {
		if f.Session != last {
			last = f.Session
			sessions++
		}
	}
	return len(k.frames), sessions, append([]ingest.Reason(nil), k.ends...)
}

// until polls a condition.
func until(t *testing.T, what string, most time.Duration, ok func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !ok() {
		if time.Since(began) > intime.By(most) {
			t.Fatalf("not within %s: %s", intime.By(most), what)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(began)
}

func serve(t *testing.T, addr, clip, user, pass string) *camera.Camera {
	t.Helper()
	c, err := camera.Start(camera.Config{
		Addr: addr, Feeds: []camera.Feed{{Path: "front", File: clip}}, User: user, Pass: pass,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func run(t *testing.T, cfg ingest.Config) *ingest.Source {
	t.Helper()
	s, err := ingest.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return s
}

func TestACameraThatComesBackIsRecordedWithinThreeSeconds(t *testing.T) {
	t.Parallel()
	clip := cameratest.Clip(t, cameratest.Silent()) // a key frame each second
	c := serve(t, "127.0.0.1:0", clip, "anna", "secret")
	addr := c.Addr().String()
	var k taker
	s := run(t, ingest.Config{URL: "rtsp://anna:secret@" + addr + "/front", Sink: &k})
	until(t, "frames", 5*time.Second, func() bool { n, _, _ := k.count(); return n > 20 })

	c.Close()
	until(t, "the loss is noticed", 5*time.Second, func() bool { return s.Status().State == ingest.StateAway })
	// It stays away long enough for several attempts to fail.
	until(t, "some attempts", 5*time.Second, func() bool { return time.Since(s.Status().Since) > 1200*time.Millisecond })
	before, _, _ := k.count()
	serve(t, addr, clip, "anna", "secret")
	took := until(t, "frames after the return", 3*time.Second, func() bool { n, _, _ := k.count(); return n > before })
	t.Logf("back after %s", took)

	_, sessions, ends := k.count()
	if sessions != 2 || len(ends) != 1 || ends[0] != ingest.ReasonCamera {
		t.Errorf("%d sessions, ends %v; want two sessions and one loss of the camera", sessions, ends)
	}
}

// A pipe passes bytes on between a client and a camera until it is told to hang. It never closes a connection.
type pipe struct {
	addr string
	mu   sync.Mutex
	hang bool
	gate *sync.Cond
}

func newPipe(t *testing.T, to string) *pipe {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &pipe{addr: ln.Addr().String()}
	p.gate = sync.NewCond(&p.mu)
	var wg sync.WaitGroup
	var conns []net.Conn
	wg.Go(func() {
		for {
			a, err := ln.Accept()
			if err != nil {
				return
			}
			b, err := new(net.Dialer).DialContext(t.Context(), "tcp", to)
			if err != nil {
				a.Close()
				continue
			}
			p.mu.Lock()
			conns = append(conns, a, b)
			p.mu.Unlock()
			wg.Go(func() { p.copy(a, b) })
			wg.Go(func() { p.copy(b, a) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		p.set(false)
		p.mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		p.mu.Unlock()
		wg.Wait()
	})
	return p
}

func (p *pipe) set(hang bool) {
	p.mu.Lock()
	p.hang = hang
	p.mu.Unlock()
	p.gate.Broadcast()
}

func (p *pipe) copy(to, from net.Conn) {
	b := make([]byte, 16<<10)
	for {
		n, err := from.Read(b)
		p.mu.Lock()
		for p.hang {
			p.gate.Wait()
		}
		p.mu.Unlock()
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

func TestACameraThatHangsWithAnOpenConnectionIsLeft(t *testing.T) {
	t.Parallel()
	clip := cameratest.Clip(t, cameratest.Silent())
	c := serve(t, "127.0.0.1:0", clip, "", "")
	p := newPipe(t, c.Addr().String())
	var k taker
	s := run(t, ingest.Config{URL: "rtsp://" + p.addr + "/front", Sink: &k, Stall: time.Second})
	until(t, "frames", 5*time.Second, func() bool { n, _, _ := k.count(); return n > 20 })

	p.set(true)
	until(t, "the stall is noticed", 4*time.Second, func() bool { return s.Status().State == ingest.StateAway })
	before, _, _ := k.count()
	p.set(false)
	until(t, "frames after the stall", 6*time.Second, func() bool { n, _, _ := k.count(); return n > before+5 })
	if _, sessions, _ := k.count(); sessions != 2 {
		t.Errorf("%d sessions, want 2", sessions)
	}
}

func TestAWrongPasswordIsSaidAndNotTriedInALoop(t *testing.T) {
	t.Parallel()
	c := serve(t, "127.0.0.1:0", cameratest.Clip(t, cameratest.Silent()), "anna", "secret")
	var log strings.Builder
	var k taker
	s, err := ingest.New(ingest.Config{
		URL: "rtsp://anna:hunter2@" + c.Addr().String() + "/front", Sink: &k,
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	until(t, "the refusal", 5*time.Second, func() bool { return s.Status().State == ingest.StateRefused })
	cancel()
	<-done
	if n, _, _ := k.count(); n != 0 {
		t.Errorf("%d frames without the password", n)
	}
	for _, secret := range []string{"hunter2", "anna", "127.0.0.1"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func TestASlowSubscriberLosesFramesAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	c := serve(t, "127.0.0.1:0", cameratest.Clip(t, cameratest.Silent()), "", "")
	var k taker
	s, err := ingest.New(ingest.Config{URL: "rtsp://" + c.Addr().String() + "/front", Sink: &k})
	if err != nil {
		t.Fatal(err)
	}
	slow, quick := s.Subscribe(4), s.Subscribe(1000)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	until(t, "frames", 8*time.Second, func() bool { n, _, _ := k.count(); return n > 45 })
	cancel()
	<-done

	n, _, _ := k.count()
	if got := len(quick.C()); got != n+1 { // and the end of the session
		t.Errorf("the quick subscriber got %d of %d frames", got, n)
	}
	if got := len(slow.C()); got != 4 || slow.Lost() == 0 {
		t.Errorf("the slow subscriber got %d frames and lost %d", got, slow.Lost())
	}
	first := <-slow.C()
	if first == nil || !first.Key {
		t.Error("a subscription does not begin with a key frame")
	}
}

func TestAnAddressThatIsNoneIsRefusedWithoutRepeatingIt(t *testing.T) {
	for _, url := range []string{"", "gopher://anna:secret@host/", "rtsp://", "rtsp://anna:secret@ho st/%zz"} {
		_, err := ingest.New(ingest.Config{URL: url})
		if err == nil {
			t.Errorf("%q was taken", url)
		} else if strings.Contains(err.Error(), "secret") && !strings.Contains(err.Error(), "user:password") {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
}
