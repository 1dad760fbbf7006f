// SPDX-License-Identifier: Apache-2.0

package home

import (
	"testing"

	"keyhold/home/gesture/gesturetest"
	"keyhold/member/device"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

const appOrigin = "https://keyhold.example"

// key is a passkey of somebody, and what it would sign.
type key struct {
	*folk
	*gesturetest.Passkey
}

func (r *Rig) newKey(of *folk) *key {
	r.t.Helper()
	p, err := gesturetest.New(appOrigin)
	must(r.t, err)
	secret, err := device.PasskeySecret(p.ID, p.Secret)
	must(r.t, err)
	return &key{&folk{secret, of.Person, r}, p}
}

// link that brings it in.
func (k *key) link(of *folk) []byte {
	return k.r.link(roster.AddPasskey{Passkey: k.Keys(), Person: k.Person}, of, k.folk)
}

// Key brings in a passkey of somebody, with the code on the hub's terminal.
func (r *Rig) Key(of *folk) *key {
	r.t.Helper()
	k := r.newKey(of)
	r.order(of, request.Op{Kind: request.OpAppendLink, Link: k.link(of), Name: "Passkey"})
	return k
}

// hashOf is what a passkey is asked to sign.
func hashOf(t *testing.T, envelope []byte) []byte {
	t.Helper()
	e, err := dsse.Parse(envelope)
	must(t, err)
	hash := e.Hash()
	return hash[:]
}

func TestPasskeyBringsSomebodyBackAndDoesNothingElse(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	owner := r.owner()
	k := r.Key(owner)
	k.reads("that it is given", id.HouseholdCamera, door)
	s := k.session()
	for _, op := range []request.Op{
		{Kind: request.OpListCameras},
		{Kind: request.OpRotate},
		{Kind: request.OpRemoveCamera, Camera: door},
		{Kind: request.OpLeaveEarly},
		{Kind: request.OpAddCamera, Name: "Mine", URL: r.URL("b")},
	} {
		if _, err := s.Do(t.Context(), op); word(err) != request.RefusedDenied {
			t.Errorf("%s by a passkey: %v", op.Kind, err)
		}
	}
	_, err := s.Do(t.Context(), r.removal(owner.Person, "", k.folk))
	if word(err) != request.RefusedInvalid && word(err) != request.RefusedDenied {
		t.Errorf("a person whom a passkey removes: %v", err)
	}
	f := r.Device(k.folk)
	f.reads("of the device that came back", id.HouseholdCamera, door)
	// It removes the device that was lost, and goes itself when that one's person says so.
	r.order(k.folk, r.removal("", owner.ID(), k.folk))
	if got := owner.current(); len(got) != 0 {
		t.Errorf("the lost device opens what is sealed now of %v", got)
	}
	r.order(f, r.removal("", k.folk.ID(), f))
	k.reads("after it was removed")
	f.reads("afterwards", id.HouseholdCamera, door)
}

func TestPasskeyOfAViewerReadsWhatTheViewerReads(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door, yard := r.Add("Door", "a"), r.Add("Yard", "b")
	vera := r.Bring("Vera", roster.Viewer, always(door))
	k := r.Key(vera)
	k.reads("of a viewer", door)
	owner := r.owner()
	r.order(owner, request.Op{Kind: request.OpAppendLink, Link: r.link(roster.SetRights{Person: vera.Person, Role: roster.Viewer, Rights: []roster.Right{always(yard)}}, owner)})
	k.reads("of a viewer with other rights", yard)
	r.order(owner, r.removal(vera.Person, "", owner))
	k.reads("of somebody who is gone")
}

func TestPasskeyStandsInForTheCodeOfTheHub(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	owner := r.owner()
	k := r.Key(owner)
	f := r.newFolk("")
	link := r.link(roster.AddPerson{Device: f.Public(), Person: f.Person, Role: roster.Guardian}, owner, f)
	g, err := k.Passkey.Sign(gesturetest.Answer{Challenge: hashOf(t, link)})
	must(t, err)
	reply, err := r.Member.Do(t.Context(), request.Op{Kind: request.OpAppendLink, Link: link, Name: "Phone", PersonName: "Gus", Gesture: g})
	must(t, err)
	r.follow(reply.Result.Link)
	if len(r.gestures) != 0 {
		t.Error("the hub showed a code that nobody needed")
	}
	// And another passkey comes in by the first one.
	second := r.newKey(owner)
	link = second.link(owner)
	g, err = k.Passkey.Sign(gesturetest.Answer{Challenge: hashOf(t, link)})
	must(t, err)
	reply, err = r.Member.Do(t.Context(), request.Op{Kind: request.OpAppendLink, Link: link, Name: "Key ring", Gesture: g})
	must(t, err)
	r.follow(reply.Result.Link)
}

func TestPasskeyOfAnUnknownKindIsNotTaken(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	owner := r.owner()
	k := r.newKey(owner)
	keys := k.Keys()
	keys.Public = []byte("no COSE key")
	link := r.link(roster.AddPasskey{Passkey: keys, Person: owner.Person}, owner, k.folk)
	if _, err := r.Member.Do(t.Context(), request.Op{Kind: request.OpAppendLink, Link: link}); word(err) != request.RefusedInvalid {
		t.Errorf("a passkey whose gestures this hub could not check: %v", err)
	}
}
