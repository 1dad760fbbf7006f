// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"crypto/ed25519"
	"net/http"
	"strings"
	"testing"
	"time"

	"keyhold/internal/intime"
	"keyhold/statement/alert"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// doorScene is what a scene with bells has besides: the webhook's address, and what anna and vera are told.
type doorScene struct {
	*scene
	hook       string
	anna, vera *bells
}

// atTheDoor is a household whose door tells of its own button, and whose yard has a webhook; vera sees the door, and gus
// is a guardian.
func atTheDoor(t *testing.T) *scene {
	t.Helper()
	s := &scene{Rig: Plain(t)}
	s.anna = s.owner()
	s.cameras()
	s.bell(s.door, request.Bell{Kind: request.BellONVIF})
	hook := s.bell(s.yard, request.Bell{Kind: request.BellWebhook})
	s.vera = s.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}, Cameras: []id.Camera{s.door}})
	s.gus = s.Bring("Gus", roster.Guardian)
	s.listening = &doorScene{scene: s, hook: hook, anna: s.hears(s.Member), vera: s.hears(s.vera.session())}
	return s
}

// rings lets something happen, and says whether a device is told of it within a second and a half.
func (d *doorScene) rings(b *bells, r rule.Name, act func()) error {
	d.t.Helper()
	const soon = 1500 * time.Millisecond
	before, began := len(b.all()), time.Now()
	act()
	d.Until("an alert, or none", func() bool { return len(b.all()) > before || time.Since(began) > intime.By(soon) })
	if len(b.all()) == before {
		return rule.Errorf(r, "nobody is told")
	}
	d.Until("a breath", func() bool { return time.Since(began) > soon })
	return nil
}

// reads is an alert as anna's device reads it, after one with number 7.
func (d *doorScene) reads(a alert.Alert, to id.Device, key ed25519.PrivateKey) error {
	d.t.Helper()
	b, err := alert.Sign(a, d.Member.Home.Household, to, key)
	must(d.t, err)
	_, err = alert.Read(b, d.Member.Keys.ID(), d.Member.Roster, d.now().UnixMilli(), 7)
	return err
}

// floods presses twice a second of the household's time, and says whether all of it is on the record.
func (d *doorScene) floods(times int) error {
	d.t.Helper()
	d.offset.Add(int64(time.Minute)) // what was pressed before counts no more
	before := len(d.presses(d.yard))
	for range times {
		// What comes faster than a doorbell does is not even looked at.
		d.Until("an answer", func() bool { return d.post(d.hook) == http.StatusNoContent })
		d.offset.Add(int64(500 * time.Millisecond))
	}
	var n int
	last, since := -1, time.Now()
	d.Until("what is on the record", func() bool {
		if n = len(d.presses(d.yard)) - before; n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) > intime.By(time.Second)
	})
	if n < times {
		return rule.Errorf(rule.Quota, "%d of %d presses were taken", n, times)
	}
	return nil
}

