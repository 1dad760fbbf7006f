// SPDX-License-Identifier: Apache-2.0

package home

import (
	"bytes"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"keyhold/e2e/harness"
	"keyhold/home/camera"
	"keyhold/home/ingest"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// brokered is a household with a broker at home.
func brokered(t *testing.T, more ...netip.AddrPort) (*Rig, *harness.Broker) {
	t.Helper()
	r := Unpaired(t)
	r.ffmpeg = none
	broker := r.broker(more...)
	r.Begin()
	return r, broker
}

// broker starts one, to which the hub may go.
func (r *Rig) broker(more ...netip.AddrPort) *harness.Broker {
	r.t.Helper()
	broker, err := harness.StartBroker(r.t.Context(), r.t.TempDir())
	must(r.t, err)
	r.t.Cleanup(func() { _ = broker.Stop() })
	r.here = ingest.Here{Addresses: append(more, netip.MustParseAddrPort(broker.Address))}
	return broker
}

func (r *Rig) ear(b *harness.Broker) *harness.Ear {
	r.t.Helper()
	e, err := b.Hear(r.t.Context())
	must(r.t, err)
	r.t.Cleanup(e.Close)
	return e
}

// tells asks that an integration be told.
func tells(name, url string, what []string, cameras ...id.Camera) request.Op {
	slices.Sort(cameras)
	return request.Op{Kind: request.OpAddIntegration, Name: name, URL: url, Language: "en", Tells: what, Cameras: cameras}
}

// told has it told, with the code that the hub shows.
func (r *Rig) told(op request.Op) {
	r.t.Helper()
	_, err := r.Member.AddIntegration(r.t.Context(), op, r.digits)
	must(r.t, err)
}

// integration is how one does.
func (r *Rig) integration(name string) *request.Integration {
	r.t.Helper()
	for _, i := range r.Do(request.Op{Kind: request.OpIntegrations}).Result.Integrations {
		if i.Name == name {
			return &i
		}
	}
	return nil
}

// found waits for a device at the broker.
func (r *Rig) found(e *harness.Ear, name string) *discovered {
	r.t.Helper()
	var d *discovered
	r.Until("the device "+name, func() bool {
		list, err := devices(e)
		must(r.t, err)
		d = list[name]
		return d != nil
	})
	return d
}

// stands waits until a topic says something, which the broker keeps.
func (r *Rig) stands(e *harness.Ear, topic, payload string) {
	r.t.Helper()
	r.Until(topic+" saying "+payload, func() bool {
		s := e.Last(topic)
		return s != nil && s.Payload == payload && s.Kept
	})
}

func TestHomeAssistantIsToldWhatIsInItsScope(t *testing.T) {
	t.Parallel()
	r, broker := brokered(t)
	config := camera.Config{Addr: "127.0.0.1:0", Feeds: []camera.Feed{{Path: "c", File: film}}}
	third, err := camera.Start(config)
	must(t, err)
	t.Cleanup(func() { third.Close() })
	config.Addr = third.Addr().String()
	door := r.Do(request.Op{Kind: request.OpAddCamera, Name: "Front door", URL: "rtsp://" + config.Addr + "/c"}).Result.Camera
	yard := r.Add("Yard", "b")
	doorHook, yardHook := r.bell(door, request.Bell{Kind: request.BellWebhook}), r.bell(yard, request.Bell{Kind: request.BellWebhook})
	e := r.ear(broker)
	r.told(tells("Home Assistant", broker.URL(broker.Password), request.Tells(), door))

	d := r.found(e, "Front door")
	for kind, want := range map[string]string{"online": "binary_sensor", "press": "event", "private": "binary_sensor", "watching": "binary_sensor"} {
		if c := d.Components[kind]; c.Platform != want || c.Name == "" {
			t.Errorf("%s is %+v", kind, c)
		}
	}
	at := func(kind string) string { return d.Components[kind].State }
	r.stands(e, d.Available, "online")
	r.stands(e, at("online"), "ON")
	r.stands(e, at("watching"), "OFF")
	r.stands(e, at("private"), "OFF")
	if i := r.integration("Home Assistant"); i == nil || i.State != "telling" || i.By != r.Member.Person() || strings.Contains(i.URL, broker.Password) {
		t.Errorf("the integration is listed as %+v", i)
	}

	// A press: once, and not kept for who comes later. One at the yard is none of its business.
	for _, hook := range []string{yardHook, doorHook} {
		if status := r.post(hook); status != http.StatusNoContent {
			t.Fatalf("the webhook answers %d", status)
		}
	}
	pressed := time.Now()
	r.Until("a press", func() bool { return e.Last(at("press")) != nil })
	t.Logf("from the press to the broker's listener: %s", e.Last(at("press")).At.Sub(pressed))
	if s := e.Last(at("press")); s.Payload != `{"event_type":"ring"}` || s.Kept || !slices.Equal(d.Components["press"].Types, []string{"ring"}) {
		t.Errorf("a press is %+v", s)
	}

	// Somebody watches.
	v, err := r.watch(r.Member, nil, door)
	must(t, err)
	r.stands(e, at("watching"), "ON")
	v.end()
	r.stands(e, at("watching"), "OFF")

	// The camera stops, and comes back.
	third.Close()
	r.stands(e, at("online"), "OFF")
	third, err = camera.Start(config)
	must(t, err)
	r.stands(e, at("online"), "ON")

	// It is private, and is not.
	r.off(r.Member, door, true)
	r.stands(e, at("private"), "ON")
	r.stands(e, at("online"), "OFF")
	r.off(r.Member, door, false)
	r.stands(e, at("private"), "OFF")
	r.stands(e, at("online"), "ON")

	// It is called something else, and stays the same thing.
	r.Do(request.Op{Kind: request.OpRenameCamera, Camera: door, Name: "Gate"})
	if now := r.found(e, "Gate"); now.Device.Identifiers[0] != d.Device.Identifiers[0] || now.Components["press"].Unique != d.Components["press"].Unique {
		t.Error("a camera that is called something else is another device")
	}

	// The other side starts anew, and is told all of it once more.
	n := len(e.All("homeassistant/device/"))
	must(t, broker.Publish(t.Context(), "homeassistant/status", "online"))
	r.Until("the discovery once more", func() bool { return len(e.All("homeassistant/device/")) > n })

	// Whoever comes later hears from the broker how things are, and of no press.
	late := r.ear(broker)
	now := r.found(late, "Gate")
	r.stands(late, now.Components["online"].State, "ON")
	r.stands(late, now.Available, "online")
	if late.Last(now.Components["press"].State) != nil {
		t.Error("a press was kept")
	}

	// The hub goes, in order, and comes back.
	r.Stop()
	r.stands(e, d.Available, "offline")
	r.Start()
	r.Serving()
	r.stands(e, d.Available, "online")

	// What was said is nothing but that: no other camera, no person, no id of ours.
	for _, m := range e.All("") {
		for _, secret := range []string{"Yard", "Person", "Device\"", string(yard), string(door), string(r.Member.Person()), "cam_", "per_", "dev_"} {
			if strings.Contains(m.Topic+m.Payload, secret) {
				t.Errorf("%s says %q: %s", m.Topic, secret, m.Payload)
			}
		}
	}
	if n := len(e.All(d.Components["press"].State)); n != 1 {
		t.Errorf("one press was told %d times", n)
	}

	// It ends, and the broker forgets all of it.
	if !r.Do(request.Op{Kind: request.OpRemoveIntegration, Name: "Home Assistant"}).Result.Forgotten {
		t.Error("the broker has not forgotten it")
	}
	if r.integration("Home Assistant") != nil {
		t.Error("it is still listed")
	}
	after := r.ear(broker)
	if list := slices.Concat(after.All("homeassistant/"), after.All("keyhold/")); len(list) > 0 {
		t.Errorf("the broker keeps %+v", list)
	}
	r.Stop()
	for _, name := range []string{"state.db", "state.db-wal"} {
		b, err := os.ReadFile(filepath.Join(r.Dir, name))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(broker.Password)) {
			t.Errorf("%s has the broker's password", name)
		}
	}
	if r.logged(broker.Password) || r.logged(broker.Address) {
		t.Error("the log has the broker's address or password")
	}
}

