// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/internal/intime"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// slow asks for an object and takes a little of it.
func slow(t *testing.T, h *household, address string, object id.Object) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", h.c.base[len("http://"):])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	// A small window, so that the server cannot be done with it before it is read.
	if err := conn.(*net.TCPConn).SetReadBuffer(16 << 10); err != nil {
		t.Fatal(err)
	}
	req := must(http.NewRequestWithContext(t.Context(), http.MethodGet, h.c.base+address+"/objects/"+string(object), nil))
	req.Close = true
	if err := req.Write(conn); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 4096)); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
	return conn
}

// ends reads what still comes, so much with each tick, and says how much it was and how long it took.
func ends(body io.Reader, tick time.Duration) (n int64, took time.Duration, err error) {
	began := time.Now()
	t := time.NewTicker(tick)
	defer t.Stop()
	b := make([]byte, 64<<10)
	for err == nil {
		<-t.C
		var m int
		m, err = body.Read(b)
		n += int64(m)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, time.Since(began), err
}

const bigObject = 32 << 20

func TestABodyUnderWayIsCutWhenItsReaderMayNoMore(t *testing.T) {
	for name, end := range map[string]func(h *home, guest person){
		"device removed": func(h *home, guest person) { h.remove(guest.keys.ID) },
		"person removed": func(h *home, guest person) {
			e := must(h.chain.RemovePerson(h.now(), guest.person))
			e.Sign(h.owner.keys.ID, h.owner.sign)
			h.append(roster.Remove{Removal: e.Encode()})
		},
		"camera taken away": func(h *home, guest person) {
			h.append(roster.SetRights{Person: guest.person, Role: roster.Guest, Rights: roster.Plain([]roster.Right{h.right(h.other)})}, h.byOwner())
		},
		"time over": func(h *home, _ person) { h.c.Advance(25 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t)
			h := newHome(t, c)
			guest := h.welcome(roster.Guest, h.right(h.camera))
			big := h.putObject(noise(bigObject))
			small := h.putObject(noise(100))
			address := h.footage(guest.signer(), request.PurposeHistory).Address
			conn := slow(t, h.household, address, big)
			own := slow(t, h.household, h.footage(h.byOwner(), request.PurposeHistory).Address, big)
			end(h, guest)
			// A slow reader, who would need ten seconds for the whole.
			n, took, err := ends(conn, 20*time.Millisecond)
			if err == nil || n > bigObject/2 || took > intime.By(2*time.Second) {
				t.Errorf("%d bytes came in %v after the end: %v", n, took, err)
			}
			want := api.NotFound
			if name == "camera taken away" || name == "time over" {
				want = api.Denied
			}
			if name != "time over" { // whose address is over, too
				_, err = h.open(address, small)
				wantKind(t, err, want)
			}
			// The others notice nothing.
			if n, _, err := ends(own, time.Microsecond); n < bigObject-4096 || err != nil {
				t.Errorf("the owner's own read ended after %d bytes: %v", n, err)
			}
		})
	}
}

func TestABodyUnderWayIsCutOverHTTP2(t *testing.T) {
	c := start(t)
	h := newHome(t, c)
	guest := h.welcome(roster.Guest, h.right(h.camera))
	big := h.putObject(noise(bigObject))
	srv := httptest.NewUnstartedServer(c.Handler())
	srv.EnableHTTP2 = true
	srv.StartTLS()
	t.Cleanup(srv.Close)
	address := h.footage(guest.signer(), request.PurposeHistory).Address
	res, err := srv.Client().Do(must(http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+address+"/objects/"+string(big), nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.ReadFull(res.Body, make([]byte, 4096)); err != nil || res.ProtoMajor != 2 {
		t.Fatalf("%s, %v", res.Proto, err)
	}
	h.remove(guest.keys.ID)
	if n, took, err := ends(res.Body, 20*time.Millisecond); err == nil || n > bigObject/2 || took > intime.By(2*time.Second) {
		t.Errorf("%d bytes came in %v after the end: %v", n, took, err)
	}
}

func TestTheSocketOfARemovedDeviceCloses(t *testing.T) {
	c := start(t)
	h := newHousehold(t, c)
	second := h.join()
	gone, stays, deaf := h.socket(second.signer()), h.socket(h.byOwner()), h.socket(second.signer())
	for range 40 { // more than the kernel takes for a reader that does not read
		h.ok(h.api.Mail(t.Context(), h.byHub(), h.id, second.keys.ID, noise(api.MaxMail)))
	}
	for range 40 {
		if _, err := gone.Receive(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	h.remove(second.keys.ID)
	_, err := gone.Receive(t.Context())
	if took := time.Since(began); took > intime.By(2*time.Second) {
		t.Errorf("it took %v", took)
	}
	p, ok := asProblem(err)
	if !ok || p.Kind() != api.Unauthenticated || p.Rule != rule.Signature {
		t.Errorf("ended with %v", err)
	}
	// A new one is a stranger's.
	_, err = h.api.Socket(t.Context(), h.session(second.signer()))
	if p, ok := asProblem(err); !ok || p.Kind() != api.Unauthenticated || p.Rule != rule.Signature {
		t.Errorf("a new socket: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for err = nil; err == nil; {
		_, err = deaf.Receive(ctx)
	}
	if ctx.Err() != nil {
		t.Error("the socket that was not read is still open")
	}
	h.ok(h.api.Mail(t.Context(), h.byHub(), h.id, h.owner.keys.ID, []byte("still here")))
	if d, err := stays.Receive(t.Context()); err != nil || string(d.Body) != "still here" {
		t.Errorf("the owner's socket: %v", err)
	}
	wantKind(t, h.api.Mail(t.Context(), h.byHub(), h.id, second.keys.ID, []byte("x")), api.NotFound)
}
