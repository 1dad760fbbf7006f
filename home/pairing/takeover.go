// SPDX-License-Identifier: Apache-2.0

package pairing

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"keyhold/api"
	"keyhold/home/cameras"
	"keyhold/home/covers"
	"keyhold/home/household"
	"keyhold/home/nursery"
	"keyhold/sealing/box"
	"keyhold/sealing/parts"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// linkAge is how old the link may be that puts this hub in.
const linkAge = pairing.LinkAge * time.Millisecond

// arriving is what has come of a message that makes this hub the one of a household which had another.
func (p *Pairing) arriving(own string) *parts.Gathering {
	return &parts.Gathering{Key: p.Keys.HPKE, Info: box.Context{"purpose": pairing.PurposeTakeover}, Box: own}
}

// takeOver looks at a message of a device, or of the sheet, of a household whose hub is gone. What was not made by the
// holder of the code is dropped silently; what the roster does not allow is answered.
func (p *Pairing) takeOver(ctx context.Context, code pairing.Code, theirs string, text []byte) (done bool, err error) {
	var t pairing.Takeover
	if err := canon.UnmarshalMax(text, &t, parts.Max); err != nil {
		return false, nil
	}
	e, err := dsse.Parse(t.Link)
	if err != nil || pairing.CheckMAC(t.HMAC, code.Secret, pairing.TakeoverMAC, e.PAE()) != nil {
		return false, nil
	}
	state, err := p.chain(ctx, &t)
	if err != nil {
		if rule.Of(err) == "" && api.KindOf(err) != api.NotFound {
			return false, err // the cloud is away: asked again
		}
		p.Log.Warn("a household wants this hub and its roster does not hold", "error", err)
		return false, nil
	}
	reader, ok := state.Reader(t.To)
	if !ok {
		return false, nil
	}
	next, err := p.accept(state, e)
	if err != nil {
		p.Log.Warn("a household wants this hub and may not have it", "rule", string(rule.Of(err)), "error", err)
		body, err := taken(reader, theirs, &pairing.Taken{Error: verdict(err), Link: []byte{}})
		if err != nil {
			return false, err
		}
		return false, p.Client.Drop(ctx, theirs, body)
	}
	body, err := taken(reader, theirs, &pairing.Taken{Link: next.Chain[next.Head.Seq]})
	if err != nil {
		return false, err
	}
	refusal, err := taken(reader, theirs, &pairing.Taken{Error: pairing.VerdictStale, Link: []byte{}})
	if err != nil {
		return false, err
	}
	todo, err := canon.Marshal(&owed{Body: body, Box: theirs})
	if err != nil {
		return false, fmt.Errorf("pairing: %w", err)
	}
	err = p.DB.Write(ctx, func(tx *sql.Tx) error {
		if err := household.Adopt(ctx, tx, next.Chain, labelsOf(&t), t.Zone); err != nil {
			return err
		}
		if err := p.keepCameras(ctx, tx, t.Cameras); err != nil {
			return err
		}
		return errors.Join(household.SetFact(ctx, tx, owedFact, todo), household.SetFact(ctx, tx, refusalFact, refusal))
	})
	return err == nil, err
}

// chain is the roster that the link continues: as the device sent it, or, where it is long, as the cloud gives it. Who
// gives it matters little: the link names its last statement.
func (p *Pairing) chain(ctx context.Context, t *pairing.Takeover) (*roster.State, error) {
	if len(t.Roster) > 0 {
		return roster.Replay(t.Roster, "")
	}
	a, err := p.Client.Sheet(ctx, t.Sheet)
	if err != nil {
		return nil, err
	}
	return roster.Replay(a.Roster, a.Household)
}

// accept holds the link against the roster and signs it.
func (p *Pairing) accept(state *roster.State, e *dsse.Envelope) (*roster.State, error) {
	_, l, err := state.CheckProposal(e.Encode())
	if err != nil {
		return nil, err
	}
	op, ok := l.Op.(roster.ReplaceHub)
	if own := p.Keys.Public(); !ok || !bytes.Equal(op.Hub.Sign, own.Sign) || !bytes.Equal(op.Hub.HPKE, own.HPKE) {
		return nil, rule.Errorf(rule.HubKeys, "pairing: the link is not about this hub")
	}
	if now := p.Now(); l.At > now.Add(linkAhead).UnixMilli() || l.At < now.Add(-linkAge).UnixMilli() {
		return nil, rule.Errorf(rule.RosterTime, "pairing: the link is too old or too new; is a clock wrong?")
	}
	e.Sign(id.Hub, p.Keys.Sign)
	return state, state.Append(e.Encode())
}

const linkAhead = 2 * time.Minute

// verdict chooses how the device is told.
func verdict(err error) string {
	switch rule.Of(err) {
	case rule.RosterSeq, rule.RosterPrev, rule.RosterTime, rule.RosterFork:
		return pairing.VerdictStale
	case rule.Signer, rule.Signature:
		return pairing.VerdictDenied
	}
	return pairing.VerdictRefused
}

// keepCameras takes over what the household calls its cameras. Their addresses went with the hub before, and so did what
// is covered of their pictures, and which are in a child's room: until somebody says so, they are not recorded.
func (p *Pairing) keepCameras(ctx context.Context, tx *sql.Tx, list []manifest.NamedCam) error {
	at := p.Now().UnixMilli() - int64(len(list))
	for i, c := range list {
		x := cameras.Camera{ID: c.ID, Name: c.Name, Added: at + int64(i)}
		if c.State == manifest.NameRemoved {
			x.Removed = at + int64(i)
		}
		if err := p.Cameras.Add(ctx, tx, x); err != nil {
			return err
		}
		if x.Removed != 0 {
			continue
		}
		if err := errors.Join(covers.Await(ctx, tx, c.ID), nursery.Await(ctx, tx, c.ID)); err != nil {
			return err
		}
	}
	return nil
}

func labelsOf(t *pairing.Takeover) map[string]string {
	out := map[string]string{}
	for _, d := range t.Devices {
		out[string(d.ID)] = d.Name
	}
	for _, x := range t.Persons {
		out[string(x.ID)] = x.Name
	}
	return out
}

func taken(reader []byte, boxName string, a *pairing.Taken) ([]byte, error) {
	b, err := canon.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("pairing: answer: %w", err)
	}
	return box.Seal(reader, box.Context{"purpose": pairing.PurposeTaken}, box.Context{"box": boxName}, b)
}

// outrun says that the household's roster went on while this hub signed: the hub before is not gone. Nothing of it is
// kept, and the code holds on.
func (p *Pairing) outrun(ctx context.Context, o *owed) error {
	p.Log.Warn("the household's roster has moved meanwhile; this hub waits for its device to ask again")
	var refusal []byte
	err := p.DB.Write(ctx, func(tx *sql.Tx) (err error) {
		if refusal, err = household.Fact(ctx, tx, refusalFact); err != nil {
			return err
		}
		for _, query := range []string{`DELETE FROM roster`, `DELETE FROM labels`, `DELETE FROM cameras`, `DELETE FROM masks_unsaid`, `DELETE FROM child_unsaid`, `DELETE FROM facts`} {
			if _, err := tx.ExecContext(ctx, query); err != nil {
				return fmt.Errorf("pairing: begin again: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return errors.Join(ErrOutrun, p.Client.Drop(ctx, o.Box, refusal))
}

// ErrOutrun says that the hub is not paired after all: it waits again.
var ErrOutrun = errors.New("pairing: the household's roster has moved")

// refusalFact is what the device is told if the cloud refuses the chain.
const refusalFact = "takeover"
