// SPDX-License-Identifier: Apache-2.0

package invite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"keyhold/member/session"
	"keyhold/sealing/box"
	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/pairing"
	ask "keyhold/statement/request"
	"keyhold/statement/roster"
)

// Invitation is one that this device has made.
type Invitation struct {
	// Link is to be handed over outside the cloud.
	Link string

	s      *session.Session
	secret []byte
	step   func(string)
}

// Joined says who used an invitation.
type Joined struct {
	Device id.Device
	Name   string
	// Epochs is how many keys the device was given.
	Epochs int
}

// New makes an invitation for a further device of one's own person. origin is where the other device
// opens the app.
func New(ctx context.Context, s *session.Session, origin string, step func(string)) (*Invitation, error) {
	if _, err := s.Steady(ctx, anything); err != nil {
		return nil, err
	}
	secret, err := newSecret(s.Rand)
	if err != nil {
		return nil, err
	}
	link, err := pairing.Invitation{Head: s.Roster.Head, Household: s.Home.Household, Inviter: s.Keys.ID(), Secret: secret}.Link(origin)
	if err != nil {
		return nil, err
	}
	i := &Invitation{Link: link, s: s, secret: secret, step: step}
	body, err := encode(welcome{Roster: s.Roster.Chain})
	if err != nil {
		return nil, err
	}
	return i, drop(ctx, s.Client, endsOf(secret).joiner, body)
}

// anything is content with a View that holds by itself.
func anything(*session.View) error { return nil }

// Wait lets one device in. It returns when that is done, or with ErrTooLate.
func (i *Invitation) Wait(ctx context.Context, patience time.Duration) (*Joined, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, ErrTooLate)
	defer cancel()
	var joined *Joined
	err := watch(ctx, i.s.Client, endsOf(i.secret).inviter, each(func(body []byte) (bool, error) {
		r, ok := i.read(body)
		if !ok {
			return false, nil
		}
		var err error
		joined, err = i.admit(ctx, r)
		if errors.Is(err, errStale) {
			return false, nil
		}
		return err == nil, err
	}))
	clear(i.secret)
	return joined, err
}

// read opens a message and wants the MAC to hold; anything else in the box is dropped silently.
func (i *Invitation) read(body []byte) (*request, bool) {
	plain, err := i.s.Keys.Reader().Open(joinInfo(i.s.Home.Household, "join"), box.Context{"box": pairing.Box(endsOf(i.secret).inviter)}, body)
	if err != nil {
		return nil, false
	}
	var r request
	if canon.UnmarshalMax(plain, &r, maxMessage) != nil {
		return nil, false
	}
	if _, err := readMAC(r.Link, r.HMAC, i.secret); err != nil {
		return nil, false
	}
	return &r, true
}

// errStale says that the roster moved and the joiner was told to build its link again.
var errStale = errors.New("the roster has moved on")

func (i *Invitation) admit(ctx context.Context, r *request) (*Joined, error) {
	e, err := readMAC(r.Link, r.HMAC, i.secret)
	if err != nil {
		return nil, err
	}
	var link roster.Link
	if err := e.Read(roster.ThingLink, &link); err != nil {
		return nil, fmt.Errorf("read the new device's link: %w", err)
	}
	op, ok := link.Op.(roster.AddDevice)
	if !ok {
		return nil, fmt.Errorf("the new device's link does something else than to add it")
	}
	name := cleanName(r.Name)
	i.step("A device asks to join: " + name + ".")
	if link.Prev != i.s.Roster.Head.Hash {
		return nil, i.again(ctx, op.Device)
	}
	if op.Person != i.s.Person() {
		return nil, errors.Join(fmt.Errorf("the new device asks to belong to somebody else"), i.tell(ctx, op.Device, refused))
	}
	e.Sign(i.s.Keys.ID(), i.s.Keys.Sign())
	if _, _, err := i.s.Roster.CheckProposal(e.Encode()); err != nil {
		return nil, errors.Join(fmt.Errorf("check the new device's link: %w", err), i.tell(ctx, op.Device, refused))
	}
	reply, err := i.s.Do(ctx, ask.Op{Kind: ask.OpAppendLink, Link: e.Encode(), Name: name})
	var no *session.RefusedError
	if errors.As(err, &no) && no.Word == ask.RefusedStale {
		return nil, i.again(ctx, op.Device)
	}
	if err != nil {
		return nil, fmt.Errorf("ask the hub: %w", err)
	}
	if err := i.take(reply.Result.Link); err != nil {
		return nil, err
	}
	i.step("The hub has signed. Handing over the keys of what was recorded.")
	n, err := i.s.Give(ctx, op.Device)
	if err != nil {
		return nil, fmt.Errorf("hand over keys: %w", err)
	}
	return &Joined{Device: op.Device.ID, Name: name, Epochs: n}, i.tell(ctx, op.Device, in)
}

// take moves the roster by the link that came back with the hub's signature.
func (i *Invitation) take(link []byte) error {
	state, err := roster.Replay(i.s.Roster.Chain, i.s.Home.Household)
	if err != nil {
		return err
	}
	if err := state.Append(link); err != nil {
		return fmt.Errorf("check the link that the hub signed: %w", err)
	}
	return i.s.SetRoster(state)
}

// again tells the joiner to build its link on the newest roster.
func (i *Invitation) again(ctx context.Context, device roster.DeviceKeys) error {
	if _, err := i.s.Steady(ctx, anything); err != nil {
		return err
	}
	if err := i.tell(ctx, device, stale); err != nil {
		return err
	}
	return errStale
}

func (i *Invitation) tell(ctx context.Context, device roster.DeviceKeys, word string) error {
	body, err := encode(verdict{Error: word, Roster: i.s.Roster.Chain})
	if err != nil {
		return err
	}
	token := endsOf(i.secret).joiner
	sealed, err := box.Seal(device.Reader, joinInfo(i.s.Home.Household, "joined"), box.Context{"box": pairing.Box(token)}, body)
	if err != nil {
		return fmt.Errorf("seal the answer: %w", err)
	}
	return drop(ctx, i.s.Client, token, sealed)
}

// cleanName makes a name that came from elsewhere safe to print and to store.
func cleanName(name string) string {
	name = norm.NFC.String(strings.ToValidUTF8(name, ""))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) || (r >= 0x2028 && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return -1
		}
		return r
	}, name)
	for len(name) > manifest.MaxName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	if name = strings.TrimSpace(name); name == "" {
		return "new device"
	}
	return name
}
