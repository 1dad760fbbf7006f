// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"fmt"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// Ask is the word of an owner that another one is to go. It waits at the hub for a second owner to say the same.
type Ask struct {
	Removal []byte
	// By is whose word it is, Person who is to go.
	By     id.Person
	Person id.Person
	At     int64
}

// Until is when the word ends if nobody seconds it.
func (a Ask) Until() int64 { return a.At + roster.VoiceLasts }

// IsOwner says whether this session's device is an owner's.
func (s *Session) IsOwner() bool {
	p, ok := s.Roster.Person(s.Person())
	return ok && p.Role == roster.Owner
}

// AskRemoval signs this device's word that another owner is to go, and leaves it with the hub.
func (s *Session) AskRemoval(ctx context.Context, p id.Person) (*Ask, error) {
	e, err := s.Roster.RemovePerson(s.nowMS(), p)
	if err != nil {
		return nil, err
	}
	e.Sign(s.Keys.ID(), s.Keys.Sign())
	a := &Ask{Removal: e.Encode(), Person: p, At: s.nowMS()}
	if _, a.By, err = s.Roster.CheckVoice(a.Removal, s.nowMS()); err != nil {
		return nil, err
	}
	_, err = s.Do(ctx, request.Op{Kind: request.OpAskRemoval, Removal: a.Removal})
	return a, err
}

// Asked returns what owners ask for. The hub only keeps it: what does not hold by the roster is left out.
func (s *Session) Asked(ctx context.Context) ([]Ask, error) {
	reply, err := s.Do(ctx, request.Op{Kind: request.OpAsked})
	if err != nil {
		return nil, err
	}
	var out []Ask
	for _, raw := range reply.Result.Removals {
		r, by, err := s.Roster.CheckVoice(raw, s.nowMS())
		if err == nil && r.Person != s.Person() {
			out = append(out, Ask{Removal: raw, By: by, Person: r.Person, At: r.At})
		}
	}
	return out, nil
}

// Second signs what another owner asks for; what comes back holds by itself.
func (s *Session) Second(a Ask) ([]byte, error) {
	e, err := dsse.Parse(a.Removal)
	if err != nil {
		return nil, fmt.Errorf("second a removal: %w", err)
	}
	e.Sign(s.Keys.ID(), s.Keys.Sign())
	if _, err := s.Roster.CheckRemoval(e.Encode(), s.nowMS()); err != nil {
		return nil, err
	}
	return e.Encode(), nil
}
