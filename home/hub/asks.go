// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"fmt"

	"keyhold/home/household"
	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// asks are the words of owners that other owners are to go, which wait for a second owner to say the same. The hub keeps
// them and hands them out; they carry their own signatures, and what they are worth is decided where a removal is
// carried out.
type asks struct {
	Removals [][]byte `json:"removals"`
}

const (
	asksFact = "asks"
	// mostAsks bounds what owners leave with the hub; the oldest goes first.
	mostAsks = 16
)

// ask keeps the word of an owner, in the place of an earlier one of theirs on the same person.
func (h *Hub) ask(ctx context.Context, removal []byte) error {
	h.control.Lock()
	defer h.control.Unlock()
	s, now := h.household.Roster(), h.Now().UnixMilli()
	r, by, err := s.CheckVoice(removal, now)
	if err != nil {
		h.Log.Info("an owner's word on another does not hold", "rule", string(rule.Of(err)))
		return refusal(word(err))
	}
	return h.db.Write(ctx, func(tx *sql.Tx) error {
		list, err := h.readAsks(ctx, tx, s, now)
		if err != nil {
			return err
		}
		kept := asks{Removals: [][]byte{}}
		for _, one := range list {
			if was, whose, err := s.CheckVoice(one, now); err == nil && (whose != by || was.Person != r.Person) {
				kept.Removals = append(kept.Removals, one)
			}
		}
		kept.Removals = append(kept.Removals, removal)
		kept.Removals = kept.Removals[max(0, len(kept.Removals)-mostAsks):]
		b, err := canon.Marshal(kept)
		if err != nil {
			return fmt.Errorf("hub: keep an owner's word: %w", err)
		}
		return household.SetFact(ctx, tx, asksFact, b)
	})
}

// asked hands an owner what owners ask for, but for what is about themself.
func (h *Hub) asked(ctx context.Context, by id.Device) ([][]byte, error) {
	s, now := h.household.Roster(), h.Now().UnixMilli()
	own, ok := s.PersonOf(by)
	if !ok || own.Role != roster.Owner {
		return nil, refusal(request.RefusedDenied)
	}
	var list [][]byte
	err := h.db.Read(ctx, func(tx *sql.Tx) (err error) {
		list, err = h.readAsks(ctx, tx, s, now)
		return err
	})
	var out [][]byte
	for _, one := range list {
		if r, _, err := s.CheckVoice(one, now); err == nil && r.Person != own.ID {
			out = append(out, one)
		}
	}
	return out, err
}

// readAsks returns those that a second owner could still make good.
func (h *Hub) readAsks(ctx context.Context, tx *sql.Tx, s *roster.State, now int64) ([][]byte, error) {
	b, err := household.Fact(ctx, tx, asksFact)
	if err != nil || b == nil {
		return nil, err
	}
	var all asks
	if err := canon.Unmarshal(b, &all); err != nil {
		return nil, fmt.Errorf("hub: read owners' words: %w", err)
	}
	var out [][]byte
	for _, one := range all.Removals {
		if _, _, err := s.CheckVoice(one, now); err == nil {
			out = append(out, one)
		}
	}
	return out, nil
}