func TestCrimesAtTheDoor(t *testing.T) {
	on := func(f func(*doorScene) error) func(*scene) error {
		return func(s *scene) error { return f(s.listening) }
	}
	now := func(d *doorScene) alert.Alert {
		return alert.Alert{Seq: 8, At: d.now().UnixMilli(), Camera: d.door, Kind: alert.Press}
	}
	honest := on(func(d *doorScene) error { return d.reads(now(d), d.Member.Keys.ID(), d.hubKey()) })
	sets := func(by func(*scene) *folk) func(*scene) error {
		return func(s *scene) error {
			return s.ask(by(s), request.Op{Kind: request.OpSetBell, Camera: s.door, Bell: &request.Bell{Kind: request.BellONVIF}})
		}
	}
	hushes := func(of func(*scene) id.Camera) func(*scene) error {
		return func(s *scene) error {
			err := s.ask(s.vera, request.Op{Kind: request.OpSetQuiet, Camera: of(s), Hours: []roster.Hours{{Days: []int{1}, From: 0, Until: 1}}})
			if err == nil {
				return s.ask(s.vera, request.Op{Kind: request.OpSetQuiet, Camera: of(s)})
			}
			return err
		}
	}
	posts := func(change func(string) string) func(*scene) error {
		return on(func(d *doorScene) error {
			defer d.Until("a breath", func() func() bool {
				began := time.Now()
				return func() bool { return time.Since(began) > breath }
			}())
			if status := d.post(change(d.hook)); status != http.StatusNoContent {
				return rule.Errorf(rule.Signature, "the hub answers %d", status)
			}
			return nil
		})
	}
	judge(t, atTheDoor, []crime{
		{
			name: "an alert that somebody else than the hub has signed", off: []rule.Name{rule.Signature}, says: string(rule.Signature),
			commit: on(func(d *doorScene) error { return d.reads(now(d), d.Member.Keys.ID(), d.Member.Keys.Sign()) }), honest: honest,
		},
		{
			name: "an alert for another device", off: []rule.Name{rule.Audience}, says: string(rule.Audience),
			commit: on(func(d *doorScene) error { return d.reads(now(d), d.scene.vera.ID(), d.hubKey()) }), honest: honest,
		},
		{
			name: "an alert that came before, shown as new", off: []rule.Name{rule.Replay}, says: string(rule.Replay),
			commit: on(func(d *doorScene) error {
				a := now(d)
				a.Seq = 7
				return d.reads(a, d.Member.Keys.ID(), d.hubKey())
			}), honest: honest,
		},
		{
			name: "an alert that was held back, shown as new", off: []rule.Name{rule.Time}, says: string(rule.Time),
			commit: on(func(d *doorScene) error {
				a := now(d)
				a.At -= 180_000
				return d.reads(a, d.Member.Keys.ID(), d.hubKey())
			}), honest: honest,
		},
		{
			name: "something that moves, told as somebody who rings", off: []rule.Name{rule.Action}, says: string(rule.Action),
			commit: on(func(d *doorScene) error {
				return d.rings(d.anna, rule.Action, func() { d.Camera.Move("a") })
			}),
			honest: on(func(d *doorScene) error {
				return d.rings(d.anna, rule.Action, func() { must(d.t, d.Camera.Press("a")) })
			}),
		},
		{
			name: "telling a viewer who rings at a camera that is not theirs", off: []rule.Name{rule.Camera}, says: string(rule.Camera),
			commit: on(func(d *doorScene) error {
				return d.rings(d.vera, rule.Camera, func() { d.post(d.hook) })
			}),
			honest: on(func(d *doorScene) error {
				return d.rings(d.vera, rule.Camera, func() { must(d.t, d.Camera.Press("a")) })
			}),
		},
		{
			name: "a webhook with another secret", off: []rule.Name{rule.Signature}, says: string(rule.Signature),
			commit: posts(func(hook string) string { return hook[:strings.LastIndex(hook, "/")+1] + strings.Repeat("a", 26) }),
			honest: posts(func(hook string) string { return hook }),
		},
		{
			name: "giving a camera another bell as a viewer", off: []rule.Name{rule.Role, rule.Action, rule.Camera}, says: request.RefusedDenied,
			commit: sets(func(s *scene) *folk { return s.vera }), honest: sets(func(s *scene) *folk { return s.gus }),
		},
		{
			name: "asking for quiet hours of a camera that is not theirs", off: []rule.Name{rule.Camera}, says: request.RefusedDenied,
			commit: hushes(func(s *scene) id.Camera { return s.yard }), honest: hushes(func(s *scene) id.Camera { return s.door }),
		},
		{
			name: "a flood of presses", off: []rule.Name{rule.Quota}, says: string(rule.Quota),
			commit: on(func(d *doorScene) error { return d.floods(48) }), honest: on(func(d *doorScene) error { return d.floods(8) }),
		},
	})
}
