// SPDX-License-Identifier: Apache-2.0

package recover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"keyhold/api"
	"keyhold/member/device"
	"keyhold/member/replace"
	"keyhold/member/session"
	"keyhold/sealing/keys"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Returner comes back through a cloud and a hub that are alive.
type Returner struct {
	Client *api.Client
	Now    func() time.Time
	Rand   io.Reader
	// HubCode is the code of a new hub that takes the place of one that is gone, "" if the hub is there.
	HubCode string
	// Step is told what happens.
	Step func(string)
}

// Returned is a device that works again.
type Returned struct {
	Folder *device.Folder
	Roster *roster.State
	// Epochs is how many keys the device was given.
	Epochs int
	// Was is the document of names of the hub before, where another was put in.
	Was *manifest.Names
}

// tries bounds how often a link is built again because the roster moved meanwhile.
const tries = 3

// Return makes a new device by the words of a sheet.
func (r *Returner) Return(ctx context.Context, text, deviceName, dir string) (*Returned, error) {
	if err := device.Ready(dir); err != nil {
		return nil, err
	}
	info, err := r.Client.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("reach the cloud: %w", err)
	}
	sheet, err := Find(ctx, text, r.known)
	if err != nil {
		return nil, err
	}
	sheetKeys, err := device.SheetSecret(sheet)
	if err != nil {
		return nil, err
	}
	state, err := r.household(ctx, sheetKeys)
	if err != nil {
		return nil, err
	}
	r.Step("The sheet is right, and the household is there.")
	home := device.Household{Household: state.Household, Person: state.SheetPerson, Device: id.Sheet, Cloud: r.Client.Base, To: info.To, Roster: state.Chain}
	s, err := session.New(nil, sheetKeys, home, r.Client)
	if err != nil {
		return nil, err
	}
	s.Now, s.Rand = r.Now, r.Rand
	var was *manifest.Names
	if r.HubCode != "" {
		p := &replace.Replacer{Session: s, Sheet: sheetKeys, Step: r.Step}
		if err := p.Replace(ctx, r.HubCode); err != nil {
			return nil, err
		}
		was = p.Was()
	}
	secret, err := device.NewSecret(r.Rand)
	if err != nil {
		return nil, err
	}
	r.Step("Made this device's keys. Asking the hub to take it in.")
	if err := r.enter(ctx, s, sheetKeys, secret, deviceName); err != nil {
		return nil, err
	}
	r.Step("The hub has signed. Handing over the keys of what was recorded.")
	n, err := s.Give(ctx, secret.Public(), session.Everything)
	if err != nil {
		return nil, fmt.Errorf("hand over keys: %w", err)
	}
	home.Device, home.Roster, home.Since = secret.ID(), s.Roster.Chain, r.Now().UnixMilli()
	folder, err := device.Create(dir, secret, home)
	if err != nil {
		return nil, err
	}
	r.carry(ctx, folder, was)
	return &Returned{Folder: folder, Roster: s.Roster, Epochs: n, Was: was}, nil
}

// carry tells a hub that was put in what was covered and private. Where that fails, the cameras stay off until somebody
// says it.
func (r *Returner) carry(ctx context.Context, folder *device.Folder, was *manifest.Names) {
	if was == nil {
		return
	}
	r.Step("Telling the new hub what was covered and private.")
	s, err := session.Open(folder, r.Client)
	if err == nil {
		s.Now, s.Rand = r.Now, r.Rand
		_, err = replace.Carry(ctx, s, was, false)
	}
	if err != nil {
		r.Step("It does not know all of it: keyhold cameras says of which it has to be told.")
		return
	}
	r.Step("Bringing it what was starred.")
	list, err := replace.CarryStars(ctx, s, was)
	if err != nil || slices.ContainsFunc(list, func(x replace.Stars) bool { return len(x.Lost) > 0 }) {
		r.Step("Not all of it came along: see keyhold star list.")
	}
}

// known asks the cloud whether a sheet is that of a household.
func (r *Returner) known(ctx context.Context, sheet keys.Sheet) (bool, error) {
	secret, err := device.SheetSecret(sheet)
	if err != nil {
		return false, err
	}
	_, err = r.lookUp(ctx, secret)
	if api.KindOf(err) == api.NotFound {
		return false, nil
	}
	return err == nil, err
}

// lookUp waits where the cloud wants it to be slower: looking for one wrong word takes what a stranger may ask for at
// once, and the right words come right after.
func (r *Returner) lookUp(ctx context.Context, sheet *device.Secret) (*api.SheetAnswer, error) {
	for {
		answer, err := r.Client.Sheet(ctx, roster.SheetKeys{Sign: sheet.Public().Sign}.Lookup())
		if api.KindOf(err) != api.TooMany {
			return answer, err
		}
		t := time.NewTimer(time.Second)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, context.Cause(ctx)
		case <-t.C:
		}
	}
}

// household fetches the chain and accepts it only if its genesis carries this sheet.
func (r *Returner) household(ctx context.Context, sheet *device.Secret) (*roster.State, error) {
	answer, err := r.lookUp(ctx, sheet)
	if err != nil {
		return nil, err
	}
	state, err := roster.Replay(answer.Roster, answer.Household)
	if err != nil {
		return nil, err
	}
	return state, carries(state, sheet)
}

func carries(state *roster.State, sheet *device.Secret) error {
	public := sheet.Public()
	if string(state.Sheet.Sign) != string(public.Sign) || string(state.Sheet.Reader) != string(public.Reader) {
		return rule.Errorf(rule.Household, "genesis carries another recovery sheet")
	}
	return nil
}

// enter puts the device into the roster, with the sheet as signer.
func (r *Returner) enter(ctx context.Context, s *session.Session, sheet, secret *device.Secret, name string) error {
	for try := 1; ; try++ {
		link, err := s.Roster.NewLink(r.Now().UnixMilli(), roster.AddDevice{Device: secret.Public(), Person: s.Roster.SheetPerson})
		if err != nil {
			return err
		}
		link.Sign(secret.ID(), secret.Sign())
		link.Sign(id.Sheet, sheet.Sign())
		reply, err := s.Do(ctx, request.Op{Kind: request.OpAppendLink, Link: link.Encode(), Name: name})
		var no *session.RefusedError
		if errors.As(err, &no) && no.Word == request.RefusedStale && try < tries {
			newer, err := r.household(ctx, sheet)
			if err != nil {
				return err
			}
			if err := s.SetRoster(newer); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("ask the hub: %w", err)
		}
		state, err := roster.Replay(s.Roster.Chain, s.Home.Household)
		if err != nil {
			return err
		}
		if err := state.Append(reply.Result.Link); err != nil {
			return fmt.Errorf("check the link that the hub signed: %w", err)
		}
		// The cloud gave the chain, the hub has the last word on where it ends.
		if reply.Head.Seq < state.Head.Seq || (reply.Head.Seq == state.Head.Seq && reply.Head.Hash != state.Head.Hash) {
			return rule.Errorf(rule.RosterFork, "the hub's newest head is not the one that was built on")
		}
		return s.SetRoster(state)
	}
}
