// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"time"

	"keyhold/api"
	"keyhold/home/epochs"
	"keyhold/home/gesture"
	"keyhold/home/household"
	"keyhold/home/push"
	"keyhold/home/quiet"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

const (
	// linkAge is how old a link may be: the time for an invitation and for a code to be typed. Days and hours that the
	// rules count from a link's time are the hub's, give or take this.
	linkAge = 15 * time.Minute
	// mostDevices bounds a household, so that its statements keep fitting into what carries them.
	mostDevices = 128
)

// appendLink countersigns a link, moves the roster, and gives new epochs where the readers are others now, all in one
// transaction: from the next segment on, exactly the new set can read.
func (h *Hub) appendLink(ctx context.Context, op request.Op) ([]byte, error) {
	began := h.Now()
	h.control.Lock()
	defer h.control.Unlock()
	if known, ok := h.known(op.Link); ok {
		return known, nil
	}
	signed, l, next, err := h.household.Propose(op.Link, h.keys.Sign)
	if err != nil {
		return nil, refusal(word(err))
	}
	now := h.Now().UnixMilli()
	switch {
	case l.Op.Kind() == roster.KindRemove: // ordered by op remove, where the hub makes the link
		return nil, refusal(request.RefusedInvalid)
	case l.At > now+request.Window:
		return nil, refusal(request.RefusedInvalid)
	case l.At < now-linkAge.Milliseconds():
		return nil, refusal(request.RefusedStale)
	case len(next.Members) > mostDevices:
		return nil, refusal(request.RefusedDenied)
	}
	if o, ok := l.Op.(roster.AddPasskey); ok {
		if err := gesture.KnownKey(o.Passkey.Public); err != nil {
			return nil, refusal(word(err))
		}
	}
	if roster.NeedsGesture(l.Op) {
		if err := h.gesture(ctx, orderer(h.household.Roster(), next), next.Head.Hash, l.Op, op.Gesture, now); err != nil {
			return nil, err
		}
	}
	names := map[string]string{}
	switch o := l.Op.(type) {
	case roster.AddDevice:
		names[string(o.Device.ID)] = op.Name
	case roster.AddPerson:
		names[string(o.Device.ID)], names[string(o.Person)] = op.Name, op.PersonName
	case roster.AddPasskey:
		names[string(o.Passkey.ID)] = op.Name
	}
	return signed, h.move(ctx, began, signed, next, l.Op.Kind(), func(tx *sql.Tx) error {
		for k, v := range names {
			if err := household.Label(ctx, tx, k, v); err != nil {
				return err
			}
		}
		if roster.NeedsGesture(l.Op) {
			return gesture.Done(ctx, tx)
		}
		return nil
	})
}

// remove carries out a removal, whoever brought it: its own signatures say that it may be. Where its target is gone
// already, the answer is the link that says so.
func (h *Hub) remove(ctx context.Context, removal []byte) ([]byte, error) {
	began := h.Now()
	h.control.Lock()
	defer h.control.Unlock()
	s := h.household.Roster()
	if link, ok := removedBy(s, removal); ok {
		return link, nil
	}
	signed, next, err := h.household.Remove(removal, began.UnixMilli(), h.keys.Sign)
	if err != nil {
		h.Log.Info("a removal does not hold", "rule", string(rule.Of(err)))
		return nil, refusal(word(err))
	}
	gone := leavers(s, next)
	h.views.Out(gone)
	return signed, h.move(ctx, began, signed, next, roster.KindRemove, func(tx *sql.Tx) error {
		for _, d := range gone {
			// Answers that wait for those who are gone are not sent any more.
			if _, err := tx.ExecContext(ctx, `DELETE FROM outbox WHERE kind = $1 AND name = $2`, request.WriteMail, string(d)); err != nil {
				return err
			}
		}
		return nil
	})
}

// move writes a signed link and what follows from it. control is held.
func (h *Hub) move(ctx context.Context, began time.Time, signed []byte, next *roster.State, kind roster.Kind, more func(*sql.Tx) error) error {
	live, err := h.inUse(ctx)
	if err != nil {
		return err
	}
	changed, err := h.epochs.Apply(ctx, epochs.Change{
		Follow: append([]id.Camera{id.HouseholdCamera}, live...),
		Roster: next,
		Before: func(tx *sql.Tx) error {
			if err := household.Append(ctx, tx, signed, next); err != nil {
				return err
			}
			if err := more(tx); err != nil {
				return err
			}
			if err := forget(ctx, tx, h.household.Roster(), next); err != nil {
				return err
			}
			return epochs.Outbox(ctx, tx, request.WriteRoster, api.RosterName(next.Head.Seq), signed)
		},
		Leaves: []manifest.Leaf{&manifest.RosterHead{Header: manifest.Header{Camera: id.HouseholdCamera}, Head: next.Head}},
		Names:  true,
	})
	if err != nil {
		return err
	}
	h.household.Moved(next)
	h.views.Follow()
	h.forgotten(ctx)
	if h.door != nil {
		h.door.Follow()
	}
	h.Log.Info("the roster moved", "seq", next.Head.Seq, "kind", string(kind), "epochs", len(changed), "took", h.Now().Sub(began))
	return nil
}

// forget deletes what whoever goes had asked of the hub for themselves: where they are told that somebody rings, and when they
// want to hear nothing.
func forget(ctx context.Context, tx *sql.Tx, s, next *roster.State) error {
	for _, d := range leavers(s, next) {
		if err := push.Forget(ctx, tx, d); err != nil {
			return err
		}
	}
	return quiet.Forget(ctx, tx, func(p id.Person) bool {
		_, ok := next.Person(p)
		return ok
	})
}

