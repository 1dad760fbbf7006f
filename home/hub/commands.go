// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"log/slog"

	"keyhold/home/cameras"
	"keyhold/home/epochs"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// execute carries out a verified command. It returns a result, or the word that refuses it.
func (h *Hub) execute(ctx context.Context, c *request.Command) (request.Result, string) {
	var r request.Result
	var err error
	switch c.Op.Kind {
	case request.OpPing:
	case request.OpAppendLink:
		r.Link, err = h.appendLink(ctx, c.Op)
	case request.OpRemove:
		r.Link, err = h.remove(ctx, c.Op.Removal)
	case request.OpErase:
		err = h.order(ctx, c)
	case request.OpMove, request.OpCopy, request.OpSwitch:
		err = h.moving(ctx, c)
	default:
		err = h.housework(ctx, c, &r)
	}
	if err == nil && h.narrows(r.Link) {
		h.turned(ctx)
	}
	if err == nil {
		level := slog.LevelInfo
		if often(c.Op.Kind) {
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

// often says whether an operation is one of those that open apps ask for all the time.
func often(kind string) bool {
	switch kind {
	case request.OpPing, request.OpListCameras, request.OpLeaveEarly, request.OpAsked, request.OpAtHome, request.OpSmalls, request.OpPrivates, request.OpMasks, request.OpStars,
		request.OpBells, request.OpSnoozes, request.OpQuiets, request.OpCarryQuiet, request.OpRecorded, request.OpChildren, request.OpLights, request.OpLocks, request.OpIntegrations, request.OpChannels,
		request.OpPushKey, request.OpSubscribe, request.OpReceived, request.OpPhones:
		return true
	}
	return false
}

// refusal is a word of the protocol that refuses a command.
type refusal string

func (r refusal) Error() string { return "hub: refused: " + string(r) }

// housework carries out what is asked of the cameras, as far as the roster allows it to this device now. (A link or a
// removal carries what allows it in itself.)
func (h *Hub) housework(ctx context.Context, c *request.Command, r *request.Result) (err error) {
	if c.Device.ReturnKey() && !rule.Off(rule.Role) {
		return refusal(request.RefusedDenied) // it brings somebody back, and does nothing else
	}
	switch c.Op.Kind {
	case request.OpListCameras:
		r.Cameras, err = h.listCameras(ctx, c.Device)
	case request.OpLeaveEarly:
		h.leaveEarly(c.Device, c.Op.Cameras)
	case request.OpAddCamera:
		r.Camera, err = h.addCamera(ctx, c.Device, newCamera{name: c.Op.Name, url: c.Op.URL, recorded: c.Op.Recorded})
	case request.OpRemoveCamera:
		err = h.removeCamera(ctx, c.Device, c.Op.Camera)
	case request.OpRenameCamera:
		err = h.renameCamera(ctx, c.Device, c.Op.Camera, c.Op.Name)
	case request.OpSetRoom:
		err = h.setRoom(ctx, c.Device, c.Op.Camera, c.Op.Room)
	case request.OpSetSmall:
		err = h.setSmall(ctx, c.Device, c.Op.Camera, c.Op.URL)
	case request.OpSetSpeaker:
		err = h.setSpeaker(ctx, c.Device, c.Op.Camera, c.Op.URL)
	case request.OpTrySpeaker:
		err = h.trySpeaker(ctx, c.Device, c.Op.Camera)
	case request.OpSetLight, request.OpTryLight, request.OpLights:
		err = h.lighting(ctx, c, r)
	case request.OpSmalls:
		r.Smalls, err = h.smalls(ctx, c.Device)
	case request.OpSetRecorded:
		err = h.setRecorded(ctx, c.Device, c.Op.Camera, c.Op.Recorded)
	case request.OpRecorded:
		r.Recorded, err = h.recorded(ctx, c.Device)
	case request.OpPrivate:
		err = h.setPrivate(ctx, c)
	case request.OpSetMasks:
		err = h.setMasks(ctx, c)
	case request.OpMasks:
		r.Masks = h.maskSettings(c.Device)
	case request.OpStar:
		err = h.setStar(ctx, c)
	case request.OpCarryStar:
		err = h.carryStar(ctx, c)
	case request.OpStars:
		r.Stars, err = h.starred(ctx, c)
	case request.OpSetChild:
		err = h.setChild(ctx, c)
	case request.OpChildren:
		r.Children = h.childSettings(c.Device)
	case request.OpPrivates:
		r.Privates = h.privates(c.Device)
	case request.OpAskRemoval:
		err = h.ask(ctx, c.Op.Removal)
	case request.OpAsked:
		r.Removals, err = h.asked(ctx, c.Device)
	case request.OpSetLock, request.OpLocks, request.OpAskOpen, request.OpOpen:
		err = h.doors(ctx, c, r)
	case request.OpAddIntegration, request.OpRemoveIntegration, request.OpIntegrations:
		err = h.integration(ctx, c, r)
	case request.OpAddChannel, request.OpRemoveChannel, request.OpTestChannel, request.OpChannels:
		err = h.channels(ctx, c, r)
	case request.OpSetBell:
		err = h.setBell(ctx, c.Device, c.Op, r)
	case request.OpBells:
		r.Bells, err = h.bellReports(ctx, c.Device)
	case request.OpSnooze:
		err = h.snooze(ctx, c.Device, c.Op.Camera, c.Op.Until)
	case request.OpSnoozes:
		r.Snoozes = h.ownSnoozes(c.Device)
	case request.OpSetQuiet:
		err = h.setQuiet(ctx, c.Device, c.Op.Camera, c.Op.Hours, c.At)
	case request.OpQuiets:
		r.Quiets = h.ownQuiets(c.Device)
	case request.OpCarryQuiet:
		err = h.carryQuiet(ctx, c.Device, c.Op.Said, r)
	case request.OpPushKey, request.OpSubscribe, request.OpUnsubscribe, request.OpTestAlert, request.OpReceived, request.OpPhones:
		err = h.phones(ctx, c, r)
	case request.OpAtHome:
		r.Addresses = h.door.Addresses()
	case request.OpRotate:
		if !h.may(c.Device, roster.Cameras, id.HouseholdCamera) {
			return refusal(request.RefusedDenied)
		}
		err = h.rotateAll(ctx)
	default:
		return refusal(request.RefusedInvalid)
	}
	return err
}

// newCamera is where a new camera is, what it is to be called and in which form it is to be recorded; small is where its second stream is, if it has one, and
// which says what it is, if that is known.
type newCamera struct {
	name, url, small string
	recorded         string // in which form; "" if nobody has said
	which            cameras.Identity
}

// addCamera adds a camera once it has shown a picture.
func (h *Hub) addCamera(ctx context.Context, by id.Device, n newCamera) (id.Camera, error) {
	if !h.may(by, roster.Cameras, id.HouseholdCamera) {
		return "", refusal(request.RefusedDenied)
	}
	// Before the probe, which takes time, and again with the change itself.
	list, err := h.cameras.List(ctx)
	if err != nil {
		return "", err
	}
	for _, c := range list {
		if c.Removed == 0 && c.Name == n.name && c.URL != "" {
			return "", refusal(request.RefusedExists)
		}
	}
	if off, err := h.privateAt(ctx, n.url); err != nil || off || h.privateByName(list, n.name) {
		return "", cmp.Or(err, error(refusal(request.RefusedPrivate)))
	}
	shown := h.probe(ctx, n.url)
	if shown.word != "" {
		return "", refusal(shown.word)
	}
	if word := wantsForm(n, shown.codec); word != "" {
		return "", refusal(word)
	}
	n.url = shown.address
	h.control.Lock()
	defer h.control.Unlock()
	if h.noNewCamera() {
		return "", refusal(request.RefusedPrivate) // since a moment ago
	}
	// The look took its time; whoever was removed meanwhile adds nothing.
	if !h.may(by, roster.Cameras, id.HouseholdCamera) {
		return "", refusal(request.RefusedDenied)
	}
	if list, err = h.cameras.List(ctx); err != nil {
		return "", err
	}
	if h.privateByName(list, n.name) {
		return "", refusal(request.RefusedPrivate)
	}
	if c, ok := unconnected(list, n.name); ok {
		return h.reconnect(ctx, c, n)
	}
	camera, err := id.NewCamera(rand.Reader)
	if err != nil {
		return "", err
	}
	c := cameras.Camera{ID: camera, Name: n.name, URL: n.url, Small: n.small, Recorded: n.recorded, Added: h.Now().UnixMilli()}
	_, err = h.epochs.Apply(ctx, epochs.Change{
		Cameras: []id.Camera{camera},
		Before: func(tx *sql.Tx) error {
			if err := h.cameras.Add(ctx, tx, c); err != nil {
				return err
			}
			return h.cameras.Identify(ctx, tx, camera, n.which)
		},
		Leaves: []manifest.Leaf{&manifest.CameraState{Header: manifest.Header{Camera: camera}, State: manifest.CameraAdded}},
		Names:  true,
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

// removeCamera stops a camera and takes it off the list.
func (h *Hub) removeCamera(ctx context.Context, by id.Device, camera id.Camera) error {
	if !h.may(by, roster.Cameras, id.HouseholdCamera) {
		return refusal(request.RefusedDenied)
	}
	if _, ok, err := h.listed(ctx, camera); err != nil {
		return err
	} else if !ok {
		return refusal(request.RefusedNotFound)
	}
	// Its last pack comes before the leaf that ends it. That takes its time, and no change of the household waits for it.
	h.views.Gone(camera)()
	h.end(camera)
	h.control.Lock()
	defer h.control.Unlock()
	c, ok, err := h.listed(ctx, camera)
	if err != nil {
		return err
	}
	if !ok {
		return refusal(request.RefusedNotFound)
	}
	h.end(camera) // the disk was full, and is not any more: it may have been started again
	if !h.may(by, roster.Cameras, id.HouseholdCamera) {
		h.startNow(c, manifest.GapHub)
		return refusal(request.RefusedDenied)
	}
	_, err = h.epochs.Apply(ctx, epochs.Change{
		Before: func(tx *sql.Tx) error { return h.cameras.Remove(ctx, tx, camera, h.Now().UnixMilli()) },
		Leaves: []manifest.Leaf{&manifest.CameraState{Header: manifest.Header{Camera: camera}, State: manifest.CameraRemoved}},
		Names:  true,
	})
	if err != nil {
		h.startNow(c, manifest.GapHub)
		return err
	}
	h.ring.bells.Set(camera, nil)
	h.entry.Forget(camera)
	h.lights.Set(camera, nil, false)
	h.views.Gone(camera) // whose offer came meanwhile
	return nil
}

// listed finds a camera that is in use.
func (h *Hub) listed(ctx context.Context, camera id.Camera) (cameras.Camera, bool, error) {
	list, err := h.cameras.List(ctx)
	for _, c := range list {
		if c.ID == camera && c.Removed == 0 {
			return c, true, err
		}
	}
	return cameras.Camera{}, false, err
}

// listCameras tells of the cameras that the device may see.
func (h *Hub) listCameras(ctx context.Context, by id.Device) ([]request.CameraReport, error) {
	list, err := h.cameras.List(ctx)
	out := []request.CameraReport{}
	for _, c := range list {
		if c.Removed == 0 && h.may(by, roster.History, c.ID) {
			out = append(out, h.report(c))
		}
	}
	return out, err
}

// leaveEarly lets packs of cameras that the device may see close at the next key frame; no cameras means all.
func (h *Hub) leaveEarly(by id.Device, list []id.Camera) {
	if len(list) == 0 {
		list = h.recording()
	}
	for _, c := range list {
		if ch := h.channel(c); ch != nil && h.may(by, roster.History, c) {
			ch.recorder.CloseEarly()
		}
	}
}
