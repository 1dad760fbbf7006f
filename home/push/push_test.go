// SPDX-License-Identifier: Apache-2.0

package push

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"math/big"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

func raw(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The example of RFC 8291, appendix A.
func TestTheExampleOfTheStandard(t *testing.T) {
	own, err := ecdh.P256().NewPrivateKey(raw(t, "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"))
	if err != nil {
		t.Fatal(err)
	}
	to := &request.Subscription{
		P256DH: raw(t, "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"), Auth: raw(t, "BTBZMqHH6r4Tts7J_aSIgg"),
	}
	got, err := encryptWith([]byte("When I grow up, I want to be a watermelon"), 0, to, own, raw(t, "DGv6ra1nlYgDCS1FRnbzlw"))
	if err != nil {
		t.Fatal(err)
	}
	const want = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
	if text := base64.RawURLEncoding.EncodeToString(got); text != want {
		t.Errorf("%s\nwant\n%s", text, want)
	}
}

// browser makes what a browser would give.
func browser(t *testing.T) *request.Subscription {
	t.Helper()
	k, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	auth := make([]byte, request.PushAuthSize)
	rand.Read(auth)
	return &request.Subscription{Auth: auth, Endpoint: "https://push.example/p/1", P256DH: k.PublicKey().Bytes()}
}

func TestEveryMessageHasOneSize(t *testing.T) {
	s := browser(t)
	for _, n := range []int{0, 1, 100, plainSize} {
		got, err := encrypt(make([]byte, n), s)
		if err != nil || len(got) != request.PushSize {
			t.Errorf("%d bytes become %d: %v", n, len(got), err)
		}
	}
	if _, err := encrypt(make([]byte, plainSize+1), s); err == nil {
		t.Error("one byte too many was taken")
	}
}

func TestAProofIsWhatPushServicesAskFor(t *testing.T) {
	key, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	now := time.UnixMilli(1_700_000_000_000)
	got, err := prove(key, "https://push.example:8443/p?x=1", "https://cloud.example", now)
	if err != nil {
		t.Fatal(err)
	}
	p := &request.Push{
		At: 1, Body: make([]byte, request.PushSize), Endpoint: "https://push.example/p", From: id.Hub, Household: id.Household(id.HashOf(nil).String()), Nonce: make([]byte, 16), Proof: got,
		To: make([]byte, 32), Urgency: request.UrgencyHigh,
	}
	if err := p.Check(); err != nil {
		t.Errorf("%q: %v", got, err)
	}
	token, k, _ := strings.Cut(strings.TrimPrefix(got, "vapid t="), ", k=")
	parts := strings.Split(token, ".")
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw(t, k))
	if err != nil {
		t.Fatal(err)
	}
	sum, sig := sha256.Sum256([]byte(parts[0]+"."+parts[1])), raw(t, parts[2])
	if !ecdsa.Verify(pub, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		t.Error("its signature does not hold")
	}
	var claims map[string]any
	if err := json.Unmarshal(raw(t, parts[1]), &claims); err != nil || claims["aud"] != "https://push.example:8443" || claims["sub"] != "https://cloud.example" || claims["exp"] != float64(now.Unix()+3600) {
		t.Errorf("%v, %v", claims, err)
	}
}

// rig is a desk with a cloud that answers as a test wants.
type rig struct {
	*Desk
	t      *testing.T
	device id.Device
	mu     sync.Mutex
	answer func(n int) (*api.Pushed, error) // guarded by mu
	no     bool                             // no device may know of anything; guarded by mu
	sent   []*request.Push                  // guarded by mu
	now    time.Time                        // guarded by mu
}

