// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

func newDevice(person string) roster.Op {
	return roster.AddDevice{Device: deviceKeysNamed("new1"), Person: personNamed(person)}
}

func newPerson(role roster.Role, rights []roster.Right) roster.Op {
	return roster.AddPerson{Device: deviceKeysNamed("new1"), Person: personNamed("new"), Rights: rights, Role: role}
}

func set(person string, role roster.Role, rights []roster.Right) roster.Op {
	return roster.SetRights{Person: personNamed(person), Rights: rights, Role: role}
}

func newSheet(name string) roster.Op { return roster.NewSheet{Sheet: sheetNamed(name)} }
func newHub(name string) roster.Op   { return roster.ReplaceHub{Hub: hubNamed(name)} }
func announce(p string) roster.Op    { return roster.AnnounceRemoval{Person: personNamed(p)} }
func objection(p string) roster.Op   { return roster.Object{Person: personNamed(p)} }

// collector gathers vectors on a few households.
type collector struct{ f file }

func (c *collector) on(h *house, v vector) vector {
	if c.f.Chains == nil {
		c.f.Chains = map[string][][]byte{}
	}
	c.f.Chains[h.on] = h.s.Chain[:h.from]
	v.On, v.Household, v.At = h.on, string(h.s.Household), h.at
	v.Chain = append(v.Chain, h.s.Chain[h.from:]...)
	return v
}

// try adds one more link to a household. r is "" where it is to hold.
func (c *collector) try(name string, h *house, op roster.Op, by string, r rule.Name) {
	c.raw(name, h, h.link(op, by), r)
}

func (c *collector) raw(name string, h *house, link []byte, r rule.Name) {
	v := c.on(h, refuse(name, r))
	v.Chain = append(v.Chain, link)
	if r == "" {
		next := h.clone()
		if err := next.s.Append(link); err != nil {
			panic(name + ": " + err.Error())
		}
		v.Expect, v.Result, v.Camera = "accept", next.result(), string(cameraNamed("garden"))
	}
	c.f.Vectors = append(c.f.Vectors, v)
}

func (c *collector) spoiled(h *house, op roster.Op, by string) {
	o := tree(linkOf(h, op))
	var who []signer
	for name := range strings.FieldsSeq(by + " hub") {
		d := deviceNamed(name)
		if name == "sheet" || name == "hub" {
			d = id.Device(name)
		}
		key := name
		if name == "hub" {
			key = h.hub
		}
		who = append(who, signer{d, pair("house " + key).Signing})
	}
	kind := string(op.Kind())
	base := o["op"].(object)
	for _, v := range spoil(kind, base, func(p object) vector {
		return vector{Chain: [][]byte{signed(roster.ThingLink, with(o, p, "op"), who...).Encode()}}
	}) {
		c.raw(v.Name, h, v.Chain[0], rule.Shape)
	}
}

func linkOf(h *house, op roster.Op) roster.Link {
	return roster.Link{At: h.at, Household: h.s.Household, Op: op, Prev: h.s.Head.Hash, Seq: h.s.Head.Seq + 1}
}

