// SPDX-License-Identifier: Apache-2.0

package home

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"keyhold/e2e/harness"
	"keyhold/member/session"
	"keyhold/statement/lock"
	"keyhold/statement/request"
)

// withLock waits until a camera is discovered with a lock of a class, "" for none.
func (r *Rig) withLock(e *harness.Ear, class, name string) *discovered {
	r.t.Helper()
	var d *discovered
	r.Until("a camera with a lock of the class "+class, func() bool {
		d = r.found(e, name)
		c, ok := d.Components["lock"]
		return ok && c.Class == class
	})
	return d
}

// Home Assistant is told that a door was opened, for as long as the hub takes it for open, of the cameras in its scope that
// have a door; and of no other, nor by whom. A door that stayed shut was not opened.
func TestHomeAssistantIsToldThatADoorIsOpen(t *testing.T) {
	t.Parallel()
	r, broker := brokered(t)
	r.here.Addresses = append(r.here.Addresses, r.lock.address())
	r.Stop()
	r.Start()
	r.Serving()
	door, yard := r.Add("Front door", "a"), r.Add("Yard", "b")
	r.hang(r.Member, yard, "Gate", false)
	e := r.ear(broker)
	r.told(tells("Home Assistant", broker.URL(broker.Password), []string{request.TellLock, request.TellOnline}, door))
	r.told(tells("Lamp", broker.URL(broker.Password), []string{request.TellOnline}, yard))

	// Without a door there is nothing to say.
	if c := r.withLock(e, "", "Front door").Components["lock"]; c.State != "" || c.Name != "" {
		t.Errorf("a camera without a door has %+v", c)
	}
	r.hang(r.Member, door, "Front door", false)
	d := r.withLock(e, "lock", "Front door")
	c := d.Components["lock"]
	if c.Platform != "binary_sensor" || c.Class != "lock" || c.Name == "" {
		t.Errorf("a lock is %+v", c)
	}
	r.stands(e, c.State, "OFF")

	r.lock.behaves(http.StatusForbidden, nil, nil)
	if _, err := r.Member.Open(t.Context(), door, nil); word(err) != request.RefusedLockNo {
		t.Fatal(err)
	}
	r.lock.behaves(http.StatusOK, nil, nil)
	if _, err := r.Member.Open(t.Context(), yard, nil); err != nil {
		t.Fatal(err)
	}
	_, err := r.Member.Open(t.Context(), door, nil)
	must(t, err)
	r.stands(e, c.State, "ON")
	r.stands(e, c.State, "OFF")
	said := e.All(c.State)
	if n := len(slices.DeleteFunc(slices.Clone(said), func(m harness.Said) bool { return m.Payload != "ON" })); n != 1 {
		t.Errorf("a door that was opened once was told %d times: %+v", n, said)
	}

	// Nobody else was told, of no other door, and not by whom.
	for _, m := range e.All("") {
		if strings.HasSuffix(m.Topic, "/lock") && m.Topic != c.State {
			t.Errorf("%s says %q", m.Topic, m.Payload)
		}
		for _, secret := range []string{"Gate", "Person", string(r.Member.Person()), string(door)} {
			if strings.Contains(m.Topic+m.Payload, secret) {
				t.Errorf("%s says %q", m.Topic, secret)
			}
		}
	}

	// The door is taken away, and then the integration.
	must(t, r.Member.SetDoor(t.Context(), session.Door{Camera: door, Kind: lock.Off}, nil))
	r.withLock(e, "", "Front door")
	for _, name := range []string{"Home Assistant", "Lamp"} {
		if !r.Do(request.Op{Kind: request.OpRemoveIntegration, Name: name}).Result.Forgotten {
			t.Errorf("the broker has not forgotten %s", name)
		}
	}
	after := r.ear(broker)
	if list := slices.Concat(after.All("homeassistant/"), after.All("keyhold/")); len(list) > 0 {
		t.Errorf("the broker keeps %+v", list)
	}
}