// forgotten follows when that is written.
func (h *Hub) forgotten(ctx context.Context) {
	h.say(ctx, "phones", h.keepPhones(ctx))
	h.say(ctx, "quiet", h.ring.quiet.Follow(ctx))
}

// gesture wants the code that the hub shows, and shows one if none came; or the word of a passkey of the person who
// orders it.
func (h *Hub) gesture(ctx context.Context, by id.Person, link id.Hash, op roster.Op, given *request.Gesture, now int64) error {
	role := roster.Role("")
	switch o := op.(type) {
	case roster.AddPerson:
		role = o.Role
	case roster.SetRights:
		role = o.Role
	}
	return h.shown(ctx, by, link, string(op.Kind()), string(role), given, now)
}

// shown is gesture for whatever has a hash.
func (h *Hub) shown(ctx context.Context, by id.Person, link id.Hash, kind, role string, given *request.Gesture, now int64) error {
	if rule.Off(rule.Gesture) {
		return nil
	}
	if given != nil && given.Passkey != nil {
		if err := gesture.ByPasskey(h.household.Roster(), by, link, given.Passkey); err != nil {
			h.Log.Info("a gesture by a passkey does not hold", "rule", string(rule.Of(err)))
			return refusal(request.RefusedGestureWrong)
		}
		return nil
	}
	if given != nil {
		asked, err := gesture.Verify(ctx, h.db, link, given.Code, now)
		switch {
		case errors.Is(err, gesture.ErrWrong):
			return refusal(request.RefusedGestureWrong)
		case err != nil:
			return err
		case asked:
			return nil
		}
	}
	r, err := gesture.Ask(ctx, h.db, link, kind, role, now, rand.Reader)
	if errors.Is(err, gesture.ErrWrong) {
		return refusal(request.RefusedGestureWrong)
	}
	if err != nil {
		return err
	}
	h.ShowGesture(*r)
	return refusal(request.RefusedGesture)
}

// orderer is the person who orders the newest link of next: whose device it was that signed it and was there before.
func orderer(s, next *roster.State) id.Person {
	for _, signer := range next.SignersAt(next.Head.Seq) {
		if m, ok := s.Device(signer); ok && m.Passkey == nil {
			return m.Person
		}
	}
	return ""
}

// known finds a link that is in the roster already: its sender missed the first answer.
func (h *Hub) known(link []byte) ([]byte, bool) {
	e, err := dsse.Parse(link)
	if err != nil {
		return nil, false
	}
	var l roster.Link
	chain := h.household.Roster().Chain
	if err := e.Read(roster.ThingLink, &l); err != nil || l.Seq < 1 || l.Seq >= int64(len(chain)) {
		return nil, false
	}
	x, err := dsse.Parse(chain[l.Seq])
	if err != nil || x.Hash() != e.Hash() {
		return nil, false
	}
	return chain[l.Seq], true
}

// removedBy finds the link by which the target of a removal is gone: this one, or another.
func removedBy(s *roster.State, removal []byte) ([]byte, bool) {
	want, err := readRemoval(removal)
	if err != nil || want.Household != s.Household {
		return nil, false
	}
	person := want.Person
	if want.Device != "" {
		m, ok := s.Former(want.Device)
		if !ok {
			return nil, false
		}
		person = m.Person
	} else if !s.Gone[string(person)] {
		return nil, false
	}
	for seq := s.Head.Seq; seq > 0; seq-- {
		l, ok := s.LinkAt(seq)
		if !ok {
			return nil, false
		}
		op, ok := l.Op.(roster.Remove)
		if !ok {
			continue
		}
		r, err := readRemoval(op.Removal)
		if err == nil && (want.Device != "" && r.Device == want.Device || r.Person != "" && r.Person == person) {
			return s.Chain[seq], true
		}
	}
	return nil, false
}

func readRemoval(removal []byte) (*roster.Removal, error) {
	e, err := dsse.Parse(removal)
	if err != nil {
		return nil, err
	}
	var r roster.Removal
	return &r, e.Read(roster.ThingRemoval, &r)
}

// turnTime is how long an answer waits for the segments that are open. Key frames are seldom further apart.
const turnTime = 10 * time.Second

// narrows says whether a link may have taken something from somebody.
func (h *Hub) narrows(link []byte) bool {
	if link == nil {
		return false
	}
	e, err := dsse.Parse(link)
	var l roster.Link
	if err != nil || e.Read(roster.ThingLink, &l) != nil {
		return false
	}
	switch l.Op.Kind() {
	case roster.KindRemove, roster.KindSetRights, roster.KindNewSheet:
		return true
	}
	return false
}

// turned waits until no camera is being recorded for earlier readers: a segment that was open when the roster moved
// ends at its next key frame. What is confirmed then is that those who are gone open nothing that is recorded from now on.
func (h *Hub) turned(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, turnTime)
	defer cancel()
	for _, c := range h.recording() {
		if ch := h.channel(c); ch != nil {
			ch.recorder.Turned(ctx)
		}
	}
}

// leavers are the devices that are in one roster and not in the next.
func leavers(s, next *roster.State) []id.Device {
	var out []id.Device
	for _, m := range s.Members {
		if _, ok := next.Device(m.ID); !ok {
			out = append(out, m.ID)
		}
	}
	return out
}

// word chooses how a link or a removal that does not fit is refused.
func word(err error) string {
	switch rule.Of(err) {
	case rule.RosterSeq, rule.RosterPrev, rule.RosterTime:
		return request.RefusedStale
	case rule.Signer, rule.Signature, rule.Household:
		return request.RefusedDenied
	}
	return request.RefusedInvalid
}
