// SPDX-License-Identifier: Apache-2.0

package home

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"keyhold/home/camera/cameratest"
	"keyhold/statement/finding"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// form is what the hub says of how a camera is recorded.
func (r *Rig) form(c id.Camera) request.Recorded {
	r.t.Helper()
	for _, one := range r.Do(request.Op{Kind: request.OpRecorded}).Result.Recorded {
		if one.Camera == c {
			return one
		}
	}
	r.t.Fatalf("the hub says nothing of how %s is recorded", c)
	return request.Recorded{}
}

// codec waits until the hub records a camera, and says how its picture is coded and how wide it is.
func (r *Rig) codec(c id.Camera) (video string, width int64) {
	r.t.Helper()
	r.Until("pictures", func() bool {
		for _, report := range r.Do(request.Op{Kind: request.OpListCameras}).Result.Cameras {
			if report.ID == c && report.State == request.CameraRecording {
				video, width = report.Video, report.Width
			}
		}
		return video != ""
	})
	return video, width
}

var probed = regexp.MustCompile(`MessageID>([^<]+)<`)

// named answers by ONVIF as a camera whose streams of H.265 and of H.264 are somewhere else on this computer, and gives
// the address at which the hub is to ask for it.
func named(t *testing.T, h265, h264 string) netip.AddrPort {
	t.Helper()
	const head, end = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>`, `</s:Body></s:Envelope>`
	profile := func(token, codec string, width, height int) string {
		return fmt.Sprintf(`<Profiles token="%s"><VideoEncoderConfiguration><Encoding>%s</Encoding><Resolution><Width>%d</Width><Height>%d</Height></Resolution></VideoEncoderConfiguration></Profiles>`, token, codec, width, height)
	}
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		said := ""
		switch text := string(b); {
		case strings.Contains(text, "<GetDeviceInformation"):
			said = `<GetDeviceInformationResponse><Manufacturer>Other</Manufacturer><Model>1</Model><SerialNumber>1</SerialNumber></GetDeviceInformationResponse>`
		case strings.Contains(text, "<GetServices"):
			said = `<GetServicesResponse><Service><Namespace>http://www.onvif.org/ver10/media/wsdl</Namespace><XAddr>http://` + r.Host + `/media</XAddr></Service></GetServicesResponse>`
		case strings.Contains(text, "<GetProfiles"):
			said = `<GetProfilesResponse>` + profile("1", "H265", 640, 360) + profile("2", "H264", 160, 90) + `</GetProfilesResponse>`
		case strings.Contains(text, "<GetStreamUri") && strings.Contains(text, ">2<"):
			said = `<GetStreamUriResponse><MediaUri><Uri>` + h264 + `</Uri></MediaUri></GetStreamUriResponse>`
		case strings.Contains(text, "<GetStreamUri"):
			said = `<GetStreamUriResponse><MediaUri><Uri>` + h265 + `</Uri></MediaUri></GetStreamUriResponse>`
		}
		_, _ = io.WriteString(w, head+said+end)
	}))
	t.Cleanup(service.Close)
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	must(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 1<<16)
		for {
			n, from, err := udp.ReadFrom(buffer)
			if err != nil {
				return
			}
			if m := probed.FindSubmatch(buffer[:n]); m != nil {
				_, _ = udp.WriteTo(fmt.Appendf(nil, `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">`+
					`<s:Header><a:RelatesTo>%s</a:RelatesTo></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch><a:EndpointReference><a:Address>urn:uuid:other</a:Address></a:EndpointReference>`+
					`<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes/><d:XAddrs>%s</d:XAddrs></d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>`, m[1], service.URL), from)
			}
		}
	}()
	t.Cleanup(func() { _ = udp.Close(); <-done })
	return udp.LocalAddr().(*net.UDPAddr).AddrPort()
}

