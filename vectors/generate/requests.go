// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/masks"
	"keyhold/statement/private"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/star"
)

func sampleFetch(w *world) request.Fetch {
	return request.Fetch{
		At: start, Cameras: []id.Camera{id.Camera(fixedID("cam_", "front"))}, Device: w.phoneID, From: start - 3_600_000, Household: w.household,
		Kind: request.FetchFootage, Nonce: fixed("nonce", 16), Purpose: request.PurposeHistory, To: fixed("cloud", 32), Until: start,
	}
}

func sampleWrite(w *world) request.Write {
	return request.Write{At: start, From: id.Hub, Household: w.household, Kind: request.WriteCheckpoints, Name: fixedID("run_", "run"), Nonce: fixed("nonce", 16), SHA256: id.HashOf([]byte("body")), Size: 4}
}

func fetchVectors(w *world) []vector {
	seal := statement(request.ThingFetch, w.asPhone())
	var out []vector
	add := func(name string, f request.Fetch) {
		v := seal(tree(f))
		v.Name, v.Expect = name, "accept"
		out = append(out, v)
	}
	f := sampleFetch(w)
	for _, p := range []string{request.PurposeTiles, request.PurposeHistory, request.PurposeExport} {
		for n := range 6 {
			f.Purpose, f.Cameras = p, []id.Camera{}
			for i := range n {
				f.Cameras = append(f.Cameras, id.Camera(fixedID("cam_", fmt.Sprint(i))))
			}
			add(fmt.Sprintf("footage, %s, %d cameras", p, n), f)
		}
	}
	f = sampleFetch(w)
	f.Kind, f.Purpose, f.Cameras = request.FetchSync, request.PurposeSync, []id.Camera{}
	add("sync of everything", f)
	f.Cameras = []id.Camera{id.HouseholdCamera}
	add("sync of the household's pages", f)
	f.From, f.Until = 0, 0
	add("sync without pages", f)
	back := statement(request.ThingFetch, signer{w.passkeyID, w.laptop.Signing})
	f.Device = w.passkeyID
	v := back(tree(f))
	v.Name, v.Expect = "sync by a passkey", "accept"
	out = append(out, v)
	base := tree(sampleFetch(w))
	out = append(out, spoil("fetch", base, seal)...)
	out = append(out, spoilFields("fetch", base, seal,
		bad{"time 0", int64(0), []any{"at"}}, bad{"a negative time", int64(-1), []any{"at"}}, bad{"from below 0", int64(-1), []any{"from"}},
		bad{"until before from", int64(1), []any{"until"}}, bad{"a kind that is not known", "live", []any{"kind"}},
		bad{"a purpose that is not known", "curiosity", []any{"purpose"}}, bad{"footage for sync", "sync", []any{"purpose"}},
		bad{"sync for footage", "sync", []any{"kind"}}, bad{"a nonce of 15 bytes", b64(make([]byte, 15)), []any{"nonce"}},
		bad{"an empty nonce", "", []any{"nonce"}}, bad{"a cloud's key of 31 bytes", b64(make([]byte, 31)), []any{"to"}},
		bad{"a device that is none", "phone", []any{"device"}}, bad{"the hub as device", "hub", []any{"device"}}, bad{"footage for the sheet", "sheet", []any{"device"}},
		bad{"footage for a passkey", string(w.passkeyID), []any{"device"}}, bad{"a passkey one character short", string(w.passkeyID)[:29], []any{"device"}},
		bad{"an object as camera", fixedID("obj_", "x"), []any{"cameras", 0}}, bad{"the household as camera of footage", "household", []any{"cameras", 0}},
		bad{"a camera one character short", fixedID("cam_", "front")[:29], []any{"cameras", 0}}, bad{"a camera in capitals", strings.ToUpper(fixedID("cam_", "front")), []any{"cameras", 0}},
		bad{"a household that is no hash", "home", []any{"household"}}, bad{"base64 without padding", strings.TrimRight(b64(fixed("nonce", 16)), "="), []any{"nonce"}},
		bad{"257 cameras", many(257), []any{"cameras"}})...)
	for _, r := range []struct {
		name string
		r    rule.Name
		e    *dsse.Envelope
	}{
		{"signed by another device's key", rule.Signature, signed(request.ThingFetch, base, signer{w.phoneID, w.laptop.Signing})},
		{"signed under another name", rule.Signer, signed(request.ThingFetch, base, w.asLaptop())},
		{"a command in its place", rule.PayloadType, signed(request.ThingCommand, base, w.asPhone())},
		{"two signers", rule.Signer, signed(request.ThingFetch, base, w.asPhone(), w.asHub())},
	} {
		v := seal(base)
		v.Name, v.Expect, v.Rule, v.Input = r.name, "refuse", r.r, r.e.Encode()
		out = append(out, v)
	}
	return out
}

