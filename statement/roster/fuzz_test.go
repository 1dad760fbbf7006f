// SPDX-License-Identifier: Apache-2.0

package roster_test

import (
	"bytes"
	"testing"

	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// FuzzLink takes any payload for a link, signed by everybody who could have to: what passes moves the roster, what is
// refused leaves it alone, and both in the same way in a replay.
func FuzzLink(f *testing.F) {
	h := family(f)
	for _, op := range []roster.Op{
		newDevice("anna"), newPerson(roster.Guest, until(h.at+day)), set("sam", roster.Viewer, always(roster.Live)),
		roster.Remove{Removal: h.removal("sam", "anna1")},
		roster.NewSheet{Sheet: sheetKeys("sheet2")},
		roster.AnnounceRemoval{Person: personID("ben")},
		roster.Object{Person: personID("ben")},
		roster.ReplaceHub{Hub: hubKeys("hub2")},
	} {
		f.Add(must[*dsse.Envelope](f)(h.s.NewLink(h.at, op)).Payload, "anna1 new1 sheet=sheet2")
	}
	f.Add([]byte(`{"op":{"kind":"object"}}`), "ben1")
	f.Fuzz(func(t *testing.T, payload []byte, by string) {
		e := &dsse.Envelope{PayloadType: dsse.TypeOf(roster.ThingLink), Payload: payload}
		for _, name := range []string{"anna1", "new1", "ben1", "cleo1", "sheet", "hub2", "sheet2", "gus1"} {
			if bytes.Contains([]byte(by), []byte(name)) && len(e.Signatures) < 7 {
				switch name {
				case "sheet2":
					e.Sign(id.Sheet, keyOf(name))
				case "hub2":
					e.Sign(id.Hub, keyOf(name))
				default:
					h.sign(e, name)
				}
			}
		}
		if !e.SignedBy(id.Hub) {
			h.sign(e, "hub")
		}
		s := h.s.Clone()
		err := s.Append(e.Encode())
		if err == nil {
			if again, err := roster.Replay(s.Chain, s.Household); err != nil || again.Head != s.Head || len(again.Members) != len(s.Members) {
				t.Fatalf("appended, but not replayed: %v", err)
			}
			for _, p := range s.People {
				if p.Role == roster.Owner {
					return
				}
			}
			t.Fatal("no owner is left")
		}
		if rule.Of(err) == "" {
			t.Fatalf("refused without a rule: %v", err)
		}
		if s.Head != h.s.Head || len(s.Members) != len(h.s.Members) || len(s.Gone) != len(h.s.Gone) {
			t.Fatal("refused, but moved")
		}
	})
}

func FuzzRemoval(f *testing.F) {
	h := family(f)
	for _, target := range []string{"sam", "sam1", "ben", "anna2"} {
		f.Add(h.removal(target, "anna1"))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := h.s.CheckRemoval(in, h.at)
		if err == nil && (r.Device == "") == (r.Person == "") {
			t.Fatalf("holds for %q and %q", r.Device, r.Person)
		}
		if err != nil && rule.Of(err) == "" {
			t.Fatalf("refused without a rule: %v", err)
		}
	})
}

// FuzzMay asks about any rights that pass: an answer is yes or one of the reasons, and Earliest agrees.
func FuzzMay(f *testing.F) {
	f.Add([]byte(`{"actions":["live"],"cameras":[],"hours":[{"days":[1],"from":0,"until":1440}],"since":0,"until":0,"zone":"Europe/Berlin"}`), int64(start), "live")
	f.Add([]byte(`{"actions":["history"],"cameras":[],"hours":[],"since":5,"until":9,"zone":""}`), int64(-1), "history")
	f.Fuzz(func(t *testing.T, in []byte, at int64, action string) {
		var r roster.Right
		if canon.Unmarshal(in, &r) != nil || roster.CheckRights(roster.Viewer, []roster.Right{r}) != nil {
			return
		}
		p := roster.PersonWith(personID("vera"), roster.Viewer, []roster.Right{r})
		switch got := p.May(roster.Action(action), cameraID("a"), at); got {
		case "":
			if at < r.Since || (r.Until != 0 && at >= r.Until) {
				t.Fatal("yes at a time that the right does not have")
			}
		case rule.Action, rule.Camera, rule.Early, rule.Ended, rule.Hours, rule.Role:
		default:
			t.Fatalf("an answer that is none: %q", got)
		}
	})
}
