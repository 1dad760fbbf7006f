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

	"keyhold/statement/finding"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// latched is a camera that opens a door, or says so.
type latched struct {
	*liar
	// serial is what it calls itself, doors where it says that its doors are asked for, opens what it answers then.
	serial, doors, opens string
	told                 atomic.Int32
	// program is one on the hub's own computer.
	program *httptest.Server
}

const (
	relayOpens = `<SetRelayOutputStateResponse/>`
	oneRelay   = `<GetRelayOutputsResponse><RelayOutputs token="1"><Properties><Mode>Monostable</Mode></Properties></RelayOutputs></GetRelayOutputsResponse>`
	oneDoor    = `<GetDoorInfoListResponse><DoorInfo token="1"><Capabilities Access="true"/></DoorInfo></GetDoorInfoListResponse>`
)

func (l *latched) answer(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	said := ""
	switch text := string(b); {
	case strings.Contains(text, "<GetDeviceInformation"):
		said = `<GetDeviceInformationResponse><SerialNumber>` + l.serial + `</SerialNumber></GetDeviceInformationResponse>`
	case strings.Contains(text, "<GetServices") && l.doors != "":
		said = `<GetServicesResponse><Service><Namespace>http://www.onvif.org/ver10/doorcontrol/wsdl</Namespace><XAddr>` + l.doors + `/door</XAddr></Service></GetServicesResponse>`
	case strings.Contains(text, "<GetRelayOutputs"):
		said = oneRelay
	case strings.Contains(text, "<GetDoorInfoList"):
		said = oneDoor
	case strings.Contains(text, "<SetRelayOutputState"):
		l.told.Add(1)
		said = l.opens
	case strings.Contains(text, "<AccessDoor"):
		l.told.Add(1)
		said = `<AccessDoorResponse/>`
	case strings.Contains(text, "<GetDoorState"):
		said = `<GetDoorStateResponse><DoorState><DoorMode>Accessed</DoorMode></DoorState></GetDoorStateResponse>`
	}
	_, _ = io.WriteString(w, soapHead+said+`</s:Body></s:Envelope>`)
}

// honest lets it be a camera like others.
func (l *latched) honest() { l.serial, l.doors, l.opens = "1", "", relayOpens }

// tries sets the door, and opens it; between is what happens in between.
func (l *latched) tries(s *scene, between func()) error {
	s.t.Helper()
	l.told.Store(0)
	if err := s.itself(s.door, ""); err != nil {
		return err
	}
	between()
	_, err := s.Member.Open(s.t.Context(), s.door, nil)
	if err == nil && l.told.Load() == 0 {
		return errors.New("the lock was not told")
	}
	return err
}

func TestCrimesOfACamerasOwnDoor(t *testing.T) {
	plain, at := newLiar(t)
	l := &latched{liar: plain}
	plain.points, plain.says = func(own string) string { return own + "/device" }, l.answer
	plain.other.Config.Handler = http.HandlerFunc(l.answer)
	l.program = httptest.NewServer(http.HandlerFunc(l.answer))
	t.Cleanup(l.program.Close)
	stage := func(t *testing.T) *scene {
		t.Helper()
		r := Unpaired(t)
		r.ffmpeg, r.find = none, []netip.AddrPort{at}
		for _, there := range []*httptest.Server{plain.own, plain.other} { // the other is another machine
			r.here.Addresses = append(r.here.Addresses, netip.MustParseAddrPort(strings.TrimPrefix(there.URL, "http://")))
		}
		r.Begin()
		s := &scene{Rig: r}
		s.anna, s.door = s.owner(), r.Add("Door", "a")
		return s
	}
	as := func(change, between func()) func(*scene) error {
		return func(s *scene) error {
			l.honest()
			change()
			return l.tries(s, between)
		}
	}
	nothing := func() {}
	honest := as(nothing, nothing)
	judge(t, stage, []crime{
		{
			name: "another camera with the same password, where the one was that opens the door", off: []rule.Name{rule.WrongCamera}, says: request.RefusedLockNo, honest: honest,
			commit: as(nothing, func() { l.serial = "2" }),
		},
		{
			name: "a camera whose doors are at another host", off: []rule.Name{rule.Elsewhere}, says: finding.Elsewhere, honest: honest,
			commit: as(func() { l.doors = plain.other.URL }, nothing),
		},
		{
			name: "a camera whose doors are a program on the hub's own computer", off: []rule.Name{rule.Here}, says: request.RefusedAddress, honest: honest,
			commit: as(func() { l.doors = l.program.URL }, nothing),
		},
		{
			name: "a camera that says without end that it opens", off: []rule.Name{rule.Length}, says: request.RefusedLockAway, honest: honest,
			commit: as(func() { l.opens = relayOpens + strings.Repeat(" ", 1<<20) }, nothing),
		},
	})
}
