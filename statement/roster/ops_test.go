// SPDX-License-Identifier: Apache-2.0

package roster_test

import (
	"bytes"
	"testing"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

func newDevice(person string) roster.AddDevice {
	return roster.AddDevice{Device: deviceKeys("new1"), Person: personID(person)}
}

func newPerson(role roster.Role, rights []roster.Right) roster.AddPerson {
	return roster.AddPerson{Device: deviceKeys("new1"), Person: personID("new"), Rights: rights, Role: role}
}

func set(person string, role roster.Role, rights []roster.Right) roster.SetRights {
	return roster.SetRights{Person: personID(person), Rights: rights, Role: role}
}

// Each line is a sentence of docs/protocol.md, section 3, on who may order what.
func TestWhoMayOrderALink(t *testing.T) {
	base := family(t)
	guest, viewer := until(base.at+day), always(roster.Live)
	for _, c := range []struct {
		name string
		op   roster.Op
		by   string
		want rule.Name
	}{
		{"a device brings in one of its own person", newDevice("vera"), "vera1 new1", ""},
		{"the sheet brings in a device of its person", newDevice("anna"), "sheet new1", ""},
		{"the sheet brings in a device of somebody else", newDevice("ben"), "sheet new1", rule.Signer},
		{"an owner brings in a device of somebody else", newDevice("vera"), "anna1 new1", rule.Signer},
		{"two bring in a device", newDevice("anna"), "anna1 anna2 new1", rule.Signer},
		{"a device comes without proof of its keys", newDevice("anna"), "anna1", rule.Signer},
		{"nobody brings in a device: the hub's ghost", newDevice("anna"), "new1", rule.Signer},
		{"somebody from outside brings in a device", newDevice("anna"), "eve1 new1", rule.Signer},
		{"the signature of whoever brings it in is another's", newDevice("anna"), "anna1=eve1 new1", rule.Signature},
		{"the signature of the device is another's", newDevice("anna"), "anna1 new1=eve1", rule.Signature},
		{"the hub's signature is another's", newDevice("anna"), "anna1 new1 hub=eve1", rule.Signature},
		{"a device that is there already", roster.AddDevice{Device: deviceKeys("anna2"), Person: personID("anna")}, "anna1 anna2", rule.RosterOp},
		{"a device of a person who is not there", newDevice("eve"), "anna1 new1", rule.RosterOp},

		{"an owner brings in an owner", newPerson(roster.Owner, nil), "ben2 new1", ""},
		{"an owner brings in a guardian", newPerson(roster.Guardian, nil), "dora1 new1", ""},
		{"an owner brings in a viewer", newPerson(roster.Viewer, viewer), "anna1 new1", ""},
		{"a guardian brings in a guest", newPerson(roster.Guest, guest), "gus1 new1", ""},
		{"a guardian brings in an owner", newPerson(roster.Owner, nil), "gus1 new1", rule.Signer},
		{"a guardian brings in a guardian", newPerson(roster.Guardian, nil), "gus1 new1", rule.Signer},
		{"a guardian brings in a viewer", newPerson(roster.Viewer, viewer), "gus1 new1", rule.Signer},
		{"a viewer brings in a guest", newPerson(roster.Guest, guest), "vera1 new1", rule.Signer},
		{"a guest brings in a guest", newPerson(roster.Guest, guest), "sam1 new1", rule.Signer},
		{"the sheet brings in a person", newPerson(roster.Owner, nil), "sheet new1", rule.Signer},
		{"two owners bring in a person", newPerson(roster.Owner, nil), "anna1 ben1 new1", rule.Signer},
		{"a person comes whose device has not signed", newPerson(roster.Owner, nil), "anna1", rule.Signer},
		{"a person who is there already", roster.AddPerson{Device: deviceKeys("new1"), Person: personID("sam"), Role: roster.Owner}, "anna1 new1", rule.RosterOp},
		{"a person with a device that is there already", roster.AddPerson{Device: deviceKeys("sam1"), Person: personID("new"), Role: roster.Owner}, "anna1 sam1", rule.RosterOp},

		{"an owner changes a viewer's rights", set("vera", roster.Viewer, viewer), "ben1", ""},
		{"an owner makes a guardian of a viewer", set("vera", roster.Guardian, nil), "ben1", ""},
		{"an owner makes an owner of a guest", set("sam", roster.Owner, nil), "ben1", ""},
		{"an owner makes a guest of a guardian", set("gus", roster.Guest, guest), "ben1", ""},
		{"a guardian changes a guest's rights", set("sam", roster.Guest, guest), "gus1", ""},
		{"a guardian makes a viewer of a guest", set("sam", roster.Viewer, viewer), "gus1", rule.Signer},
		{"a guardian makes a guest of a viewer", set("vera", roster.Guest, guest), "gus1", rule.Signer},
		{"a viewer raises a guest", set("sam", roster.Owner, nil), "vera1", rule.Signer},
		{"a guest raises themself", set("sam", roster.Owner, nil), "sam1", rule.RosterOp},
		{"a guardian raises themself", set("gus", roster.Owner, nil), "gus1", rule.RosterOp},
		{"an owner lowers themself", set("anna", roster.Viewer, viewer), "anna1", rule.RosterOp},
		{"an owner lowers an owner", set("ben", roster.Viewer, viewer), "anna1", rule.RosterOp},
		{"the sheet changes rights", set("vera", roster.Guardian, nil), "sheet", rule.Signer},
		{"two owners change rights", set("vera", roster.Guardian, nil), "anna1 ben1", rule.Signer},
		{"rights of a person who is not there", set("eve", roster.Guardian, nil), "anna1", rule.RosterOp},

		{"a device of the sheet's person makes a new sheet", roster.NewSheet{Sheet: sheetKeys("sheet2")}, "anna2 sheet=sheet2", ""},
		{"another owner makes a new sheet", roster.NewSheet{Sheet: sheetKeys("sheet2")}, "ben1 sheet=sheet2", rule.Signer},
		{"a guardian makes a new sheet", roster.NewSheet{Sheet: sheetKeys("sheet2")}, "gus1 sheet=sheet2", rule.Signer},
		{"a new sheet that has not signed", roster.NewSheet{Sheet: sheetKeys("sheet2")}, "anna1", rule.Signer},
		{"a new sheet that the old one signs", roster.NewSheet{Sheet: sheetKeys("sheet2")}, "anna1 sheet", rule.Signature},
		{"a new sheet by nobody", roster.NewSheet{Sheet: sheetKeys("sheet2")}, "sheet=sheet2", rule.Signer},
		{"the sheet again", roster.NewSheet{Sheet: sheetKeys("sheet")}, "anna1 sheet", rule.RosterOp},

		{"the sheet announces the removal of an owner", roster.AnnounceRemoval{Person: personID("ben")}, "sheet", ""},
		{"a device announces it", roster.AnnounceRemoval{Person: personID("ben")}, "anna1", rule.Signer},
		{"a device and the sheet announce it", roster.AnnounceRemoval{Person: personID("ben")}, "anna1 sheet", rule.Signer},
		{"the removal of a guardian is announced", roster.AnnounceRemoval{Person: personID("gus")}, "sheet", rule.RosterOp},
		{"the removal of the sheet's own person is announced", roster.AnnounceRemoval{Person: personID("anna")}, "sheet", rule.RosterOp},
		{"the removal of nobody is announced", roster.AnnounceRemoval{Person: personID("eve")}, "sheet", rule.RosterOp},
		{"somebody objects to nothing", roster.Object{Person: personID("ben")}, "ben1", rule.RosterOp},

		{"the sheet puts in a new hub", roster.ReplaceHub{Hub: hubKeys("hub2")}, "sheet hub=hub2", ""},
		{"two owners put in a new hub", roster.ReplaceHub{Hub: hubKeys("hub2")}, "ben1 cleo1 hub=hub2", ""},
		{"one of several owners puts in a new hub", roster.ReplaceHub{Hub: hubKeys("hub2")}, "ben1 hub=hub2", rule.Signer},
		{"two devices of one owner put in a new hub", roster.ReplaceHub{Hub: hubKeys("hub2")}, "ben1 ben2 hub=hub2", rule.Signer},
		{"an owner and the sheet put in a new hub", roster.ReplaceHub{Hub: hubKeys("hub2")}, "ben1 sheet hub=hub2", rule.Signer},
		{"three owners put in a new hub", roster.ReplaceHub{Hub: hubKeys("hub2")}, "anna1 ben1 cleo1 hub=hub2", rule.Signer},
		{"an owner and a guardian put in a new hub", roster.ReplaceHub{Hub: hubKeys("hub2")}, "ben1 gus1 hub=hub2", rule.Signer},
		{"nobody puts in a new hub", roster.ReplaceHub{Hub: hubKeys("hub2")}, "hub=hub2", rule.Signer},
		{"a new hub comes without proof of its keys", roster.ReplaceHub{Hub: hubKeys("hub2")}, "ben1 cleo1", rule.Signature},
		{"the hub replaces itself", roster.ReplaceHub{Hub: hubKeys("hub")}, "sheet", rule.RosterOp},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := base.clone(t)
			refused(t, h.try(c.op, c.by), c.want)
			if moved := h.s.Head != base.s.Head; moved != (c.want == "") {
				t.Errorf("the roster moved: %v", moved)
			}
		})
	}
}

