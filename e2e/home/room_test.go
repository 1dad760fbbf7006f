// SPDX-License-Identifier: Apache-2.0

package home

import (
	"crypto/ed25519"
	"crypto/rand"
	"slices"
	"testing"

	"keyhold/api"
	"keyhold/home/household"
	"keyhold/home/hub"
	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/star"
)

// A cloud that has no room for one more star is not taken for one that keeps it; with room it is told again.
func TestAStarWithoutRoomAtTheCloudWaits(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door, yard := r.Add("Door", "a"), r.Add("Yard", "b")
	other, err := id.NewCamera(rand.Reader)
	must(t, err)
	keys, err := household.ReadKeys(hub.LayoutOf(r.Dir).Keys)
	must(t, err)
	keep := func(n int) {
		t.Helper()
		r.keepAt(r.Member.Client, keys.Sign, other, n)
	}
	keep(api.MaxKept)
	first := r.Packs(door, 1)[0]
	must(t, r.Member.SetStar(t.Context(), door, first.Files[0].Start+1-star.Around, true))
	r.Until("a star that waits", func() bool {
		list := r.starred(r.Member, door)
		return len(list) == 1 && list[0].Waiting && len(list[0].Objects) == 0
	})
	keep(0)
	must(t, r.Member.SetStar(t.Context(), yard, r.now().UnixMilli(), true)) // a list that is taken: there may be room
	r.Until("a star that stays", func() bool {
		list := r.starred(r.Member, door)
		return len(list) == 1 && !list[0].Waiting && slices.Equal(list[0].Objects, []id.Object{first.Object})
	})
}

// keepAt lets a cloud keep so many objects of a camera that nobody has.
func (r *Rig) keepAt(client *api.Client, key ed25519.PrivateKey, c id.Camera, n int) {
	r.t.Helper()
	list := api.Kept{Objects: make([]id.Object, n), Pages: []api.KeptPage{}}
	for i := range list.Objects {
		var err error
		list.Objects[i], err = id.NewObject(rand.Reader)
		must(r.t, err)
	}
	body, err := canon.Marshal(list)
	must(r.t, err)
	must(r.t, client.Write(r.t.Context(), api.Signer{From: id.Hub, Key: key}, r.Member.Home.Household, request.WriteKept, api.KeptName(c), api.Bytes(body)))
}
