// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"net/netip"
	"testing"
	"time"

	"keyhold/e2e/harness"
	"keyhold/home/door"
	"keyhold/internal/intime"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// smartScene is what a scene with a broker has besides.
type smartScene struct {
	*scene
	broker, barred *harness.Broker
	ear            *harness.Ear
}

// withABroker is a household with a broker at home, and another on the hub's computer of which the hub was not told; gus is
// a guardian, vera sees the door.
func withABroker(t *testing.T) *scene {
	t.Helper()
	r := Unpaired(t)
	r.ffmpeg = none
	x := &smartScene{barred: r.broker()}
	x.broker = r.broker()
	r.Begin()
	s := &scene{Rig: r, smart: x}
	x.scene = s
	s.anna = s.owner()
	s.cameras()
	s.gus = s.Bring("Gus", roster.Guardian)
	s.vera = s.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}, Cameras: []id.Camera{s.door}})
	x.ear = r.ear(x.broker)
	return s
}

// adds lets somebody add an integration, with or without the code that the hub shows, and take it away again.
func adds(by func(*scene) *folk, code bool) func(*scene) error {
	return func(s *scene) error {
		op := tells("HA", s.smart.broker.URL(s.smart.broker.Password), request.Tells(), s.door)
		err := s.codes(by(s), op, code)
		if err == nil {
			s.smart.ends()
		}
		return err
	}
}

// tellsOf lets somebody add a channel, with or without the code that the hub shows, and take it away again.
func tellsOf(by func(*scene) *folk, code bool) func(*scene) error {
	return func(s *scene) error {
		op := request.Op{
			Kind: request.OpAddChannel, Language: "en", Name: "Phone",
			Channel: &request.Channel{Kind: request.ChannelMQTT, Topic: "home/said", URL: s.smart.broker.URL(s.smart.broker.Password)},
		}
		err := s.codes(by(s), op, code)
		if err == nil {
			must(s.t, s.ask(s.anna, request.Op{Kind: request.OpRemoveChannel, Name: "Phone"}))
		}
		return err
	}
}

// codes lets somebody ask for something, with or without the code that the hub shows for it.
func (s *scene) codes(by *folk, op request.Op, code bool) error {
	s.t.Helper()
	if code {
		return s.ask(by, op)
	}
	_, err := by.session().Do(s.t.Context(), op)
	s.forget()
	return err
}

// ends takes the integration away.
func (x *smartScene) ends() {
	x.t.Helper()
	must(x.t, x.ask(x.anna, request.Op{Kind: request.OpRemoveIntegration, Name: "HA"}))
}

// takesAway lets somebody take away anna's integration, which anna does at the end in any case.
func takesAway(by func(*scene) *folk) func(*scene) error {
	return func(s *scene) error {
		must(s.t, s.ask(s.anna, tells("HA", s.smart.broker.URL(s.smart.broker.Password), request.Tells(), s.door)))
		err := s.ask(by(s), request.Op{Kind: request.OpRemoveIntegration, Name: "HA"})
		if err != nil {
			s.smart.ends()
		}
		return err
	}
}

// shows says whether a camera appears at the broker where an integration is told of the door alone.
func (x *smartScene) shows(name string) error {
	x.t.Helper()
	must(x.t, x.ask(x.anna, tells("HA", x.broker.URL(x.broker.Password), []string{request.TellOnline}, x.door)))
	defer x.ends()
	d := x.found(x.ear, "Door")
	x.stands(x.ear, d.Available, "online") // all of it has been told
	list, err := devices(x.ear)
	must(x.t, err)
	if list[name] == nil {
		return rule.Errorf(rule.Camera, "%s is not there", name)
	}
	return nil
}

