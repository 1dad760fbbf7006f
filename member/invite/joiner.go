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
	"keyhold/statement/id"
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
	// Accept is shown the offer before anything is made, and returns what the new person wants to be called.
	Accept func(Offer) (name string, err error)
	// Words is shown the six words of a slow invitation.
	Words func(six []string)
}

// How long a joiner waits for the other side. It may have to fetch six digits from another room.
const (
	welcomeWait = 30 * time.Second
	verdictWait = 15 * time.Minute
)

// Why a joiner cannot come in, one sentence each.
var (
	ErrUnknown   = errors.New("nothing waits under this invitation: it is older than a day, of another cloud, or never was one")
	ErrUsed      = errors.New("this invitation was used already; it works once: ask for a new one")
	ErrEnded     = errors.New("this invitation has ended: whoever made it no longer waits; ask for a new one")
	ErrNoVerdict = errors.New("the device that made this invitation does not answer; is keyhold invite, or the page with the link, still open there?")
	ErrRefused   = errors.New("the device that made this invitation refused")
	ErrDenied    = errors.New("the hub did not allow this invitation: whoever made it may not, or is no longer of the household")
	ErrOthers    = errors.New("whoever made this invitation saw other words: somebody may have changed the link on its way; ask for a new one, handed over in person")
	ErrInviter   = errors.New("whoever made this invitation is no longer of the household")
)

// way is one use of an invitation.
type way struct {
	*Joiner
	inv        pairing.Invitation
	offer      Offer
	state      *roster.State
	inviter    roster.Member
	secret     *device.Secret
	person     id.Person
	deviceName string
	personName string
}

// Join uses an invitation and returns the new device's folder.
func (j *Joiner) Join(ctx context.Context, inv pairing.Invitation, deviceName, dir string) (*device.Folder, *roster.State, error) {
	if err := device.Ready(dir); err != nil {
		return nil, nil, err
	}
	info, err := j.Client.Info(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("reach the cloud: %w", err)
	}
	w := &way{Joiner: j, inv: inv, deviceName: cleanName(deviceName, "new device")}
	if err := w.welcome(ctx); err != nil {
		return nil, nil, err
	}
	if w.personName, err = j.Accept(w.offer); err != nil {
		return nil, nil, err
	}
	w.personName = cleanName(w.personName, w.offer.Name)
	if err := w.begin(); err != nil {
		return nil, nil, err
	}
	j.Step("Made this device's keys. Asking the device that invited it.")
	if err := w.ask(ctx); err != nil {
		return nil, nil, err
	}
	if err := w.verdict(ctx); err != nil {
		return nil, nil, err
	}
	folder, err := device.Create(dir, w.secret, device.Household{
		Household: w.state.Household, Person: w.person, Device: w.secret.ID(), Cloud: j.Client.Base, To: info.To,
		Roster: w.state.Chain, Since: j.Now().UnixMilli(),
	})
	return folder, w.state, err
}

// begin makes the keys, and for a new person an id.
func (w *way) begin() (err error) {
	if w.secret, err = device.NewSecret(w.Rand); err != nil {
		return err
	}
	w.person = w.inviter.Person
	if w.offer.Kind == ForPerson {
		w.person, err = id.NewPerson(w.Rand)
	}
	return err
}

// welcome fetches the offer and the roster, and wants that to hold the head which the link names. An answer that lies
// in the box before this device has asked was meant for another one.
func (w *way) welcome(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, welcomeWait, ErrUnknown)
	defer cancel()
	g, err := newGathering(w.inv.Household, w.inv.Secret)
	if err != nil {
		return err
	}
	return watch(ctx, w.Client, endsOf(w.inv.Secret).joiner, func(bodies [][]byte) (bool, error) {
		for _, body := range bodies {
			switch err := g.add(body); {
			case errors.Is(err, errNoPart):
				return false, ErrUsed
			case err != nil:
				return false, err
			}
		}
		first, err := g.whole()
		if err != nil || first == nil {
			return false, err
		}
		if w.state, err = checkRoster(first.Roster, w.inv); err != nil {
			return false, err
		}
		w.offer = first.Offer
		w.offer.From, w.offer.Name = cleanName(first.From, ""), cleanName(first.Name, "")
		w.inviter, err = inviterOf(w.state, w.inv)
		return true, err
	})
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
	return s, nil
}

