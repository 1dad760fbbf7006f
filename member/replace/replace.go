// SPDX-License-Identifier: Apache-2.0

// Package replace puts a new hub in the place of one that is broken or gone: the device's side of docs/protocol.md,
// section 8.
//
// It promises that nothing leaves this computer before the new hub's keys were held against the code that a person
// carried from it, and that the hub is given exactly what this device could check: the runs that the old hub left
// behind, and the names. Where the roster ends nobody confirms but the cloud: the hub that could is gone. It trusts the
// roster that its session replayed. A crash before the answer leaves the old hub in force, or the new one; the next
// look at the cloud tells.
//
// Where there are several owners it takes two. The first device asks those of the others by mail that the cloud cannot
// read; each of them holds the link against its own roster, its own view of the record and its own clock, shows what it
// is about, and answers only when its person has said so.
package replace

import (
	"context"
	"errors"
	"fmt"
	"time"

	"keyhold/api"
	"keyhold/member/device"
	"keyhold/member/pair"
	"keyhold/member/session"
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

// ErrTwo says that one signature is not enough, and that no second one is to be had.
var ErrTwo = errors.New("where there are several owners, one alone does not put in a new hub: it takes two who have been owners for a week, or the recovery sheet")

// ErrOwners says that somebody else has to do it.
var ErrOwners = errors.New("only owners put in a new hub, or the recovery sheet")

// ErrRefused says that the hub did not want it.
var ErrRefused = errors.New("the new hub refused; is it new, and is its clock right?")

// ErrSilent says that no answer came.
var ErrSilent = errors.New("the new hub did not answer; is it running, with the same --cloud? What it may have done shows keyhold roster --trail")

const (
	answerWait = 90 * time.Second
	tries      = 3
)

// Replacer puts in a hub for the household of a session.
type Replacer struct {
	Session *session.Session
	// Sheet signs in the device's place, if it is there.
	Sheet *device.Secret
	// Step is told what happens.
	Step func(string)

	was *manifest.Names
}

// Was is the document of names of the hub before, once [Replacer.Replace] has put in another: for [Carry].
func (r *Replacer) Was() *manifest.Names { return r.was }

// Prepared is a link that puts in a hub, before the hub has signed.
type Prepared struct {
	Link *dsse.Envelope
	// Half says that a second owner has to sign it, too.
	Half bool
	view *session.View
}

// Replace does all of it. The session's roster has moved when it returns.
func (r *Replacer) Replace(ctx context.Context, codeText string) error {
	code, err := pairing.ParseCode(codeText)
	if err != nil {
		return pair.ErrCode
	}
	r.Step("Looking for the new hub.")
	hub, after, err := pair.FindHub(ctx, r.Session.Client, code)
	if err != nil {
		return err
	}
	r.Step("Found it; its keys are those of the code.")
	for try := 1; ; try++ {
		p, err := r.Prepare(ctx, hub)
		if err == nil && p.Half {
			err = r.second(ctx, hub, p)
		}
		if errors.Is(err, errStale) && try < tries {
			r.Step("The household has changed meanwhile. Once more.")
			continue
		}
		if err != nil {
			return err
		}
		r.Step("Handing it the household: who belongs to it, what things are called, and where the old hub's record ends.")
		if err := r.send(ctx, code, hub, p); err != nil {
			return err
		}
		after, err = r.answer(ctx, code, p, after)
		if errors.Is(err, errStale) && try < tries {
			r.Step("The household has changed meanwhile. Once more.")
			continue
		}
		r.was = p.view.Names
		return err
	}
}

// Prepare looks at the household, makes the link and signs it.
func (r *Replacer) Prepare(ctx context.Context, hub roster.HubKeys) (*Prepared, error) {
	view, err := r.Session.Steady(ctx, func(*session.View) error { return nil })
	if err != nil {
		return nil, err
	}
	s := r.Session.Roster
	op := roster.ReplaceHub{Hub: hub}
	for _, run := range view.Runs {
		if era, _ := s.EraOfRun(run.Run); era.Current {
			op.Runs = append(op.Runs, roster.ClosedRun{Root: run.Root, Run: run.Run, Size: run.Size})
		}
	}
	op.Runs = op.Runs[max(0, len(op.Runs)-roster.MaxClosed):]
	link, err := s.NewLink(r.Session.Now().UnixMilli(), op)
	if err != nil {
		return nil, err
	}
	if r.Sheet != nil {
		link.Sign(id.Sheet, r.Sheet.Sign())
	} else {
		link.Sign(r.Session.Keys.ID(), r.Session.Keys.Sign())
	}
	p := &Prepared{Link: link, view: view}
	if _, _, err := s.CheckProposal(link.Encode()); err != nil {
		if rule.Of(err) != rule.Signer {
			return nil, err
		}
		if p.Half = r.needsSecond(link); !p.Half {
			return nil, r.forbidden()
		}
	}
	return p, nil
}

func (r *Replacer) forbidden() error {
	if p, ok := r.Session.Roster.PersonOf(r.Session.Keys.ID()); ok && p.Role == roster.Owner && r.Sheet == nil {
		return ErrTwo
	}
	return ErrOwners
}

func (r *Replacer) send(ctx context.Context, code pairing.Code, hub roster.HubKeys, p *Prepared) error {
	s := r.Session.Roster
	t := pairing.Takeover{
		Cameras: []manifest.NamedCam{}, Devices: []manifest.NamedDev{}, Persons: []manifest.NamedPer{}, Roster: [][]byte{},
		HMAC: pairing.MAC(code.Secret, pairing.TakeoverMAC, p.Link.PAE()), Link: p.Link.Encode(), To: r.Session.Keys.ID(),
		Sheet: s.Sheet.Lookup(),
	}
	if n := p.view.Names; n != nil {
		t.Cameras, t.Devices, t.Persons, t.Zone = n.Cameras, n.Devices, n.Persons, n.Zone
	}
	if _, ok := s.Key(id.Sheet); !ok {
		t.Roster = s.Chain // nobody finds it by a sheet
	}
	text, err := canon.Marshal(t)
	if err != nil {
		return fmt.Errorf("encode the household: %w", err)
	}
	name := pairing.Box(pairing.Derive(code.Secret, pairing.PairToHub))
	list, err := parts.Seal(hub.HPKE, box.Context{"purpose": pairing.PurposeTakeover}, name, text)
	if err != nil {
		return fmt.Errorf("seal the household: %w", err)
	}
	for _, part := range list {
		if err := r.Session.Client.Drop(ctx, name, part); err != nil {
			return fmt.Errorf("hand over the household: %w", err)
		}
	}
	return nil
}

var errStale = errors.New("the household has changed meanwhile; please try again")

// answer waits for the link with the hub's signature. Anybody who knows the box could drop something; only what opens
// and continues the roster counts.
func (r *Replacer) answer(ctx context.Context, code pairing.Code, p *Prepared, after int64) (int64, error) {
	wait, cancel := context.WithTimeoutCause(ctx, answerWait, ErrSilent)
	defer cancel()
	token := pairing.Derive(code.Secret, pairing.PairToDevice)
	for {
		drops, err := r.Session.Client.Drops(wait, pairing.Box(token), token, after, api.MaxDropWait)
		if err != nil {
			return after, fmt.Errorf("%w (%w)", ErrSilent, err)
		}
		for _, d := range drops {
			after = max(after, d.N)
			plain, err := r.Session.Keys.Reader().Open(box.Context{"purpose": pairing.PurposeTaken}, box.Context{"box": pairing.Box(token)}, d.Body)
			if err != nil {
				continue
			}
			var a pairing.Taken
			if err := canon.UnmarshalMax(plain, &a, 2*dsse.MaxBytes); err != nil {
				return after, fmt.Errorf("read the hub's answer: %w", err)
			}
			switch a.Error {
			case "":
				return after, r.take(a.Link)
			case pairing.VerdictStale:
				return after, errStale
			case pairing.VerdictDenied:
				return after, ErrOwners
			}
			return after, ErrRefused
		}
	}
}

// take moves the roster by the link that the new hub signed.
func (r *Replacer) take(link []byte) error {
	next := r.Session.Roster.Clone()
	if err := next.Append(link); err != nil {
		return fmt.Errorf("check what the new hub signed: %w", err)
	}
	return r.Session.SetRoster(next)
}
