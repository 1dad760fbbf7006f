// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"keyhold/e2e/harness"
	"keyhold/statement/request"
)

// pushed starts a push service and a home whose cloud sends to it.
func pushed(t *testing.T) (*harness.World, *harness.PushService) {
	t.Helper()
	service := harness.StartPushService()
	t.Cleanup(service.Close)
	return doorWith(t, doorWish{cloud: []string{"--push-host", service.URL()}}), service
}

// sealedBodies wants every message to be as long as the others, and to say nothing.
func sealedBodies(t *testing.T, service *harness.PushService, least int) {
	t.Helper()
	all := service.Messages()
	if len(all) < least {
		t.Errorf("the push service was brought %d messages", len(all))
	}
	for _, m := range all {
		if len(m.Body) != request.PushSize || m.Header.Get("Topic") != "" || m.Header.Get("Urgency") != request.UrgencyHigh {
			t.Errorf("%d bytes came with %v", len(m.Body), m.Header)
		}
		for _, word := range []string{"Porch", "press", "test", "alert", "cam_", "dev_"} {
			if bytes.Contains(m.Body, []byte(word)) {
				t.Errorf("%q can be read in a message", word)
			}
		}
	}
}

// Firefox subscribes to a push service of the test's own, which brings it what it decrypts by itself (RFC 8291): nothing
// on the way is anything but the real one.
func TestAlertsInFirefox(t *testing.T) {
	t.Parallel()
	w, service := pushed(t)
	play(t, "pushfox.mjs", "LINK="+invitation(t, w), "ORIGIN="+w.Origin(), "OUT="+t.TempDir(), "PUSH="+service.WebSocket())
	sealedBodies(t, service, 1)
}

// Debian's Chromium has no push service behind it. So the page is given a subscription whose keys the script has: what the
// cloud brings is decrypted by the script, in the place of the browser, and handed to the browser's worker by its debugging
// protocol. All else is real.
func TestAlertsInChromium(t *testing.T) {
	t.Parallel()
	w, service := pushed(t)
	desk := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var ask struct {
			Key  []byte `json:"key"`  // to register
			Have int    `json:"have"` // to wait for more than that
		}
		if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
			rw.WriteHeader(http.StatusBadRequest)
			return
		}
		var out any
		if ask.Key != nil {
			out = map[string]string{"endpoint": service.Register(ask.Key)}
		} else {
			all, err := service.Wait(r.Context(), ask.Have+1)
			if err != nil {
				rw.WriteHeader(http.StatusGatewayTimeout)
				return
			}
			out = all
		}
		_ = json.NewEncoder(rw).Encode(out)
	}))
	t.Cleanup(desk.Close)
	play(t, "push.mjs", append(terminal(w), "LINK="+invitation(t, w), "OUT="+t.TempDir(), "DESK="+desk.URL, "DOORBELL="+w.OnvifAddress)...)
	sealedBodies(t, service, 2)
}