func many(n int) []any {
	out := make([]any, n)
	for i := range out {
		out[i] = fixedID("cam_", fmt.Sprint(i))
	}
	return out
}

// relaysVectors are questions for relays, by a device and by the hub.
func relaysVectors(w *world) []vector {
	ask := request.Relays{At: start, From: w.phoneID, Household: w.household, Nonce: fixed("n", 16), To: fixed("cloud", 32)}
	seal := statement(request.ThingRelays, w.asPhone())
	o := tree(ask)
	device := seal(o)
	device.Name, device.Expect = "by a device", "accept"
	ask.From = id.Hub
	hub := statement(request.ThingRelays, w.asHub())(tree(ask))
	hub.Name, hub.Expect = "by the hub", "accept"
	out := append([]vector{device, hub}, spoil(request.ThingRelays, o, seal)...)
	out = append(out, spoilFields(request.ThingRelays, o, seal,
		bad{"time 0", int64(0), []any{"at"}}, bad{"for the sheet", "sheet", []any{"from"}}, bad{"for a passkey", string(w.passkeyID), []any{"from"}},
		bad{"a household that is no hash", "home", []any{"household"}}, bad{"a short nonce", "AA==", []any{"nonce"}}, bad{"a cloud's key of 31 bytes", b64(make([]byte, 31)), []any{"to"}})...)
	for _, r := range []struct {
		name string
		r    rule.Name
		e    *dsse.Envelope
	}{
		{"signed by another device's key", rule.Signature, signed(request.ThingRelays, o, signer{w.phoneID, w.laptop.Signing})},
		{"signed under another name", rule.Signer, signed(request.ThingRelays, o, w.asLaptop())},
		{"a session in its place", rule.PayloadType, signed(request.ThingSession, o, w.asPhone())},
	} {
		v := seal(o)
		v.Name, v.Expect, v.Rule, v.Input = r.name, "refuse", r.r, r.e.Encode()
		out = append(out, v)
	}
	return out
}

