// SPDX-License-Identifier: Apache-2.0

package find

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"keyhold/statement/rule"
)

var here = netip.MustParseAddr("127.0.0.1")

const envelopeHead = `<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery">`

func match(endpoint, addresses string) string {
	return `<d:ProbeMatch><a:EndpointReference><a:Address>` + endpoint + `</a:Address></a:EndpointReference><d:Types>dn:NetworkVideoTransmitter</d:Types>` +
		`<d:Scopes>onvif://www.onvif.org/name/Some%20maker%0a onvif://www.onvif.org/hardware/X%31</d:Scopes><d:XAddrs>` + addresses + `</d:XAddrs></d:ProbeMatch>`
}

func answerTo(message string, matches ...string) []byte {
	return []byte(envelopeHead + `<s:Header><a:RelatesTo>` + message + `</a:RelatesTo></s:Header><s:Body><d:ProbeMatches>` + strings.Join(matches, "") + `</d:ProbeMatches></s:Body></s:Envelope>`)
}

func TestAnswersToProbes(t *testing.T) {
	t.Parallel()
	const message, good = "uuid:1", "http://127.0.0.1:80/onvif/device_service"
	for name, c := range map[string]struct {
		answer []byte
		want   string
	}{
		"as it ought to be":          {answerTo(message, match("urn:uuid:a", good)), good},
		"to another probe":           {answerTo("uuid:2", match("urn:uuid:a", good)), ""},
		"at another host":            {answerTo(message, match("urn:uuid:a", "http://127.0.0.2/onvif/device_service")), ""},
		"at a name":                  {answerTo(message, match("urn:uuid:a", "http://localhost/onvif/device_service")), ""},
		"at several":                 {answerTo(message, match("urn:uuid:a", "http://10.0.0.1/x https://127.0.0.1/x "+good)), good},
		"with a user":                {answerTo(message, match("urn:uuid:a", "http://eve:x@127.0.0.1:80/onvif/device_service")), good},
		"with a user that is a host": {answerTo(message, match("urn:uuid:a", "http://127.0.0.1:80@10.0.0.1/x")), ""},
		"of a file":                  {answerTo(message, match("urn:uuid:a", "file:///etc/passwd")), ""},
		"without a name":             {answerTo(message, match("", good)), ""},
		"with a type definition":     {append([]byte(`<!DOCTYPE x [<!ENTITY a "b">]>`), bytes.TrimPrefix(answerTo(message, match("urn:uuid:a", good)), []byte(`<?xml version="1.0"?>`))...), ""},
		"no document":                {[]byte("hello"), ""},
		"nothing":                    {nil, ""},
	} {
		found := readMatches(c.answer, message, here)
		switch {
		case c.want == "" && len(found) != 0:
			t.Errorf("%s: found %v", name, found)
		case c.want != "" && (len(found) != 1 || found[0].Service != c.want || found[0].Maker != "Some maker" || found[0].Model != "X1"):
			t.Errorf("%s: found %+v, want %s", name, found, c.want)
		}
	}
	many := make([]string, 200)
	for i := range many {
		many[i] = match(fmt.Sprint("urn:uuid:", i), fmt.Sprintf("http://127.0.0.1:80/%d", i))
	}
	if found := readMatches(answerTo(message, many...), message, here); len(found) != MaxDevices {
		t.Errorf("%d of 200 were taken", len(found))
	}
}

// hostile is a camera that answers everything with one thing.
func hostile(t *testing.T, answer http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return Open(Device{Host: here, Service: server.URL + "/onvif/device_service"}, "anna", "secret")
}

func body(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, envelopeHead+`<s:Body>`+text+`</s:Body></s:Envelope>`)
	}
}

