// SPDX-License-Identifier: Apache-2.0

package home

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"keyhold/member/device"
	"keyhold/sealing/keys"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// sheet is the recovery sheet as somebody who holds it in their hand.
func (r *Rig) sheet() *folk {
	r.t.Helper()
	s, err := keys.ParseSheet(strings.Join(r.words, " "))
	must(r.t, err)
	secret, err := device.SheetSecret(s)
	must(r.t, err)
	return &folk{secret, r.Member.Person(), r}
}

func TestSheetBringsSomebodyBackAndDoesNothingElse(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	sheet := r.sheet()
	s := sheet.session()
	for _, op := range []request.Op{
		{Kind: request.OpListCameras},
		{Kind: request.OpRotate},
		{Kind: request.OpRemoveCamera, Camera: door},
		{Kind: request.OpLeaveEarly},
		{Kind: request.OpAddCamera, Name: "Mine", URL: r.URL("b")},
	} {
		if _, err := s.Do(t.Context(), op); word(err) != request.RefusedDenied {
			t.Errorf("%s by the sheet: %v", op.Kind, err)
		}
	}
	f := r.newFolk("")
	link := r.link(roster.AddPerson{Device: f.Public(), Person: f.Person, Role: roster.Owner}, sheet, f)
	if _, err := s.Do(t.Context(), request.Op{Kind: request.OpAppendLink, Link: link, PersonName: "Ghost"}); word(err) != request.RefusedDenied {
		t.Errorf("a person whom the sheet brings in: %v", err)
	}
	f = r.Device(sheet)
	f.reads("of the device that came back", id.HouseholdCamera, door)
	// It removes the device that was lost.
	r.order(sheet, r.removal("", r.owner().ID(), sheet))
	if got := r.owner().current(); len(got) != 0 {
		t.Errorf("the lost device opens what is sealed now of %v", got)
	}
}

func TestSheetThatWasReplacedOpensNothingNew(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	old := r.sheet()
	old.reads("before", id.HouseholdCamera, door)
	fresh, err := keys.NewSheet(rand.Reader)
	must(t, err)
	secret, err := device.SheetSecret(fresh)
	must(t, err)
	next, owner := &folk{secret, r.Member.Person(), r}, r.owner()
	pub := secret.Public()
	r.order(owner, request.Op{
		Kind: request.OpAppendLink,
		Link: r.link(roster.NewSheet{Sheet: roster.SheetKeys{Reader: pub.Reader, Sign: pub.Sign}}, owner, next),
	})
	next.reads("after", id.HouseholdCamera, door)
	old.reads("after")
	s := old.session()
	if _, err := s.Do(t.Context(), request.Op{Kind: request.OpPing}); err == nil {
		t.Error("the hub still listens to the old sheet")
	}
}

func TestOwnerIsRemovedBySheetAfterThreeDaysIfNobodyObjects(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	sheet := r.sheet()
	other := r.Bring("Otto", roster.Owner)
	other.reads("at first", id.HouseholdCamera, door)
	refused := func(why string) {
		t.Helper()
		if _, err := sheet.session().Do(t.Context(), r.removal(other.Person, "", sheet)); word(err) == "" {
			t.Errorf("%s: %v", why, err)
		}
	}
	announce := func() {
		t.Helper()
		r.order(sheet, request.Op{Kind: request.OpAppendLink, Link: r.link(roster.AnnounceRemoval{Person: other.Person}, sheet)})
	}
	refused("without a word before")
	announce()
	refused("at once")
	r.offset.Add(int64(71 * time.Hour))
	refused("after 71 hours")
	r.order(other, request.Op{Kind: request.OpAppendLink, Link: r.link(roster.Object{Person: other.Person}, other)})
	r.offset.Add(int64(2 * time.Hour))
	refused("after an objection")
	// An announcement is dated by the hub's clock, give or take: nobody announces three days ago.
	e, err := r.Member.Roster.NewLink(r.Member.Roster.At, roster.AnnounceRemoval{Person: other.Person})
	must(t, err)
	if _, err := sheet.session().Do(t.Context(), request.Op{Kind: request.OpAppendLink, Link: signed(e, sheet)}); word(err) != request.RefusedStale {
		t.Errorf("an announcement of two hours ago: %v", err)
	}
	announce()
	r.offset.Add(int64(72*time.Hour + time.Minute))
	r.order(sheet, r.removal(other.Person, "", sheet))
	if got := other.current(); len(got) != 0 {
		t.Errorf("a removed owner opens what is sealed now of %v", got)
	}
	if !slices.Contains(r.owner().current(), door) {
		t.Error("the owner who stays opens nothing")
	}
}