func TestRightsBelongToARole(t *testing.T) {
	base := family(t)
	many := make([]roster.Right, 17)
	for i := range many {
		many[i] = until(base.at + day)[0]
	}
	for _, c := range []struct {
		name string
		op   roster.Op
		want rule.Name
	}{
		{"an owner with rights", newPerson(roster.Owner, always(roster.Live)), rule.Rights},
		{"a guardian with rights", newPerson(roster.Guardian, always(roster.Live)), rule.Rights},
		{"a viewer without", newPerson(roster.Viewer, nil), rule.Rights},
		{"a guest without", newPerson(roster.Guest, nil), rule.Rights},
		{"a guest without end", newPerson(roster.Guest, always(roster.Live)), rule.Rights},
		{"a guest, one of whose rights has no end", newPerson(roster.Guest, append(until(base.at+day), always(roster.Talk)...)), rule.Rights},
		{"sixteen rights", newPerson(roster.Guest, many[:16]), ""},
		{"seventeen rights", newPerson(roster.Guest, many), rule.Rights},
		{"a viewer made guest without end", set("vera", roster.Guest, always(roster.Live)), rule.Rights},
		{"a guest made viewer without rights", set("sam", roster.Viewer, nil), rule.Rights},
		{"a role that nobody knows", newPerson("admin", nil), rule.Field},
	} {
		t.Run(c.name, func(t *testing.T) {
			by := "anna1"
			if c.op.Kind() == roster.KindAddPerson {
				by += " new1"
			}
			refused(t, base.clone(t).try(c.op, by), c.want)
		})
	}
}

