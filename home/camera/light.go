// SPDX-License-Identifier: Apache-2.0

package camera

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// LightPath is where a simulated light says how it is, beside the lock; a POST to /on or /off below it turns it.
const LightPath = "/light"

// LightToken is the token of the relay that a light hangs on.
const LightToken = "light-1"

// mostDelay bounds after how long a relay falls back.
const mostDelay = time.Hour

// LightState is how a light answers.
type LightState struct {
	Lit bool `json:"lit"`
	// Turned is how often it went on or out.
	Turned int `json:"turned"`
}

// light is a simulated lamp on a relay of its own, beside the one that opens the lock. All feeds that have one share it.
type light struct {
	c *Camera

	mu     sync.Mutex
	lit    bool          // guarded by mu
	turned int           // guarded by mu
	falls  time.Duration // after how long the relay falls back, 0 if it stays as it is set; guarded by mu
	since  time.Time     // guarded by mu
}

// turn lights it, or puts it out.
func (l *light) turn(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fall()
	if l.lit == on {
		return
	}
	l.lit, l.since = on, l.c.now()
	l.turned++
	l.c.cfg.Log.Info("the simulated light was turned", "lit", on)
}

// fall does what a relay that does not stay has done meanwhile; mu is held.
func (l *light) fall() {
	if l.lit && l.falls > 0 && !l.c.now().Before(l.since.Add(l.falls)) {
		l.lit = false
		l.turned++
	}
}

func (l *light) state() LightState {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fall()
	return LightState{Lit: l.lit, Turned: l.turned}
}

// settings are those of its relay, as ONVIF says them.
func (l *light) settings() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	mode := "Bistable"
	if l.falls > 0 {
		mode = "Monostable"
	}
	return fmt.Sprintf(`<tds:RelayOutputs token="%s"><tt:Properties><tt:Mode>%s</tt:Mode><tt:DelayTime>PT%.0fS</tt:DelayTime><tt:IdleState>open</tt:IdleState></tt:Properties></tds:RelayOutputs>`,
		LightToken, mode, l.falls.Seconds())
}

// relaySettings are what a client wants of a relay.
type relaySettings struct {
	Mode  string `xml:"Mode"`
	Delay string `xml:"DelayTime"`
	Idle  string `xml:"IdleState"`
}

// set takes settings of its relay, if they are some.
func (l *light) set(s *relaySettings) bool {
	seconds, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(s.Delay), "PT"), "S"), 64)
	delay := time.Duration(seconds * float64(time.Second))
	mode := strings.TrimSpace(s.Mode)
	if err != nil || strings.TrimSpace(s.Idle) != "open" || mode != "Bistable" && (mode != "Monostable" || delay <= 0 || delay > mostDelay) {
		return false
	}
	if mode == "Bistable" {
		delay = 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fall()
	l.falls = delay
	return true
}

// ofRelays answers calls about relays, "" where the answer is no.
func (o *onvif) ofRelays(f *feed, q *question) string {
	call := &q.Body.Call
	ours := f.light && call.Relay == LightToken
	switch state := call.State; call.XMLName.Local {
	case "GetRelayOutputs":
		said := ""
		if f.relay {
			mode := "Monostable"
			if o.c.cfg.Habits.RelayStays {
				mode = "Bistable"
			}
			said = fmt.Sprintf(`<tds:RelayOutputs token="%s"><tt:Properties><tt:Mode>%s</tt:Mode><tt:DelayTime>PT%.0fS</tt:DelayTime><tt:IdleState>open</tt:IdleState></tt:Properties></tds:RelayOutputs>`,
				RelayToken, mode, lockTime.Seconds())
		}
		if f.light {
			said += o.c.light.settings()
		}
		return `<tds:GetRelayOutputsResponse>` + said + `</tds:GetRelayOutputsResponse>`
	case "SetRelayOutputSettings":
		if ours && o.c.light.set(&call.Relays) {
			return `<tds:SetRelayOutputSettingsResponse/>`
		}
	case "SetRelayOutputState":
		switch {
		case ours && (state == "active" || state == "inactive"):
			o.c.light.turn(state == "active")
		case f.relay && call.Relay == RelayToken && state == "active":
			o.c.latch.open()
		default:
			return ""
		}
		return `<tds:SetRelayOutputStateResponse/>`
	}
	return ""
}

// isRelays says whether a call is one about relays.
func (f *feed) isRelays(service string, name xml.Name) bool {
	return (f.relay || f.light) && service == "device_service" && name.Space == deviceNamespace && strings.Contains(name.Local, "RelayOutput")
}

// told turns the light by a request beside the lock, and says whether it was one about the light.
func (l *light) told(r *http.Request) bool {
	switch {
	case r.URL.Path == LightPath+"/on" && r.Method == http.MethodPost:
		l.turn(true)
	case r.URL.Path == LightPath+"/off" && r.Method == http.MethodPost:
		l.turn(false)
	default:
		return r.URL.Path == LightPath && r.Method == http.MethodGet
	}
	return true
}

// Light is how the camera's light is, if it has one.
func (c *Camera) Light() LightState {
	if c.light == nil {
		return LightState{}
	}
	return c.light.state()
}
