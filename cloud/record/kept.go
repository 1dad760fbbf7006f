// SPDX-License-Identifier: Apache-2.0

package record

import (
	"context"
	"errors"

	"keyhold/api"
	"keyhold/cloud/access"
	"keyhold/cloud/store"
	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// kept takes a list of what is to stay. Why, the cloud is not told. A hub's list takes the place of its own alone: what
// was to stay by the word of one that was replaced since stays, until the hub says that its list has all of that.
func (r *Record) kept(ctx context.Context, v *access.Verified[request.Write], parts []string, b []byte) error {
	if len(parts) != 1 {
		return misnamed()
	}
	camera, err := id.ParseCamera(parts[0])
	if err != nil {
		return misnamed()
	}
	var in api.Kept
	if err := canon.UnmarshalMax(b, &in, api.MaxOther); err != nil {
		return malformed(err)
	}
	k := store.Kept{Household: v.Statement().Household, Camera: camera, Hub: v.Roster().Now().Place, Whole: in.Whole}
	for _, o := range in.Objects {
		if !o.Valid() {
			return malformed(nil)
		}
		k.Objects = append(k.Objects, o)
	}
	for _, p := range in.Pages {
		if !p.Run.Valid() || !p.Epoch.Valid() || p.Hour < 0 {
			return malformed(nil)
		}
		k.Pages = append(k.Pages, store.PageKey{Household: k.Household, Run: p.Run, Camera: camera, Epoch: p.Epoch, Hour: p.Hour})
	}
	err = r.Store.PutKept(ctx, v.Nonce(), k, api.MaxKept)
	if errors.Is(err, store.ErrFull) {
		return api.NewProblem(api.TooMany, rule.Quota, "this household has as much kept as it may here")
	}
	return err
}