func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	// Whoever the answers point at must not be asked anything.
	var asked atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(other.Close)
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "127.0.0.2", 1)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   rule.Name
	}{
		"a huge answer": {func(w http.ResponseWriter, _ *http.Request) {
			for range 1 << 10 {
				if _, err := io.WriteString(w, strings.Repeat("<a></a>", 1<<10)); err != nil {
					return
				}
			}
		}, rule.Length},
		"a type definition": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]><lolz>&lol2;</lolz>`)
		}, rule.Syntax},
		"an entity":            {body(`<x>&lol;</x>`), rule.Syntax},
		"elements without end": {body(strings.Repeat("<a>", 1000) + strings.Repeat("</a>", 1000)), rule.Depth},
		"a redirection": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
		}, rule.Elsewhere},
		"a redirection to itself": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		}, rule.Elsewhere},
		"a media service elsewhere": {body(`<GetServicesResponse><Service><Namespace>` + mediaNamespace + `</Namespace><XAddr>` + elsewhere + `</XAddr></Service></GetServicesResponse>`), rule.Elsewhere},
		"no document":               {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }, rule.Syntax},
	} {
		if _, err := hostile(t, c.answer).Streams(t.Context()); rule.Of(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if asked.Load() != 0 {
		t.Errorf("somebody else was asked %d times", asked.Load())
	}
}

// canned is a camera of the second media version that knows passwords over HTTP only. Its streams are where it is told.
func canned(t *testing.T, stream, snapshot string) *Client {
	t.Helper()
	var own string
	c := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if !strings.HasPrefix(r.Header.Get("Authorization"), `Digest username="anna", realm="a, b"`) {
			w.Header().Add("WWW-Authenticate", `Basic realm="x"`)
			w.Header().Add("WWW-Authenticate", `Digest realm="a, b", nonce="n", qop="auth,auth-int", algorithm=SHA-256`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		said := ""
		switch text := string(b); {
		case strings.Contains(text, "<GetServices"):
			said = `<GetServicesResponse><Service><Namespace>` + media2Namespace + `</Namespace><XAddr>` + own + `</XAddr></Service></GetServicesResponse>`
		case strings.Contains(text, "<GetProfiles"):
			said = `<GetProfilesResponse><Profiles token="a&amp;b"><Configurations><VideoEncoder><Encoding>H265</Encoding><Resolution><Width>3840</Width><Height>2160</Height></Resolution></VideoEncoder></Configurations></Profiles>` +
				`<Profiles token="2"><Configurations><VideoEncoder><Encoding>H264</Encoding><Resolution><Width>-1</Width><Height>720</Height></Resolution></VideoEncoder></Configurations></Profiles></GetProfilesResponse>`
		case strings.Contains(text, "<GetStreamUri") && strings.Contains(text, "a&amp;b"):
			said = `<GetStreamUriResponse><Uri>rtsp://127.0.0.1/big</Uri></GetStreamUriResponse>`
		case strings.Contains(text, "<GetStreamUri"):
			said = `<GetStreamUriResponse><Uri>` + stream + `</Uri></GetStreamUriResponse>`
		case strings.Contains(text, "<GetSnapshotUri"):
			said = `<GetSnapshotUriResponse><Uri>` + snapshot + `</Uri></GetSnapshotUriResponse>`
		}
		body(said)(w, r)
	})
	own = c.device.Service
	return c
}

func TestSecondMediaVersionAndDigest(t *testing.T) {
	t.Parallel()
	streams, err := canned(t, "rtsp://127.0.0.1:554/s?a=1&amp;b=2", "http://127.0.0.1/p.jpg").Streams(t.Context())
	if err != nil || len(streams) != 2 {
		t.Fatalf("%v, %v", streams, err)
	}
	if s := streams[0]; s.URL != "rtsp://127.0.0.1:554/s?a=1&b=2" || s.Codec != "H264" || s.Width != 0 || s.Height != 720 || s.Snapshot != "http://127.0.0.1/p.jpg" {
		t.Errorf("the best is %+v", s)
	}
	streams, err = canned(t, "rtsp://10.0.0.1/s", "http://10.0.0.1/p.jpg").Streams(t.Context())
	if err != nil || len(streams) != 1 || streams[0].Codec != "H265" || streams[0].Snapshot != "" {
		t.Errorf("a stream elsewhere: %v, %v", streams, err)
	}
}

func TestPasswordIsNeverHandedOver(t *testing.T) {
	t.Parallel()
	c := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if strings.Contains(string(b), "secret") || r.Header.Get("Authorization") != "" {
			t.Errorf("the camera is told %s %s", b, r.Header.Get("Authorization"))
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
		w.WriteHeader(http.StatusUnauthorized)
	})
	if _, err := c.Details(t.Context()); err != ErrPassword { //nolint:errorlint // exactly this
		t.Errorf("asked by Basic: %v", err)
	}
}

func TestPicturesGetSmall(t *testing.T) {
	t.Parallel()
	big := image.NewRGBA(image.Rect(0, 0, 1920, 1080))
	for i := range big.Pix {
		big.Pix[i] = byte(i * i >> 7)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, big, nil); err != nil {
		t.Fatal(err)
	}
	out, err := small(b.Bytes(), 24_576)
	if err != nil || len(out) > 24_576 {
		t.Fatalf("%d bytes, %v", len(out), err)
	}
	cfg, err := jpeg.DecodeConfig(bytes.NewReader(out))
	if err != nil || cfg.Width*9 != cfg.Height*16 || cfg.Width > smallWidth {
		t.Errorf("%d×%d, %v", cfg.Width, cfg.Height, err)
	}
	if _, err := small([]byte("GIF89a"), 1000); err == nil {
		t.Error("what is no JPEG was taken")
	}
	if _, err := small(b.Bytes(), 100); err == nil {
		t.Error("a picture of 100 bytes")
	}
}
