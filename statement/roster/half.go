// SPDX-License-Identifier: Apache-2.0

package roster

import (
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

// Half is a link that puts in a hub, signed by one of the two owners that it takes.
type Half struct {
	Envelope *dsse.Envelope
	Link     *Link
	Op       ReplaceHub
	// Device signed it, By is whose it is.
	Device id.Device
	By     id.Person
}

// CheckHalf says whether a link that puts in a hub, signed by one device of one owner, would hold if a second owner
// signed it too.
func (s *State) CheckHalf(envelope []byte) (*Half, error) {
	r := readLink(envelope)
	if r.err != nil {
		return nil, r.err
	}
	if err := s.follows(r.envelope, r.link); err != nil {
		return nil, err
	}
	op, ok := r.link.Op.(ReplaceHub)
	if !ok {
		return nil, rule.Errorf(rule.RosterOp, "roster: no link that puts in a hub")
	}
	if err := s.checkOp(&proposal{envelope: r.envelope, link: r.link}, r.inner); err != nil {
		return nil, err
	}
	h := &Half{Envelope: r.envelope, Link: r.link, Op: op, Device: r.envelope.Signatures[0].KeyID}
	allowed := len(r.envelope.Signatures) == 1 && s.HasVoice(h.Device, r.link.At)
	if p := s.personOf(h.Device); p != nil {
		h.By = p.ID
	}
	if err := s.signed(r.envelope, []id.Device{h.Device}, nil, allowed, "roster: the link is not the word of somebody who has been an owner for a week"); err != nil {
		return nil, err
	}
	return h, nil
}

// Voices are the devices of owners, but for this one, who have been that for long enough to have a voice at a time.
func (s *State) Voices(but id.Person, at int64) []Member {
	var out []Member
	for _, m := range s.Members {
		if m.Person != but && s.HasVoice(m.ID, at) {
			out = append(out, m)
		}
	}
	return out
}