func TestACameraThatIsRemovedIsForgottenByTheBroker(t *testing.T) {
	t.Parallel()
	r, broker := brokered(t)
	yard := r.Add("Yard", "b")
	e := r.ear(broker)
	r.told(tells("HA", broker.URL(broker.Password), []string{request.TellOnline}, yard))
	d := r.found(e, "Yard")
	r.stands(e, d.Components["online"].State, "ON")
	r.Do(request.Op{Kind: request.OpRemoveCamera, Camera: yard})
	r.Until("a broker that forgets it", func() bool {
		list, err := devices(e)
		must(t, err)
		s := e.Last(d.Components["online"].State)
		return len(list) == 0 && s.Payload == ""
	})
}

func TestABrokerSaysThatAHubIsGone(t *testing.T) {
	t.Parallel()
	r := Unpaired(t)
	r.ffmpeg = none
	broker := r.broker()
	r.here.Paths = []string{film}
	r.Begin()
	yard := r.Add("Yard", "b")
	e := r.ear(broker)
	r.told(tells("HA", broker.URL(broker.Password), []string{request.TellOnline}, yard))
	d := r.found(e, "Yard")
	r.stands(e, d.Available, "online")
	r.Stop()
	r.stands(e, d.Available, "offline")
	kill := r.hubProcess()
	r.stands(e, d.Available, "online")
	kill()
	r.stands(e, d.Available, "offline")
}

