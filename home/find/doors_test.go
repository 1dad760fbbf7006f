// SPDX-License-Identifier: Apache-2.0

package find

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/statement/rule"
)

// A camera's relay and its door open by what it tells of them, and the lock hears of it once.
func TestACamerasDoorsOpen(t *testing.T) {
	t.Parallel()
	film := cameratest.Clip(t, cameratest.Plain())
	for name, cfg := range map[string]camera.Config{
		"by digests over HTTP":  {Skew: time.Hour},
		"by the message's own":  {Skew: time.Hour, Habits: camera.Habits{TokenOnly: true}},
		"without a password":    {},
		"that stays and sticks": {Habits: camera.Habits{RelayStays: true, Jammed: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.Addr, cfg.ONVIF, cfg.Discovery, cfg.Lock = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
			if cfg.Skew != 0 {
				cfg.User, cfg.Pass = "anna", "secret"
			}
			cfg.Feeds = []camera.Feed{{Path: "door", File: film, Relay: true, Door: true}}
			cam, err := camera.Start(cfg)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(cam.Close)
			d := Device{Host: here, Service: "http://" + cam.ONVIF().String() + "/onvif/door/device_service"}
			if cfg.User != "" {
				if _, err := Open(d, "anna", "another").Doors(t.Context()); !errors.Is(err, ErrPassword) {
					t.Errorf("with a wrong password: %v", err)
				}
			}
			c := Open(d, cfg.User, cfg.Pass)
			if err := c.Clock(t.Context()); err != nil {
				t.Fatal(err)
			}
			doors, err := c.Doors(t.Context())
			if err != nil || len(doors) != 2 || doors[0].Token != camera.DoorToken || doors[0].Relay || !doors[0].Watched ||
				doors[1].Token != camera.RelayToken || !doors[1].Relay || doors[1].Stays != cfg.Habits.RelayStays {
				t.Fatalf("it opens %+v: %v", doors, err)
			}
			if open, err := c.IsOpen(t.Context(), doors[0]); open || err != nil {
				t.Errorf("open before: %v, %v", open, err)
			}
			for _, one := range doors {
				if err := c.Open(t.Context(), one); err != nil {
					t.Errorf("%s: %v", one.Token, err)
				}
			}
			if open, err := c.IsOpen(t.Context(), doors[0]); open == cfg.Habits.Jammed || err != nil {
				t.Errorf("open after: %v, %v", open, err)
			}
			for _, one := range doors {
				one.Token = "another"
				if err := c.Open(t.Context(), one); !errors.Is(err, ErrRefused) {
					t.Errorf("what the camera has not: %v", err)
				}
			}
			no := errors.New("nowhere")
			if _, err := c.Only(func(netip.AddrPort) error { return no }).Doors(t.Context()); err == nil {
				t.Error("it was asked where nothing is allowed")
			}
		})
	}
}

// What is no answer to the call leaves it open whether the door opens; the camera is not told again.
func TestAnswersToOpening(t *testing.T) {
	t.Parallel()
	fault := `<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:%s</s:Value></s:Subcode></s:Code></s:Fault>`
	for name, c := range map[string]struct {
		said string
		want error
	}{
		"yes":                   {`<SetRelayOutputStateResponse/>`, nil},
		"nothing":               {``, ErrUnsure},
		"yes to something else": {`<AccessDoorResponse/>`, ErrUnsure},
		"too much":              {`<SetRelayOutputStateResponse/>` + strings.Repeat(" ", maxAnswer), ErrUnsure},
		"no end":                {`<SetRelayOutputStateResponse>`, ErrUnsure},
		"a fault":               {strings.Replace(fault, "%s", "InvalidArgVal", 1), ErrRefused},
		"not with this user":    {strings.Replace(fault, "%s", "NotAuthorized", 1), ErrPassword},
	} {
		var told atomic.Int32
		client := hostile(t, func(w http.ResponseWriter, r *http.Request) {
			told.Add(1)
			body(c.said)(w, r)
		})
		if err := client.Open(t.Context(), Door{Token: "1", Relay: true, service: client.device.Service}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if n := told.Load(); n != 1 {
			t.Errorf("%s: told %d times", name, n)
		}
	}
	many := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if strings.Contains(string(b), "<GetRelayOutputs") {
			list := strings.Repeat(`<RelayOutputs token="1"/>`, 1000) + `<RelayOutputs token="` + strings.Repeat("a", maxToken+1) + `"/>`
			body(`<GetRelayOutputsResponse>`+list+`</GetRelayOutputsResponse>`)(w, r)
			return
		}
		body(``)(w, r)
	})
	if doors, err := many.Doors(t.Context()); err != nil || len(doors) != maxDoors || !doors[0].Stays {
		t.Errorf("%d relays, %v", len(doors), err)
	}
	away := hostile(t, body(`<GetServicesResponse><Service><Namespace>`+doorNamespace+`</Namespace><XAddr>http://10.0.0.1/door</XAddr></Service></GetServicesResponse>`))
	if _, err := away.Doors(t.Context()); rule.Of(err) != rule.Elsewhere {
		t.Errorf("doors at another host: %v", err)
	}
}
