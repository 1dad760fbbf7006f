// SPDX-License-Identifier: Apache-2.0

package household_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"keyhold/e2e/harness"
)

// Home Assistant is told of a camera, as somebody sets it up on a command line, sees how it goes, and takes it away.
func TestAProgramOfTheHomeIsTold(t *testing.T) {
	t.Parallel()
	broker, err := harness.StartBroker(t.Context(), t.TempDir())
	must(t, err)
	t.Cleanup(func() { _ = broker.Stop() })
	w := home(t, "KEYHOLD_HERE="+broker.Address, "KEYHOLD_RTSP=127.0.0.1:0")
	e, err := broker.Hear(t.Context())
	must(t, err)
	t.Cleanup(e.Close)

	wants(t, "none", person(t, w, "device", 0, "integrations", "list").Said, "No program is told anything")
	wants(t, "another camera", person(t, w, "device", 1, "integrations", "add", "HA", "--broker", broker.URL(broker.Password), "--camera", "Shed", "--tell", "press").Said, `no camera "Shed"`)
	wants(t, "another kind", person(t, w, "device", 2, "integrations", "add", "HA", "--broker", broker.URL(broker.Password), "--camera", "Door", "--tell", "open").Said, "--tell must be one of")
	added := adding(t, w, "--tell", "watching,press", "--language", "de", "--broker", broker.URL(broker.Password))
	wants(t, "adding", added.Said+added.Out, "nothing that comes from there is done", "telling since", "of Door: press, watching")
	if strings.Contains(added.Said+added.Out, broker.Password) {
		t.Error("the password is shown")
	}
	list := e.All("homeassistant/device/")
	if len(list) == 0 || !strings.Contains(list[0].Payload, "Jemand schaut live zu") || strings.Contains(list[0].Payload, "Garden") {
		t.Errorf("the broker is told %+v", list)
	}
	wants(t, "listing", person(t, w, "device", 0, "integrations", "list", "--json").Out, `"name":"HA"`, `"state":"telling"`, `"tells":["press","watching"]`)
	wants(t, "a second one", person(t, w, "device", 1, "integrations", "add", "HA", "--broker", broker.URL(broker.Password), "--camera", "Door", "--tell", "press").Said, "one of this name")
	wants(t, "removing", person(t, w, "device", 0, "integrations", "remove", "HA").Said, "the broker has forgotten")
	wants(t, "removing it twice", person(t, w, "device", 1, "integrations", "remove", "HA").Said, `no integration "HA"`)

	wants(t, "a wrong password", adding(t, w, "--tell", "press", "--broker", broker.URL("another word")).Out, "does not accept this user and password")
	wants(t, "removing what never told", person(t, w, "device", 0, "integrations", "remove", "HA").Said, "did not answer")

	wants(t, "neither", person(t, w, "device", 1, "integrations", "add", "HA", "--camera", "Door", "--tell", "press").Said, "say what it is told")
	reads := adding(t, w, "--stream")
	wants(t, "reading", reads.Said+reads.Out, "shown this once", "Door  rtsp://keyhold-", "offered since", "stream")
	if out := person(t, w, "device", 0, "integrations", "list", "--json").Out; strings.Contains(out, "rtsp:") || !strings.Contains(out, `"state":"offered"`) {
		t.Errorf("it is listed as %s", out)
	}
	wants(t, "reading no more", person(t, w, "device", 0, "integrations", "remove", "HA").Said, "reads nothing any more")
	aChannelIsTold(t, w, broker, e)
}

// adding adds an integration of the door, with the six digits that the hub shows.
func adding(t *testing.T, w *harness.World, args ...string) harness.Status {
	t.Helper()
	d, err := w.Ask(t.Context(), append([]string{"integrations", "add", "HA", "--camera", "Door", "--device", w.Path("device")}, args...)...)
	must(t, err)
	return shows(t, w, d)
}

// shows types the six digits that the hub shows, and waits for what comes of it.
func shows(t *testing.T, w *harness.World, d *harness.Dialogue) harness.Status {
	t.Helper()
	ctx := t.Context()
	must(t, d.Until(ctx, "Six digits: "))
	code, err := w.Gesture(ctx)
	must(t, err)
	must(t, d.Type(code))
	s, err := d.End()
	must(t, err)
	return s
}

// aChannelIsTold sets up another way to be told that somebody rings, on the same command line.
func aChannelIsTold(t *testing.T, w *harness.World, broker *harness.Broker, e *harness.Ear) {
	t.Helper()
	ctx := t.Context()
	wants(t, "no channel", person(t, w, "device", 0, "channels", "list").Said, "Nobody is told by another way")
	wants(t, "two ways at once", person(t, w, "device", 1, "channels", "add", "Bell", "--email", "oma@example.org").Said, "say how to tell it")
	wants(t, "a page that is no topic", person(t, w, "device", 1, "channels", "add", "Bell", "--ntfy", "https://ntfy.example").Said, "the hub cannot go there")
	d, err := w.Ask(ctx, "channels", "add", "Bell", "--mqtt", "mqtt://"+broker.Address, "--topic", "home/said", "--user", broker.User, "--language", "nl", "--camera", "Door", "--device", w.Path("device"))
	must(t, err)
	must(t, d.Until(ctx, "Password: "))
	must(t, d.Type(broker.Password))
	added := shows(t, w, d)
	wants(t, "adding a channel", added.Said+added.Out, "Whoever runs that server can read it", "Bell  home/said by mqtt://"+broker.Address+"  telling since", "of Door; told last")
	hides(t, "adding a channel", added.Said+added.Out, broker.Password)
	must(t, harness.Poll(ctx, time.Minute, "a test", func(context.Context) bool { return len(e.All("home/said")) == 1 }))
	if said := e.Last("home/said").Payload; !strings.HasPrefix(said, "Test: zo meldt Keyhold") {
		t.Errorf("the broker is told %q", said)
	}
	wants(t, "listing channels", person(t, w, "device", 0, "channels", "list", "--json").Out, `"name":"Bell"`, `"kind":"mqtt"`, `"state":"telling"`, `"missed":0`, `"names":true`)
	wants(t, "testing a channel", person(t, w, "device", 0, "channels", "test", "Bell").Out, "works")
	wants(t, "a second channel of the name", person(t, w, "device", 1, "channels", "add", "Bell", "--ntfy", "https://ntfy.example/door").Said, "one of this name")
	wants(t, "removing a channel", person(t, w, "device", 0, "channels", "remove", "Bell").Said, "told nothing any more")
	wants(t, "removing it twice", person(t, w, "device", 1, "channels", "remove", "Bell").Said, `no channel "Bell"`)
}
