// SPDX-License-Identifier: Apache-2.0

package camera

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os/exec"
	"strings"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
)

// What the simulated cameras call themselves.
const (
	maker = "Keyhold"
	model = "Simulated camera"
)

const (
	deviceNamespace = "http://www.onvif.org/ver10/device/wsdl"
	mediaNamespace  = "http://www.onvif.org/ver10/media/wsdl"
	// maxQuestion bounds what a client sends.
	maxQuestion = 64 << 10
	// snapshotTime is how long a single picture may take.
	snapshotTime = 10 * time.Second
)

// onvif is the camera's service over HTTP. Each feed is a device of its own.
type onvif struct {
	c      *Camera
	door   *door
	addr   netip.AddrPort
	server *http.Server
}

// startONVIF listens, and answers in goroutines that release waits for.
func (c *Camera) startONVIF() error {
	ln, err := new(net.ListenConfig).Listen(c.ctx, "tcp", c.cfg.ONVIF)
	if err != nil {
		return fmt.Errorf("camera: listen: %w", err)
	}
	o := &onvif{c: c, addr: ln.Addr().(*net.TCPAddr).AddrPort(), door: newDoor(c.cfg.User, c.cfg.Pass, c.now)}
	o.server = &http.Server{Handler: o, ReadTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	c.onvif = o
	c.wg.Go(func() { _ = o.server.Serve(ln) }) // until it is closed
	return o.discover()
}

func (c *Camera) now() time.Time { return time.Now().Add(time.Duration(c.skew.Load())) }

// SetClock sets the camera's clock, as one does that learns the time: it is ahead by so much from then on.
func (c *Camera) SetClock(ahead time.Duration) { c.skew.Store(int64(ahead)) }

func (o *onvif) close() { _ = o.server.Close() }

// at is where a port of the camera is for somebody who reached it by host.
func at(a netip.AddrPort, host netip.Addr) string {
	if !a.Addr().IsUnspecified() {
		host = a.Addr()
	}
	return netip.AddrPortFrom(host.Unmap(), a.Port()).String()
}

func (o *onvif) service(path string, host netip.Addr) string {
	return "http://" + at(o.addr, host) + "/onvif" + path + "/device_service"
}

// endpoint is a device's own name for itself, which it keeps.
func (f *feed) endpoint() string {
	sum := sha256.Sum256([]byte("keyhold camera " + f.serial))
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x50, b[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// question is a call as a client makes it.
type question struct {
	Header struct {
		// Number is what a subscription was given to be named again.
		Number   string `xml:"urn:keyhold:camera Number"`
		Security *struct {
			Token token `xml:"UsernameToken"`
		} `xml:"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd Security"`
	} `xml:"http://www.w3.org/2003/05/soap-envelope Header"`
	Body struct {
		Call struct {
			XMLName xml.Name
			Token   string `xml:"ProfileToken"`
			Timeout string `xml:"Timeout"`
			Limit   int    `xml:"MessageLimit"`
			Door    string `xml:"Token"`
			Relay   string `xml:"RelayOutputToken"`
			State   string `xml:"LogicalState"`
			// Relays are the settings that a relay is to have.
			Relays relaySettings `xml:"Properties"`
		} `xml:",any"`
	} `xml:"http://www.w3.org/2003/05/soap-envelope Body"`
}

// ServeHTTP answers a call, or sends a picture.
func (o *onvif) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok {
		http.Error(w, "no address", http.StatusInternalServerError)
		return
	}
	host := local.AddrPort().Addr()
	if path, ok := strings.CutPrefix(r.URL.Path, "/snapshot"); ok && r.Method == http.MethodGet {
		o.snapshot(w, r, path)
		return
	}
	if o.c.speaker != nil && o.c.speaker.post && (r.URL.Path == postPath || r.URL.Path == postPathA) {
		o.posted(w, r)
		return
	}
	if path, ok := strings.CutPrefix(r.URL.Path, pressPath); ok {
		o.press(w, r, strings.Trim(path, "/"))
		return
	}
	path, service, ok := cutLast(strings.TrimPrefix(r.URL.Path, "/onvif"))
	if path == "" { // where clients look that were told a host alone
		path = cleanPath(o.c.cfg.Feeds[0].Path)
	}
	f := o.c.feeds[path]
	if !ok || f == nil || f.second || r.Method != http.MethodPost {
		http.NotFound(w, r)
		return
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxQuestion))
	var q question
	if err == nil {
		err = xml.Unmarshal(b, &q)
	}
	if err != nil {
		o.fault(w, http.StatusBadRequest, "Sender", "ter:WellFormed")
		return
	}
	name := q.Body.Call.XMLName
	if !open(name) && !o.door.lets(r, q.token()) {
		if !o.c.cfg.Habits.TokenOnly {
			o.door.ask(w)
		}
		o.fault(w, http.StatusUnauthorized, "Sender", "ter:NotAuthorized")
		return
	}
	if o.ofEvents(w, r, f, path, host, service, &q) || o.ofDoors(w, f, service, &q) {
		return
	}
	answer := o.answer(f, path, host, service, name, q.Body.Call.Token)
	if answer == "" {
		o.fault(w, http.StatusInternalServerError, "Receiver", "ter:ActionNotSupported")
		return
	}
	envelope(w, http.StatusOK, answer)
}

func (q *question) token() *token {
	if q.Header.Security == nil {
		return nil
	}
	return &q.Header.Security.Token
}

// cutLast splits a path before its last part.
func cutLast(path string) (before, last string, ok bool) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", "", false
	}
	return path[:i], path[i+1:], true
}

