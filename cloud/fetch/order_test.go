// SPDX-License-Identifier: Apache-2.0

package fetch_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"path/filepath"
	"testing"
	"time"

	"keyhold/cloud/access"
	"keyhold/cloud/fetch"
	"keyhold/cloud/store"
	"keyhold/cloud/store/sqlite"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// busy is a store to which the hub writes while a sync is read: with the pages come new names.
type busy struct {
	store.Store
	during func()
}

func (b *busy) Pages(ctx context.Context, r store.Range) ([]store.Page, error) {
	pages, err := b.Store.Pages(ctx, r)
	b.during()
	return pages, err
}

func noise(t *testing.T, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return b
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// Leaves under the checkpoint may speak of names that came a moment ago; a sync that gave older ones would read like a
// cloud that goes back.
func TestNamesAreAtLeastAsNewAsThePages(t *testing.T) {
	file, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "cloud.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	var keys [3]ed25519.PrivateKey
	for i := range keys {
		keys[i] = ed25519.NewKeyFromSeed(noise(t, ed25519.SeedSize))
	}
	public := func(i int) []byte { return keys[i].Public().(ed25519.PublicKey) }
	device := must[id.Device](t)(id.NewDevice(rand.Reader))
	now := time.Now()
	genesis := must[*dsse.Envelope](t)(dsse.New(roster.ThingGenesis, &roster.Genesis{
		At: now.UnixMilli(), Nonce: noise(t, 32), Person: must[id.Person](t)(id.NewPerson(rand.Reader)),
		Device: roster.DeviceKeys{ID: device, Reader: noise(t, roster.XWingSize), Sign: public(0), Storage: roster.Software},
		Sheet:  roster.SheetKeys{Reader: noise(t, roster.XWingSize), Sign: public(1)},
		Hub:    roster.HubKeys{HPKE: noise(t, roster.XWingSize), Sign: public(2)},
	}))
	for i, who := range []id.Device{device, id.Sheet, id.Hub} {
		genesis.Sign(who, keys[i])
	}
	mirror := access.NewMirror(file)
	household, _, err := mirror.Register(t.Context(), [][]byte{genesis.Encode()}, now.UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	names := func(text string) {
		err := file.PutDocument(t.Context(), store.Nonce{Household: household, Signer: id.Hub, Value: noise(t, 16), Expires: now.UnixMilli()},
			store.Document{Household: household, Kind: store.Names, Body: []byte(text)})
		if err != nil {
			t.Error(err)
		}
	}
	names("older")
	to := public(0)
	keeper := &access.Keeper{Rosters: mirror, To: to, Now: func() time.Time { return now }}
	statement := must[*dsse.Envelope](t)(dsse.Signed(request.ThingFetch, &request.Fetch{
		At: now.UnixMilli(), Cameras: []id.Camera{}, Device: device, Household: household, Kind: request.FetchSync,
		Nonce: noise(t, 16), Purpose: request.PurposeSync, To: to, Until: now.UnixMilli(),
	}, device, keys[0]))
	v, err := keeper.Fetch(t.Context(), statement.Encode())
	if err != nil {
		t.Fatal(err)
	}
	desk := &fetch.Desk{
		Store: &busy{Store: file, during: func() { names("newer") }}, Rosters: mirror, Now: func() time.Time { return now },
		Notify: func(id.Household, id.Device) {},
	}
	out, err := desk.Sync(t.Context(), v)
	if err != nil || string(out.Names) != "newer" {
		t.Errorf("the sync gives %q, %v", out.Names, err)
	}
}