func TestMalformedRights(t *testing.T) {
	base := family(t)
	good := func() roster.Right {
		return roster.Right{
			Actions: []roster.Action{roster.History, roster.Live}, Cameras: []id.Camera{}, Since: 1, Until: base.at + day, Zone: "Europe/Berlin",
			Hours: []roster.Hours{{Days: []int{1, 7}, From: 0, Until: 1440}},
		}
	}
	for name, spoil := range map[string]func(*roster.Right){
		"no action":             func(r *roster.Right) { r.Actions = nil },
		"an unknown action":     func(r *roster.Right) { r.Actions = []roster.Action{"dance"} },
		"an action of owners":   func(r *roster.Right) { r.Actions = []roster.Action{roster.Cameras} },
		"actions out of order":  func(r *roster.Right) { r.Actions = []roster.Action{roster.Live, roster.History} },
		"an action twice":       func(r *roster.Right) { r.Actions = []roster.Action{roster.Live, roster.Live} },
		"the household":         func(r *roster.Right) { r.Cameras = []id.Camera{id.HouseholdCamera} },
		"a camera twice":        func(r *roster.Right) { r.Cameras = []id.Camera{cameraID("a"), cameraID("a")} },
		"65 cameras":            func(r *roster.Right) { r.Cameras = make([]id.Camera, 65) },
		"since before 1970":     func(r *roster.Right) { r.Since = -1 },
		"an end at its start":   func(r *roster.Right) { r.Since, r.Until = 5, 5 },
		"an end before 1970":    func(r *roster.Right) { r.Since, r.Until = 0, -1 },
		"hours without zone":    func(r *roster.Right) { r.Zone = "" },
		"a zone without hours":  func(r *roster.Right) { r.Hours = nil },
		"the machine's zone":    func(r *roster.Right) { r.Zone = "Local" },
		"a path for a zone":     func(r *roster.Right) { r.Zone = "../etc/localtime" },
		"a long zone":           func(r *roster.Right) { r.Zone = "Europe/" + string(bytes.Repeat([]byte("x"), 64)) },
		"17 hours":              func(r *roster.Right) { r.Hours = make([]roster.Hours, 17) },
		"day 0":                 func(r *roster.Right) { r.Hours[0].Days = []int{0} },
		"day 8":                 func(r *roster.Right) { r.Hours[0].Days = []int{8} },
		"no day":                func(r *roster.Right) { r.Hours[0].Days = []int{} },
		"days out of order":     func(r *roster.Right) { r.Hours[0].Days = []int{2, 1} },
		"minute -1":             func(r *roster.Right) { r.Hours[0].From = -1 },
		"minute 1441":           func(r *roster.Right) { r.Hours[0].Until = 1441 },
		"an end at its begin":   func(r *roster.Right) { r.Hours[0].Until = r.Hours[0].From },
		"an end on the morrow":  func(r *roster.Right) { r.Hours[0] = roster.Hours{Days: []int{1}, From: 1300, Until: 100} },
		"":                      func(*roster.Right) {},
		"a zone at the prime":   func(r *roster.Right) { r.Zone = "UTC" },
		"a zone of three words": func(r *roster.Right) { r.Zone = "America/Argentina/Buenos_Aires" },
	} {
		t.Run(name, func(t *testing.T) {
			want := rule.Field
			if name == "" || name == "a zone at the prime" || name == "a zone of three words" {
				want = ""
			}
			r := good()
			spoil(&r)
			for i := range r.Cameras {
				if r.Cameras[i] == "" {
					r.Cameras[i] = cameraID(string(rune('a' + i)))
				}
			}
			for i := range r.Hours {
				if r.Hours[i].Days == nil {
					r.Hours[i] = roster.Hours{Days: []int{1}, From: i, Until: i + 1}
				}
			}
			refused(t, base.clone(t).try(newPerson(roster.Guest, []roster.Right{r}), "anna1 new1"), want)
		})
	}
}