// starts lets the other side say many times that it has started, and says whether each time all was told once more.
func (x *smartScene) starts(times int) error {
	x.t.Helper()
	must(x.t, x.ask(x.anna, tells("HA", x.broker.URL(x.broker.Password), []string{request.TellOnline}, x.door)))
	defer x.ends()
	d := x.found(x.ear, "Door")
	x.stands(x.ear, d.Available, "online")
	before := len(x.ear.All("homeassistant/device/"))
	told := func() int { return len(x.ear.All("homeassistant/device/")) - before }
	for i := range times {
		must(x.t, x.broker.Publish(x.t.Context(), "homeassistant/status", "online"))
		// Sooner than ten seconds after the last time, when it would rightly be told once more.
		limit := time.After(min(intime.By(3*time.Second), 8*time.Second))
		x.Until("that all is told, or is not", func() bool {
			select {
			case <-limit:
				return true
			default:
				return told() > i
			}
		})
		if told() <= i {
			return rule.Errorf(rule.Quota, "told %d times", told())
		}
	}
	return nil
}

// goes says what becomes of an integration at an address.
func (x *smartScene) goes(url string, r rule.Name) error {
	x.t.Helper()
	must(x.t, x.ask(x.anna, tells("HA", url, []string{request.TellOnline}, x.door)))
	defer x.ends()
	state := ""
	x.Until("that it is known how it goes", func() bool { state = x.integration("HA").State; return state != "connecting" })
	if state == door.Barred {
		return rule.Errorf(r, "the hub does not go there")
	}
	return nil
}

func TestCrimesWithABroker(t *testing.T) {
	own := func(s *scene) *folk { return s.anna }
	on := func(f func(*smartScene) error) func(*scene) error {
		return func(s *scene) error { return f(s.smart) }
	}
	// nowhere is an address that nobody has (RFC 5737), outside of every home.
	nowhere := netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, 9}), 1883)
	honest := on(func(x *smartScene) error { return x.goes(x.broker.URL(x.broker.Password), rule.Here) })
	judge(t, withABroker, append(crimesOfReading(), []crime{
		{
			name: "having a program told of the cameras, as a viewer", off: []rule.Name{rule.Role}, says: request.RefusedDenied,
			commit: adds(func(s *scene) *folk { return s.vera }, true), honest: adds(own, true),
		},
		{
			name: "having a program told of the cameras, as a guardian", off: []rule.Name{rule.Role}, says: request.RefusedDenied,
			commit: adds(func(s *scene) *folk { return s.gus }, true), honest: adds(own, true),
		},
		{
			name: "having a program told of the cameras, with an owner's phone alone", off: []rule.Name{rule.Gesture}, says: request.RefusedGesture,
			commit: adds(own, false), honest: adds(own, true),
		},
		{
			name: "ending an integration of an owner's, as a guardian", off: []rule.Name{rule.Role}, says: request.RefusedDenied,
			commit: takesAway(func(s *scene) *folk { return s.gus }), honest: takesAway(own),
		},
		{
			name: "having somebody told outside Keyhold who rings, as a guardian", off: []rule.Name{rule.Role}, says: request.RefusedDenied,
			commit: tellsOf(func(s *scene) *folk { return s.gus }, true), honest: tellsOf(own, true),
		},
		{
			name: "having somebody told outside Keyhold who rings, with an owner's phone alone", off: []rule.Name{rule.Gesture}, says: request.RefusedGesture,
			commit: tellsOf(own, false), honest: tellsOf(own, true),
		},
		{
			name: "telling an integration of a camera that is not in its scope", off: []rule.Name{rule.Camera}, says: string(rule.Camera),
			commit: on(func(x *smartScene) error { return x.shows("Yard") }), honest: on(func(x *smartScene) error { return x.shows("Door") }),
		},
		{
			name: "a broker that has the hub tell all of it again and again", off: []rule.Name{rule.Quota}, says: string(rule.Quota),
			commit: on(func(x *smartScene) error { return x.starts(4) }), honest: on(func(x *smartScene) error { return x.starts(1) }),
		},
		{
			name: "an integration by what runs on the hub's own computer", off: []rule.Name{rule.Here}, says: string(rule.Here),
			commit: on(func(x *smartScene) error { return x.goes(x.barred.URL(x.barred.Password), rule.Here) }), honest: honest,
		},
		{
			name: "telling somebody outside the home without TLS", off: []rule.Name{rule.Elsewhere}, says: string(rule.Elsewhere),
			commit: on(func(x *smartScene) error { return x.goes("mqtt://"+nowhere.String(), rule.Elsewhere) }), honest: honest,
		},
	}...))
}
