// SPDX-License-Identifier: Apache-2.0

package household_test

import (
	"strings"
	"testing"

	"keyhold/e2e/harness"
)

// Home Assistant is told of a camera, as somebody sets it up on a command line, sees how it goes, and takes it away.
func TestAProgramOfTheHomeIsTold(t *testing.T) {
	t.Parallel()
	broker, err := harness.StartBroker(t.Context(), t.TempDir())
	must(t, err)
	t.Cleanup(func() { _ = broker.Stop() })
	w := home(t, "KEYHOLD_HERE="+broker.Address)
	e, err := broker.Hear(t.Context())
	must(t, err)
	t.Cleanup(e.Close)

	wants(t, "none", person(t, w, "device", 0, "integrations", "list").Said, "No program is told anything")
	wants(t, "another camera", person(t, w, "device", 1, "integrations", "add", "HA", "--broker", broker.URL(broker.Password), "--camera", "Shed", "--tell", "press").Said, `no camera "Shed"`)
	wants(t, "another kind", person(t, w, "device", 2, "integrations", "add", "HA", "--broker", broker.URL(broker.Password), "--camera", "Door", "--tell", "open").Said, "--tell must be one of")
	added := person(t, w, "device", 0, "integrations", "add", "HA", "--broker", broker.URL(broker.Password), "--camera", "Door", "--tell", "watching,press", "--language", "de")
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

	wants(t, "a wrong password", person(t, w, "device", 0, "integrations", "add", "HA", "--broker", broker.URL("another word"), "--camera", "Door", "--tell", "press").Out, "does not accept this user and password")
	wants(t, "removing what never told", person(t, w, "device", 0, "integrations", "remove", "HA").Said, "did not answer")
}