func newRig(t *testing.T) *rig {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	device, err := id.NewDevice(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, device: device, now: time.UnixMilli(1_700_000_000_000)}
	r.answer = func(int) (*api.Pushed, error) { return &api.Pushed{Outcome: api.PushSent}, nil }
	r.Desk, err = Open(t.Context(), Config{DB: db, Send: r.take, May: r.may, Now: r.clock, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Close()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) later(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

func (r *rig) take(_ context.Context, p *request.Push) (*api.Pushed, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, p)
	return r.answer(len(r.sent))
}

func (r *rig) may(Message) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !r.no
}

func (r *rig) subscribe(s *request.Subscription) []byte {
	r.t.Helper()
	key, err := r.Key(r.t.Context(), r.device)
	if err == nil {
		err = r.Subscribe(r.t.Context(), r.device, s)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return key
}

func (r *rig) message(seq int64) Message {
	return Message{Device: r.device, Seq: seq, At: r.clock().UnixMilli(), Sealed: bytes.Repeat([]byte{1}, 2016), TTL: time.Hour, Urgent: true}
}

// push sends and waits for what comes of it.
func (r *rig) push(m Message) {
	r.t.Helper()
	if err := r.Push(m); err != nil {
		r.t.Fatal(err)
	}
	r.wg.Wait()
}

func (r *rig) one() request.Phone {
	r.t.Helper()
	list, err := r.Phones(r.t.Context())
	if err != nil || len(list) != 1 {
		r.t.Fatalf("%+v, %v", list, err)
	}
	return list[0]
}

func TestAPhoneIsTimedByWhatItSays(t *testing.T) {
	r := newRig(t)
	if err := r.Push(r.message(1)); !errors.Is(err, ErrNotSubscribed) {
		t.Errorf("without a subscription: %v", err)
	}
	if err := r.Subscribe(t.Context(), r.device, browser(t)); !errors.Is(err, ErrNotSubscribed) {
		t.Errorf("to a key that nobody asked for: %v", err)
	}
	s := browser(t)
	key := r.subscribe(s)
	if again := r.subscribe(s); !bytes.Equal(key, again) || len(key) != request.PushKeySize {
		t.Error("the key of a device has changed")
	}
	began := r.clock().UnixMilli()
	r.push(r.message(7))
	if p := r.sent[0]; p.Endpoint != s.Endpoint || len(p.Body) != request.PushSize || p.TTL != 3600 || p.Urgency != request.UrgencyHigh {
		t.Errorf("%+v", p)
	}
	if p := r.one(); p.Silent != began || p.Seen != 0 || p.Service != "push.example" {
		t.Errorf("%+v", p)
	}
	r.later(2 * time.Second)
	for what, no := range map[string]*request.Received{"one never sent": {At: began + 1, Seq: 8}} {
		if err := r.Received(t.Context(), r.device, no); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := r.Received(t.Context(), r.device, &request.Received{At: began + 1200, Seq: 7}); err != nil {
		t.Fatal(err)
	}
	if p := r.one(); p.Took != 1200 || p.Silent != 0 || p.Seen != began+2000 {
		t.Errorf("%+v", p)
	}
	if err := r.Received(t.Context(), r.device, &request.Received{At: began + 1, Seq: 7}); !errors.Is(err, ErrUnknown) {
		t.Errorf("the same again: %v", err)
	}
	// A clock that is wrong makes it neither quicker than nothing nor slower than it can have been.
	for _, c := range []struct{ at, want int64 }{{-9000, 0}, {900_000, 500}} {
		r.push(r.message(9))
		at := r.clock().UnixMilli()
		r.later(500 * time.Millisecond)
		if err := r.Received(t.Context(), r.device, &request.Received{At: at + c.at, Seq: 9}); err != nil {
			t.Fatal(err)
		}
		if p := r.one(); p.Took != c.want {
			t.Errorf("%+v, want %d", p, c.want)
		}
	}
}

func TestWhatAnEndedSubscriptionLeaves(t *testing.T) {
	r := newRig(t)
	r.subscribe(browser(t))
	r.answer = func(int) (*api.Pushed, error) { return &api.Pushed{Outcome: api.PushGone}, nil }
	r.push(r.message(1))
	if list := r.Subscribed(); len(list) != 0 {
		t.Errorf("%v are still subscribed", list)
	}
	if err := r.Push(r.message(2)); !errors.Is(err, ErrNotSubscribed) {
		t.Errorf("%v", err)
	}
	r.subscribe(browser(t))
	if err := r.Keep(t.Context(), func(id.Device) bool { return false }); err != nil || len(r.Subscribed()) != 0 {
		t.Errorf("a device that is gone is kept: %v", err)
	}
}

func TestItIsTriedAgainForAsLongAsItIsWorth(t *testing.T) {
	r := newRig(t)
	r.subscribe(browser(t))
	r.answer = func(n int) (*api.Pushed, error) {
		switch n {
		case 1:
			return nil, errors.New("the cloud cannot be reached")
		default:
			return &api.Pushed{Outcome: api.PushSent}, nil
		}
	}
	r.push(r.message(1))
	if len(r.sent) != 2 || bytes.Equal([]byte(r.sent[0].Proof), []byte(r.sent[1].Proof)) {
		t.Errorf("%d tries", len(r.sent))
	}
	old := r.message(2)
	old.At -= 2 * time.Hour.Milliseconds()
	r.push(old)
	r.answer = func(int) (*api.Pushed, error) { return nil, api.NewProblem(api.Denied, "push-host", "no") }
	r.push(r.message(3))
	if len(r.sent) != 3 {
		t.Errorf("%d tries", len(r.sent))
	}
}

func TestAKeyThatIsNoneIsRefused(t *testing.T) {
	r := newRig(t)
	r.subscribe(browser(t))
	bad := browser(t)
	bad.P256DH[20] ^= 1
	if err := r.Subscribe(t.Context(), r.device, bad); !errors.Is(err, ErrKey) {
		t.Errorf("%v", err)
	}
}

func TestAPhoneIsSilentSinceTheFirstThatItDidNotHear(t *testing.T) {
	r := newRig(t)
	r.subscribe(browser(t))
	began := r.clock().UnixMilli()
	for seq := range int64(keepUnheard + 10) {
		r.push(r.message(seq + 1))
		r.later(time.Minute)
	}
	if p := r.one(); p.Silent != began {
		t.Errorf("it is silent since %d, not since %d", p.Silent, began)
	}
	if err := r.Received(t.Context(), r.device, &request.Received{At: r.clock().UnixMilli(), Seq: keepUnheard + 10}); err != nil {
		t.Fatal(err)
	}
	if p := r.one(); p.Silent != 0 {
		t.Errorf("it is silent since %d, though it has said something", p.Silent)
	}
}

func TestChangesAtTheSameTimeAreAllSeen(t *testing.T) {
	r := newRig(t)
	var wg sync.WaitGroup
	for range 100 {
		s := browser(t)
		wg.Go(func() {
			device, err := id.NewDevice(rand.Reader)
			if err == nil {
				_, err = r.Key(t.Context(), device)
			}
			if err == nil {
				err = r.Subscribe(t.Context(), device, s)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(r.Subscribed()); n != 100 {
		t.Errorf("%d of 100 have subscribed", n)
	}
}

func TestWhoMayNotKnowAnyMoreIsNotTold(t *testing.T) {
	r := newRig(t)
	r.subscribe(browser(t))
	r.answer = func(n int) (*api.Pushed, error) {
		r.no = true
		if n > 1 {
			return &api.Pushed{Outcome: api.PushSent}, nil
		}
		return nil, errors.New("the cloud cannot be reached")
	}
	r.push(r.message(1))
	if len(r.sent) != 1 {
		t.Errorf("%d tries", len(r.sent))
	}
}
