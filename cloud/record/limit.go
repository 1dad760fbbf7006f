// SPDX-License-Identifier: Apache-2.0

package record

import (
	"context"
	"fmt"

	"keyhold/api"
	"keyhold/cloud/store"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// Limit bounds what one household stores. Writes that are under way at the same time do not see each other, so a
// household may go over by what it sends at once.
type Limit struct {
	// Bytes is the bound; 0 for none.
	Bytes int64
	Store store.Records
}

// room refuses what would bring a household over its limit.
func (l Limit) room(ctx context.Context, household id.Household, size, limit int64) error {
	if l.Bytes == 0 {
		return nil
	}
	used, err := l.Store.Used(ctx, household)
	if err != nil {
		return fmt.Errorf("record: limit: %w", err)
	}
	if used+size > limit {
		return api.NewProblem(api.TooMany, rule.Quota, "this household has stored as much as it may here: the rest waits at the hub until older footage has gone")
	}
	return nil
}

// object is for footage.
func (l Limit) object(ctx context.Context, o *store.Object) error {
	return l.room(ctx, o.Household, o.Size, l.Bytes)
}

// small is for what goes with footage. It may use an eighth more: a hub whose footage has to wait can still say that it
// is alive and give its members new keys. What is there once a household (names, status, checkpoints, links) is not
// bounded here.
func (l Limit) small(ctx context.Context, w *request.Write) error {
	switch w.Kind {
	case request.WritePages, request.WriteTiles, request.WriteEnvelopes, request.WriteReseals:
		return l.room(ctx, w.Household, w.Size, l.Bytes+l.Bytes/8)
	}
	return nil
}
