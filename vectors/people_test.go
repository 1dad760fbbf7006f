// SPDX-License-Identifier: Apache-2.0

package vectors_test

import (
	"keyhold/member/invite"
	"keyhold/sealing/box"
	"keyhold/sealing/parts"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/erasure"
	"keyhold/statement/id"
	"keyhold/statement/pairing"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// bases holds the rosters that vectors of one file go on from: there are few.
type bases map[string]*roster.State

func (b bases) replay(v vector) (*roster.State, error) {
	if b[v.On] == nil {
		s, err := roster.Replay(v.Chain[:v.Base], id.Household(v.Household))
		if err != nil {
			return nil, err
		}
		b[v.On] = s
	}
	s := b[v.On].Clone()
	for _, link := range v.Chain[v.Base:] {
		if err := s.Append(link); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// people returns what two implementations must agree on about a roster.
func (b bases) people(v vector) (any, error) {
	s, err := b.replay(v)
	if err != nil {
		return nil, err
	}
	list, announced := []any{}, []any{}
	for _, p := range s.People {
		devices := []id.Device{}
		for _, m := range s.Devices(p.ID) {
			devices = append(devices, m.ID)
		}
		list = append(list, map[string]any{"id": p.ID, "role": p.Role, "since": p.Since, "owner_since": p.OwnerSince, "devices": devices})
		if at, ok := s.Announced[p.ID]; ok {
			announced = append(announced, map[string]any{"person": p.ID, "at": at})
		}
	}
	sheet := id.Person("")
	if _, ok := s.Key(id.Sheet); ok {
		sheet = s.SheetPerson
	}
	return map[string]any{
		"head": s.Head, "people": list, "sheet": sheet, "announced": announced, "readers": s.Readers(id.Camera(v.Camera), v.At),
	}, nil
}

func (b bases) removal(v vector) (any, error) {
	s, err := b.replay(v)
	if err != nil {
		return nil, err
	}
	r, err := s.CheckRemoval(v.Input, v.At)
	if err != nil {
		return nil, err
	}
	return string(r.Device) + string(r.Person), nil
}

func (b bases) may(v vector) (any, error) {
	s, err := b.replay(v)
	if err != nil {
		return nil, err
	}
	d, a, c := id.Device(v.Device), roster.Action(v.Action), id.Camera(v.Camera)
	since, ok := s.Earliest(d, a, c, v.At)
	if r := s.May(d, a, c, v.At); r != "" {
		if ok {
			return nil, nil // they contradict each other
		}
		return nil, rule.Errorf(r, "%s may not %s", v.Device, v.Action)
	}
	return map[string]int64{"earliest": since}, nil
}

func (b bases) erase(v vector) (any, error) {
	if v.Thing == "receipt" {
		statement, err := id.ParseHash(v.Old)
		if err != nil {
			return nil, err
		}
		r, err := erasure.ParseReceipt(v.Text, statement, v.Input, v.Key)
		return map[string]int64{"at": r.At, "bytes": r.Bytes, "objects": r.Counts["objects"], "links": r.Counts["links"]}, err
	}
	s, err := b.replay(v)
	if err != nil {
		return nil, err
	}
	_, _, err = erasure.Open(v.Input, s, v.Key, v.At)
	return nil, err
}

func (b bases) second(v vector) (any, error) {
	s, err := b.replay(v)
	if err != nil {
		return nil, err
	}
	link := v.Input
	if v.Thing == "whole" {
		link = v.Leaves[0]
	}
	if v.Thing == "second" {
		a, err := pairing.OpenSecond(v.Input, s, v.At)
		if err != nil {
			return nil, err
		}
		return map[string]string{"answer": a.Answer}, nil
	}
	half, err := s.CheckHalf(link)
	if err != nil {
		return nil, err
	}
	if v.Thing == "half" {
		return map[string]string{"by": string(half.By), "device": string(half.Device)}, nil
	}
	a, err := pairing.OpenSecond(v.Leaves[1], s, v.At)
	if err != nil {
		return nil, err
	}
	_, _, err = s.CheckProposal(a.With(half.Envelope).Encode())
	return nil, err
}

func words(v vector) (any, error) {
	e, err := dsse.Parse(v.Input)
	if err != nil {
		return nil, err
	}
	return map[string]any{"words": pairing.Words(e.PAE())}, nil
}

func takeover(v vector) (any, error) {
	switch v.Thing {
	case "taken":
		var a pairing.Taken
		return nil, canon.UnmarshalMax(v.Input, &a, 2*dsse.MaxBytes)
	case "part":
		key, err := box.NewKey(v.Key)
		if err != nil {
			return nil, err
		}
		part, of, plain, err := parts.Open(key, box.Context{"purpose": pairing.PurposeTakeover}, v.Text, v.Input)
		return map[string]any{"part": part, "of": of, "plain": plain}, err
	}
	var m pairing.Takeover
	if err := canon.UnmarshalMax(v.Input, &m, parts.Max); err != nil || v.Thing != "proof" {
		return nil, err
	}
	code, err := pairing.ParseCode(v.Text)
	if err != nil {
		return nil, err
	}
	e, err := dsse.Parse(m.Link)
	if err != nil {
		return nil, err
	}
	return nil, pairing.CheckMAC(m.HMAC, code.Secret, pairing.TakeoverMAC, e.PAE())
}

func inviting(v vector) (any, error) {
	switch v.Thing {
	case "answer":
		var a pairing.Answer
		return nil, canon.Unmarshal(v.Input, &a)
	case "verdict":
		var x pairing.Verdict
		return nil, canon.Unmarshal(v.Input, &x)
	case "part":
		part, of, _, err := invite.OpenPart(id.Household(v.Household), v.Key, v.Input)
		return map[string]int{"part": part, "of": of}, err
	}
	var o pairing.Welcome
	if err := canon.Unmarshal(v.Input, &o); err != nil {
		return nil, err
	}
	switch v.Thing {
	case "fits":
		e, err := dsse.Parse(v.Chain[0])
		if err != nil {
			return nil, err
		}
		var l roster.Link
		if err := e.Read(roster.ThingLink, &l); err != nil {
			return nil, err
		}
		return nil, o.CheckOp(l.Op, id.Person(v.Text))
	case "wait":
		return nil, o.CheckWait(v.Index)
	}
	return nil, nil
}
