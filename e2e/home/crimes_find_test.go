// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"keyhold/home/camera"
	"keyhold/member/session"
	"keyhold/statement/finding"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

var messageOfProbe = regexp.MustCompile(`MessageID>([^<]+)<`)

// liar is a device in the home that answers as a camera, and does not mean well.
type liar struct {
	s *scene
	// other is whom it would have the hub send the password to; asked counts how often that came.
	other *httptest.Server
	asked atomic.Int32
	// points is where its answer to a probe points, its own service if empty; says is what it answers to each call.
	points func(own string) string
	// second is where it says that its second stream is, if it says that it has one.
	second string
	says   http.HandlerFunc
	own    *httptest.Server
	udp    net.PacketConn
	done   chan struct{}
}

const soapHead = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>`

// newLiar starts one, and gives the address at which the hub is to ask.
func newLiar(t *testing.T) (*liar, netip.AddrPort) {
	t.Helper()
	l := &liar{done: make(chan struct{})}
	l.own = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { l.says(w, r) }))
	// At another address of this machine, as another machine would be.
	there, err := net.Listen("tcp", "127.0.0.2:0")
	must(t, err)
	l.other = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.asked.Add(1)
		l.device(w, r)
	}))
	l.other.Listener.Close()
	l.other.Listener = there
	l.other.Start()
	l.udp, err = net.ListenPacket("udp4", "127.0.0.1:0")
	must(t, err)
	go l.answer()
	t.Cleanup(func() {
		_ = l.udp.Close()
		<-l.done
		l.own.Close()
		l.other.Close()
	})
	return l, l.udp.LocalAddr().(*net.UDPAddr).AddrPort()
}

func (l *liar) answer() {
	defer close(l.done)
	buffer := make([]byte, 1<<16)
	for {
		n, from, err := l.udp.ReadFrom(buffer)
		if err != nil {
			return
		}
		m := messageOfProbe.FindSubmatch(buffer[:n])
		if m == nil {
			continue
		}
		fmt.Fprintf(writer{l.udp, from}, `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">`+
			`<s:Header><a:RelatesTo>%s</a:RelatesTo></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch><a:EndpointReference><a:Address>urn:uuid:liar</a:Address></a:EndpointReference>`+
			`<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes/><d:XAddrs>%s</d:XAddrs></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>`, m[1], l.points(l.own.URL))
	}
}

type writer struct {
	conn net.PacketConn
	to   net.Addr
}

func (w writer) Write(b []byte) (int, error) { return w.conn.WriteTo(b, w.to) }

// device answers like a camera without a password, whose stream is that of the rig's.
func (l *liar) device(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	said := ""
	switch text := string(b); {
	case strings.Contains(text, "<GetDeviceInformation"):
		said = `<GetDeviceInformationResponse><Manufacturer>Liar</Manufacturer><Model>1</Model><SerialNumber>1</SerialNumber></GetDeviceInformationResponse>`
	case strings.Contains(text, "<GetServices"):
		said = `<GetServicesResponse><Service><Namespace>http://www.onvif.org/ver10/media/wsdl</Namespace><XAddr>http://` + r.Host + `/media</XAddr></Service></GetServicesResponse>`
	case strings.Contains(text, "<GetProfiles") && l.second != "":
		said = `<GetProfilesResponse>` + profile("1", 640, 360) + profile("2", 320, 180) + `</GetProfilesResponse>`
	case strings.Contains(text, "<GetStreamUri") && strings.Contains(text, ">2<"):
		said = `<GetStreamUriResponse><MediaUri><Uri>` + l.second + `</Uri></MediaUri></GetStreamUriResponse>`
	case strings.Contains(text, "<GetProfiles"):
		said = `<GetProfilesResponse><Profiles token="1"><VideoEncoderConfiguration><Encoding>H264</Encoding></VideoEncoderConfiguration></Profiles></GetProfilesResponse>`
	case strings.Contains(text, "<GetStreamUri"):
		said = `<GetStreamUriResponse><MediaUri><Uri>rtsp://` + l.s.Camera.Addr().String() + `/b</Uri></MediaUri></GetStreamUriResponse>`
	}
	_, _ = io.WriteString(w, soapHead+said+`</s:Body></s:Envelope>`)
}