func peopleVectors() file {
	c := &collector{}
	h, one := family(), alone()
	guest, viewer := until(h.at+day), always(roster.Live)
	for _, x := range []struct {
		name string
		op   roster.Op
		by   string
		r    rule.Name
	}{
		{"a device brings in one of its own person", newDevice("vera"), "vera1 new1", ""},
		{"the sheet brings in a device of its person", newDevice("anna"), "sheet new1", ""},
		{"the sheet brings in a device of somebody else", newDevice("ben"), "sheet new1", rule.Signer},
		{"an owner brings in a device of somebody else: a ghost", newDevice("vera"), "anna1 new1", rule.Signer},
		{"two bring in a device", newDevice("anna"), "anna1 anna2 new1", rule.Signer},
		{"a device of another household's person", newDevice("eve"), "anna1 new1", rule.RosterOp},

		{"an owner brings in an owner", newPerson(roster.Owner, nil), "ben2 new1", ""},
		{"an owner of a day brings in a guardian", newPerson(roster.Guardian, nil), "dora1 new1", ""},
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
		{"the invitee's key is swapped", newPerson(roster.Owner, nil), "anna1 new1=eve1", rule.Signature},
		{"a person without the hub", newPerson(roster.Owner, nil), "anna1 new1 -", rule.Signer},
		{"a person who is there already", roster.AddPerson{Device: deviceKeysNamed("new1"), Person: personNamed("sam"), Role: roster.Owner}, "anna1 new1", rule.RosterOp},
		{"a person with a device that is there already", roster.AddPerson{Device: deviceKeysNamed("sam1"), Person: personNamed("new"), Role: roster.Owner}, "anna1 sam1", rule.RosterOp},

		{"an owner with rights", newPerson(roster.Owner, viewer), "anna1 new1", rule.Rights},
		{"a guardian with rights", newPerson(roster.Guardian, viewer), "anna1 new1", rule.Rights},
		{"a viewer without rights", newPerson(roster.Viewer, nil), "anna1 new1", rule.Rights},
		{"a guest right without end", newPerson(roster.Guest, viewer), "anna1 new1", rule.Rights},
		{"a guest with one right without end", newPerson(roster.Guest, append(until(h.at+day), viewer...)), "anna1 new1", rule.Rights},
		{"sixteen rights", newPerson(roster.Guest, times(16, guest[0])), "anna1 new1", ""},
		{"seventeen rights", newPerson(roster.Guest, times(17, guest[0])), "anna1 new1", rule.Rights},
		{"a viewer's rights are taken away", set("vera", roster.Viewer, nil), "anna1", rule.Rights},
		{"rights that do not fit, by somebody who may not: the rights speak first", newPerson(roster.Guest, viewer), "vera1 new1", rule.Rights},

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
		{"rights by another's key", set("vera", roster.Guardian, nil), "ben1=eve1", rule.Signature},

		{"a new sheet", newSheet("sheet2"), "anna2 sheet=sheet2", ""},
		{"a new sheet by another owner", newSheet("sheet2"), "ben1 sheet=sheet2", rule.Signer},
		{"a new sheet by a guardian", newSheet("sheet2"), "gus1 sheet=sheet2", rule.Signer},
		{"a new sheet that has not signed", newSheet("sheet2"), "anna1", rule.Signer},
		{"a new sheet that the old one signs", newSheet("sheet2"), "anna1 sheet", rule.Signature},
		{"a new sheet by nobody", newSheet("sheet2"), "sheet=sheet2", rule.Signer},
		{"the sheet in force as a new one", newSheet("sheet"), "anna1 sheet", rule.RosterOp},

		{"the sheet announces the removal of an owner", announce("ben"), "sheet", ""},
		{"a device announces it", announce("ben"), "anna1", rule.Signer},
		{"a device and the sheet announce it", announce("ben"), "anna1 sheet", rule.Signer},
		{"the removal of a guardian is announced", announce("gus"), "sheet", rule.RosterOp},
		{"the removal of the sheet's own person is announced", announce("anna"), "sheet", rule.RosterOp},
		{"the removal of nobody is announced", announce("eve"), "sheet", rule.RosterOp},
		{"an objection to nothing", objection("ben"), "ben1", rule.RosterOp},

		{"the sheet puts in a new hub", newHub("hub2"), "sheet hub=hub2", ""},
		{"two owners put in a new hub", newHub("hub2"), "ben1 cleo1 hub=hub2", ""},
		{"one of several owners puts in a new hub", newHub("hub2"), "ben1 hub=hub2", rule.Signer},
		{"two devices of one owner put in a new hub", newHub("hub2"), "ben1 ben2 hub=hub2", rule.Signer},
		{"an owner and the sheet put in a new hub", newHub("hub2"), "ben1 sheet hub=hub2", rule.Signer},
		{"three owners put in a new hub", newHub("hub2"), "anna1 ben1 cleo1 hub=hub2", rule.Signer},
		{"an owner of yesterday helps to put in a new hub", newHub("hub2"), "ben1 dora1 hub=hub2", rule.Signer},
		{"an owner and a guardian put in a new hub", newHub("hub2"), "ben1 gus1 hub=hub2", rule.Signer},
		{"the new hub alone", newHub("hub2"), "hub=hub2", rule.Signer},
		{"a new hub that has not signed", newHub("hub2"), "sheet -", rule.Signer},
		{"a new hub for which the old one signs", newHub("hub2"), "ben1 cleo1", rule.Signature},
		{"the hub in force as a new one", newHub("hub"), "sheet", rule.RosterOp},
	} {
		c.try(x.name, h, x.op, x.by, x.r)
	}
	c.try("the only owner puts in a new hub", one, newHub("hub2"), "anna1 hub=hub2", "")
	c.try("a guardian puts in a new hub", one, newHub("hub2"), "gus1 hub=hub2", rule.Signer)
	c.announcements(h)
	c.sheets(h)
	c.hubs(one)
	c.leftBehind(one)
	week := h.clone()
	week.at = start + 16*day
	c.try("two owners put in a new hub, one of them for just a week", week, newHub("hub2"), "ben1 dora1 hub=hub2", "")
	week.at--
	c.try("two owners put in a new hub, one of them for a moment less", week, newHub("hub2"), "ben1 dora1 hub=hub2", rule.Signer)
	c.removals(h, one)
	c.passkeys(h, one)
	c.forms(h)
	return c.f
}

