// SPDX-License-Identifier: Apache-2.0

package invite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"keyhold/api"
	"keyhold/member/device"
	"keyhold/sealing/box"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Joiner is a device that holds an invitation.
type Joiner struct {
	Client *api.Client
	Now    func() time.Time
	Rand   io.Reader
	// Step is told what happens.
	Step func(string)
}

// How long a joiner waits for the other side.
const (
	welcomeWait = 30 * time.Second
	verdictWait = 10 * time.Minute
)

var (
	errNoWelcome = errors.New("this invitation is unknown; it is older than a day, or of another cloud")
	errUsed      = errors.New("this invitation was used already; it works once: make a new one")
	errNoVerdict = errors.New("the device that made this invitation does not answer; is keyhold invite, or the page with the link, still open there?")
)

// Join uses an invitation and returns the new device's folder.
func (j *Joiner) Join(ctx context.Context, inv pairing.Invitation, name, dir string) (*device.Folder, *roster.State, error) {
	if err := device.Ready(dir); err != nil {
		return nil, nil, err
	}
	info, err := j.Client.Info(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("reach the cloud: %w", err)
	}
	state, err := j.welcome(ctx, inv)
	if err != nil {
		return nil, nil, err
	}
	inviter, _ := state.Device(inv.Inviter)
	secret, err := device.NewSecret(j.Rand)
	if err != nil {
		return nil, nil, err
	}
	j.Step("Made this device's keys. Asking the device that invited it.")
	if err := j.ask(ctx, inv, state, inviter, secret, name); err != nil {
		return nil, nil, err
	}
	state, err = j.verdict(ctx, inv, state, inviter, secret, name)
	if err != nil {
		return nil, nil, err
	}
	folder, err := device.Create(dir, secret, device.Household{
		Household: state.Household, Person: inviter.Person, Device: secret.ID(), Cloud: j.Client.Base, To: info.To,
		Roster: state.Chain, Since: j.Now().UnixMilli(),
	})
	return folder, state, err
}

// welcome fetches the roster and wants it to hold the head that the link names. An answer that lies in
// the box before this device has asked was meant for another one.
func (j *Joiner) welcome(ctx context.Context, inv pairing.Invitation) (*roster.State, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, welcomeWait, errNoWelcome)
	defer cancel()
	var state *roster.State
	err := watch(ctx, j.Client, endsOf(inv.Secret).joiner, func(bodies [][]byte) (bool, error) {
		for _, body := range bodies {
			var w welcome
			if canon.UnmarshalMax(body, &w, maxMessage) != nil {
				return false, errUsed
			}
			var err error
			if state, err = checkRoster(w.Roster, inv); err != nil {
				return false, err
			}
		}
		return state != nil, nil
	})
	return state, err
}

// checkRoster wants a chain of this household that has the invitation's head at its place.
func checkRoster(chain [][]byte, inv pairing.Invitation) (*roster.State, error) {
	s, err := roster.Replay(chain, inv.Household)
	if err != nil {
		return nil, err
	}
	if inv.Head.Seq >= int64(len(s.Chain)) {
		return nil, rule.Errorf(rule.RolledBack, "the roster ends before the one that the invitation names")
	}
	e, err := dsse.Parse(s.Chain[inv.Head.Seq])
	if err != nil {
		return nil, err
	}
	if e.Hash() != inv.Head.Hash && !rule.Off(rule.RosterFork) {
		return nil, rule.Errorf(rule.RosterFork, "the roster is not the one that the invitation names")
	}
	if _, ok := s.Device(inv.Inviter); !ok {
		return nil, rule.Errorf(rule.Signer, "the invitation was made by a device that the roster does not know")
	}
	return s, nil
}

// ask builds the link on the newest roster and leaves it for the inviter.
func (j *Joiner) ask(ctx context.Context, inv pairing.Invitation, state *roster.State, inviter roster.Member, secret *device.Secret, name string) error {
	link, err := state.NewLink(j.Now().UnixMilli(), roster.AddDevice{Device: secret.Public(), Person: inviter.Person})
	if err != nil {
		return err
	}
	link.Sign(secret.ID(), secret.Sign())
	body, err := encode(request{HMAC: pairing.MAC(inv.Secret, pairing.InviteMAC, link.PAE()), Link: link.Encode(), Name: cleanName(name)})
	if err != nil {
		return err
	}
	token := endsOf(inv.Secret).inviter
	sealed, err := box.Seal(inviter.Reader, joinInfo(inv.Household, "join"), box.Context{"box": pairing.Box(token)}, body)
	if err != nil {
		return fmt.Errorf("seal the answer to the invitation: %w", err)
	}
	return drop(ctx, j.Client, token, sealed)
}

// verdict waits for the inviter's word; on a stale one the link is built again.
func (j *Joiner) verdict(ctx context.Context, inv pairing.Invitation, state *roster.State, inviter roster.Member, secret *device.Secret, name string) (*roster.State, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, verdictWait, errNoVerdict)
	defer cancel()
	token := endsOf(inv.Secret).joiner
	err := watch(ctx, j.Client, token, each(func(body []byte) (bool, error) {
		plain, err := secret.Reader().Open(joinInfo(inv.Household, "joined"), box.Context{"box": pairing.Box(token)}, body)
		if err != nil {
			return false, nil
		}
		var v verdict
		if err := canon.UnmarshalMax(plain, &v, maxMessage); err != nil {
			return false, nil
		}
		if v.Error == refused {
			return false, errors.New("the device that made this invitation refused")
		}
		if state, err = checkRoster(v.Roster, inv); err != nil {
			return false, err
		}
		if v.Error == stale {
			j.Step("The household has changed meanwhile. Asking again.")
			return false, j.ask(ctx, inv, state, inviter, secret, name)
		}
		if m, ok := state.Device(secret.ID()); !ok || string(m.Sign) != string(secret.Public().Sign) || m.Person != inviter.Person {
			return false, rule.Errorf(rule.Signer, "the roster does not hold this device")
		}
		return true, nil
	}))
	return state, err
}