func requestVectors(w *world) []vector {
	head := w.state.Head
	row := request.ResealedEpoch{Camera: id.HouseholdCamera, Epoch: id.Epoch(fixedID("epo_", "e")), Envelope: id.HashOf([]byte("row"))}
	var out []vector
	each := func(thing string, s signer, payload any, cases ...bad) {
		seal := statement(thing, s)
		o := tree(payload)
		v := seal(o)
		v.Name, v.Expect = thing, "accept"
		out = append(out, v)
		out = append(out, spoil(thing, o, seal)...)
		out = append(out, spoilFields(thing, o, seal, cases...)...)
	}
	each(request.ThingWrite, w.asHub(), sampleWrite(w), bad{"a kind that is not known", "secrets", []any{"kind"}}, bad{"no name", "", []any{"name"}}, bad{"a negative size", int64(-1), []any{"size"}})
	each(request.ThingSession, w.asPhone(), request.Session{At: start, From: w.phoneID, Household: w.household, Nonce: fixed("n", 16), To: fixed("cloud", 32)}, bad{"a short nonce", "AA==", []any{"nonce"}})
	each(request.ThingReseal, w.asPhone(), request.Reseal{At: start, Device: w.laptopID, Epochs: []request.ResealedEpoch{row}, Head: head.Hash, Household: w.household}, bad{"for the hub", "hub", []any{"device"}}, bad{"an epoch that is none", "epo_", []any{"epochs", 0, "epoch"}})
	each(request.ThingCommand, w.asPhone(), request.Command{At: start, Device: w.phoneID, Head: head.Hash, Household: w.household, Nonce: fixed("n", 16), Op: request.Op{Kind: request.OpAddCamera, Name: "Garden", URL: "rtsp://camera.local/stream"}},
		bad{"a kind that is not known", "unlock", []any{"op", "kind"}}, bad{"a camera without name", nil, []any{"op", "name"}})
	commands := &commandVectors{w: w}
	more, command := commands.add, commands.command
	more("append-link with a gesture", request.Op{Kind: request.OpAppendLink, Link: []byte("link"), Name: "Phone", PersonName: "Ben", Gesture: &request.Gesture{Code: "012345"}},
		bad{"no link", nil, []any{"op", "link"}}, bad{"a code of five digits", "01234", []any{"op", "gesture", "code"}}, bad{"a code with a letter", "01234a", []any{"op", "gesture", "code"}},
		bad{"a code with other digits", "01234٥", []any{"op", "gesture", "code"}}, bad{"an empty person's name, which is left out", "", []any{"op", "person_name"}})
	answer := request.Assertion{Authenticator: []byte("authenticator data"), Client: []byte("client data"), ID: w.passkeyID, Signature: []byte("signature")}
	more("append-link with a passkey's gesture", request.Op{Kind: request.OpAppendLink, Link: []byte("link"), Gesture: &request.Gesture{Passkey: &answer}},
		bad{"both a code and a passkey", "012345", []any{"op", "gesture", "code"}}, bad{"by a device", string(w.phoneID), []any{"op", "gesture", "passkey", "id"}},
		bad{"without authenticator data", "", []any{"op", "gesture", "passkey", "authenticator"}}, bad{"client data of 2049 bytes", b64(make([]byte, 2049)), []any{"op", "gesture", "passkey", "client"}},
		bad{"without signature", "", []any{"op", "gesture", "passkey", "signature"}}, bad{"neither code nor passkey", object{}, []any{"op", "gesture"}})
	more("append-link without", request.Op{Kind: request.OpAppendLink, Link: []byte("link"), Name: "Phone"})
	more("remove", request.Op{Kind: request.OpRemove, Removal: []byte("removal")}, bad{"no removal", nil, []any{"op", "removal"}}, bad{"an empty removal", "", []any{"op", "removal"}})
	more("ask-removal", request.Op{Kind: request.OpAskRemoval, Removal: []byte("removal")}, bad{"no removal", nil, []any{"op", "removal"}})
	more("rename-camera", request.Op{Kind: request.OpRenameCamera, Camera: id.Camera(fixedID("cam_", "front")), Name: "Front door"}, bad{"no name", nil, []any{"op", "name"}}, bad{"no camera", nil, []any{"op", "camera"}}, bad{"another thing in the place of the camera", "household", []any{"op", "camera"}})
	more("asked", request.Op{Kind: request.OpAsked})
	more("at-home", request.Op{Kind: request.OpAtHome})
	second := request.Op{Kind: request.OpSetSmall, Camera: id.Camera(fixedID("cam_", "front")), URL: "rtsp://camera.local/small"}
	more("set-small", second, bad{"no camera", nil, []any{"op", "camera"}}, bad{"another thing in the place of the camera", "household", []any{"op", "camera"}}, bad{"an empty address, which is left out", "", []any{"op", "url"}})
	more("set-small to none", request.Op{Kind: request.OpSetSmall, Camera: second.Camera})
	more("smalls", request.Op{Kind: request.OpSmalls})
	aloud := request.Op{Kind: request.OpSetSpeaker, Camera: second.Camera, URL: "http://anna:secret@camera.local/axis-cgi/audio/transmit.cgi"}
	more("set-speaker", aloud, bad{"no camera", nil, []any{"op", "camera"}}, bad{"another thing in the place of the camera", "household", []any{"op", "camera"}}, bad{"an empty address, which is left out", "", []any{"op", "url"}},
		bad{"an address of 2049 bytes", strings.Repeat("a", 2049), []any{"op", "url"}})
	more("set-speaker to none", request.Op{Kind: request.OpSetSpeaker, Camera: second.Camera})
	more("try-speaker", request.Op{Kind: request.OpTrySpeaker, Camera: second.Camera}, bad{"no camera", nil, []any{"op", "camera"}})
	placed := request.Op{Kind: request.OpSetRoom, Camera: second.Camera, Room: "Wohnzimmer im ersten Stock"}
	more("set-room", placed, bad{"no camera", nil, []any{"op", "camera"}}, bad{"another thing in the place of the camera", "household", []any{"op", "camera"}}, bad{"a room of 201 bytes", strings.Repeat("a", 201), []any{"op", "room"}},
		bad{"an empty room, which is left out", "", []any{"op", "room"}})
	more("set-room to none", request.Op{Kind: request.OpSetRoom, Camera: second.Camera})
	recorded := request.Op{Kind: request.OpSetRecorded, Camera: second.Camera, Recorded: request.RecordMade}
	more("set-recorded", recorded, bad{"no camera", nil, []any{"op", "camera"}}, bad{"no form", nil, []any{"op", "recorded"}}, bad{"an empty form", "", []any{"op", "recorded"}}, bad{"a form that nobody knows", "h265", []any{"op", "recorded"}})
	more("recorded", request.Op{Kind: request.OpRecorded})
	for _, form := range []string{request.RecordSent, request.RecordMade, request.RecordSmall} {
		more("add-camera, recorded as "+form, request.Op{Kind: request.OpAddCamera, Name: "Garden", Recorded: form, URL: "rtsp://camera.local/stream"}, bad{"a form that nobody knows", "h265", []any{"op", "recorded"}})
	}
	more("erase", request.Op{Kind: request.OpErase, Erase: []byte("statement"), Gesture: &request.Gesture{Code: "012345"}}, bad{"no statement", nil, []any{"op", "erase"}}, bad{"an empty statement", "", []any{"op", "erase"}})
	more("move", request.Op{Kind: request.OpMove, Cloud: &request.Place{To: fixed("cloud", 32), URL: "https://cloud.example"}}, bad{"no cloud", nil, []any{"op", "cloud"}}, bad{"a short key", "AA==", []any{"op", "cloud", "to"}})
	more("copy", request.Op{Kind: request.OpCopy, Copy: &request.Copied{Address: "/v1/fetched/a", Leaves: []request.Placed{{Index: 3, Leaf: []byte("leaf"), Run: id.Run(fixedID("run_", "run"))}}, Pages: []string{"page"}}}, bad{"nothing to copy", nil, []any{"op", "copy"}}, bad{"a place before the first", int64(-1), []any{"op", "copy", "leaves", 0, "index"}})
	place := request.Subscription{Auth: fixed("auth", 16), Endpoint: "https://push.example/p/1?a=b", P256DH: append([]byte{4}, fixed("p256dh", 64)...)}
	more("subscribe", request.Op{Kind: request.OpSubscribe, Push: &place}, bad{"no subscription", nil, []any{"op", "push"}}, bad{"an endpoint that is none", "push.example", []any{"op", "push", "endpoint"}}, bad{"an endpoint of nothing", "https://", []any{"op", "push", "endpoint"}},
		bad{"an endpoint with a space", "https://push.example/ p", []any{"op", "push", "endpoint"}}, bad{"an endpoint too long", "https://" + strings.Repeat("p", 1017), []any{"op", "push", "endpoint"}}, bad{"a short secret", b64(make([]byte, 15)), []any{"op", "push", "auth"}},
		bad{"half a point", b64(append([]byte{2}, make([]byte, 32)...)), []any{"op", "push", "p256dh"}}, bad{"a point of another form", b64(make([]byte, 65)), []any{"op", "push", "p256dh"}})
	longest := place
	longest.Endpoint = "https://" + strings.Repeat("p", 1016)
	more("subscribe at the longest endpoint", request.Op{Kind: request.OpSubscribe, Push: &longest})
	more("alert-received", request.Op{Kind: request.OpReceived, Received: &request.Received{At: start, Seq: 7}}, bad{"no alert", nil, []any{"op", "received"}}, bad{"number 0", int64(0), []any{"op", "received", "seq"}}, bad{"time 0", int64(0), []any{"op", "received", "at"}})
	for _, kind := range []string{request.OpPushKey, request.OpUnsubscribe, request.OpTestAlert, request.OpPhones} {
		more(kind, request.Op{Kind: kind})
	}
	more("switch", request.Op{Kind: request.OpSwitch})
	more("star", request.Op{Kind: request.OpStar, Star: []byte("statement"), Leaves: []request.Placed{{Index: 3, Leaf: []byte("leaf"), Run: id.Run(fixedID("run_", "run"))}}}, bad{"no statement", nil, []any{"op", "star"}}, bad{"a place before the first", int64(-1), []any{"op", "leaves", 0, "index"}}, bad{"a run that is none", "run", []any{"op", "leaves", 0, "run"}})
	commands.carried()
	commands.lights()
	more("stars", request.Op{Kind: request.OpStars, Camera: id.Camera(fixedID("cam_", "front")), After: 32}, bad{"no camera", nil, []any{"op", "camera"}}, bad{"after a number below 0", int64(-1), []any{"op", "after"}}, bad{"after 0, which is left out", int64(0), []any{"op", "after"}})
	commands.settings()
	commands.door()
	commands.integrations()
	commands.channels()
	bySheet := command(request.Op{Kind: request.OpRemove, Removal: []byte("removal")})
	bySheet.Device = id.Sheet
	v := statement(request.ThingCommand, w.asSheet())(tree(bySheet))
	v.Name, v.Expect = "remove, by the sheet", "accept"
	out = append(out, v)
	for _, x := range []struct {
		name  string
		value any
		path  []any
	}{{"a gesture as text", "012345", []any{"op", "gesture"}}, {"a field of no command", "x", []any{"op", "more"}}} {
		v := statement(request.ThingCommand, w.asPhone())(with(tree(command(request.Op{Kind: request.OpAppendLink, Link: []byte("link"), Name: "Phone", Gesture: &request.Gesture{Code: "012345"}})), x.value, x.path...))
		v.Name, v.Expect, v.Rule = "append-link: "+x.name, "refuse", rule.Shape
		out = append(out, v)
	}
	byPasskey := command(request.Op{Kind: request.OpAppendLink, Link: []byte("link")})
	byPasskey.Device = w.passkeyID
	v = statement(request.ThingCommand, signer{w.passkeyID, w.laptop.Signing})(tree(byPasskey))
	v.Name, v.Expect = "append-link, by a passkey", "accept"
	out = append(out, v)
	toPasskey := request.Reseal{At: start, Device: w.passkeyID, Epochs: []request.ResealedEpoch{row}, Head: head.Hash, Household: w.household}
	v = statement(request.ThingReseal, w.asPhone())(tree(toPasskey))
	v.Name, v.Expect = "reseal to a passkey", "accept"
	out = append(out, v)
	toSheet := request.Reseal{At: start, Device: id.Sheet, Epochs: []request.ResealedEpoch{row}, Head: head.Hash, Household: w.household}
	v = statement(request.ThingReseal, w.asPhone())(tree(toSheet))
	v.Name, v.Expect = "reseal to a new sheet", "accept"
	out = append(out, v)
	for _, kind := range []string{
		request.WriteObjects, request.WritePages, request.WriteTiles, request.WriteCheckpoints, request.WriteEnvelopes, request.WriteNames, request.WriteStatus,
		request.WriteRoster, request.WriteReseals, request.WriteMail, request.WriteLabels, request.WriteErase, request.WriteKept,
	} {
		one := sampleWrite(w)
		one.Kind, one.Name = kind, "name"
		v = statement(request.ThingWrite, w.asHub())(tree(one))
		v.Name, v.Expect = "write: "+kind, "accept"
		out = append(out, v)
	}
	each(manifest.ThingLabel, w.asHub(), manifest.Label{At: start, Camera: front, Head: head.Hash, Household: w.household, Name: "Haustür", Seq: 1, Zone: "Europe/Amsterdam"},
		bad{"the household as camera", "household", []any{"camera"}}, bad{"number 0", int64(0), []any{"seq"}}, bad{"a name of 201 bytes", strings.Repeat("a", 201), []any{"name"}}, bad{"time 0", int64(0), []any{"at"}})
	each(request.ThingReply, w.asHub(), request.Reply{At: start, Head: head, Household: w.household, Nonce: fixed("n", 16), Result: request.Result{Camera: id.Camera(fixedID("cam_", "front"))}, Root: id.HashOf([]byte("root")), Run: id.Run(fixedID("run_", "run")), Size: 9}, bad{"a negative size", int64(-1), []any{"size"}})
	commands.reply("reply to at-home", request.Result{Addresses: []string{"192.168.1.7:7441", "[fd00::7]:7441"}})
	commands.reply("reply to smalls", request.Result{Smalls: []id.Camera{front}})
	commands.reply("reply to stars", request.Result{Stars: []request.Starred{{Objects: []id.Object{id.Object(fixedID("obj_", "pack"))}, Statement: []byte("statement")}, {Objects: []id.Object{}, Statement: []byte("another"), Waiting: true}}},
		bad{"what is no object", fixedID("cam_", "front"), []any{"result", "stars", 0, "objects", 0}})
	commands.reply("reply to recorded", request.Result{Recorded: []request.Recorded{{Camera: front, Cost: 41, Form: request.RecordMade, Measured: true, Sent: "h265", Small: true}, {Camera: front, Form: request.RecordSent}}})
	each(manifest.ThingStatus, w.asHub(), manifest.Status{At: start, Head: head.Hash, Household: w.household, Run: id.Run(fixedID("run_", "run")), Signed: 9, Uploaded: 7}, bad{"more uploaded than signed", int64(10), []any{"uploaded"}})
	each(manifest.ThingNames, w.asHub(), manifest.Names{
		At: start, Cameras: []manifest.NamedCam{{ID: id.Camera(fixedID("cam_", "front")), Name: "Haustür", State: manifest.NameOn}}, Devices: []manifest.NamedDev{{ID: w.phoneID, Name: "Phone"}, {ID: w.passkeyID, Name: "Passkey"}},
		Head: head.Hash, Household: w.household, Persons: []manifest.NamedPer{{ID: w.person, Name: "Anna"}}, Seq: 1, Zone: "Europe/Amsterdam",
	}, bad{"the sheet as device", "sheet", []any{"devices", 0, "id"}}, bad{"a camera in an unknown state", "hidden", []any{"cameras", 0, "state"}}, bad{"number 0", int64(0), []any{"seq"}})
	return append(append(out, commands.out...), secondEditions(w)...)
}