// profile is one of a camera with several streams.
func profile(token string, width, height int) string {
	return fmt.Sprintf(`<Profiles token="%s"><VideoEncoderConfiguration><Encoding>H264</Encoding><Resolution><Width>%d</Width><Height>%d</Height></Resolution></VideoEncoderConfiguration></Profiles>`, token, width, height)
}

// behind is a household whose hub hears a liar alone.
func behind(l *liar, at netip.AddrPort) func(*testing.T) *scene {
	return func(t *testing.T) *scene {
		t.Helper()
		r := Unpaired(t)
		r.ffmpeg, r.find = none, []netip.AddrPort{at}
		r.Begin()
		s := &scene{Rig: r}
		s.anna = s.owner()
		s.ben = s.Bring("Ben", roster.Owner)
		s.vera = s.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}})
		l.s = s
		return s
	}
}

// lets looks for cameras and tries a password on what was found; what nothing came of is refused as elsewhere.
func (s *scene) lets(by *folk) error {
	s.t.Helper()
	own := by.session()
	found, err := own.Find(s.t.Context(), finding.Find{Kind: finding.Look})
	if err != nil {
		return err
	}
	if len(found.Cameras) == 0 {
		return &session.RefusedError{Word: finding.Elsewhere}
	}
	_, err = own.Find(s.t.Context(), finding.Find{Kind: finding.Try, Found: found.Cameras[0].Found, User: "u", Password: "p"})
	return err
}

func TestCrimesOfFinding(t *testing.T) {
	l, at := newLiar(t)
	own := func(string) string { return l.own.URL + "/device" }
	// told lets the liar answer in a way, and says what comes of it.
	told := func(points func(string) string, says http.HandlerFunc) func(*scene) error {
		return func(s *scene) error {
			l.points, l.says = points, says
			l.asked.Store(0)
			err := s.lets(s.anna)
			if err == nil || l.asked.Load() > 0 {
				return nil // somebody else was asked, or the camera was taken for one
			}
			return err
		}
	}
	honest := func(s *scene) error {
		l.points, l.says = own, l.device
		return s.lets(s.anna)
	}
	elsewhere := func(string) string { return l.other.URL + "/device" }
	// with answers as a camera does, but for one call.
	with := func(call, said string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			if strings.Contains(string(b), "<"+call+" ") {
				_, _ = io.WriteString(w, strings.ReplaceAll(said, "OTHER", l.other.URL))
				return
			}
			r.Body = io.NopCloser(strings.NewReader(string(b)))
			l.device(w, r)
		}
	}
	media := soapHead + `<GetServicesResponse><Service><Namespace>http://www.onvif.org/ver10/media/wsdl</Namespace><XAddr>OTHER/media</XAddr></Service></GetServicesResponse></s:Body></s:Envelope>`
	details := `<GetDeviceInformationResponse><Manufacturer>Liar</Manufacturer><Model>1</Model><SerialNumber>1</SerialNumber></GetDeviceInformationResponse></s:Body></s:Envelope>`
	look := func(by func(*scene) *folk) func(*scene) error {
		return func(s *scene) error {
			_, err := by(s).session().Find(s.t.Context(), finding.Find{Kind: finding.Look})
			return err
		}
	}
	judge(t, behind(l, at), []crime{
		{
			name: "an answer in the home that points at another host", off: []rule.Name{rule.Elsewhere}, says: finding.Elsewhere,
			commit: told(elsewhere, l.device), honest: honest,
		},
		{
			name: "a camera whose media service is at another host", off: []rule.Name{rule.Elsewhere}, says: finding.Elsewhere,
			commit: told(own, with("GetServices", media)), honest: honest,
		},
		{
			name: "a camera that answers without end", off: []rule.Name{rule.Length}, says: request.RefusedUnreachable,
			commit: told(own, with("GetDeviceInformation", soapHead+strings.Repeat(" ", 1<<20)+details)), honest: honest,
		},
		{
			name: "a camera's answer with entities that grow", off: []rule.Name{rule.Syntax}, says: request.RefusedUnreachable,
			commit: told(own, with("GetDeviceInformation", `<!DOCTYPE a [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]>`+soapHead+details)), honest: honest,
		},
		{
			name: "a camera whose second stream is at another host", off: []rule.Name{rule.Elsewhere}, says: finding.Elsewhere,
			commit: func(s *scene) error { return s.addsLiar(l, own, "127.0.0.2:0") },
			honest: func(s *scene) error { return s.addsLiar(l, own, "127.0.0.1:0") },
		},
		{
			name: "looking for cameras as a viewer", off: []rule.Name{rule.Role, rule.Action}, says: request.RefusedDenied,
			commit: look(func(s *scene) *folk { return s.vera }), honest: look(func(s *scene) *folk { return s.ben }),
		},
	})
}

