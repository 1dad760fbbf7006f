// SPDX-License-Identifier: Apache-2.0

package relay_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"keyhold/api"
	way "keyhold/api/relay"
	"keyhold/cloud/relay"
	"keyhold/internal/intime"
	"keyhold/statement/id"
)

// The ways that hub and devices use lead to each other, and to nowhere else.
func TestWaysLeadToEachOther(t *testing.T) {
	t.Parallel()
	r := open(t, relay.Limits{}, nil)
	take := func(d id.Device) *way.Way {
		w, err := way.Open(t.Context(), r.given(r.credential(t, ours, d)))
		must(t, err)
		t.Cleanup(func() { _ = w.Close() })
		return w
	}
	hub, device := take(id.Hub), take(phone)
	// The hub has opened for all at this relay: what a device sends comes, though the hub has never heard of it.
	_, err := device.WriteTo([]byte("hello"), hub.At())
	must(t, err)
	b := make([]byte, 100)
	must(t, hub.SetReadDeadline(time.Now().Add(soon)))
	n, from, err := hub.ReadFrom(b)
	must(t, err)
	if string(b[:n]) != "hello" || from.String() != device.At().String() {
		t.Errorf("%q came from %s", b[:n], from)
	}
	elsewhere, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = elsewhere.Close() })
	if _, err := device.WriteTo([]byte("hello"), elsewhere.LocalAddr()); err != nil {
		t.Errorf("what is for elsewhere is an error: %v", err)
	}
	// Who reads from it and who holds it both close it.
	if err := errors.Join(device.Close(), device.Close()); err != nil {
		t.Errorf("closing it twice is an error: %v", err)
	}
}

func TestAWayThatIsLostSaysSo(t *testing.T) {
	t.Parallel()
	r := open(t, relay.Limits{}, nil)
	w, err := way.Open(t.Context(), r.given(r.credential(t, ours, phone)))
	must(t, err)
	t.Cleanup(func() { _ = w.Close() })
	r.end()
	select {
	case <-w.Done():
	case <-time.After(20 * time.Second):
		t.Error("nothing was said")
	}
}

// A relay that begins anew at the same address does not know who was there before.
func TestAPlaceThatIsForgottenIsLost(t *testing.T) {
	t.Parallel()
	r := open(t, relay.Limits{}, nil)
	w, err := way.Open(t.Context(), r.given(r.credential(t, ours, phone)))
	must(t, err)
	t.Cleanup(func() { _ = w.Close() })
	r.end()
	udp, tcp, err := relay.Listen(t.Context(), r.address, nil, relay.Limits{})
	must(t, err)
	again, err := relay.Open(t.Context(), relay.Config{Member: r.member, Now: r.time}, udp, tcp)
	must(t, err)
	t.Cleanup(func() { must(t, again.Close()) })
	select {
	case <-w.Done():
	case <-time.After(30 * time.Second):
		t.Error("nothing was said")
	}
}

func TestNoWayIsAnErrorInTime(t *testing.T) {
	t.Parallel()
	silent, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp4", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = silent.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	began := time.Now()
	if w, err := way.Open(ctx, api.Relay{URLs: []string{"turn:" + silent.LocalAddr().String()}, Username: "a", Credential: "b"}); err == nil {
		_ = w.Close()
		t.Error("a relay that says nothing is a way")
	}
	if took := time.Since(began); took > intime.By(5*time.Second) {
		t.Errorf("it took %s to find out", took)
	}
}
