// SPDX-License-Identifier: Apache-2.0

// Package pair makes a new household: the device's side of docs/protocol.md, section 8.
//
// The hub is known by the code that a person carried from its terminal; the cloud between the two only
// holds drop boxes. It promises that nothing leaves this computer before the hub's keys were held
// against the code and the person has shown that they hold the recovery sheet. Before the last step is
// done the sheet is the way back: a crash after genesis was sent leaves a household that
// `keyhold recover` reaches.
package pair

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/text/unicode/norm"

	"keyhold/api"
	"keyhold/member/device"
	"keyhold/sealing/box"
	"keyhold/sealing/keys"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Wish is what a person asks for.
type Wish struct {
	Code       string
	PersonName string
	DeviceName string
	// Zone is the household's time zone, an IANA name.
	Zone string
	// Dir is where the device will live.
	Dir string
}

// Maker makes a household.
type Maker struct {
	Client *api.Client
	Now    func() time.Time
	Rand   io.Reader
	// Step is told what happens.
	Step func(string)
	// Confirm is given the words of the sheet and returns once the person has shown that they hold them.
	Confirm func(words []string, household id.Household) error
}

// ErrCode says that what was typed is no code at all, which is a slip and no alarm.
var ErrCode = errors.New("this is no hub's code: it has thirteen groups of four letters and digits, as keyhold hub code prints it")

// ErrName says that a hub would not take a name; it would not say so.
var ErrName = fmt.Errorf("a name is too long: %d bytes is the most", manifest.MaxName)

// ErrNoHub says that no hub waits under this code.
var ErrNoHub = errors.New("no hub waits under this code; is it running with the same --cloud, and is this its newest code (keyhold hub code)?")

// ErrSent says that genesis may have arrived although no answer came.
var ErrSent = errors.New("the hub did not confirm; the household may exist: try keyhold recover with the sheet that was just written, before anything else")

const (
	hubWait     = 60 * time.Second
	confirmWait = 90 * time.Second
)

// offer is what the hub drops first.
type offer struct {
	Hub roster.HubKeys `json:"hub"`
}

// proposal is what the device answers, sealed to the hub.
type proposal struct {
	DeviceName string `json:"device_name"`
	Genesis    []byte `json:"genesis"`
	HMAC       []byte `json:"hmac"`
	PersonName string `json:"person_name"`
	Zone       string `json:"zone"`
}

// paired is the hub's last word, sealed to the device.
type paired struct {
	Error   string `json:"error"`
	Genesis []byte `json:"genesis"`
}

// Make pairs with the hub and returns the new device's folder.
func (m *Maker) Make(ctx context.Context, wish Wish) (*device.Folder, *roster.State, error) {
	code, err := pairing.ParseCode(wish.Code)
	if err != nil {
		return nil, nil, ErrCode
	}
	for _, name := range []string{wish.PersonName, wish.DeviceName, wish.Zone} {
		if len(norm.NFC.String(name)) > manifest.MaxName {
			return nil, nil, ErrName
		}
	}
	if err := device.Ready(wish.Dir); err != nil {
		return nil, nil, err
	}
	info, err := m.Client.Info(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("reach the cloud: %w", err)
	}
	m.Step("Looking for the hub.")
	toDevice, toHub := pairing.Derive(code.Secret, pairing.PairToDevice), pairing.Derive(code.Secret, pairing.PairToHub)
	hub, after, err := FindHub(ctx, m.Client, code)
	if err != nil {
		return nil, nil, err
	}
	m.Step("Found it; its keys are those of the code.")
	b, err := m.genesis(hub)
	if err != nil {
		return nil, nil, err
	}
	m.Step("Made this device's keys and the recovery sheet.")
	if err := m.Confirm(b.sheet.Words(), b.household); err != nil {
		return nil, nil, err
	}
	m.Step("Asking the hub to begin the household.")
	if err := m.send(ctx, b, wish, code, pairing.Box(toHub)); err != nil {
		return nil, nil, err
	}
	state, err := m.confirmed(ctx, b, toDevice, after)
	if err != nil {
		return nil, nil, err
	}
	folder, err := device.Create(wish.Dir, b.secret, device.Household{
		Household: state.Household, Person: b.person, Device: b.secret.ID(), Cloud: m.Client.Base, To: info.To,
		Roster: state.Chain, Since: m.Now().UnixMilli(),
	})
	if err != nil {
		return nil, nil, fmt.Errorf("%w (keyhold recover brings the household back with the sheet)", err)
	}
	return folder, state, nil
}