func TestAPersonComesAndIsChanged(t *testing.T) {
	h := family(t)
	sam, ok := h.s.PersonOf(deviceID("sam1"))
	if !ok || sam.Role != roster.Guest || sam.Since != start+day || sam.OwnerSince != 0 || len(sam.Rights) != 1 {
		t.Fatalf("sam is %+v", sam)
	}
	h.do(set("sam", roster.Owner, nil), "ben1")
	if sam, _ = h.s.Person(personID("sam")); sam.Role != roster.Owner || sam.OwnerSince != h.at || sam.Since != start+day || len(sam.Rights) != 0 {
		t.Errorf("raised, sam is %+v", sam)
	}
	if anna, _ := h.s.Person(personID("anna")); anna.OwnerSince != start {
		t.Errorf("anna is an owner since %d", anna.OwnerSince)
	}
	if got := ids(h.s.Devices(personID("ben"))); !same(got, devices("ben1", "ben2")) {
		t.Errorf("ben has %v", got)
	}
	l, ok := h.s.LinkAt(h.s.Head.Seq)
	if op, is := l.Op.(roster.SetRights); !ok || !is || op.Person != personID("sam") {
		t.Errorf("the last link is %+v", l)
	}
	if by := h.s.SignersAt(h.s.Head.Seq); !same(by, devices("ben1")) {
		t.Errorf("ordered by %v", by)
	}
	if _, ok := h.s.LinkAt(0); ok {
		t.Error("genesis passes for a link")
	}
	if _, ok := h.s.LinkAt(h.s.Head.Seq + 1); ok {
		t.Error("there is a link after the last")
	}
}

func TestTheOnlyOwnerPutsInANewHub(t *testing.T) {
	h := begin(t)
	h.add("gus", roster.Guardian, nil)
	refused(t, h.try(roster.ReplaceHub{Hub: hubKeys("hub2")}, "gus1 hub=hub2"), rule.Signer)
	h.do(roster.ReplaceHub{Hub: hubKeys("hub2")}, "anna1 hub=hub2")
	if !bytes.Equal(h.s.Hub.Sign, public("hub2")) {
		t.Error("the old hub is in force")
	}
	refused(t, h.try(newDevice("anna"), "anna1 new1"), rule.Signature)
	h.hub = "hub2"
	h.do(newDevice("anna"), "anna1 new1")
	refused(t, h.try(roster.ReplaceHub{Hub: hubKeys("hub")}, "anna1 hub=hub"), rule.RosterOp)
}

func TestAReplacedHubCannotContinue(t *testing.T) {
	h := begin(t)
	h.add("gus", roster.Guardian, nil)
	before := h.s.Clone()
	h.do(roster.ReplaceHub{Hub: hubKeys("hub2")}, "anna1 hub=hub2")
	late := func(s *roster.State) []byte {
		e := must[*dsse.Envelope](t)(s.NewLink(h.at, newDevice("anna")))
		h.sign(e, "anna1 new1 hub")
		return e.Encode()
	}
	refused(t, h.s.Append(late(before)), rule.RosterFork)
	refused(t, h.s.Append(late(h.s)), rule.Signature)
	again := h.s.Chain[len(h.s.Chain)-1]
	refused(t, h.s.Append(again), rule.RosterSeq)
}

