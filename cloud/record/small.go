// SPDX-License-Identifier: Apache-2.0

package record

import (
	"context"
	"crypto/ed25519"
	"errors"

	"keyhold/api"
	"keyhold/cloud/access"
	"keyhold/cloud/store"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

const (
	hashSize = len(id.Hash{})
	// tileWidth is how many hashes fill a tile of height 8, and maxLevel the highest tile of a tree with 2^53 leaves.
	tileWidth = 256
	maxLevel  = 6
)

func (r *Record) page(ctx context.Context, v *access.Verified[request.Write], parts []string, b []byte, now int64) error {
	if len(parts) != 4 {
		return misnamed()
	}
	run, err := id.ParseRun(parts[0])
	camera := id.Camera(parts[1])
	epoch, err2 := id.ParseEpoch(parts[2])
	hour, ok := number(parts[3])
	if err != nil || err2 != nil || !ok || !camera.ValidOrHousehold() {
		return misnamed()
	}
	return r.Store.PutPage(ctx, v.Nonce(), store.Page{
		PageKey: store.PageKey{Household: v.Statement().Household, Run: run, Camera: camera, Epoch: epoch, Hour: hour},
		Size:    int64(len(b)), Body: b, Updated: now,
	})
}

func (r *Record) tile(ctx context.Context, v *access.Verified[request.Write], parts []string, b []byte) error {
	if len(parts) != 3 {
		return misnamed()
	}
	run, err := id.ParseRun(parts[0])
	level, ok := number(parts[1])
	n, ok2 := number(parts[2])
	if err != nil || !ok || !ok2 || level > maxLevel {
		return misnamed()
	}
	if len(b) == 0 || len(b)%hashSize != 0 || len(b) > tileWidth*hashSize {
		return api.NewProblem(api.Invalid, rule.Length, "a tile has 1 to 256 whole hashes")
	}
	return r.Store.PutTile(ctx, v.Nonce(), store.TileKey{Household: v.Statement().Household, Run: run, Level: int(level), N: n}, b)
}

func (r *Record) checkpoint(ctx context.Context, v *access.Verified[request.Write], parts []string, b []byte, now int64) error {
	if len(parts) != 1 {
		return misnamed()
	}
	run, err := id.ParseRun(parts[0])
	if err != nil {
		return misnamed()
	}
	household := v.Statement().Household
	c, err := manifest.ParseCheckpoint(string(b), household, v.Roster().Hub.Sign)
	if err != nil {
		return malformed(err)
	}
	if c.Run != run {
		return misnamed()
	}
	return r.Store.PutRun(ctx, v.Nonce(), store.Run{Household: household, Run: run, Size: c.Size, Checkpoint: string(b), Updated: now})
}

func (r *Record) envelopes(ctx context.Context, v *access.Verified[request.Write], parts []string, b []byte, now int64) error {
	if len(parts) != 2 {
		return misnamed()
	}
	camera := id.Camera(parts[0])
	epoch, err := id.ParseEpoch(parts[1])
	if err != nil || !camera.ValidOrHousehold() {
		return misnamed()
	}
	var rows api.Rows
	if err := canon.UnmarshalMax(b, &rows, api.MaxOther); err != nil {
		return malformed(err)
	}
	for i := range rows.Envelopes {
		row := &rows.Envelopes[i]
		if err := row.Check(); err != nil {
			return malformed(err)
		}
		if row.Camera != camera || row.Epoch != epoch {
			return api.NewProblem(api.Invalid, rule.Field, "a row belongs to another epoch than the name says")
		}
	}
	return r.Store.PutEnvelopes(ctx, v.Nonce(), v.Statement().Household, rows.Envelopes, nil, now)
}

// reseal takes rows by which a member gives a device, a passkey or a new sheet the keys of epochs: one of their own person's,
// the sheet and a passkey one of their person's, or an owner or guardian another's. The cloud checks who gave them, and that the rows
// are those of the statement; whether they open is the device's to see. The device itself may bring them, too: so they
// go along to another cloud.
func (r *Record) reseal(ctx context.Context, v *access.Verified[request.Write], parts []string, b []byte, now int64) error {
	if len(parts) != 1 {
		return misnamed()
	}
	device := id.Device(parts[0])
	if !device.ValidReader() {
		return misnamed()
	}
	var in api.Resealed
	if err := canon.UnmarshalMax(b, &in, api.MaxOther); err != nil {
		return malformed(err)
	}
	e, err := dsse.Parse(in.Statement)
	if err != nil {
		return malformed(err)
	}
	w, giver := v.Statement(), e.Signatures[0].KeyID
	if w.From != giver && w.From != device {
		return api.NewProblem(api.Denied, "", "keys are brought by who gives them, or by who is given them")
	}
	if _, ok := v.Roster().PersonOf(device); !ok {
		return access.Answer(store.ErrMissing)
	}
	var statement request.Reseal
	key, _ := v.Roster().Key(giver)
	if err := e.Open(request.ThingReseal, &statement, map[id.Device]ed25519.PublicKey{giver: key}); err != nil {
		return malformed(err)
	}
	if statement.Household != w.Household || statement.Device != device {
		return api.NewProblem(api.Invalid, rule.Field, "the reseal is for another household or device than the name says")
	}
	if err := mayGive(v.Roster(), giver, &statement, now); err != nil {
		return err
	}
	if err := sameRows(&statement, in.Envelopes); err != nil {
		return err
	}
	return r.Store.PutEnvelopes(ctx, v.Nonce(), w.Household, in.Envelopes,
		&store.Reseal{Hash: e.Hash(), Device: device, Statement: in.Statement}, now)
}

// mayGive asks whether somebody may give a device keys. To one's own devices one gives what one has; to another
// person's only who sees everything.
func mayGive(state *roster.State, giver id.Device, s *request.Reseal, now int64) error {
	from, ok := state.PersonOf(giver)
	to, ok2 := state.PersonOf(s.Device)
	if ok && ok2 && from.ID == to.ID {
		return nil
	}
	sight := roster.SightOf(state, giver, now)
	if !ok || !ok2 || giver.ReturnKey() || !sight.People() {
		return api.NewProblem(api.Denied, "", "only a person's own devices, and owners and guardians, give a device keys")
	}
	return nil
}

// sameRows wants each row to be one that the statement names.
func sameRows(s *request.Reseal, rows []request.Row) error {
	named := map[request.ResealedEpoch]bool{}
	for _, e := range s.Epochs {
		named[e] = true
	}
	for i := range rows {
		row := &rows[i]
		if err := row.Check(); err != nil {
			return malformed(err)
		}
		epoch := request.ResealedEpoch{Camera: row.Camera, Epoch: row.Epoch, Envelope: id.HashOf(row.Bytes)}
		if row.Device != s.Device || row.Head != s.Head || !named[epoch] {
			return api.NewProblem(api.Invalid, rule.Envelope, "a row is not one that the reseal names")
		}
		delete(named, epoch)
	}
	if len(named) > 0 {
		return api.NewProblem(api.Invalid, rule.Envelope, "a row that the reseal names is not there")
	}
	return nil
}

func (r *Record) document(ctx context.Context, v *access.Verified[request.Write], parts []string, b []byte, now int64) error {
	w := v.Statement()
	if len(parts) != 1 || parts[0] != api.Current {
		return misnamed()
	}
	d := store.Document{Household: w.Household, Kind: w.Kind, Body: b, Updated: now}
	if w.Kind == request.WriteStatus {
		var status manifest.Status
		if _, err := dsse.OpenBy(b, manifest.ThingStatus, &status, id.Hub, v.Roster().Hub.Sign); err != nil {
			return malformed(err)
		}
		if status.Household != w.Household {
			return api.NewProblem(api.Invalid, rule.WrongHousehold, "the status is of another household")
		}
		d.At = status.At
	}
	return r.Store.PutDocument(ctx, v.Nonce(), d)
}

// label takes a camera's name, sealed to its epoch. Of what it says, even of its number, the cloud sees nothing.
func (r *Record) label(ctx context.Context, v *access.Verified[request.Write], parts []string, b []byte, now int64) error {
	if len(parts) != 1 {
		return misnamed()
	}
	camera, err := id.ParseCamera(parts[0])
	if err != nil {
		return misnamed()
	}
	return r.Store.PutLabel(ctx, v.Nonce(), store.Label{Household: v.Statement().Household, Camera: camera, Body: b, Updated: now})
}

func (r *Record) link(ctx context.Context, v *access.Verified[request.Write], parts []string, b []byte, now int64) error {
	if len(parts) != 1 {
		return misnamed()
	}
	seq, ok := number(parts[0])
	if !ok {
		return misnamed()
	}
	err := r.Rosters.Append(ctx, v.Nonce(), v.Roster(), seq, b, now)
	var p *api.Problem
	if errors.As(err, &p) {
		return p
	}
	return err
}