func TestACameraOfH265AsksInWhichFormItIsRecorded(t *testing.T) {
	t.Parallel()
	clip := func(coder, size string) string {
		return "filesrc location=" + cameratest.Clip(t, cameratest.Args{
			"-f", "lavfi", "-i", "testsrc2=s=" + size + ":r=15", "-t", "60", "-c:v", coder, "-preset", "ultrafast", "-bf", "0", "-g", "15",
			"-x265-params", "log-level=error", "-pix_fmt", "yuv420p",
		}) + " ! qtdemux ! "
	}
	at := cameratest.StartForeign(t,
		cameratest.Foreign{Path: "h265", Launch: clip("libx265", "640x360") + "h265parse ! rtph265pay name=pay0 pt=96 config-interval=-1"},
		cameratest.Foreign{Path: "h264", Launch: clip("libx264", "160x90") + "h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1"},
	)
	r := Unpaired(t)
	plain := strings.Replace(at, "anna:secret@", "", 1)
	r.find = []netip.AddrPort{named(t, plain+"h265", plain+"h264")}
	r.Begin()
	vera := r.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}})
	add := request.Op{Kind: request.OpAddCamera, Name: "Yard", URL: at + "h265"}
	if _, err := r.Member.Do(t.Context(), add); word(err) != request.RefusedForm {
		t.Fatalf("added without a form: %v", err)
	}
	add.Recorded = request.RecordSmall
	if _, err := r.Member.Do(t.Context(), add); word(err) != request.RefusedInvalid {
		t.Fatalf("added with a second stream that nobody named: %v", err)
	}
	if n := len(r.Do(request.Op{Kind: request.OpListCameras}).Result.Cameras); n != 0 {
		t.Fatalf("%d cameras were added all the same", n)
	}
	add.Recorded = request.RecordMade
	yard := r.Do(add).Result.Camera
	if video, width := r.codec(yard); video != "h264" || width != 640 {
		t.Errorf("recorded is %s, %d wide", video, width)
	}
	r.Until("what it costs", func() bool { return r.form(yard).Measured })
	if is := r.form(yard); is.Form != request.RecordMade || is.Sent != "h265" || is.Cost < 1 || is.Small {
		t.Errorf("the hub says %+v", is)
	}
	set := func(form string) string {
		_, err := r.Member.Do(t.Context(), request.Op{Kind: request.OpSetRecorded, Camera: yard, Recorded: form})
		return word(err)
	}
	if said := set(request.RecordSmall); said != request.RefusedNotFound {
		t.Errorf("a second stream that is none: %q", said)
	}
	if said := r.setSmall(r.Member, yard, at+"h264"); said != "" {
		t.Fatal(said)
	}
	_, err := vera.session().Do(t.Context(), request.Op{Kind: request.OpSetRecorded, Camera: yard, Recorded: request.RecordSent})
	if word(err) != request.RefusedDenied {
		t.Errorf("set by a viewer: %v", err)
	}
	for _, one := range []struct {
		form, video string
		width       int64
	}{{request.RecordSmall, "h264", 160}, {request.RecordSent, "h265", 640}, {request.RecordMade, "h264", 640}} {
		if said := set(one.form); said != "" {
			t.Fatalf("%s: %s", one.form, said)
		}
		if video, width := r.codec(yard); video != one.video || width != one.width {
			t.Errorf("%s: recorded is %s, %d wide", one.form, video, width)
		}
		if is := r.form(yard); is.Form != one.form || !is.Small {
			t.Errorf("%s: the hub says %+v", one.form, is)
		}
		// Recorded in the place of the first, it is a second stream no more.
		if small := len(r.smalls()) == 1; small == (one.form == request.RecordSmall) {
			t.Errorf("%s: that there is a second stream is %v", one.form, small)
		}
	}
	r.Stop()
	r.Start()
	r.Serving()
	if video, _ := r.codec(yard); video != "h264" {
		t.Errorf("after a restart recorded is %s", video)
	}

	// Of one that was found it is measured before somebody chooses.
	r.Do(request.Op{Kind: request.OpRemoveCamera, Camera: yard})
	found, said := r.Find(finding.Find{Kind: finding.Look})
	if said != "" || len(found.Cameras) != 1 {
		t.Fatalf("found %+v, %q", found, said)
	}
	one := found.Cameras[0].Found
	shown, said := r.Find(finding.Find{Kind: finding.Try, Found: one, User: "anna", Password: "secret"})
	if said != "" || shown.Choice == nil || shown.Choice.Cost < 1 || !shown.Choice.Small {
		t.Fatalf("shown %+v, %q", shown.Choice, said)
	}
	t.Logf("to make H.264 of 640x360 takes %d %% of a core", shown.Choice.Cost)
	if _, said := r.Find(finding.Find{Kind: finding.Add, Found: one, Name: "Door"}); said != request.RefusedForm {
		t.Errorf("added without a form: %q", said)
	}
	added, said := r.Find(finding.Find{Kind: finding.Add, Found: one, Name: "Door", Recorded: request.RecordSmall})
	if said != "" {
		t.Fatal(said)
	}
	if video, width := r.codec(added.Camera); video != "h264" || width != 160 {
		t.Errorf("recorded is %s, %d wide", video, width)
	}
}
