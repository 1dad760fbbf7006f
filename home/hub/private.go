// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"net/url"

	"keyhold/home/cameras"
	"keyhold/home/epochs"
	"keyhold/home/privacy"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/private"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/setting"
	"keyhold/statement/signal"
)

// setPrivate turns a camera, or all of them, off at the source, or on again.
func (h *Hub) setPrivate(ctx context.Context, c *request.Command) error {
	h.control.Lock()
	defer h.control.Unlock()
	r := &setting.Reading{Roster: h.household.Roster(), Now: h.Now().UnixMilli(), May: h.mayPrivate, Last: h.privacy.Last}
	s, err := private.Read(r, c.Op.Private, c.Device)
	if err != nil {
		h.Log.Warn("a setting of what is private does not hold", "device", string(c.Device), "rule", string(rule.Of(err)))
		return refusal(privateWord(err))
	}
	by, ok := h.household.Roster().PersonOf(s.Device)
	if !ok {
		return refusal(request.RefusedDenied)
	}
	if s.Camera != id.HouseholdCamera {
		if _, ok, err := h.listed(ctx, s.Camera); err != nil {
			return err
		} else if !ok {
			return refusal(request.RefusedNotFound)
		}
	}
	set, err := privacy.NewSetting(s, by.ID, c.Op.Private)
	if err != nil {
		return refusal(request.RefusedInvalid) // hours in a zone that this machine does not know
	}
	return h.turn(ctx, set, manifest.GapPrivate)
}

// mayPrivate asks the roster by the hub's time for rights.
func (h *Hub) mayPrivate(d id.Device, c id.Camera) roster.Reason {
	m := h.clock.Moment()
	return m.Of(h.household.Roster()).May(d, roster.Private, c, m.At)
}

// privateWord is the word that refuses a setting.
func privateWord(err error) string {
	switch rule.Of(err) {
	case rule.Head, rule.Replay:
		return request.RefusedStale
	case rule.Device, rule.Role, rule.Action, rule.Camera, rule.Early, rule.Ended, rule.Hours:
		return request.RefusedDenied
	default:
		return request.RefusedInvalid
	}
}

// turn carries out what the moment and a new setting change. It writes everything down first: a hub that is cut off right
// after connects to nothing that is private. Then it closes what it has of each camera, and returns when that is closed.
// Control is held. why is the reason for the time that is missing of cameras that are not private any more, "" while the
// hub begins: then nothing is connected, and nobody there to be told.
func (h *Hub) turn(ctx context.Context, set *privacy.Setting, why string) error {
	list, err := h.inUse(ctx)
	if err != nil {
		return err
	}
	plan := h.privacy.Plan(list, h.clock.Moment(), set)
	if plan.Empty() {
		return nil
	}
	_, err = h.epochs.Apply(ctx, epochs.Change{
		Follow: append(list, id.HouseholdCamera),
		Before: func(tx *sql.Tx) error { return plan.Write(ctx, tx) },
		Leaves: h.privateLeaves(plan),
		Names:  set != nil, // there a hub that takes this one's place is told of it
	})
	if err != nil {
		return err
	}
	h.privacy.Done(plan)
	if why == "" {
		return nil
	}
	for _, s := range plan.Begin {
		h.shut(s.Camera)
	}
	for _, s := range plan.Begin {
		h.shutNow(s.Camera)
		h.Log.Info("a camera is private", "camera", string(s.Camera))
	}
	h.views.Follow()
	h.lights.Follow()
	err = h.reopen(ctx, plan.End, why)
	h.views.Tell()
	return err
}

// reopen connects again to cameras that are private no more.
func (h *Hub) reopen(ctx context.Context, list []privacy.Standing, why string) error {
	for _, s := range list {
		if c, ok, err := h.listed(ctx, s.Camera); err != nil {
			return err
		} else if ok && h.channel(c.ID) == nil {
			h.startNow(c, why)
		}
	}
	return nil
}

// privateLeaves say what begins, what ends, and what was set that does neither.
func (h *Hub) privateLeaves(p *privacy.Plan) []manifest.Leaf {
	var out []manifest.Leaf
	at := h.clock.Moment().At
	told := false
	leaf := func(s privacy.Standing, state string, since, until int64) {
		told = told || p.Set != nil && s.Camera == p.Set.Camera
		out = append(out, &manifest.Private{
			Header: manifest.Header{Camera: s.Camera}, Device: s.Device, Person: s.Person, Since: since, State: state, Statement: s.Statement, Until: until,
		})
	}
	for _, s := range p.Begin {
		leaf(s, manifest.PrivateBegan, s.Since, 0)
	}
	for _, s := range p.End {
		leaf(s, manifest.PrivateEnded, s.Since, max(at, s.Since))
	}
	if p.Set != nil && !told {
		leaf(privacy.Standing{Camera: p.Set.Camera, Device: p.Set.Device, Person: p.Set.Person, Statement: p.Set.Statement}, manifest.PrivateSet, 0, 0)
	}
	return out
}

// followPrivate carries out what the clock changes.
func (h *Hub) followPrivate(ctx context.Context) error {
	list, err := h.inUse(ctx)
	if err != nil || h.privacy.Plan(list, h.clock.Moment(), nil).Empty() {
		return err
	}
	h.control.Lock()
	defer h.control.Unlock()
	return h.turn(ctx, nil, manifest.GapPrivate)
}

// isPrivate says that nothing may connect to a camera now. Whatever connects to one asks here first.
func (h *Hub) isPrivate(c id.Camera) bool {
	_, ok := h.privacy.Now(c)
	return ok && !rule.Off(rule.Private)
}

// privateAt says that at an address there is a camera that is private, or that all are.
func (h *Hub) privateAt(ctx context.Context, address string) (bool, error) {
	if h.noNewCamera() {
		return true, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return false, nil // what is wrong with it is said by who connects
	}
	known, err := h.knownDevices(ctx)
	if err != nil {
		return false, err
	}
	camera := known.at(u)
	return camera != "" && h.isPrivate(camera), nil
}

// privateByName says that under a name there is a camera of an earlier hub that is private now: until it is not, nothing
// connects to it, not even to see whether it is there.
func (h *Hub) privateByName(list []cameras.Camera, name string) bool {
	c, ok := unconnected(list, name)
	return ok && h.isPrivate(c.ID)
}

// noNewCamera says that nothing may connect to a camera that is not the household's yet.
func (h *Hub) noNewCamera() bool {
	return h.privacy.Home(h.clock.Moment()) && !rule.Off(rule.Private)
}

// privates are the settings that a device may know of.
func (h *Hub) privates(by id.Device) [][]byte {
	var out [][]byte
	for _, s := range h.privacy.Settings() {
		if s.Camera == id.HouseholdCamera && h.may(by, roster.People, s.Camera) || s.Camera != id.HouseholdCamera && h.knows(by, s.Camera) {
			out = append(out, s.Statement)
		}
	}
	return out
}

// knows says whether a device may be told that a camera is private.
func (h *Hub) knows(by id.Device, c id.Camera) bool {
	return h.may(by, roster.Live, c) || h.may(by, roster.History, c) || h.may(by, roster.Private, c)
}

// off are the cameras that are private now, as members are told.
func (h *Hub) off() []signal.Off {
	var out []signal.Off
	for _, s := range h.privacy.All() {
		out = append(out, signal.Off{
			Camera: s.Camera, Device: s.Device, Home: s.Target == id.HouseholdCamera, Hours: s.Hours, Person: s.Person, Since: s.Since,
		})
	}
	return out[:min(len(out), signal.MaxPrivate)]
}
