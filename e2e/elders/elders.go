// SPDX-License-Identifier: Apache-2.0

// Package elders makes a household of two people who have both been owners for more than a week, with the real programs,
// which know no other clock than the machine's.
//
// Its first days are made up: a chain that began eight days ago, signed by a hub that the test plays and that is gone
// since. Then a real hub takes that one's place, with the signatures of both, and is told what everybody is called. From
// there on nothing is made up.
package elders

import (
	"context"
	"net/http"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/e2e/harness"
	"keyhold/member/device"
	"keyhold/member/housetest"
	"keyhold/member/pair"
	"keyhold/sealing/box"
	"keyhold/sealing/parts"
	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
)

// Anna and Ben are what the two are called. Their devices lie in the world's folders "device" and "ben".
const (
	Anna = harness.PersonName
	Ben  = "Benedict Oakenshaw"
)

// since is for how long both have been owners.
const since = 8 * 24 * time.Hour

// New makes the household in a world whose cloud runs, and starts its hub.
func New(t testing.TB, w *harness.World) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, now := t.Context(), time.Now()
	house := housetest.New(t, now.Add(-since).UnixMilli())
	ben, bens := house.Bring(house.First, roster.Owner)
	client := &api.Client{Base: w.CloudURL(), HTTP: &http.Client{}}
	info, err := client.Info(ctx)
	must(err)
	_, err = client.RegisterChain(ctx, house.State.Chain)
	must(err)

	must(w.StartHub(ctx))
	text, err := w.Code(ctx)
	must(err)
	code, err := pairing.ParseCode(text)
	must(err)
	hub, _, err := pair.FindHub(ctx, client, code)
	must(err)
	link, err := house.State.NewLink(now.UnixMilli(), roster.ReplaceHub{Hub: hub})
	must(err)
	for _, s := range []*device.Secret{house.First, bens} {
		link.Sign(s.ID(), s.Sign())
	}
	handed, err := canon.Marshal(pairing.Takeover{
		Cameras: []manifest.NamedCam{}, Roster: [][]byte{}, Zone: "Europe/Berlin", To: house.First.ID(), Sheet: house.State.Sheet.Lookup(),
		Devices: []manifest.NamedDev{{ID: house.First.ID(), Name: harness.DeviceName}, {ID: bens.ID(), Name: "Ben's desk"}},
		Persons: []manifest.NamedPer{{ID: house.Owner, Name: Anna}, {ID: ben, Name: Ben}},
		Link:    link.Encode(), HMAC: pairing.MAC(code.Secret, pairing.TakeoverMAC, link.PAE()),
	})
	must(err)
	name := pairing.Box(pairing.Derive(code.Secret, pairing.PairToHub))
	list, err := parts.Seal(hub.HPKE, box.Context{"purpose": pairing.PurposeTakeover}, name, handed)
	must(err)
	for _, part := range list {
		must(client.Drop(ctx, name, part))
	}
	var chain [][]byte
	must(w.Hub.Until(ctx, time.Minute, "taking over", func(ctx context.Context) bool {
		answer, err := client.Sheet(ctx, house.State.Sheet.Lookup())
		if err != nil || len(answer.Roster) <= len(house.State.Chain) {
			return false
		}
		chain = answer.Roster
		return true
	}))
	for folder, of := range map[string]struct {
		secret *device.Secret
		person id.Person
	}{"device": {house.First, house.Owner}, "ben": {bens, ben}} {
		_, err := device.Create(w.Path(folder), of.secret, device.Household{
			Household: house.State.Household, Person: of.person, Device: of.secret.ID(), Cloud: w.CloudURL(), To: info.To, Roster: chain, Since: house.State.At,
		})
		must(err)
	}
}
