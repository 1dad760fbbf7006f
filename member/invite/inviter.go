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
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/pairing"
	ask "keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Invitation is one that this device has made.
type Invitation struct {
	// Link is to be handed over outside the cloud.
	Link  string
	Offer Offer
	// Step is told what happens.
	Step func(string)
	// Compare is asked, for a slow invitation, whether the joiner reads the same six words.
	Compare func(name string, six []string) (bool, error)
	// Gesture asks for what the hub shows.
	Gesture session.Gesture

	s      *session.Session
	secret []byte
	told   int // how many statements of the roster the joiner has
	knocks int
}

// Joined says who used an invitation.
type Joined struct {
	Device id.Device
	Person id.Person
	// Name is the device's, PersonName that of the new person; "" for a device of one's own.
	Name       string
	PersonName string
	// Epochs is how many keys the device was given.
	Epochs int
}

// New makes an invitation. origin is where the other device opens the app.
func New(ctx context.Context, s *session.Session, offer Offer, origin string) (*Invitation, error) {
	if _, err := s.Steady(ctx, anything); err != nil {
		return nil, err
	}
	if err := allowed(s, offer); err != nil {
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
	i := &Invitation{Link: link, Offer: offer.Plain(), Step: func(string) {}, s: s, secret: secret}
	return i, i.leave(ctx, s.Roster)
}

// ErrNotYours says that this device's person may not bring in somebody of that role.
var ErrNotYours = errors.New("this is not yours to give")

// allowed says early what the hub would say late.
func allowed(s *session.Session, offer Offer) error {
	if err := offer.Check(); err != nil {
		return err
	}
	if err := offer.CheckWait(s.Now().UnixMilli()); err != nil {
		return err
	}
	if offer.Kind == ForDevice {
		return nil
	}
	me, ok := s.Roster.Person(s.Person())
	if !ok || !me.Role.Manages(offer.Role) {
		return fmt.Errorf("%w: %s cannot bring in %s", ErrNotYours, me.Role, offer.Role)
	}
	return nil
}

// anything is content with a View that holds by itself.
func anything(*session.View) error { return nil }

// Wait lets one device in. It returns when that is done, or with ErrTooLate.
func (i *Invitation) Wait(ctx context.Context, patience time.Duration) (*Joined, error) {
	waiting, cancel := context.WithTimeoutCause(ctx, patience, ErrTooLate)
	defer cancel()
	var joined *Joined
	err := watch(waiting, i.s.Client, endsOf(i.secret).inviter, each(func(body []byte) (bool, error) {
		r, ok := i.read(body)
		if !ok {
			if i.knocks++; i.knocks == 1 {
				i.Step("Somebody knocked who does not hold the link. They were not let in.")
			}
			return false, nil
		}
		var err error
		joined, err = i.admit(ctx, r)
		if errors.Is(err, errStale) {
			return false, nil
		}
		return err == nil && !rule.Off(rule.Invitation), err // it works once
	}))
	if joined == nil {
		i.end()
	}
	clear(i.secret)
	return joined, err
}

// end tells a joiner who comes later that nobody waits any more.
func (i *Invitation) end() {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	body, err := sealEnd(i.s.Home.Household, i.secret)
	if err == nil {
		_ = drop(ctx, i.s.Client, endsOf(i.secret).joiner, body) // a courtesy
	}
}

// read opens a message and wants the MAC to hold; anything else in the box is dropped.
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

// ErrWords says that the six words were not the same.
var ErrWords = errors.New("the words were not the same, so somebody else may hold the link; nobody was let in: make a new invitation and hand it over yourself")

func (i *Invitation) admit(ctx context.Context, r *request) (*Joined, error) {
	e, err := readMAC(r.Link, r.HMAC, i.secret)
	if err != nil {
		return nil, err
	}
	var link roster.Link
	if err := e.Read(roster.ThingLink, &link); err != nil {
		return nil, fmt.Errorf("read the new device's link: %w", err)
	}
	device, person := newcomer(link.Op)
	joined := &Joined{Device: device.ID, Person: person, Name: cleanName(r.Name, "new device")}
	if i.Offer.Kind == ForPerson {
		joined.PersonName = cleanName(r.PersonName, i.Offer.Name)
		i.Step(fmt.Sprintf("%s asks to join, with %s.", joined.PersonName, joined.Name))
	} else {
		i.Step("A device asks to join: " + joined.Name + ".")
	}
	if err := i.Offer.CheckOp(link.Op, i.s.Person()); err != nil {
		if device.ID != "" {
			err = errors.Join(err, i.tell(ctx, device, refused))
		}
		return nil, err
	}
	if link.Prev != i.s.Roster.Head.Hash {
		return nil, i.again(ctx, device)
	}
	if err := i.compare(e, joined); err != nil {
		return nil, errors.Join(err, i.tell(ctx, device, words))
	}
	e.Sign(i.s.Keys.ID(), i.s.Keys.Sign())
	if _, _, err := i.s.Roster.CheckProposal(e.Encode()); err != nil {
		return nil, errors.Join(fmt.Errorf("check the new device's link: %w", err), i.tell(ctx, device, refused))
	}
	err = i.s.Append(ctx, session.Change{Link: e, DeviceName: joined.Name, PersonName: joined.PersonName}, i.Gesture)
	var no *session.RefusedError
	switch {
	case errors.As(err, &no) && no.Word == ask.RefusedStale:
		return nil, i.again(ctx, device)
	case errors.As(err, &no), session.IsStranger(err):
		return nil, errors.Join(fmt.Errorf("ask the hub: %w", err), i.tell(ctx, device, denied))
	case err != nil:
		return nil, errors.Join(fmt.Errorf("ask the hub: %w", err), i.tell(ctx, device, refused))
	}
	i.Step("The hub has signed.")
	if joined.Epochs, err = i.s.Give(ctx, device, i.Offer.Covers); err != nil {
		return nil, fmt.Errorf("hand over keys: %w", err)
	}
	return joined, i.tell(ctx, device, in)
}

// compare asks for the six words where the link went out of sight.
func (i *Invitation) compare(e *dsse.Envelope, joined *Joined) error {
	if !i.Offer.Slow {
		return nil
	}
	same, err := i.Compare(joined.PersonName, Words(e))
	if err != nil {
		return err
	}
	if !same {
		return ErrWords
	}
	return nil
}

// again tells the joiner to build its link on the newest roster.
func (i *Invitation) again(ctx context.Context, device roster.DeviceKeys) error {
	if _, err := i.s.Steady(ctx, anything); err != nil {
		return errors.Join(err, i.tell(ctx, device, denied))
	}
	if err := i.tell(ctx, device, stale); err != nil {
		return err
	}
	return errStale
}

func (i *Invitation) tell(ctx context.Context, device roster.DeviceKeys, word string) error {
	chain := i.s.Roster.Chain
	body, err := encode(verdict{Error: word, Roster: append([][]byte{}, chain[min(i.told, len(chain)):]...)})
	if err != nil {
		return err
	}
	i.told = len(chain)
	token := endsOf(i.secret).joiner
	sealed, err := box.Seal(device.Reader, joinInfo(i.s.Home.Household, "joined"), box.Context{"box": pairing.Box(token)}, body)
	if err != nil {
		return fmt.Errorf("seal the answer: %w", err)
	}
	return drop(ctx, i.s.Client, token, sealed)
}

// cleanName makes a name that came from elsewhere safe to print and to store.
func cleanName(name, otherwise string) string {
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
		return otherwise
	}
	return name
}