// open says which calls need no password: those by which a client learns what the camera is, and its time.
func open(name xml.Name) bool {
	if name.Space != deviceNamespace {
		return false
	}
	switch name.Local {
	case "GetSystemDateAndTime", "GetServices", "GetCapabilities":
		return true
	}
	return false
}

// answer is the body of the answer to a call, "" where there is no such call.
func (o *onvif) answer(f *feed, path string, host netip.Addr, service string, name xml.Name, profile string) string {
	device := o.service(path, host)
	media := strings.TrimSuffix(device, "device_service") + "media_service"
	switch {
	case name.Space == deviceNamespace && service == "device_service":
		return o.ofDevice(f, device, media, o.events(path, host), o.doors(path, host), name.Local)
	case name.Space == mediaNamespace && service == "media_service":
		return o.ofMedia(f, path, host, name.Local, profile)
	}
	return ""
}

func (o *onvif) ofDevice(f *feed, device, media, events, doors, name string) string {
	switch name {
	case "GetSystemDateAndTime":
		t := o.c.now().UTC()
		return fmt.Sprintf(`<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings>`+
			`<tt:UTCDateTime><tt:Time><tt:Hour>%d</tt:Hour><tt:Minute>%d</tt:Minute><tt:Second>%d</tt:Second></tt:Time>`+
			`<tt:Date><tt:Year>%d</tt:Year><tt:Month>%d</tt:Month><tt:Day>%d</tt:Day></tt:Date></tt:UTCDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`,
			t.Hour(), t.Minute(), t.Second(), t.Year(), t.Month(), t.Day())
	case "GetDeviceInformation":
		return fmt.Sprintf(`<tds:GetDeviceInformationResponse><tds:Manufacturer>%s</tds:Manufacturer><tds:Model>%s</tds:Model><tds:FirmwareVersion>1</tds:FirmwareVersion>`+
			`<tds:SerialNumber>%s</tds:SerialNumber><tds:HardwareId>1</tds:HardwareId></tds:GetDeviceInformationResponse>`, maker, model, escape(f.serial))
	case "GetServices":
		more := ""
		if f.button != nil {
			more = fmt.Sprintf(`<tds:Service><tds:Namespace>%s</tds:Namespace><tds:XAddr>%s</tds:XAddr><tds:Version><tt:Major>2</tt:Major><tt:Minor>6</tt:Minor></tds:Version></tds:Service>`, eventsNamespace, escape(events))
		}
		if f.door {
			more += fmt.Sprintf(`<tds:Service><tds:Namespace>%s</tds:Namespace><tds:XAddr>%s</tds:XAddr><tds:Version><tt:Major>19</tt:Major><tt:Minor>12</tt:Minor></tds:Version></tds:Service>`, doorNamespace, escape(doors))
		}
		return fmt.Sprintf(`<tds:GetServicesResponse><tds:Service><tds:Namespace>%s</tds:Namespace><tds:XAddr>%s</tds:XAddr><tds:Version><tt:Major>2</tt:Major><tt:Minor>0</tt:Minor></tds:Version></tds:Service>`+
			`<tds:Service><tds:Namespace>%s</tds:Namespace><tds:XAddr>%s</tds:XAddr><tds:Version><tt:Major>2</tt:Major><tt:Minor>0</tt:Minor></tds:Version></tds:Service>%s</tds:GetServicesResponse>`,
			deviceNamespace, escape(device), mediaNamespace, escape(media), more)
	case "GetCapabilities":
		more := ""
		if f.button != nil {
			more = `<tt:Events><tt:XAddr>` + escape(events) + `</tt:XAddr><tt:WSSubscriptionPolicySupport>true</tt:WSSubscriptionPolicySupport><tt:WSPullPointSupport>true</tt:WSPullPointSupport><tt:WSPausableSubscriptionManagerInterfaceSupport>false</tt:WSPausableSubscriptionManagerInterfaceSupport></tt:Events>`
		}
		return fmt.Sprintf(`<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Device><tt:XAddr>%s</tt:XAddr></tt:Device>%s<tt:Media><tt:XAddr>%s</tt:XAddr>`+
			`<tt:StreamingCapabilities><tt:RTPMulticast>false</tt:RTPMulticast><tt:RTP_TCP>true</tt:RTP_TCP><tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP></tt:StreamingCapabilities></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>`,
			escape(device), more, escape(media))
	}
	return ""
}

