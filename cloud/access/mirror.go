// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"keyhold/api"
	"keyhold/cloud/bell"
	"keyhold/cloud/store"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// mostKept is how many replayed rosters stay in memory.
const mostKept = 4096

// Mirror replays the chains that the store holds, link by link as they come. A mirror, because the order and every
// counter-signature are the hub's; it refuses what the hub could not have signed, and a second link with one number.
type Mirror struct {
	store store.Rosters
	// moved rings when a household's roster, or what may be shown of it, has changed.
	moved bell.Bell

	mu   sync.Mutex
	kept map[id.Household]*roster.State // each value is never changed again; guarded by mu
}

// NewMirror makes a mirror over a store.
func NewMirror(s store.Rosters) *Mirror {
	return &Mirror{store: s, kept: map[id.Household]*roster.State{}}
}

// State returns the newest roster of a household, or store.ErrMissing. It must not be changed.
func (m *Mirror) State(ctx context.Context, household id.Household) (*roster.State, error) {
	m.mu.Lock()
	state := m.kept[household]
	m.mu.Unlock()
	from := int64(0)
	if state != nil {
		from = state.Head.Seq + 1
	}
	// Asked every time: what is kept here may have been erased, and then is a stranger's.
	links, err := m.store.Links(ctx, household, from)
	if errors.Is(err, store.ErrMissing) {
		m.forget(household)
		return nil, store.ErrMissing
	}
	if err != nil {
		return nil, fmt.Errorf("access: read roster: %w", err)
	}
	if len(links) == 0 {
		if state == nil {
			return nil, store.ErrMissing
		}
		return state, nil
	}
	next, err := replay(state, links, household)
	if err != nil {
		return nil, fmt.Errorf("access: stored roster does not replay: %w", err)
	}
	m.keep(next)
	return next, nil
}

// replay continues a copy of state.
func replay(state *roster.State, links [][]byte, household id.Household) (*roster.State, error) {
	if state == nil {
		return roster.Replay(links, household)
	}
	next := state.Clone()
	for _, l := range links {
		if err := next.Append(l); err != nil {
			return nil, err
		}
	}
	return next, nil
}

func (m *Mirror) forget(household id.Household) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.kept, household)
}

func (m *Mirror) keep(s *roster.State) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if was := m.kept[s.Household]; was != nil && was.Head.Seq >= s.Head.Seq {
		return
	}
	if len(m.kept) >= mostKept {
		for h := range m.kept { // any one: it can be replayed again
			delete(m.kept, h)
			break
		}
	}
	m.kept[s.Household] = s
}

// Register stores a household from its chain, genesis first. It is how a new cloud gets to know a household that has
// lived elsewhere, and how a hub that takes the place of another makes itself known. Nobody has to say who they are:
// every link is signed by the hub that was in force. created is false when the household was there; the chain then
// grows by what it lacked.
func (m *Mirror) Register(ctx context.Context, chain [][]byte, now int64) (household id.Household, created bool, err error) {
	if len(chain) == 0 {
		return "", false, api.NewProblem(api.Invalid, rule.RosterSeq, "a chain begins with its genesis")
	}
	s, err := roster.Start(chain[0], "")
	if err != nil {
		return "", false, refused(err)
	}
	h := store.Household{Household: s.Household, Stored: now}
	for i := range chain {
		if i > 0 {
			if err := s.Append(chain[i]); err != nil {
				return "", false, refused(err)
			}
		}
		h.Sheet = s.Sheet.Lookup()
		h.Chain = append(h.Chain, store.Link{
			Household: s.Household, Seq: s.Head.Seq, Hash: s.Head.Hash, Sheet: h.Sheet, Envelope: chain[i], Stored: now,
		})
	}
	if err := timely(s, now); err != nil {
		return "", false, err
	}
	created, err = m.store.Register(ctx, h)
	if errors.Is(err, store.ErrConflict) {
		return "", false, api.NewProblem(api.Conflict, rule.RosterFork, "another link with this number is stored")
	}
	if err != nil {
		return "", false, fmt.Errorf("access: register: %w", err)
	}
	m.Ring(s.Household)
	return s.Household, created, nil
}

// Append stores the next link. A link with a number that is taken by another statement is a fork and is refused, as
// is one that does not follow.
func (m *Mirror) Append(ctx context.Context, n store.Nonce, state *roster.State, seq int64, envelope []byte, now int64) error {
	e, err := dsse.Parse(envelope)
	if err != nil {
		return refused(err)
	}
	l := store.Link{Household: state.Household, Seq: seq, Hash: e.Hash(), Envelope: envelope, Stored: now}
	if seq > state.Head.Seq {
		next := state.Clone()
		if err := next.Append(envelope); err != nil {
			return conflicting(err)
		}
		if next.Head.Seq != seq {
			return api.NewProblem(api.Invalid, rule.RosterSeq, "the link's number is not the one it is stored under")
		}
		if err := timely(next, now); err != nil {
			return err
		}
		l.Sheet = next.Sheet.Lookup()
	}
	// At or below the head only a repeat can pass, and the store compares.
	err = m.store.AppendLink(ctx, n, l)
	if errors.Is(err, store.ErrConflict) {
		return api.NewProblem(api.Conflict, rule.RosterFork, "another link with this number is stored")
	}
	if err == nil {
		m.Ring(state.Household)
	}
	return err
}

// timely refuses a roster whose newest link is from the future. Whoever puts in a hub of their own could otherwise let
// it say that the days have passed which protect an owner from being removed.
func timely(s *roster.State, now int64) error {
	if s.At > now+request.Window && !rule.Off(rule.Time) {
		return api.NewProblem(api.Unauthenticated, rule.Time, "the link is newer than two minutes from now: is a clock wrong?")
	}
	return nil
}

// conflicting answers with a conflict where the link may be right for a chain that this cloud does not have.
func conflicting(err error) error {
	switch r := rule.Of(err); r {
	case rule.RosterSeq, rule.RosterPrev, rule.RosterFork:
		return api.NewProblem(api.Conflict, r, "the link does not follow the stored roster")
	default:
		return refused(err)
	}
}
