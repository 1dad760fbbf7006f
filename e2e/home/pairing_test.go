// SPDX-License-Identifier: Apache-2.0

package home

import (
	"crypto/ed25519"
	"crypto/rand"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keyhold/home/hub"
	"keyhold/sealing/box"
	"keyhold/sealing/keys"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
)

// proposal is a genesis by somebody who may not know the code's secret, or who names another hub.
func (r *Rig) proposal(secret []byte, named roster.HubKeys, to []byte, boxName string) []byte {
	r.t.Helper()
	device, sheet := r.pair(), r.pair()
	d, err := id.NewDevice(rand.Reader)
	must(r.t, err)
	person, err := id.NewPerson(rand.Reader)
	must(r.t, err)
	e, err := dsse.New(roster.ThingGenesis, &roster.Genesis{
		At: r.now().UnixMilli(), Hub: named, Nonce: make([]byte, 32), Person: person,
		Device: roster.DeviceKeys{ID: d, Reader: device.ReaderPublic(), Sign: device.SignPublic(), Storage: roster.Software},
		Sheet:  roster.SheetKeys{Reader: sheet.ReaderPublic(), Sign: sheet.SignPublic()},
	})
	must(r.t, err)
	e.Sign(d, device.Signing)
	e.Sign(id.Sheet, sheet.Signing)
	plain, err := canon.Marshal(map[string]any{
		"device_name": "x", "genesis": e.Encode(), "hmac": pairing.MAC(secret, pairing.PairMAC, e.PAE()), "person_name": "x", "zone": "UTC",
	})
	must(r.t, err)
	sealed, err := box.Seal(to, box.Context{"purpose": "pairing"}, box.Context{"box": boxName}, plain)
	must(r.t, err)
	return sealed
}

func (r *Rig) pair() keys.Pair {
	secret, err := keys.NewSecret(rand.Reader)
	must(r.t, err)
	p, err := secret.Pair()
	must(r.t, err)
	return p
}

func TestHubIsPairedOnlyByTheHolderOfItsCode(t *testing.T) {
	t.Parallel()
	r := Unpaired(t)
	codes := r.Start()
	t.Cleanup(r.Stop)
	code := <-codes
	toDevice, toHub := pairing.Derive(code.Secret, pairing.PairToDevice), pairing.Box(pairing.Derive(code.Secret, pairing.PairToHub))
	var hello struct {
		Hub roster.HubKeys `json:"hub"`
	}
	r.Until("finding the hub's keys", func() bool {
		drops, err := r.client().Drops(t.Context(), pairing.Box(toDevice), toDevice, 0, 0)
		return err == nil && len(drops) > 0 && canon.Unmarshal(drops[0].Body, &hello) == nil
	})
	other := roster.HubKeys{HPKE: r.pair().ReaderPublic(), Sign: r.pair().SignPublic()}
	for _, body := range [][]byte{
		[]byte("noise"),
		r.proposal(make([]byte, pairing.SecretSize), hello.Hub, hello.Hub.HPKE, toHub), // knows the box, not the secret
		r.proposal(code.Secret, other, hello.Hub.HPKE, toHub),                          // another hub's household
		r.proposal(code.Secret, hello.Hub, hello.Hub.HPKE, "not "+toHub),               // sealed for another box
	} {
		must(t, r.client().Drop(t.Context(), toHub, body))
	}
	must(t, r.Pair(code.String()))
	r.Serving()
	shown, err := hub.ShowInfo(t.Context(), r.Dir, r.now())
	if err != nil || shown.Household != r.Member.Home.Household {
		t.Errorf("the hub is paired with %+v, not %s (%v)", shown, r.Member.Home.Household, err)
	}
	if _, err := os.Stat(filepath.Join(r.Dir, "keys", "pairing")); !os.IsNotExist(err) {
		t.Errorf("the code's secret is still there: %v", err)
	}
	if key, ok := r.Member.Roster.Key(id.Hub); !ok || !key.Equal(ed25519.PublicKey(hello.Hub.Sign)) {
		t.Error("the household has another hub")
	}
}

func TestHubThatWasStartedOftenIsStillPaired(t *testing.T) {
	t.Parallel()
	r := Unpaired(t)
	var asked atomic.Int32 // how often the hub looked into its own box, which it does once its keys are said
	way := func(cloud http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if req.Method == http.MethodGet && req.URL.Query().Get("wait") == "25" {
				asked.Add(1)
			}
			cloud.ServeHTTP(w, req)
		})
	}
	r.way.Store(&way)
	t.Cleanup(r.Stop)
	for n := range int32(17) { // one more than a box takes
		r.Start()
		r.Until("the hub waiting for a device", func() bool { return asked.Load() > n })
		r.Stop()
		asked.Store(n + 1)
	}
	must(t, r.Pair((<-r.Start()).String()))
	r.Serving()
}

func TestPairingThatWasInterruptedIsFinished(t *testing.T) {
	t.Parallel()
	r := Unpaired(t)
	var tried atomic.Bool
	way := func(cloud http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if strings.HasPrefix(req.URL.Path, "/v1/households") {
				tried.Store(true)
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			cloud.ServeHTTP(w, req)
		})
	}
	r.way.Store(&way)
	code := (<-r.Start()).String()
	t.Cleanup(r.Stop)
	paired := make(chan error, 1)
	go func() { paired <- r.Pair(code) }()
	r.Until("the hub asking for its household", tried.Load)
	r.Stop() // genesis is signed, and nobody knows
	r.way.Store(nil)
	r.Start()
	r.Serving()
	must(t, <-paired)
	r.View()
}

func TestCodeIsOneHoweverItIsAskedFor(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "hub")
	codes := make(chan string, 8)
	for range cap(codes) {
		go func() {
			shown, err := hub.ShowInfo(t.Context(), dir, time.Now())
			if err != nil {
				codes <- err.Error()
				return
			}
			codes <- shown.Code.String()
		}()
	}
	first := <-codes
	for range cap(codes) - 1 {
		if c := <-codes; c != first {
			t.Errorf("%s, then %s", first, c)
		}
	}
	for name, want := range map[string]os.FileMode{"": 0o700, "hub.key": 0o600, "pairing": 0o600} {
		if st, err := os.Stat(filepath.Join(dir, "keys", name)); err != nil || st.Mode().Perm() != want {
			t.Errorf("keys/%s: %v, %v", name, st.Mode(), err)
		}
	}
}