// The tokens of a device's profiles; the second is of those with a second film.
const (
	mainProfile  = "main"
	smallProfile = "small"
)

func (o *onvif) ofMedia(f *feed, path string, host netip.Addr, name, asked string) string {
	if name == "GetProfiles" {
		said := f.profile(mainProfile)
		if f.small != nil {
			said += f.small.profile(smallProfile)
		}
		return `<trt:GetProfilesResponse>` + said + `</trt:GetProfilesResponse>`
	}
	switch {
	case asked == smallProfile && f.small != nil:
		path = SmallPath(path)
	case asked != mainProfile:
		return ""
	}
	uri := ""
	switch name {
	case "GetStreamUri":
		rtsp := o.c.addr.(*net.TCPAddr).AddrPort()
		uri = "rtsp://" + at(rtsp, host) + path
	case "GetSnapshotUri":
		uri = "http://" + at(o.addr, host) + "/snapshot" + path
	default:
		return ""
	}
	return fmt.Sprintf(`<trt:%sResponse><trt:MediaUri><tt:Uri>%s</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:%sResponse>`,
		name, escape(uri), name)
}

// profile describes a film as the profile of a token.
func (f *feed) profile(token string) string {
	var sps h264.SPS
	width, height := 0, 0
	if err := sps.Unmarshal(f.clip.sps); err == nil {
		width, height = sps.Width(), sps.Height()
	}
	return fmt.Sprintf(`<trt:Profiles token="%[1]s" fixed="true"><tt:Name>%[1]s</tt:Name>`+
		`<tt:VideoSourceConfiguration token="source"><tt:Name>Source</tt:Name><tt:UseCount>1</tt:UseCount><tt:SourceToken>source</tt:SourceToken><tt:Bounds x="0" y="0" width="%[2]d" height="%[3]d"/></tt:VideoSourceConfiguration>`+
		`<tt:VideoEncoderConfiguration token="encoder-%[1]s"><tt:Name>Encoder</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>%[2]d</tt:Width><tt:Height>%[3]d</tt:Height></tt:Resolution>`+
		`<tt:Quality>5</tt:Quality><tt:SessionTimeout>PT60S</tt:SessionTimeout></tt:VideoEncoderConfiguration></trt:Profiles>`,
		token, width, height)
}

// snapshot sends the picture that the feed shows about now.
func (o *onvif) snapshot(w http.ResponseWriter, r *http.Request, path string) {
	f := o.c.feeds[path]
	if f == nil {
		http.NotFound(w, r)
		return
	}
	if !o.door.lets(r, nil) {
		o.door.ask(w)
		http.Error(w, "a password is needed", http.StatusUnauthorized)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), snapshotTime)
	defer cancel()
	into := f.shown(time.Now()).Truncate(time.Millisecond)
	cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-ss", fmt.Sprintf("%.3f", into.Seconds()), "-i", f.file, "-frames:v", "1", "-f", "mjpeg", "-")
	b, err := cmd.Output()
	if err != nil || len(b) == 0 {
		o.c.cfg.Log.Error("a single picture could not be made", "err", err)
		http.Error(w, "no picture", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	_, _ = w.Write(b) // whoever is gone gets none
}

func (o *onvif) fault(w http.ResponseWriter, status int, code, subcode string) {
	envelope(w, status, fmt.Sprintf(`<s:Fault><s:Code><s:Value>s:%s</s:Value><s:Subcode><s:Value>%s</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">%s</s:Text></s:Reason></s:Fault>`,
		code, subcode, strings.TrimPrefix(subcode, "ter:")))
}

func envelope(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/soap+xml; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="`+deviceNamespace+`" xmlns:trt="`+mediaNamespace+
		`" xmlns:tev="`+eventsNamespace+`" xmlns:tdc="`+doorNamespace+`" xmlns:wsnt="`+notifyNamespace+`" xmlns:wstop="http://docs.oasis-open.org/wsn/t-1" xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:tns1="http://www.onvif.org/ver10/topics`+
		`" xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:ter="http://www.onvif.org/ver10/error"><s:Body>`+body+`</s:Body></s:Envelope>`) // whoever is gone hears nothing
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}