func times(n int, r roster.Right) []roster.Right {
	var out []roster.Right
	for range n {
		out = append(out, r)
	}
	return out
}

func (c *collector) announcements(h *house) {
	a := h.clone().do(announce("ben"), "sheet")
	c.try("announced twice", a, announce("ben"), "sheet", rule.RosterOp)
	c.try("the one concerned objects", a, objection("ben"), "ben2", "")
	c.try("another owner objects", a, objection("ben"), "dora1", "")
	c.try("a guardian objects", a, objection("ben"), "gus1", rule.Signer)
	c.try("the sheet objects", a, objection("ben"), "sheet", rule.Signer)
	c.try("a removal before its time", a, roster.Remove{Removal: a.removal("ben", "sheet")}, "", rule.RosterOp)
	late := a.clone()
	late.at += 72*hour - 1
	c.try("a removal a moment too early", late, roster.Remove{Removal: a.removal("ben", "sheet")}, "", rule.RosterOp)
	late.at++
	c.try("a removal by the sheet after three days", late, roster.Remove{Removal: a.removal("ben", "sheet")}, "", "")
	objected := a.clone().do(objection("ben"), "ben1")
	objected.at += 100 * day
	c.try("a removal that was objected to", objected, roster.Remove{Removal: a.removal("ben", "sheet")}, "", rule.RosterOp)
	c.try("announced again after an objection", objected, announce("ben"), "sheet", "")
}

func (c *collector) sheets(h *house) {
	s := h.clone().do(announce("ben"), "sheet").do(newSheet("sheet2"), "anna1 sheet=sheet2")
	c.try("the old sheet is used", s, newDevice("anna"), "sheet new1", rule.Signature)
	c.try("the old sheet comes back", s, newSheet("sheet"), "anna1 sheet=sheet", rule.RosterOp)
	c.try("an announcement of the old sheet is objected to: it has ended", s, objection("ben"), "ben1", rule.RosterOp)
	s.sheet = "sheet2"
	c.try("the new sheet is used", s, newDevice("anna"), "sheet new1", "")
	gone := h.clone().remove("anna", "anna1")
	c.try("a sheet whose person is gone announces", gone, announce("ben"), "sheet", rule.Signer)
	c.try("a sheet whose person is gone puts in a hub", gone, newHub("hub2"), "sheet hub=hub2", rule.Signer)
	c.try("a sheet whose person is gone brings in a device", gone, newDevice("anna"), "sheet new1", rule.RosterOp)
	c.try("another owner takes over the sheet", gone, newSheet("sheet2"), "dora1 sheet=sheet2", "")
	c.try("a guardian takes over the sheet", gone, newSheet("sheet2"), "gus1 sheet=sheet2", rule.Signer)
}

func (c *collector) hubs(one *house) {
	r := one.clone().do(newHub("hub2"), "anna1 hub=hub2")
	c.try("the old hub goes on", r, newDevice("anna"), "anna1 new1", rule.Signature)
	c.raw("the old hub signed another link in place of its replacement", r, one.link(newDevice("anna"), "anna1 new1"), rule.RosterFork)
	c.try("the old hub comes back", r, newHub("hub"), "anna1 hub=hub", rule.RosterOp)
	r.hub = "hub2"
	c.try("the new hub goes on", r, newDevice("anna"), "anna1 new1", "")
}

