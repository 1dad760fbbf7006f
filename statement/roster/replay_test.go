// SPDX-License-Identifier: Apache-2.0

package roster_test

import (
	"slices"
	"testing"

	"keyhold/statement/dsse"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// oneByOne is what Replay promises to be the same as.
func oneByOne(chain [][]byte) (*roster.State, error) {
	s, err := roster.Start(chain[0], "")
	if err != nil {
		return nil, err
	}
	for _, link := range chain[1:] {
		if err := s.Append(link); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func removingFamily(t *testing.T) *house {
	h := family(t)
	if err := h.remove("vera", "anna1"); err != nil {
		t.Fatal(err)
	}
	if err := h.remove("ben2", "ben1"); err != nil {
		t.Fatal(err)
	}
	h.add("eva", roster.Guardian, nil)
	return h
}

func TestAReplayedChainSaysTheSameAsItsLinks(t *testing.T) {
	h := removingFamily(t)
	s := must[*roster.State](t)(roster.Replay(h.s.Chain, h.s.Household))
	if s.Head != h.s.Head || len(s.Members) != len(h.s.Members) || len(s.Gone) != len(h.s.Gone) {
		t.Errorf("head %v, %d devices, %d gone; want %v, %d, %d", s.Head, len(s.Members), len(s.Gone), h.s.Head, len(h.s.Members), len(h.s.Gone))
	}
	// What was replayed goes on under the same rules.
	h.s = s
	refused(t, h.try(newDevice("ben"), "ben1=eve1 new1"), rule.Signature)
	h.do(newDevice("ben"), "ben1 new1")
}

// spoil changes one bit of a signature of a statement.
func spoil(t *testing.T, envelope []byte, n int) []byte {
	e := must[*dsse.Envelope](t)(dsse.Parse(envelope))
	e.Signatures[n].Sig[40] ^= 4
	return e.Encode()
}

func TestEachSignatureOfAReplayedChainCounts(t *testing.T) {
	h := removingFamily(t)
	for at := range h.s.Chain {
		e := must[*dsse.Envelope](t)(dsse.Parse(h.s.Chain[at]))
		for n := range e.Signatures {
			chain := slices.Clone(h.s.Chain)
			chain[at] = spoil(t, chain[at], n)
			_, err := roster.Replay(chain, "")
			refused(t, err, rule.Signature)
		}
		l, _ := h.s.LinkAt(int64(at))
		if l == nil {
			continue
		}
		if op, ok := l.Op.(roster.Remove); ok {
			// The signature inside a removal: the link around it is signed over that.
			forged := h.clone(t)
			forged.s = must[*roster.State](t)(oneByOne(h.s.Chain[:at]))
			forged.at = l.At
			bad := must[*dsse.Envelope](t)(forged.s.NewLink(l.At, roster.Remove{Removal: spoil(t, op.Removal, 0)}))
			forged.sign(bad, "hub")
			_, err := roster.Replay(append(slices.Clone(h.s.Chain[:at]), bad.Encode()), "")
			refused(t, err, rule.Signature)
		}
	}
}

// The first fault speaks, also where a later one would have been found sooner.
func TestTheFirstFaultOfAChainSpeaks(t *testing.T) {
	h := removingFamily(t)
	chain := slices.Clone(h.s.Chain)
	chain[3] = spoil(t, chain[3], 0)
	chain[5] = []byte("no envelope")
	_, err := roster.Replay(chain, "")
	refused(t, err, rule.Signature)
	chain = append(slices.Clone(h.s.Chain), h.s.Chain[4])
	chain[8] = spoil(t, chain[8], 0)
	_, err = roster.Replay(chain, "")
	refused(t, err, rule.Signature)
	_, err = roster.Replay(append(slices.Clone(h.s.Chain), h.s.Chain[4]), "")
	refused(t, err, rule.RosterSeq)
}
