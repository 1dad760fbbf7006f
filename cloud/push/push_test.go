// SPDX-License-Identifier: Apache-2.0

package push

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"keyhold/api"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// target is a push service of the test's own.
type target struct {
	*httptest.Server
	status int
	header http.Header
	got    []*http.Request
	bodies [][]byte
}

func newTarget(t *testing.T) *target {
	x := &target{status: http.StatusCreated, header: http.Header{}}
	x.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		x.got, x.bodies = append(x.got, r), append(x.bodies, b)
		for k, v := range x.header {
			w.Header()[k] = v
		}
		w.WriteHeader(x.status)
	}))
	t.Cleanup(x.Close)
	return x
}

func message(endpoint string) *request.Push {
	return &request.Push{
		Endpoint: endpoint, Body: bytes.Repeat([]byte{7}, request.PushSize), Proof: "vapid t=a.b.c, k=d", TTL: 60, Urgency: request.UrgencyHigh,
	}
}

func service(t *testing.T, more ...string) *Service {
	t.Helper()
	s, err := New(more)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestAMessageIsBroughtAsItIs(t *testing.T) {
	x := newTarget(t)
	got, err := service(t, x.URL).Send(t.Context(), message(x.URL+"/push/1"))
	if err != nil || got.Outcome != api.PushSent || len(x.got) != 1 {
		t.Fatalf("%+v, %v, %d requests", got, err, len(x.got))
	}
	r := x.got[0]
	for name, want := range map[string]string{
		"Authorization": "vapid t=a.b.c, k=d", "Content-Encoding": "aes128gcm", "TTL": "60", "Urgency": "high", "Topic": "",
	} {
		if r.Header.Get(name) != want {
			t.Errorf("%s is %q", name, r.Header.Get(name))
		}
	}
	if r.URL.Path != "/push/1" || !bytes.Equal(x.bodies[0], message("").Body) {
		t.Errorf("%s with %d bytes", r.URL.Path, len(x.bodies[0]))
	}
}

func TestWhatAServiceAnswersIsToldTheHub(t *testing.T) {
	x := newTarget(t)
	s := service(t, x.URL)
	for status, want := range map[int]api.Pushed{
		201: {Outcome: api.PushSent}, 204: {Outcome: api.PushSent}, 404: {Outcome: api.PushGone}, 410: {Outcome: api.PushGone},
		429: {Outcome: api.PushLater, After: 30}, 503: {Outcome: api.PushLater}, 400: {Outcome: api.PushRefused}, 403: {Outcome: api.PushRefused},
		413: {Outcome: api.PushRefused},
	} {
		x.status, x.header = status, http.Header{}
		if want.After > 0 {
			x.header.Set("Retry-After", "30")
		}
		if got, err := s.Send(t.Context(), message(x.URL+"/p")); err != nil || *got != want {
			t.Errorf("%d: %+v, %v, want %+v", status, got, err, want)
		}
	}
	x.Close()
	if got, err := s.Send(t.Context(), message(x.URL+"/p")); err != nil || got.Outcome != api.PushLater {
		t.Errorf("where nobody answers: %+v, %v", got, err)
	}
}

func TestARedirectionIsNotFollowed(t *testing.T) {
	inner, x := newTarget(t), newTarget(t)
	x.status = http.StatusTemporaryRedirect
	x.header.Set("Location", inner.URL+"/inside")
	got, err := service(t, x.URL, inner.URL).Send(t.Context(), message(x.URL+"/p"))
	if err != nil || got.Outcome != api.PushRefused || len(inner.got) != 0 {
		t.Errorf("%+v, %v, and %d requests came where it points", got, err, len(inner.got))
	}
}

func ruleOf(err error) rule.Name {
	var p *api.Problem
	if errors.As(err, &p) {
		return p.Rule
	}
	return ""
}

func TestOnlyTheListIsSentTo(t *testing.T) {
	x := newTarget(t)
	s := service(t)
	for _, endpoint := range []string{
		x.URL + "/p", "https://127.0.0.1/p", "https://push.example/p", "http://fcm.googleapis.com/fcm/send/1", "https://fcm.googleapis.com:8443/p",
		"https://user@fcm.googleapis.com/p", "https://fcm.googleapis.com.evil.example/p", "https://evil-fcm.googleapis.com/p", "https://push.services.mozilla.com@127.0.0.1/",
		"https://.push.services.mozilla.com/", "https://a..push.services.mozilla.com/", "https://[::1]/p", "https:fcm.googleapis.com/p", "https:///p",
	} {
		if _, err := s.Send(t.Context(), message(endpoint)); ruleOf(err) != rule.PushHost {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	for _, endpoint := range []string{
		"https://updates.push.services.mozilla.com/wpush/v2/1", "https://FCM.googleapis.com/fcm/send/1", "https://web.push.apple.com:443/1", "https://db5p.notify.windows.com/w/?token=1",
	} {
		if _, err := s.hosts.target(endpoint); err != nil {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	if len(x.got) != 0 {
		t.Errorf("%d requests came", len(x.got))
	}
}

// A name that the operator has on the list still leads to no address inside; one that is written down as such does.
func TestANameNeverLeadsInside(t *testing.T) {
	x := newTarget(t)
	port := x.URL[strings.LastIndex(x.URL, ":"):]
	s := service(t)
	s.hosts.literal = append(s.hosts.literal, "http://localhost"+port) // as if it were a name of the list, at this port
	if _, err := s.Send(t.Context(), message("http://localhost"+port+"/p")); ruleOf(err) != rule.PushInside || len(x.got) != 0 {
		t.Errorf("%v, and %d requests came", err, len(x.got))
	}
}

func TestWhatIsOpen(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "2a00:1450:4001::1": true, "127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "224.0.0.1": false, "255.255.255.255": false, "192.0.2.1": false, "::1": false, "::": false, "fe80::1": false,
		"fd00::1": false, "::ffff:127.0.0.1": false, "::ffff:8.8.8.8": true, "64:ff9b::a00:1": false, "2002:7f00:1::": false, "2001:0:1::": false, "ff02::1": false,
	} {
		if got := open(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}

func TestWhatAnOperatorMayAdd(t *testing.T) {
	for _, bad := range []string{"localhost", "http://10.0.0.1:80", "https://push.example", "127.0.0.1", "http://127.0.0.1", "http://127.0.0.1:80/path", "", "a b.c", "ftp://127.0.0.1:1"} {
		if _, err := New([]string{bad}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	for _, good := range []string{"push.example", ".push.example", "http://127.0.0.1:8080", "https://10.0.0.1:8443", "http://[::1]:80"} {
		if _, err := New([]string{good}); err != nil {
			t.Error(err)
		}
	}
}