// secondEditions are the document of names and a label with rooms. Neither passes for the first edition, nor that for it.
func secondEditions(w *world) []vector {
	var out []vector
	front := id.Camera(fixedID("cam_", "front"))
	night := roster.Hours{Days: []int{1, 2, 3, 4, 5, 6, 7}, From: 0, Until: 360}
	hours := func(n int) []roster.Hours { return slices.Repeat([]roster.Hours{night}, n) }
	names := manifest.Names2{
		At: start, Cameras: []manifest.PlacedCam{
			{ID: front, Name: "Haustür", Room: "Flur", State: manifest.NameOn, Bell: true, Child: true, Door: "Gartentor", Light: true, Masks: []masks.Mask{{Height: 100, Width: 500}, {Height: 100, Top: 800, Width: 500}}, Private: &private.Held{Hours: hours(16), Zone: "Europe/Amsterdam"}, Speaker: true, Stars: []star.Mark{{At: start - star.Back, Moment: start - 2*star.Back}, {At: start, Moment: start}}},
			{ID: id.Camera(fixedID("cam_", "shed")), Name: "Shed", State: manifest.NameOn, Unsaid: true},
			{ID: id.Camera(fixedID("cam_", "yard")), Name: "Yard", State: manifest.NameRemoved, Stars: []star.Mark{{At: start, Moment: start - 1}}},
		},
		Devices: []manifest.NamedDev{{ID: w.phoneID, Name: "Phone"}}, Head: w.state.Head.Hash, Household: w.household, Persons: []manifest.NamedPer{{ID: w.person, Name: "Anna"}}, Seq: 2, Zone: "Europe/Amsterdam",
	}
	label := manifest.Label2{At: start, Camera: front, Head: w.state.Head.Hash, Household: w.household, Name: "Haustür", Room: "Flur", Seq: 2, Zone: "Europe/Amsterdam"}
	long := strings.Repeat("a", 201)
	for _, x := range []struct {
		thing, first string
		payload      any
		cases        []bad
	}{
		{manifest.ThingNames2, manifest.ThingNames, names, []bad{
			{"a mask that is too small", int64(9), []any{"cameras", 0, "masks", 0, "width"}},
			{"masks out of order", int64(900), []any{"cameras", 0, "masks", 0, "top"}},
			{"hours of a camera without a zone", "", []any{"cameras", 0, "private", "zone"}},
			{"hours in a zone that is none", "Local", []any{"cameras", 0, "private", "zone"}},
			{"hours on days out of order", []any{int64(2), int64(1)}, []any{"cameras", 0, "private", "hours", 0, "days"}},
			{"more hours than a setting may have", tree(private.Held{Hours: hours(17)})["hours"], []any{"cameras", 0, "private", "hours"}},
			{"a camera that is said not to be in a child's room", false, []any{"cameras", 0, "child"}},
			{"a starred moment to come", start + 1, []any{"cameras", 0, "stars", 1, "moment"}},
			{"a moment that was starred too late", int64(start - 2*star.Back - 1), []any{"cameras", 0, "stars", 0, "moment"}},
			{"starred moments out of order", int64(start - 2*star.Back), []any{"cameras", 0, "stars", 1, "moment"}},
			{"nothing starred, which is left out", []any{}, []any{"cameras", 0, "stars"}},
			{"a door of 201 bytes", long, []any{"cameras", 0, "door"}},
			{"a door without a name, which is left out", "", []any{"cameras", 0, "door"}},
			{"a camera that is said to have no bell", false, []any{"cameras", 0, "bell"}},
			{"a camera that is said to have no speaker", false, []any{"cameras", 0, "speaker"}},
			{"a room of 201 bytes", long, []any{"cameras", 0, "room"}},
			{"a camera in an unknown state", "hidden", []any{"cameras", 0, "state"}},
			{"number 0", int64(0), []any{"seq"}},
		}},
		{manifest.ThingLabel2, manifest.ThingLabel, label, []bad{{"a room of 201 bytes", long, []any{"room"}}, {"the household as camera", "household", []any{"camera"}}, {"number 0", int64(0), []any{"seq"}}}},
	} {
		seal, o := statement(x.thing, w.asHub()), tree(x.payload)
		good := seal(o)
		good.Name, good.Expect = x.thing, "accept"
		out = append(append(append(out, good), spoil(x.thing, o, seal)...), spoilFields(x.thing, o, seal, x.cases...)...)
		old := seal(o)
		old.Name, old.Expect, old.Rule, old.Thing = x.thing+" where "+x.first+" is expected", "refuse", rule.PayloadType, x.first
		placed := statement(x.first, w.asHub())(o)
		placed.Name, placed.Expect, placed.Rule = x.first+" with a room", "refuse", rule.Shape
		out = append(out, old, placed)
	}
	// What holds for all of the household stands beside what is always there.
	names.Channels, names.Integrations = []string{"Oma", "ntfy"}, []string{"Home Assistant"}
	names.Private, names.Unsaid, names.Unstarred = &private.Held{Hours: []roster.Hours{}, On: true}, true, true
	seal, o := statement(manifest.ThingNames2, w.asHub()), tree(names)
	all, more := seal(o), seal(with(o, int64(1), "private", "seq"))
	all.Name, all.Expect = manifest.ThingNames2+" with what is private of all", "accept"
	more.Name, more.Expect, more.Rule = manifest.ThingNames2+": what is private of all with a number", "refuse", rule.Shape
	return append(append(out, all, more), spoilFields(manifest.ThingNames2, o, seal,
		bad{"a zone for all without hours", "Europe/Amsterdam", []any{"private", "zone"}},
		bad{"what is private of all by nothing", false, []any{"private", "on"}},
		bad{"a channel twice", []any{"Oma", "Oma"}, []any{"channels"}},
		bad{"a channel without a name", []any{""}, []any{"channels"}},
		bad{"more integrations than there may be", []any{"a", "b", "c", "d", "e", "f", "g", "h", "i"}, []any{"integrations"}},
		bad{"an integration of 201 bytes", []any{long}, []any{"integrations"}},
		bad{"of all nothing is unsaid", false, []any{"unsaid"}},
		bad{"all that is starred being said, which is left out", false, []any{"unstarred"}},
	)...)
}
