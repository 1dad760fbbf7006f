// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"keyhold/member/session"
	"keyhold/statement/finding"
	"keyhold/statement/lock"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

const staysRelay = `<GetRelayOutputsResponse><RelayOutputs token="1"><Properties><Mode>Bistable</Mode></Properties></RelayOutputs></GetRelayOutputsResponse>`

// setsLight says by what the door's light is lit, as somebody.
func (s *scene) setsLight(by *folk, l *request.Light) error {
	s.t.Helper()
	return s.ask(by, request.Op{Kind: request.OpSetLight, Camera: s.door, Light: l})
}

// replaysLight lets the cloud bring gus's word once more that there is no light, after he has set one anew.
func (s *scene) replaysLight(l *request.Light, times int) error {
	s.t.Helper()
	letter, _ := s.gus.command(request.Op{Kind: request.OpSetLight, Camera: s.door})
	for n := range times {
		must(s.t, s.setsLight(s.gus, l))
		s.Until("the light that was set", func() bool { return s.hasLight(s.door) })
		s.mu.Lock()
		from := s.log.Len()
		s.mu.Unlock()
		s.deliver(letter, s.nonce())
		s.Do(request.Op{Kind: request.OpPing}) // rings at the hub
		dropped := false
		s.Until("what becomes of a letter", func() bool {
			s.mu.Lock()
			dropped = strings.Contains(s.log.String()[from:], "a command came twice")
			s.mu.Unlock()
			return dropped || !s.hasLight(s.door)
		})
		if dropped {
			return rule.Errorf(rule.Replay, "word %d was dropped", n+1)
		}
	}
	return nil
}

func TestCrimesWithALight(t *testing.T) {
	var sends atomic.Bool
	var stolen atomic.Int32
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Add(1) })) // as another machine
	t.Cleanup(thief.Close)
	lamp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if sends.Load() {
			http.Redirect(w, r, thief.URL+r.URL.Path, http.StatusTemporaryRedirect)
			return
		}

	}))
	t.Cleanup(lamp.Close)
	program := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) // on the hub's own computer
	t.Cleanup(program.Close)
	at := func(address string) *request.Light {
		there := strings.Replace(address, "//", "//u:p@", 1)
		return &request.Light{Kind: request.LightHTTP, On: there + "/on", Off: there + "/off"}
	}
	stage := func(t *testing.T) *scene {
		t.Helper()
		sends.Store(false)
		s := &scene{Rig: lamps(t, lamp.URL, thief.URL)}
		s.anna = s.owner()
		s.door = s.Add("Door", "a")
		s.gus = s.Bring("Gus", roster.Guardian)
		s.vera = s.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History, roster.Live}})
		return s
	}
	honest := func(s *scene) error { sends.Store(false); return s.setsLight(s.gus, at(lamp.URL)) }
	// goes sets a light where the door is opened, or at a place of its own: a look is what opens it then.
	goes := func(to func(*scene) string) func(*scene) error {
		return func(s *scene) error {
			way := &lock.Way{URL: "http://" + s.lock.address().String() + "/open"}
			must(s.t, s.Member.SetDoor(s.t.Context(), session.Door{Camera: s.door, Name: "Front door", Kind: lock.HTTP, Way: way}, s.digits))
			return s.setsLight(s.gus, &request.Light{Kind: request.LightHTTP, On: to(s), Off: at(lamp.URL).Off})
		}
	}
	judge(t, stage, []crime{
		{
			name: "a light taken away by a viewer who would look unseen", off: []rule.Name{rule.Role, rule.Action}, says: request.RefusedDenied,
			commit: func(s *scene) error { must(s.t, honest(s)); return s.setsLight(s.vera, nil) },
			honest: func(s *scene) error { must(s.t, honest(s)); return s.setsLight(s.gus, nil) },
		},
		{
			name: "the word that there is no light, brought once more by the cloud", off: []rule.Name{rule.Replay}, says: string(rule.Replay),
			commit: func(s *scene) error { return s.replaysLight(at(lamp.URL), 2) },
			honest: func(s *scene) error { return s.replaysLight(at(lamp.URL), 1) },
		},
		{
			name: "a light that sends the hub on to another host, with its password", off: []rule.Name{rule.Elsewhere}, says: finding.Elsewhere, honest: honest,
			commit: func(s *scene) error {
				sends.Store(true)
				stolen.Store(0)
				err := s.setsLight(s.gus, at(lamp.URL))
				if rule.Of(err) == "" && word(err) != "" && stolen.Load() > 0 {
					return errors.New("the other host was asked all the same")
				}
				return err
			},
		},
		{
			name: "a light that is a program on the hub's own computer", off: []rule.Name{rule.Here}, says: request.RefusedAddress, honest: honest,
			commit: func(s *scene) error { return s.setsLight(s.gus, at(program.URL)) },
		},
		{
			name: "a light that is the lock, so that a look opens the door", off: []rule.Name{rule.Gesture}, says: request.RefusedDoorThere,
			commit: goes(func(s *scene) string { return "http://" + s.lock.address().String() + "/open" }),
			honest: goes(func(*scene) string { return at(lamp.URL).On }),
		},
	})
}

// lighting is a camera that lights a lamp, or says so.
type lighting struct {
	*liar
	serial string
}

func (l *lighting) answer(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	said := ""
	switch text := string(b); {
	case strings.Contains(text, "<GetDeviceInformation"):
		said = `<GetDeviceInformationResponse><SerialNumber>` + l.serial + `</SerialNumber></GetDeviceInformationResponse>`
	case strings.Contains(text, "<GetRelayOutputs"):
		said = staysRelay
	case strings.Contains(text, "<SetRelayOutputState"):
		said = relayOpens
	}
	_, _ = io.WriteString(w, soapHead+said+`</s:Body></s:Envelope>`)
}

// Another camera, put in the place of the one with the lamp, claims that the light is on.
func TestCrimesOfACameraWithALight(t *testing.T) {
	plain, at := newLiar(t)
	l := &lighting{liar: plain}
	plain.points, plain.says = func(own string) string { return own + "/device" }, l.answer
	stage := func(t *testing.T) *scene {
		t.Helper()
		r := Unpaired(t)
		r.ffmpeg, r.find = none, []netip.AddrPort{at}
		r.here.Addresses = append(r.here.Addresses, netip.MustParseAddrPort(strings.TrimPrefix(plain.own.URL, "http://")))
		r.Begin()
		s := &scene{Rig: r}
		s.anna, s.door = s.owner(), r.Add("Door", "a")
		return s
	}
	claims := func(serial string) func(*scene) error {
		return func(s *scene) error {
			l.serial = "1"
			if err := s.setsLight(s.anna, &request.Light{Kind: request.LightONVIF}); err != nil {
				return err
			}
			s.Until("the light out", func() bool { return s.lamp(s.door) == request.LightOff })
			l.serial = serial
			_, err := s.Member.Do(s.t.Context(), request.Op{Kind: request.OpTryLight, Camera: s.door})
			return err
		}
	}
	judge(t, stage, []crime{{
		name: "another camera in the place of the one with the lamp, which claims that the light is on", off: []rule.Name{rule.WrongCamera}, says: request.RefusedLightNo,
		commit: claims("2"), honest: claims("1"),
	}})
}
