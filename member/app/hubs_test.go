// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"keyhold/member/app"
)

// hubAt answers at an address like a hub with this key.
func hubAt(t *testing.T, key ed25519.PrivateKey, answer http.Handler) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(answer)
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// post asks for a way, as a page of some origin does.
func post(t *testing.T, address, origin, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	res, err := new(http.Client).Do(req)
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

func wish(key ed25519.PublicKey, addresses ...string) string {
	return fmt.Sprintf(`{"addresses":["%s"],"hub":"%s"}`, strings.Join(addresses, `","`), base64.StdEncoding.EncodeToString(key))
}

func keys(t *testing.T) (ed25519.PublicKey, ed25519.PrivateKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return public, private
}

func TestAPageReachesItsHubAtHome(t *testing.T) {
	public, private := keys(t)
	at := hubAt(t, private, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			conn, err := websocket.Accept(w, r, nil)
			if err != nil {
				t.Errorf("accept: %v", err)
				return
			}
			defer conn.CloseNow()
			_ = conn.Write(r.Context(), websocket.MessageText, []byte("mail"))
			return
		}
		w.Header().Set("Set-Cookie", "a=b")
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "the hub: "+r.URL.Path)
	}))
	address := start(t, app.Config{Cloud: "http://127.0.0.1:1", Files: http.NotFoundHandler()})
	status, path := post(t, address+"/home", address, wish(public, "192.0.2.7:7441", at))
	if status != http.StatusOK || path != "/home/0" {
		t.Fatalf("%d %q", status, path)
	}
	status, body := get(t, address+path+"/v1/info", nil)
	if status != http.StatusOK || body != "the hub: /v1/info" {
		t.Errorf("%d %q", status, body)
	}
	if status, _ := get(t, address+path+"/elsewhere", nil); status != http.StatusNotFound {
		t.Errorf("a path that is none of the protocol's: %d", status)
	}
	conn, res, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(address, "http")+path+"/v1/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.Body != nil {
		defer res.Body.Close()
	}
	defer conn.CloseNow()
	if _, text, err := conn.Read(t.Context()); err != nil || string(text) != "mail" {
		t.Errorf("%q %v", text, err)
	}
	// A hub that is elsewhere in the network now keeps its path here.
	if _, again := post(t, address+"/home", address, wish(public, at)); again != path {
		t.Errorf("asked again it is at %q", again)
	}
}

func TestNobodyButTheHubIsSpokenWith(t *testing.T) {
	public, private := keys(t)
	another, stranger := keys(t)
	came := 0
	count := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came++ })
	at, false1 := hubAt(t, private, count), hubAt(t, stranger, count)
	plain := httptest.NewServer(count)
	t.Cleanup(plain.Close)
	address := start(t, app.Config{Cloud: "http://127.0.0.1:1", Files: http.NotFoundHandler()})
	for name, c := range map[string]struct {
		origin, body string
		status       int
	}{
		"no origin":              {"", wish(public, at), 403},
		"another origin":         {"http://evil.example", wish(public, at), 403},
		"another port":           {"http://localhost:1", wish(public, at), 403},
		"an address far away":    {address, wish(public, "198.51.100.7:7441"), 400},
		"a name":                 {address, wish(public, "hub.local:7441"), 400},
		"no address":             {address, `{"addresses":[],"hub":"` + base64.StdEncoding.EncodeToString(public) + `"}`, 400},
		"no key":                 {address, wish(public[:5], at), 400},
		"something else as well": {address, `{"x":1,` + wish(public, at)[1:], 400},
		"nothing":                {address, "", 400},
		"much":                   {address, strings.Repeat(" ", 5000) + wish(public, at), 400},
	} {
		if status, body := post(t, address+"/home", c.origin, c.body); status != c.status {
			t.Errorf("%s: %d %q", name, status, body)
		}
	}
	for name, there := range map[string]string{"another hub": false1, "no TLS": plain.Listener.Addr().String(), "nobody": "127.0.0.1:1"} {
		status, path := post(t, address+"/home", address, wish(public, there))
		if status != http.StatusOK {
			t.Fatalf("%s: %d %q", name, status, path)
		}
		if status, body := get(t, address+path+"/v1/info", nil); status != http.StatusBadGateway {
			t.Errorf("%s: %d %q", name, status, body)
		}
	}
	if _, path := post(t, address+"/home", address, wish(another, false1)); path != "/home/1" {
		t.Errorf("a second hub is at %q", path)
	}
	if came != 0 {
		t.Errorf("%d requests came to somebody else", came)
	}
	if status, _ := get(t, address+"/home/7/v1/info", nil); status != http.StatusNotFound {
		t.Errorf("a number that was never given: %d", status)
	}
	for n := range 20 {
		key, _ := keys(t)
		status, _ := post(t, address+"/home", address, wish(key, at))
		if want := n < 14; (status == http.StatusOK) != want {
			t.Errorf("hub %d: %d", n+3, status)
		}
	}
}