// addsLiar adds the liar, who says that its second stream is at a host, and says whether the hub kept that.
func (s *scene) addsLiar(l *liar, own func(string) string, host string) error {
	s.t.Helper()
	cfg := camera.Config{Addr: host, User: "u", Pass: "p", Feeds: []camera.Feed{{Path: "second", File: second}}}
	there, err := camera.Start(cfg)
	must(s.t, err)
	defer there.Close()
	l.points, l.says, l.second = own, l.device, "rtsp://"+there.Addr().String()+"/second"
	defer func() { l.second = "" }()
	if err := s.lets(s.anna); err != nil {
		return err
	}
	found, _ := s.Find(finding.Find{Kind: finding.Look})
	added, word := s.Find(finding.Find{Kind: finding.Add, Found: found.Cameras[0].Found, Name: "Liar"})
	if word != "" {
		s.t.Fatal(word)
	}
	kept := slices.Contains(s.smalls(), added.Camera)
	s.Do(request.Op{Kind: request.OpRemoveCamera, Camera: added.Camera})
	if !kept {
		return rule.Errorf(rule.Elsewhere, "the second stream is not kept")
	}
	return nil
}

// amongFound is a household with one camera that was found, and another that could be.
func amongFound(t *testing.T) *scene {
	t.Helper()
	s := &scene{Rig: Plain(t)}
	s.anna = s.owner()
	s.vera = s.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}})
	s.gus = s.Bring("Gus", roster.Guardian)
	s.door = s.addFound("Door")
	return s
}

// adds lets somebody add the other camera, which an owner has tried, and removes it again.
func (s *scene) adds(by *folk) error {
	s.t.Helper()
	found := s.look()[1].Found
	if _, word := s.Find(finding.Find{Kind: finding.Try, Found: found, User: "u", Password: "p"}); word != "" {
		s.t.Fatal(word)
	}
	added, err := by.session().Find(s.t.Context(), finding.Find{Kind: finding.Add, Found: found, Name: "Yard"})
	if err == nil {
		s.Do(request.Op{Kind: request.OpRemoveCamera, Camera: added.Camera})
	}
	return err
}

// setsSmall lets somebody say that the second stream of the door is the picture of the yard.
func (s *scene) setsSmall(by *folk) error {
	s.t.Helper()
	return s.ask(by, request.Op{Kind: request.OpSetSmall, Camera: s.door, URL: s.URL("b")})
}

// after puts a device in the camera's place, and says whether the household is told of another.
func (s *scene) after(serial string) error {
	s.t.Helper()
	s.swap(serial)
	list := s.others()
	s.swap("")
	if slices.Contains(list, s.door) {
		return rule.Errorf(rule.WrongCamera, "another device answers")
	}
	return nil
}

func TestCrimesAmongFound(t *testing.T) {
	judge(t, amongFound, slices.Concat(crimesWithRooms(), []crime{
		{
			name: "a camera swapped for another with the same password", off: []rule.Name{rule.WrongCamera}, says: string(rule.WrongCamera),
			commit: func(s *scene) error { return s.after("another") }, honest: func(s *scene) error { return s.after("") },
		},
		{
			name: "setting a camera's second stream as a viewer", off: []rule.Name{rule.Role, rule.Action}, says: request.RefusedDenied,
			commit: func(s *scene) error { return s.setsSmall(s.vera) }, honest: func(s *scene) error { return s.setsSmall(s.gus) },
		},
		{
			name: "adding a found camera as a viewer", off: []rule.Name{rule.Role, rule.Action}, says: request.RefusedDenied,
			commit: func(s *scene) error { return s.adds(s.vera) }, honest: func(s *scene) error { return s.adds(s.gus) },
		},
	}))
}
