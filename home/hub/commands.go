// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"log/slog"

	"keyhold/api"
	"keyhold/home/cameras"
	"keyhold/home/epochs"
	"keyhold/home/household"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// execute carries out a verified command. It returns a result, or the word that refuses it.
func (h *Hub) execute(ctx context.Context, c *request.Command) (request.Result, string) {
	if c.Device == id.Sheet && c.Op.Kind != request.OpPing && c.Op.Kind != request.OpAppendLink {
		return request.Result{}, request.RefusedDenied
	}
	var r request.Result
	var err error
	switch c.Op.Kind {
	case request.OpPing:
	case request.OpAddCamera:
		r.Camera, err = h.addCamera(ctx, c.Op.Name, c.Op.URL)
	case request.OpRemoveCamera:
		err = h.removeCamera(ctx, c.Op.Camera)
	case request.OpListCameras:
		r.Cameras, err = h.listCameras(ctx)
	case request.OpLeaveEarly:
		h.leaveEarly(c.Op.Cameras)
	case request.OpRotate:
		err = h.rotateAll(ctx)
	case request.OpAppendLink:
		r.Link, err = h.appendLink(ctx, c.Op.Link, c.Op.Name)
	}
	if err == nil {
		level := slog.LevelInfo
		if c.Op.Kind == request.OpPing || c.Op.Kind == request.OpListCameras || c.Op.Kind == request.OpLeaveEarly {
			level = slog.LevelDebug // open apps ask all the time
		}
		h.Log.Log(ctx, level, "a command was carried out", "op", c.Op.Kind, "device", string(c.Device))
		return r, ""
	}
	var refused refusal
	if !errors.As(err, &refused) {
		h.Log.Error("a command failed", "op", c.Op.Kind, "error", err)
		return request.Result{}, request.RefusedInvalid
	}
	h.Log.Info("a command was refused", "op", c.Op.Kind, "device", string(c.Device), "word", string(refused))
	return request.Result{}, string(refused)
}

// refusal is a word of the protocol that refuses a command.
type refusal string

func (r refusal) Error() string { return "hub: refused: " + string(r) }

func (h *Hub) addCamera(ctx context.Context, name, url string) (id.Camera, error) {
	// Before the probe, which takes time, and again with the change itself.
	list, err := h.cameras.List(ctx)
	if err != nil {
		return "", err
	}
	for _, c := range list {
		if c.Removed == 0 && c.Name == name {
			return "", refusal(request.RefusedExists)
		}
	}
	if word := h.probe(ctx, url); word != "" {
		return "", refusal(word)
	}
	h.control.Lock()
	defer h.control.Unlock()
	camera, err := id.NewCamera(rand.Reader)
	if err != nil {
		return "", err
	}
	c := cameras.Camera{ID: camera, Name: name, URL: url, Added: h.Now().UnixMilli()}
	err = h.epochs.Apply(ctx, epochs.Change{
		Cameras: []id.Camera{camera},
		Before:  func(tx *sql.Tx) error { return h.cameras.Add(ctx, tx, c) },
		Leaves:  []manifest.Leaf{&manifest.CameraState{Header: manifest.Header{Camera: camera}, State: manifest.CameraAdded}},
		Names:   true,
	})
	if errors.Is(err, cameras.ErrName) {
		return "", refusal(request.RefusedExists)
	}
	if err != nil {
		return "", err
	}
	h.startNow(c, manifest.GapHub)
	return camera, nil
}

func (h *Hub) removeCamera(ctx context.Context, camera id.Camera) error {
	h.control.Lock()
	defer h.control.Unlock()
	live, err := h.inUse(ctx)
	if err != nil {
		return err
	}
	found := false
	for _, c := range live {
		found = found || c == camera
	}
	if !found {
		return refusal(request.RefusedNotFound)
	}
	h.end(camera) // its last pack comes before the leaf that ends it
	return h.epochs.Apply(ctx, epochs.Change{
		Before: func(tx *sql.Tx) error { return h.cameras.Remove(ctx, tx, camera, h.Now().UnixMilli()) },
		Leaves: []manifest.Leaf{&manifest.CameraState{Header: manifest.Header{Camera: camera}, State: manifest.CameraRemoved}},
		Names:  true,
	})
}

func (h *Hub) listCameras(ctx context.Context) ([]request.CameraReport, error) {
	list, err := h.cameras.List(ctx)
	out := []request.CameraReport{}
	for _, c := range list {
		if c.Removed == 0 {
			out = append(out, h.report(c))
		}
	}
	return out, err
}

// leaveEarly lets packs close at the next key frame; no cameras means all.
func (h *Hub) leaveEarly(list []id.Camera) {
	if len(list) == 0 {
		list = h.recording()
	}
	for _, c := range list {
		if ch := h.channel(c); ch != nil {
			ch.recorder.CloseEarly()
		}
	}
}

// appendLink countersigns a link, moves the roster, and gives new epochs for the new set of readers,
// all in one transaction: from the next segment on, exactly the new set can read.
func (h *Hub) appendLink(ctx context.Context, link []byte, name string) ([]byte, error) {
	h.control.Lock()
	defer h.control.Unlock()
	if known, ok := h.known(link); ok {
		return known, nil
	}
	signed, l, next, err := h.household.Propose(link, h.keys.Sign)
	if err != nil {
		return nil, refusal(word(err))
	}
	if l.At > h.Now().UnixMilli()+request.Window {
		return nil, refusal(request.RefusedInvalid)
	}
	live, err := h.inUse(ctx)
	if err != nil {
		return nil, err
	}
	err = h.epochs.Apply(ctx, epochs.Change{
		Cameras: append([]id.Camera{id.HouseholdCamera}, live...),
		Roster:  next,
		Before: func(tx *sql.Tx) error {
			if err := household.Append(ctx, tx, signed, next); err != nil {
				return err
			}
			if op, ok := l.Op.(roster.AddDevice); ok {
				if err := household.Label(ctx, tx, string(op.Device.ID), name); err != nil {
					return err
				}
			}
			return epochs.Outbox(ctx, tx, request.WriteRoster, api.RosterName(next.Head.Seq), signed)
		},
		Leaves: []manifest.Leaf{&manifest.RosterHead{Header: manifest.Header{Camera: id.HouseholdCamera}, Head: next.Head}},
		Names:  true,
	})
	if err != nil {
		return nil, err
	}
	h.household.Moved(next)
	return signed, nil
}

// known finds a link that is in the roster already: its sender missed the first answer.
func (h *Hub) known(link []byte) ([]byte, bool) {
	e, err := dsse.Parse(link)
	if err != nil {
		return nil, false
	}
	for _, b := range h.household.Roster().Chain[1:] {
		if x, err := dsse.Parse(b); err == nil && x.Hash() == e.Hash() {
			return b, true
		}
	}
	return nil, false
}

// word chooses how a link that does not fit is refused.
func word(err error) string {
	switch rule.Of(err) {
	case rule.RosterSeq, rule.RosterPrev, rule.RosterTime:
		return request.RefusedStale
	case rule.Signer, rule.Signature, rule.Household:
		return request.RefusedDenied
	}
	return request.RefusedInvalid
}
