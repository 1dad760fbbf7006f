// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"keyhold/home/gate"
	"keyhold/statement/rule"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhereACameraMayBe(t *testing.T) {
	t.Parallel()
	here := []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1935")}
	for address, free := range map[string]bool{
		"192.168.1.20:80": true, "10.0.0.1:80": true, "100.64.1.1:80": true, "203.0.113.9:80": true, "[fd12::1]:80": true, "[2001:db8::1]:80": true,
		"127.0.0.1:1935": true, "[::ffff:127.0.0.1]:1935": true,
		"127.0.0.1:80": false, "127.9.9.9:1935": false, "[::1]:80": false, "0.0.0.0:80": false, "[::]:80": false, "[::ffff:127.0.0.1]:80": false,
		"169.254.169.254:80": false, "[fe80::1%eth0]:80": false, "224.0.0.1:80": false, "255.255.255.255:80": false, "0.1.2.3:80": false,
		"100.100.100.200:80": false, "168.63.129.16:80": false, "[fd00:ec2::254]:80": false, "[64:ff9b::127.0.0.1]:80": false,
		"[2002:7f00:1::]:80": false, "[::127.0.0.1]:80": false, "[64:ff9b::192.168.1.20]:80": true,
	} {
		err := gate.Allowed(netip.MustParseAddrPort(address), here)
		if free != (err == nil) || !free && rule.Of(err) != rule.Here {
			t.Errorf("%s: %v", address, err)
		}
	}
	list, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok {
			own, _ := netip.AddrFromSlice(n.IP)
			if gate.Allowed(netip.AddrPortFrom(own, 80), nil) == nil {
				t.Errorf("this computer's own %s is free", own)
			}
		}
	}
}

// through asks by a gate that leads to a server.
func through(t *testing.T, server *httptest.Server, open bool) (*gate.Gate, *http.Client) {
	t.Helper()
	host, port, _ := net.SplitHostPort(strings.TrimPrefix(server.URL, "http://"))
	g, err := gate.New(t.Context(), gate.Config{
		Host: host, Port: port, HTTP: true, Here: []netip.AddrPort{netip.MustParseAddrPort(net.JoinHostPort(host, port))},
	})
	if err != nil {
		t.Fatal(err)
	}
	if open {
		g.Open()
	}
	tr := &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: g.Addr()})}
	t.Cleanup(func() { tr.CloseIdleConnections(); g.Close(); g.Close() })
	return g, &http.Client{Transport: tr}
}

func TestAGateLeadsToOneCamera(t *testing.T) {
	t.Parallel()
	camera := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, ok := r.BasicAuth(); r.URL.Path == "/locked" || r.URL.Path == "/basic" && !ok {
			w.WriteHeader(http.StatusUnauthorized)
		}
		w.Header().Set("Content-Type", "application/vnd.apple.mpegurl")
	}))
	t.Cleanup(camera.Close)
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	g, client := through(t, camera, true)
	ask := func(method, url string) int {
		r, err := http.NewRequestWithContext(t.Context(), method, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		a, err := client.Do(r)
		if err != nil {
			return 0
		}
		a.Body.Close()
		return a.StatusCode
	}
	if ask("GET", camera.URL+"/a") != http.StatusOK || g.Said().Barred != nil || !g.Said().List || g.Said().Password {
		t.Errorf("the camera: %+v", g.Said())
	}
	if ask("GET", camera.URL+"/locked") != http.StatusUnauthorized || !g.Said().Password {
		t.Error("a password that is wanted is not noticed")
	}
	for _, to := range [][2]string{{"GET", other.URL}, {"POST", camera.URL}, {"GET", strings.Replace(camera.URL, "127.0.0.1", "localhost", 1)}} {
		if status := ask(to[0], to[1]); status != http.StatusForbidden || rule.Of(g.Said().Barred) != rule.Elsewhere {
			t.Errorf("%s: %d, %v", to, status, g.Said().Barred)
		}
	}
	if ask("GET", strings.Replace(camera.URL, "http:", "https:", 1)) != 0 {
		t.Error("a tunnel was dug")
	}
}

func TestNothingGoesThroughBeforeAGateIsOpened(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	camera := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- struct{}{} }))
	t.Cleanup(camera.Close)
	g, client := through(t, camera, false)
	done := make(chan error, 1)
	go func() {
		r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, camera.URL, http.NoBody)
		if err == nil {
			var a *http.Response
			if a, err = client.Do(r); err == nil {
				a.Body.Close()
			}
		}
		done <- err
	}()
	select {
	case <-asked:
		t.Error("the camera was asked through a gate that is shut")
	case <-time.After(200 * time.Millisecond):
	}
	g.Open()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
