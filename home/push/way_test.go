// SPDX-License-Identifier: Apache-2.0

package push

import (
	"errors"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/statement/request"
)

// What a phone is told of the way of an alert is what was measured; what was not, or what two clocks contradict each other
// about, is not known.
func TestTheWayOfAnAlertIsKnownByItsParts(t *testing.T) {
	r := newRig(t)
	r.subscribe(browser(t))
	for _, c := range []struct {
		what                string
		home, service, came time.Duration // until it leaves, until the push service has it, until the phone says that it came
		says                time.Duration // by the phone's clock
		left, brought, took int64
	}{
		{"each part", 120 * time.Millisecond, 300 * time.Millisecond, time.Second, time.Second, 120, 300, 1000},
		{"at once", 0, 0, time.Second, 500 * time.Millisecond, 1, 1, 500},
		{"a phone that is a little slow", 120 * time.Millisecond, 300 * time.Millisecond, time.Second, 200 * time.Millisecond, 120, 0, 200},
		{"a phone that is very slow", 120 * time.Millisecond, 300 * time.Millisecond, time.Second, 50 * time.Millisecond, 0, 0, 50},
	} {
		m := r.message(int64(len(r.sent)) + 1)
		r.later(c.home)
		r.answer = func(int) (*api.Pushed, error) {
			r.now = r.now.Add(c.service - c.home)
			return &api.Pushed{Outcome: api.PushSent}, nil
		}
		r.push(m)
		r.later(c.came - c.service)
		if err := r.Received(t.Context(), r.device, &request.Received{At: m.At + c.says.Milliseconds(), Seq: m.Seq}); err != nil {
			t.Fatal(err)
		}
		if p := r.one(); p.Left != c.left || p.Brought != c.brought || p.Took != c.took {
			t.Errorf("%s: %+v", c.what, p)
		}
	}
}

// Waiting for a cloud that is away is no time at home; a hub that has started anew knows nothing of the way, nor of that
// of an alert behind which another was sent.
func TestTheWayOfAnAlertBeginsOnce(t *testing.T) {
	r := newRig(t)
	r.subscribe(browser(t))
	received := func(m Message) request.Phone {
		t.Helper()
		if err := r.Received(t.Context(), r.device, &request.Received{At: r.clock().UnixMilli(), Seq: m.Seq}); err != nil {
			t.Fatal(err)
		}
		return r.one()
	}
	first := r.message(1)
	r.later(100 * time.Millisecond)
	r.answer = func(n int) (*api.Pushed, error) {
		if n == 1 {
			return nil, errors.New("the cloud cannot be reached")
		}
		r.now = r.now.Add(2 * time.Second)
		return &api.Pushed{Outcome: api.PushSent}, nil
	}
	r.push(first)
	if p := received(first); p.Left != 100 || p.Brought != 2100 || p.Took != 2100 {
		t.Errorf("after two tries: %+v", p)
	}
	second, third := r.message(2), r.message(3)
	r.push(second)
	r.push(third)
	if p := received(second); p.Left != 0 || p.Brought != 0 || p.Took == 0 {
		t.Errorf("behind another: %+v", p)
	}
	if p := received(third); p.Left == 0 || p.Brought == 0 {
		t.Errorf("the newest: %+v", p)
	}
	again, err := Open(t.Context(), r.c)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if list, err := again.Phones(t.Context()); err != nil || len(list) != 1 || list[0].Took == 0 || list[0].Left != 0 || list[0].Brought != 0 {
		t.Errorf("after a start: %+v, %v", list, err)
	}
}