func TestWithoutTheCloudAPressIsToldAtHome(t *testing.T) {
	t.Parallel()
	r, broker := brokered(t)
	yard := r.Add("Yard", "b")
	hook := r.bell(yard, request.Bell{Kind: request.BellWebhook})
	e := r.ear(broker)
	r.told(tells("HA", broker.URL(broker.Password), []string{request.TellPress}, yard))
	d := r.found(e, "Yard")
	r.stands(e, d.Available, "online")
	dead := func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	}
	r.way.Store(&dead)
	if status := r.post(hook); status != http.StatusNoContent {
		t.Fatalf("the webhook answers %d", status)
	}
	r.Until("a press at home", func() bool { return e.Last(d.Components["press"].State) != nil })
	r.way.Store(nil)
}

// pseudonym is what could tell that two things are one.
var pseudonym = regexp.MustCompile(`[a-z2-7]{24}`)

func TestTwoIntegrationsHaveNothingInCommon(t *testing.T) {
	t.Parallel()
	r, broker := brokered(t)
	yard := r.Add("Yard", "b")
	e := r.ear(broker)
	names := func(begin int) map[string]bool {
		out := map[string]bool{}
		for _, m := range slices.Concat(e.All("homeassistant/"), e.All("keyhold/"))[begin:] {
			for _, p := range pseudonym.FindAllString(m.Topic+" "+m.Payload, -1) {
				out[p] = true
			}
		}
		return out
	}
	seen := []map[string]bool{}
	for _, name := range []string{"One", "Other", "One"} { // also one that is removed and added again
		r.told(tells(name, broker.URL(broker.Password), []string{request.TellOnline}, yard))
		d := r.found(e, "Yard")
		r.stands(e, d.Available, "online")
		seen = append(seen, names(0))
		r.Do(request.Op{Kind: request.OpRemoveIntegration, Name: name})
		e.Close()
		e = r.ear(broker)
	}
	for i := range seen {
		if len(seen[i]) < 2 {
			t.Fatalf("an integration has the names %v", seen[i])
		}
		for p := range seen[i] {
			if seen[(i+1)%len(seen)][p] {
				t.Errorf("two integrations say %s", p)
			}
		}
	}
}

func TestNothingThatComesByABrokerIsDone(t *testing.T) {
	t.Parallel()
	r, broker := brokered(t)
	yard := r.Add("Yard", "b")
	r.bell(yard, request.Bell{Kind: request.BellWebhook})
	heard, e := r.hears(r.Member), r.ear(broker)
	r.told(tells("HA", broker.URL(broker.Password), request.Tells(), yard))
	d := r.found(e, "Yard")
	r.stands(e, d.Available, "online")
	base := strings.TrimSuffix(d.Available, "available")
	for _, m := range []struct{ topic, payload string }{
		{d.Components["private"].State, "ON"},
		{d.Components["private"].State + "/set", "ON"},
		{base + "private/set", "ON"},
		{base + "open", "OPEN"},
		{d.Components["press"].State, `{"event_type":"ring"}`},
		{"homeassistant/status", "OPEN"},
		{"homeassistant/status", strings.Repeat("x", 10_000)},
		{"homeassistant/device/" + d.Device.Identifiers[0] + "/config", `{"device":{"identifiers":["x"]},"origin":{"name":"x"},"components":{}}`},
		{d.Available, "offline"},
	} {
		must(t, broker.Publish(t.Context(), m.topic, m.payload, "-r"))
	}
	// What the hub says once more is what is so: the forged words were read by nobody here.
	must(t, broker.Publish(t.Context(), "homeassistant/status", "online"))
	r.stands(e, d.Components["private"].State, "OFF")
	r.stands(e, d.Available, "online")
	if now := r.found(e, "Yard"); !reflect.DeepEqual(now, d) {
		t.Errorf("the device is %+v", now)
	}
	if state := r.state(yard); state != request.CameraRecording {
		t.Errorf("the camera is %s", state)
	}
	if n := len(heard.all()) + len(r.presses(yard)); n != 0 {
		t.Errorf("a forged press rang %d times", n)
	}
}

func TestABrokerThatDoesNotTakeTheHubIsToldNothing(t *testing.T) {
	t.Parallel()
	r, broker := brokered(t)
	yard := r.Add("Yard", "b")
	e := r.ear(broker)
	r.told(tells("HA", broker.URL("another word"), request.Tells(), yard))
	r.Until("that it is refused", func() bool { return r.integration("HA").State == "refused" })
	if list := slices.Concat(e.All("homeassistant/"), e.All("keyhold/")); len(list) > 0 {
		t.Errorf("it says %+v", list)
	}
	if _, err := r.Member.Do(t.Context(), tells("HA", broker.URL(broker.Password), request.Tells(), yard)); word(err) != request.RefusedExists {
		t.Errorf("a second one of the name: %v", err)
	}
	if r.Do(request.Op{Kind: request.OpRemoveIntegration, Name: "HA"}).Result.Forgotten {
		t.Error("a broker that takes nobody has forgotten something")
	}
	if _, err := r.Member.Do(t.Context(), request.Op{Kind: request.OpRemoveIntegration, Name: "HA"}); word(err) != request.RefusedNotFound {
		t.Errorf("taken away twice: %v", err)
	}
	r.told(tells("HA", broker.URL(broker.Password), request.Tells(), yard))
	r.found(e, "Yard")
}