// FindHub waits for a new hub's keys and holds them against its code. A box can hold more than one
// offer: only one that fits is used, and if none does, that is an alarm. It also returns how far the
// box was read.
func FindHub(ctx context.Context, client *api.Client, code pairing.Code) (roster.HubKeys, int64, error) {
	token := pairing.Derive(code.Secret, pairing.PairToDevice)
	wait, cancel := context.WithTimeoutCause(ctx, hubWait, ErrNoHub)
	defer cancel()
	var after int64
	var wrong error
	for {
		drops, err := client.Drops(wait, pairing.Box(token), token, after, api.MaxDropWait)
		if err != nil {
			switch {
			case !errors.Is(context.Cause(wait), ErrNoHub):
				return roster.HubKeys{}, 0, fmt.Errorf("look for the hub: %w", err)
			case wrong != nil:
				return roster.HubKeys{}, 0, wrong
			default:
				return roster.HubKeys{}, 0, ErrNoHub
			}
		}
		for _, d := range drops {
			after = max(after, d.N)
			var o offer
			if canon.Unmarshal(d.Body, &o) != nil {
				continue
			}
			if wrong = code.CheckHub(o.Hub); wrong == nil {
				return o.Hub, after, nil
			}
		}
		if wrong != nil {
			return roster.HubKeys{}, 0, wrong
		}
	}
}

// beginning is a household that nobody but this device knows of.
type beginning struct {
	secret    *device.Secret
	sheet     keys.Sheet
	person    id.Person
	envelope  *dsse.Envelope
	household id.Household
	hub       roster.HubKeys
}

func (m *Maker) genesis(hub roster.HubKeys) (*beginning, error) {
	secret, err := device.NewSecret(m.Rand)
	if err != nil {
		return nil, err
	}
	sheet, err := keys.NewSheet(m.Rand)
	if err != nil {
		return nil, err
	}
	sheetKeys, err := device.SheetSecret(sheet)
	if err != nil {
		return nil, err
	}
	person, err := id.NewPerson(m.Rand)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, 32)
	if _, err := io.ReadFull(m.Rand, nonce); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	e, err := dsse.New(roster.ThingGenesis, roster.Genesis{
		At: m.Now().UnixMilli(), Device: secret.Public(), Hub: hub, Nonce: nonce, Person: person,
		Sheet: roster.SheetKeys{Reader: sheetKeys.Public().Reader, Sign: sheetKeys.Public().Sign},
	})
	if err != nil {
		return nil, err
	}
	e.Sign(secret.ID(), secret.Sign())
	e.Sign(id.Sheet, sheetKeys.Sign())
	return &beginning{
		secret: secret, sheet: sheet, person: person, envelope: e,
		household: id.Household(e.Hash().String()), hub: hub,
	}, nil
}

func (m *Maker) send(ctx context.Context, b *beginning, wish Wish, code pairing.Code, hubBox string) error {
	body, err := canon.Marshal(proposal{
		DeviceName: wish.DeviceName, Genesis: b.envelope.Encode(),
		HMAC:       pairing.MAC(code.Secret, pairing.PairMAC, b.envelope.PAE()),
		PersonName: wish.PersonName, Zone: wish.Zone,
	})
	if err != nil {
		return fmt.Errorf("encode genesis: %w", err)
	}
	sealed, err := box.Seal(b.hub.HPKE, box.Context{"purpose": "pairing"}, box.Context{"box": hubBox}, body)
	if err != nil {
		return fmt.Errorf("seal genesis: %w", err)
	}
	if err := m.Client.Drop(ctx, hubBox, sealed); err != nil {
		return fmt.Errorf("send genesis: %w", err)
	}
	return nil
}

// confirmed waits for genesis with the hub's signature. Anybody who knows the box could drop
// something; only what opens and is this very genesis counts.
func (m *Maker) confirmed(ctx context.Context, b *beginning, token []byte, after int64) (*roster.State, error) {
	wait, cancel := context.WithTimeoutCause(ctx, confirmWait, ErrSent)
	defer cancel()
	for {
		drops, err := m.Client.Drops(wait, pairing.Box(token), token, after, api.MaxDropWait)
		if err != nil {
			return nil, fmt.Errorf("%w (%w)", ErrSent, err)
		}
		for _, d := range drops {
			after = max(after, d.N)
			plain, err := b.secret.Reader().Open(box.Context{"purpose": "paired"}, box.Context{"box": pairing.Box(token)}, d.Body)
			if err != nil {
				continue
			}
			var p paired
			if err := canon.UnmarshalMax(plain, &p, dsse.MaxBytes*2); err != nil {
				return nil, fmt.Errorf("read the hub's answer: %w", err)
			}
			if p.Error != "" {
				return nil, fmt.Errorf("the hub refused: %s", refusal(p.Error))
			}
			state, err := roster.Start(p.Genesis, b.household)
			if err != nil {
				return nil, err
			}
			if string(state.Hub.Sign) != string(b.hub.Sign) {
				return nil, rule.Errorf(rule.HubKeys, "genesis names another hub")
			}
			return state, nil
		}
	}
}

func refusal(word string) string {
	switch word {
	case "used", "denied":
		return "this code was used already; a hub belongs to one household"
	case "invalid":
		return "the code does not fit; ask the hub for its code again (keyhold hub code)"
	default:
		return word
	}
}