// inviterOf finds the inviter. One that was there and is gone is no alarm.
func inviterOf(s *roster.State, inv pairing.Invitation) (roster.Member, error) {
	if m, ok := s.Device(inv.Inviter); ok {
		return m, nil
	}
	if m, ok := s.Former(inv.Inviter); ok {
		return m, ErrInviter
	}
	return roster.Member{}, rule.Errorf(rule.Signer, "the invitation was made by a device that the roster does not know")
}

// ask builds the link on the newest roster and leaves it for the inviter.
func (w *way) ask(ctx context.Context) error {
	link, err := w.state.NewLink(w.Now().UnixMilli(), w.offer.Op(w.secret.Public(), w.person))
	if err != nil {
		return err
	}
	link.Sign(w.secret.ID(), w.secret.Sign())
	if w.offer.Slow {
		w.Words(Words(link))
	}
	body, err := encode(request{
		HMAC: pairing.MAC(w.inv.Secret, pairing.InviteMAC, link.PAE()), Link: link.Encode(), Name: w.deviceName, PersonName: w.personName,
	})
	if err != nil {
		return err
	}
	token := endsOf(w.inv.Secret).inviter
	sealed, err := box.Seal(w.inviter.Reader, joinInfo(w.inv.Household, "join"), box.Context{"box": pairing.Box(token)}, body)
	if err != nil {
		return fmt.Errorf("seal the answer to the invitation: %w", err)
	}
	return drop(ctx, w.Client, token, sealed)
}

// verdict waits for the inviter's word; on a stale one the link is built again.
func (w *way) verdict(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, verdictWait, ErrNoVerdict)
	defer cancel()
	token := endsOf(w.inv.Secret).joiner
	g, err := newGathering(w.inv.Household, w.inv.Secret)
	if err != nil {
		return err
	}
	return watch(ctx, w.Client, token, each(func(body []byte) (bool, error) {
		if errors.Is(g.add(body), ErrEnded) {
			return false, ErrEnded
		}
		plain, err := w.secret.Reader().Open(joinInfo(w.inv.Household, "joined"), box.Context{"box": pairing.Box(token)}, body)
		if err != nil {
			return false, nil
		}
		var v verdict
		if err := canon.UnmarshalMax(plain, &v, maxMessage); err != nil {
			return false, nil
		}
		return w.hear(ctx, v)
	}))
}

// hear takes the inviter's word.
func (w *way) hear(ctx context.Context, v verdict) (bool, error) {
	next := w.state.Clone()
	for _, link := range v.Roster {
		if err := next.Append(link); err != nil {
			return false, err
		}
	}
	w.state = next
	switch v.Error {
	case in:
	case stale:
		var err error
		if w.inviter, err = inviterOf(w.state, w.inv); err != nil {
			return false, err
		}
		w.Step("The household has changed meanwhile. Asking again.")
		return false, w.ask(ctx)
	case words:
		return false, ErrOthers
	case denied:
		if _, ok := w.state.Device(w.inv.Inviter); !ok {
			return false, ErrInviter
		}
		return false, ErrDenied
	default:
		return false, ErrRefused
	}
	m, ok := w.state.Device(w.secret.ID())
	p, there := w.state.Person(w.person)
	asOffered := w.offer.Kind == ForDevice || w.offer.CheckOp(roster.AddPerson{Rights: p.Rights, Role: p.Role}, "") == nil
	if !ok || !there || !asOffered || string(m.Sign) != string(w.secret.Public().Sign) || m.Person != w.person {
		return false, rule.Errorf(rule.Signer, "the roster does not hold this device as it was offered")
	}
	return true, nil
}
