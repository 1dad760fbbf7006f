// SPDX-License-Identifier: Apache-2.0

package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"keyhold/api"
	"keyhold/member/device"
	"keyhold/statement/dsse"
	"keyhold/statement/erasure"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

var (
	// ErrNotOwner says that this is for owners alone.
	ErrNotOwner = errors.New("only an owner has everything erased, or takes that back")
	// ErrNothingErased says that nothing is to be erased here.
	ErrNothingErased = errors.New("nothing is to be erased")
	// ErrNoReceipt says that the cloud has no receipt: it has not erased yet, or that was more than ninety days ago.
	ErrNoReceipt = errors.New("the cloud has given no receipt")
)

// erasing signs an owner's word on everything that this cloud has.
func (s *Session) erasing(act string) ([]byte, error) {
	p, ok := s.Roster.PersonOf(s.Keys.ID())
	if !ok || p.Role != roster.Owner {
		return nil, ErrNotOwner
	}
	nonce, err := s.nonce()
	if err != nil {
		return nil, err
	}
	e, err := dsse.Signed(erasure.Thing, &erasure.Statement{
		Act: act, At: s.nowMS(), Device: s.Keys.ID(), Household: s.Home.Household, Nonce: nonce, Person: p.ID, To: s.Home.To,
	}, s.Keys.ID(), s.Keys.Sign())
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return e.Encode(), nil
}

// Erase has everything of the household erased, by way of the hub, and says when that will be. Everything is hidden
// from then on.
func (s *Session) Erase(ctx context.Context, gesture Gesture) (*HiddenError, error) {
	statement, err := s.erasing(erasure.Erase)
	if err != nil {
		return nil, err
	}
	_, err = s.gestured(ctx, request.Op{Kind: request.OpErase, Erase: statement}, gesture)
	// Whatever the hub said, or did not: the cloud shows whether it is so.
	_, shown := s.Sync(ctx)
	var hidden *HiddenError
	switch {
	case errors.As(shown, &hidden):
		return hidden, nil
	case err == nil:
		err = errors.Join(errors.New("the hub has ordered it, and the cloud still shows everything"), shown)
	}
	return nil, err
}

// Keep takes an erasure back. It goes to the cloud straight; heard says whether the hub confirmed that it knows.
func (s *Session) Keep(ctx context.Context) (heard bool, err error) {
	statement, err := s.erasing(erasure.Keep)
	if err != nil {
		return false, err
	}
	err = s.Client.Write(ctx, s.Signer(), s.Home.Household, request.WriteErase, api.Current, api.Bytes(statement))
	if api.KindOf(err) == api.NotFound {
		return false, ErrNothingErased
	}
	if err != nil {
		return false, err
	}
	// The hub erases nothing without the cloud's receipt; it need not hear of this now.
	_, err = s.Do(ctx, request.Op{Kind: request.OpErase, Erase: statement})
	return err == nil, s.noteErasure(nil)
}

// Erased is what the cloud proves of an erasure.
type Erased struct {
	erasure.Receipt
	Statement *erasure.Statement
	// Envelope, List and Note are the statement and the receipt as they were signed.
	Envelope, List []byte
	Note           string
	// Known is how many things this device knows that must have been there, Missing how many of them the list lacks.
	Known, Missing int
}

// Erasure is what this device knows to be wanted; nil for nothing.
func (s *Session) Erasure() (*device.Erasure, error) {
	if s.Folder == nil {
		return nil, nil
	}
	n, err := s.Folder.Notes()
	return n.Erasure, err
}

// Erased asks for the receipt of the erasure that this device knows of, and checks that the cloud has signed it and what
// it lists.
func (s *Session) Erased(ctx context.Context) (*Erased, error) {
	known, err := s.Erasure()
	if err != nil {
		return nil, err
	}
	if known == nil {
		return nil, ErrNothingErased
	}
	said, err := erasure.Read(known.Statement)
	if err != nil {
		return nil, err
	}
	hash, err := erasure.HashOf(known.Statement)
	if err != nil {
		return nil, err
	}
	answer, err := s.Client.Receipt(ctx, hash)
	if api.KindOf(err) == api.NotFound {
		return nil, ErrNoReceipt
	}
	if err != nil {
		return nil, err
	}
	out := &Erased{Statement: said, Envelope: known.Statement, List: answer.List, Note: answer.Note}
	if out.Receipt, err = erasure.ParseReceipt(answer.Note, hash, answer.List, s.Home.To); err != nil {
		return nil, fmt.Errorf("check the receipt: %w", err)
	}
	for seq := int64(0); seq <= s.Roster.Head.Seq; seq++ {
		link, ok := s.linkHash(seq)
		if !ok {
			break
		}
		if out.Known++; !erasure.Listed(answer.List, said, link) {
			out.Missing++
		}
	}
	return out, nil
}

func (s *Session) linkHash(seq int64) (id.Hash, bool) {
	e, err := dsse.Parse(s.Roster.Chain[seq])
	if err != nil {
		return id.Hash{}, false
	}
	return e.Hash(), true
}

// noteErasure remembers what is to be erased, or that nothing is.
func (s *Session) noteErasure(e *device.Erasure) error {
	was, err := s.Erasure()
	same := was == nil && e == nil || was != nil && e != nil && was.Due == e.Due && bytes.Equal(was.Statement, e.Statement)
	if err != nil || s.Folder == nil || same {
		return err
	}
	return s.Folder.Note(func(n *device.Notes) { n.Erasure = e })
}