func TestANewSheetEndsTheOldOne(t *testing.T) {
	h := family(t)
	h.do(roster.AnnounceRemoval{Person: personID("ben")}, "sheet")
	h.do(roster.NewSheet{Sheet: sheetKeys("sheet2")}, "anna1 sheet=sheet2")
	if len(h.s.Announced) != 0 {
		t.Error("what the old sheet announced goes on")
	}
	refused(t, h.try(newDevice("anna"), "sheet new1"), rule.Signature)
	h.sheet = "sheet2"
	refused(t, h.try(roster.NewSheet{Sheet: sheetKeys("sheet")}, "anna1 sheet=sheet"), rule.RosterOp)
	h.do(newDevice("anna"), "sheet new1")
}

func TestAnotherOwnerTakesOverTheSheet(t *testing.T) {
	h := family(t)
	h.do(roster.AnnounceRemoval{Person: personID("ben")}, "sheet")
	refused(t, h.remove("anna", "anna1"), "")
	if _, ok := h.s.Key(id.Sheet); ok || len(h.s.Announced) != 0 {
		t.Error("the sheet outlives its person")
	}
	if _, ok := h.s.Reader(id.Sheet); ok {
		t.Error("the sheet still reads")
	}
	refused(t, h.try(roster.AnnounceRemoval{Person: personID("ben")}, "sheet"), rule.Signer)
	refused(t, h.try(newDevice("anna"), "sheet new1"), rule.RosterOp)
	refused(t, h.try(roster.ReplaceHub{Hub: hubKeys("hub2")}, "sheet hub=hub2"), rule.Signer)
	refused(t, h.try(roster.NewSheet{Sheet: sheetKeys("sheet2")}, "gus1 sheet=sheet2"), rule.Signer)
	h.do(roster.NewSheet{Sheet: sheetKeys("sheet2")}, "cleo1 sheet=sheet2")
	h.sheet = "sheet2"
	if h.s.SheetPerson != personID("cleo") {
		t.Error("the sheet is not cleo's")
	}
	h.do(newDevice("cleo"), "sheet new1")
	refused(t, h.try(roster.NewSheet{Sheet: sheetKeys("sheet3")}, "ben1 sheet=sheet3"), rule.Signer)
}

func TestALinkHasOnePlace(t *testing.T) {
	h := family(t)
	e := must[*dsse.Envelope](t)(h.s.NewLink(h.at, newDevice("anna")))
	h.sign(e, "anna1 new1 hub")
	h.add("eve", roster.Guardian, nil)
	refused(t, h.s.Append(e.Encode()), rule.RosterFork)
	proposal := must[*dsse.Envelope](t)(h.s.NewLink(0, newDevice("anna")))
	h.sign(proposal, "anna1 new1")
	if _, l, err := h.s.CheckProposal(proposal.Encode()); err != nil || l.At != h.s.At {
		t.Errorf("a proposal by a slow clock: %v", err)
	}
	refused(t, h.s.Append(proposal.Encode()), rule.Signer)
	h.sign(proposal, "hub")
	if _, _, err := h.s.CheckProposal(proposal.Encode()); rule.Of(err) != rule.Signer {
		t.Errorf("a proposal with the hub's signature: %v", err)
	}
	again := must[*roster.State](t)(roster.Replay(h.s.Chain, h.s.Household))
	if again.Head != h.s.Head || !same(again.Readers(cameraID("a"), h.at), h.s.Readers(cameraID("a"), h.at)) {
		t.Error("a replay says something else")
	}
}

func TestAnUnknownKindIsSaidAsSuch(t *testing.T) {
	h := begin(t)
	payload := map[string]any{
		"at": h.at, "household": string(h.s.Household), "op": map[string]any{"kind": "add-robot", "robot": "r2"}, "prev": h.s.Head.Hash.String(), "seq": 1,
	}
	for _, c := range []struct {
		op   any
		want rule.Name
	}{
		{map[string]any{"kind": "add-robot", "robot": "r2"}, rule.RosterOp},
		{map[string]any{"kind": "object"}, rule.Shape},
		{map[string]any{"kind": "object", "person": string(personID("anna")), "why": "x"}, rule.Shape},
		{map[string]any{"kind": 7}, rule.Shape},
		{map[string]any{"person": "x"}, rule.Shape},
		{"object", rule.Shape},
	} {
		payload["op"] = c.op
		e := must[*dsse.Envelope](t)(dsse.New(roster.ThingLink, payload))
		h.sign(e, "anna1 hub")
		refused(t, h.s.Append(e.Encode()), c.want)
	}
}