func (c *collector) removals(h, one *house) {
	c.try("a person leaves", h, roster.Remove{Removal: h.removal("sam", "sam1")}, "", "")
	c.try("an owner leaves", h, roster.Remove{Removal: h.removal("ben", "ben1")}, "", "")
	c.try("a device is removed", h, roster.Remove{Removal: h.removal("anna2", "anna1")}, "", "")
	c.try("a removal whose link a device signs too", h, roster.Remove{Removal: h.removal("sam", "ben1")}, "ben1", rule.Signer)
	c.try("a removal whose link the hub has not signed", h, roster.Remove{Removal: h.removal("sam", "ben1")}, "anna1 -", rule.Signer)
	c.try("a removal by somebody who may not", h, roster.Remove{Removal: h.removal("vera", "sam1")}, "", rule.Signer)
	c.try("a removal with another's signature", h, roster.Remove{Removal: h.removal("sam", "ben1=eve1")}, "", rule.Signature)
	c.try("the only owner leaves", one, roster.Remove{Removal: one.removal("anna", "anna1")}, "", rule.RosterOp)
	c.try("no envelope in a removal", h, roster.Remove{Removal: []byte("{}")}, "", rule.RosterOp)
	c.try("a link in place of a removal", h, roster.Remove{Removal: h.link(newDevice("anna"), "anna1 new1")}, "", rule.RosterOp)
	c.try("an empty removal", h, roster.Remove{Removal: []byte{}}, "", rule.Field)
	c.try("a removal that is too long", h, roster.Remove{Removal: make([]byte, 8193)}, "", rule.Field)
	gone := h.clone().remove("ben", "ben1")
	c.try("a removed person comes back", gone, roster.AddPerson{Device: deviceKeysNamed("new1"), Person: personNamed("ben"), Role: roster.Owner}, "anna1 new1", rule.RosterOp)
	c.try("a removed device comes back", gone, roster.AddDevice{Device: deviceKeysNamed("ben1"), Person: personNamed("anna")}, "anna1 ben1", rule.RosterOp)
	c.try("an invitation by somebody who was removed", gone, newPerson(roster.Owner, nil), "ben1 new1", rule.Signer)
	both := h.clone()
	first, second := both.removal("gus", "anna1"), both.removal("sam", "gus1")
	both.do(roster.Remove{Removal: first}, "")
	c.try("who was removed first removes nobody", both, roster.Remove{Removal: second}, "", rule.Signer)
	c.try("a removal again", both, roster.Remove{Removal: first}, "", rule.RosterOp)
	c.try("a removal that was made some links ago", h.clone().do(newPerson(roster.Guardian, nil), "anna1 new1"), roster.Remove{Removal: h.removal("sam", "ben1")}, "", "")
	a, b := h.removal("anna1", "anna2"), h.removal("anna2", "anna1")
	two := h.clone().do(roster.Remove{Removal: a}, "")
	c.try("of two devices that remove each other the second", two, roster.Remove{Removal: b}, "", rule.Signer)
}

