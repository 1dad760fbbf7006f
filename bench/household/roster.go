// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"time"

	"keyhold/member/device"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// rightsOf gives a viewer some hours of some cameras, as people do; so each question has to look at a clock.
func rightsOf(role roster.Role) []roster.Right {
	hours := []roster.Hours{{Days: []int{1, 2, 3, 4, 5, 6, 7}, From: 0, Until: 24 * 60}}
	r := roster.Right{Actions: []roster.Action{roster.Export, roster.History, roster.Live}, Hours: hours, Zone: "Europe/Berlin"}
	switch role {
	case roster.Viewer:
		return []roster.Right{r}
	case roster.Guest:
		r.Until = time.Now().AddDate(0, 1, 0).UnixMilli()
		return []roster.Right{r}
	}
	return nil
}

// chain is a household made by hand, without hub and cloud.
type chain struct {
	state *roster.State
	owner *device.Secret
	hub   ed25519.PrivateKey
	now   int64
}

func newChain() (*chain, error) {
	owner, err := device.NewSecret(rand.Reader)
	if err != nil {
		return nil, err
	}
	sheet, err := device.NewSecret(rand.Reader)
	if err != nil {
		return nil, err
	}
	pub, hub, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	person, err := id.NewPerson(rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &chain{owner: owner, hub: hub, now: time.Now().UnixMilli()}
	e, err := dsse.New(roster.ThingGenesis, &roster.Genesis{
		At: c.now, Device: owner.Public(), Nonce: make([]byte, 32), Person: person,
		Hub:   roster.HubKeys{HPKE: sheet.Public().Reader, Sign: pub},
		Sheet: roster.SheetKeys{Reader: sheet.Public().Reader, Sign: sheet.Public().Sign},
	})
	if err != nil {
		return nil, err
	}
	e.Sign(owner.ID(), owner.Sign())
	e.Sign(id.Sheet, sheet.Sign())
	e.Sign(id.Hub, hub)
	c.state, err = roster.Start(e.Encode(), "")
	return c, err
}

func (c *chain) append(op roster.Op, by ...*device.Secret) error {
	c.now++
	e, err := c.state.NewLink(c.now, op)
	if err != nil {
		return err
	}
	for _, d := range by {
		e.Sign(d.ID(), d.Sign())
	}
	e.Sign(id.Hub, c.hub)
	return c.state.Append(e.Encode())
}

// bring adds a person with a device and returns both.
func (c *chain) bring(role roster.Role) (id.Person, *device.Secret, error) {
	d, err := device.NewSecret(rand.Reader)
	if err != nil {
		return "", nil, err
	}
	person, err := id.NewPerson(rand.Reader)
	if err != nil {
		return "", nil, err
	}
	return person, d, c.append(roster.AddPerson{Device: d.Public(), Person: person, Rights: rightsOf(role), Role: role}, c.owner, d)
}

// ask measures one question to a roster of twenty devices, in microseconds: a viewer's last device, whose hours count.
func ask(rounds int) ([]float64, error) {
	c, err := newChain()
	if err != nil {
		return nil, err
	}
	var last *device.Secret
	for range devices - 1 {
		if _, last, err = c.bring(roster.Viewer); err != nil {
			return nil, err
		}
	}
	camera, err := id.NewCamera(rand.Reader)
	if err != nil {
		return nil, err
	}
	var out []float64
	const times = 200_000
	for range rounds {
		began := time.Now()
		for n := range int64(times) {
			if why := c.state.May(last.ID(), roster.History, camera, c.now+n); why != "" {
				return nil, fmt.Errorf("the roster says no: %s", why)
			}
		}
		out = append(out, float64(time.Since(began).Nanoseconds())/times/1000)
	}
	return out, nil
}

// replay measures how long a device checks a chain of five hundred links, in milliseconds: people who came and went.
func replay(rounds int) ([]float64, error) {
	c, err := newChain()
	if err != nil {
		return nil, err
	}
	for c.state.Head.Seq < links {
		person, _, err := c.bring(roster.Viewer)
		if err != nil {
			return nil, err
		}
		e, err := c.state.RemovePerson(c.now, person)
		if err != nil {
			return nil, err
		}
		e.Sign(c.owner.ID(), c.owner.Sign())
		if err := c.append(roster.Remove{Removal: e.Encode()}); err != nil {
			return nil, err
		}
	}
	var out []float64
	for range rounds {
		began := time.Now()
		if _, err := roster.Replay(c.state.Chain, c.state.Household); err != nil {
			return nil, err
		}
		out = append(out, milliseconds(time.Since(began)))
	}
	return out, nil
}
