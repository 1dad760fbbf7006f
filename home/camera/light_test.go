// SPDX-License-Identifier: Apache-2.0

package camera_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
)

// A simulated light hangs on a relay of its own: it is lit and put out by ONVIF, says beside the lock how it is, and the
// lock stays shut.
func TestALightIsTurnedByItsOwnRelay(t *testing.T) {
	t.Parallel()
	clip := cameratest.Clip(t, cameratest.Args{"-f", "lavfi", "-i", "testsrc2=s=160x90:r=15", "-t", "1", "-c:v", "libx264", "-pix_fmt", "yuv420p"})
	c, err := camera.Start(camera.Config{
		Addr: "127.0.0.1:0", Lock: "127.0.0.1:0", ONVIF: "127.0.0.1:0", Discovery: "127.0.0.1:0",
		Feeds: []camera.Feed{{Path: "/door", File: clip, Relay: true, Light: true}, {Path: "/yard", File: clip}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ask := func(method, url, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(b)
	}
	call := func(path, name, inner string) (int, string) {
		return ask(http.MethodPost, "http://"+c.ONVIF().String()+"/onvif/"+path+"/device_service",
			`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><`+name+` xmlns="http://www.onvif.org/ver10/device/wsdl">`+inner+`</`+name+`></s:Body></s:Envelope>`)
	}
	turn := func(token, state string) int {
		status, _ := call("door", "SetRelayOutputState", "<RelayOutputToken>"+token+"</RelayOutputToken><LogicalState>"+state+"</LogicalState>")
		return status
	}
	settings := func(mode, delay string) int {
		status, _ := call("door", "SetRelayOutputSettings", "<RelayOutputToken>"+camera.LightToken+"</RelayOutputToken><Properties>"+
			`<Mode xmlns="http://www.onvif.org/ver10/schema">`+mode+`</Mode><DelayTime xmlns="http://www.onvif.org/ver10/schema">`+delay+`</DelayTime><IdleState xmlns="http://www.onvif.org/ver10/schema">open</IdleState></Properties>`)
		return status
	}
	is := func(want camera.LightState) {
		t.Helper()
		var said camera.LightState
		if _, body := ask(http.MethodGet, "http://"+c.Lock().String()+camera.LightPath, ""); json.Unmarshal([]byte(body), &said) != nil || said != want || c.Light() != want {
			t.Errorf("it says %s, want %+v", body, want)
		}
	}

	if _, body := call("door", "GetRelayOutputs", ""); !strings.Contains(body, `token="`+camera.RelayToken+`"`) || !strings.Contains(body, `token="`+camera.LightToken+`"><tt:Properties><tt:Mode>Bistable<`) {
		t.Errorf("its relays are %s", body)
	}
	if status, _ := call("yard", "GetRelayOutputs", ""); status == http.StatusOK {
		t.Error("a camera without a light has relays")
	}
	is(camera.LightState{})
	if status := turn(camera.LightToken, "active"); status != http.StatusOK {
		t.Errorf("lighting it answers %d", status)
	}
	is(camera.LightState{Lit: true, Turned: 1})
	turn(camera.LightToken, "active") // it is lit already
	is(camera.LightState{Lit: true, Turned: 1})
	for _, wrong := range [][2]string{{camera.LightToken, "bright"}, {camera.RelayToken, "inactive"}, {"light-2", "active"}} {
		if status := turn(wrong[0], wrong[1]); status == http.StatusOK {
			t.Errorf("%v is taken", wrong)
		}
	}
	turn(camera.LightToken, "inactive")
	is(camera.LightState{Turned: 2})
	for _, path := range []string{"/on", "/off"} {
		if status, _ := ask(http.MethodPost, "http://"+c.Lock().String()+camera.LightPath+path, ""); status != http.StatusOK || c.Light().Lit != (path == "/on") {
			t.Errorf("a POST to %s answers %d, and it is %+v", path, status, c.Light())
		}
	}

	// A relay that is set to fall back does so, until it is set to stay.
	if status := settings("Monostable", "PT5S"); status != http.StatusOK {
		t.Errorf("letting it fall back answers %d", status)
	}
	turned := c.Light().Turned
	turn(camera.LightToken, "active")
	c.SetClock(time.Minute)
	is(camera.LightState{Turned: turned + 2})
	for _, wrong := range [][2]string{{"Monostable", "PT0S"}, {"Tristable", "PT1S"}, {"Monostable", "soon"}} {
		if status := settings(wrong[0], wrong[1]); status == http.StatusOK {
			t.Errorf("%v is taken", wrong)
		}
	}
	if status := settings("Bistable", "PT0S"); status != http.StatusOK {
		t.Errorf("letting it stay answers %d", status)
	}
	turn(camera.LightToken, "active")
	c.SetClock(time.Hour)
	is(camera.LightState{Lit: true, Turned: turned + 3})
	if _, body := ask(http.MethodGet, "http://"+c.Lock().String(), ""); !strings.Contains(body, `"opened":0`) {
		t.Errorf("the lock says %s", body)
	}
}