// forms spoils each operation, and each value of a right.
func (c *collector) forms(h *house) {
	full := []roster.Right{{
		Actions: []roster.Action{roster.History, roster.Live}, Cameras: []id.Camera{}, Hours: []roster.Hours{{Days: []int{1, 7}, From: 0, Until: 1440}},
		Since: 1, Until: h.at + day, Zone: "Europe/Berlin",
	}}
	c.spoiled(h, newPerson(roster.Guest, full), "anna1 new1")
	c.spoiled(h, set("sam", roster.Guest, full), "anna1")
	c.spoiled(h, roster.Remove{Removal: h.removal("sam", "ben1")}, "")
	c.spoiled(h, newSheet("sheet2"), "anna1")
	c.spoiled(h, announce("ben"), "sheet")
	c.spoiled(h, objection("ben"), "ben1")
	c.spoiled(h, newHub("hub2"), "sheet")
	o := tree(linkOf(h, set("sam", roster.Guest, full)))
	bytesOf := func(o object) []byte {
		return signed(roster.ThingLink, o, signer{deviceNamed("anna1"), pair("house anna1").Signing}, signer{id.Hub, pair("house hub").Signing}).Encode()
	}
	c.raw("a right with everything", h, bytesOf(o), "")
	right := func(value any, path ...any) []byte {
		return bytesOf(with(o, value, append([]any{"op", "rights", 0}, path...)...))
	}
	for _, x := range []struct {
		name string
		r    rule.Name
		link []byte
	}{
		{"a role that nobody knows", rule.Field, bytesOf(with(o, "admin", "op", "role"))},
		{"a right with a field too many", rule.Shape, right(int64(1), "more")},
		{"a right without its end", rule.Shape, right(nil, "until")},
		{"hours with a field too many", rule.Shape, right(int64(1), "hours", 0, "more")},
		{"a day as text", rule.Shape, right("1", "hours", 0, "days", 0)},
		{"no action", rule.Field, right([]any{}, "actions")},
		{"an action that nobody knows", rule.Field, right("dance", "actions", 0)},
		{"an action of owners", rule.Field, right([]any{"cameras"}, "actions")},
		{"actions out of order", rule.Field, right([]any{"live", "history"}, "actions")},
		{"an action twice", rule.Field, right([]any{"live", "live"}, "actions")},
		{"the household as camera", rule.Field, right([]any{"household"}, "cameras")},
		{"cameras out of order", rule.Field, right([]any{"cam_" + strings.Repeat("b", 24) + "ba", "cam_" + strings.Repeat("a", 26)}, "cameras")},
		{"65 cameras", rule.Field, right(ordered(65), "cameras")},
		{"since before 1970", rule.Field, right(int64(-1), "since")},
		{"an end at its start", rule.Field, right(int64(1), "until")},
		{"hours without zone", rule.Field, right("", "zone")},
		{"a zone without hours", rule.Field, right([]any{}, "hours")},
		{"the machine's zone", rule.Field, right("Local", "zone")},
		{"a path for a zone", rule.Field, right("../etc/localtime", "zone")},
		{"an offset for a zone", rule.Field, right("+02:00", "zone")},
		{"a zone of 65 characters", rule.Field, right("Europe/"+strings.Repeat("x", 58), "zone")},
		{"seventeen hours", rule.Field, right(seventeen(), "hours")},
		{"day 0", rule.Field, right(int64(0), "hours", 0, "days", 0)},
		{"day 8", rule.Field, right(int64(8), "hours", 0, "days", 1)},
		{"no day", rule.Field, right([]any{}, "hours", 0, "days")},
		{"days out of order", rule.Field, right([]any{int64(2), int64(1)}, "hours", 0, "days")},
		{"minute -1", rule.Field, right(int64(-1), "hours", 0, "from")},
		{"minute 1441", rule.Field, right(int64(1441), "hours", 0, "until")},
		{"hours that end as they begin", rule.Field, right(int64(1440), "hours", 0, "from")},
		{"a kind that is no text", rule.Shape, bytesOf(with(o, int64(7), "op", "kind"))},
		{"a kind that nobody knows", rule.RosterOp, bytesOf(with(o, "add-robot", "op", "kind"))},
		{"a kind in capitals", rule.RosterOp, bytesOf(with(o, "Set-Rights", "op", "kind"))},
		{"the fields of another kind", rule.Shape, bytesOf(with(o, "object", "op", "kind"))},
	} {
		c.raw(x.name, h, x.link, x.r)
	}
	zones := []string{"UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "Mars/Olympus"}
	for _, z := range zones {
		c.raw("the zone "+z+" is well formed", h, right(z, "zone"), "")
	}
}

func ordered(n int) []any {
	names := make([]string, n)
	for i := range names {
		names[i] = string(cameraNamed(fmt.Sprint(i)))
	}
	slices.Sort(names)
	out := make([]any, n)
	for i, name := range names {
		out[i] = name
	}
	return out
}

func seventeen() []any {
	out := make([]any, 17)
	for i := range out {
		out[i] = object{"days": []any{int64(1)}, "from": int64(i), "until": int64(i + 1)}
	}
	return out
}
