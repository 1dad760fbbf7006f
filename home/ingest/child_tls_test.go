// SPDX-License-Identifier: Apache-2.0

package ingest_test

import (
	"crypto/sha256"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
)

// sealed puts TLS in front of a server, and gives the address.
func sealed(t *testing.T, own *tls.Config, to string) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", own)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			a, err := l.Accept()
			if err != nil {
				return
			}
			b, err := new(net.Dialer).DialContext(t.Context(), "tcp", to)
			if err != nil {
				a.Close()
				continue
			}
			for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
				wg.Go(func() {
					buf := make([]byte, 32<<10)
					for {
						n, err := way[0].Read(buf)
						if n > 0 {
							_, _ = way[1].Write(buf[:n]) // its reader ends with it
						}
						if err != nil {
							break
						}
					}
					_, _ = a.Close(), b.Close()
				})
			}
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().String()
}

func TestACameraOfAnotherKindIsKnownByItsCertificate(t *testing.T) {
	t.Parallel()
	own := cameratest.Certificate(t)
	sum := sha256.Sum256(own.Certificates[0].Certificate[0])
	web := httptest.NewUnstartedServer(&cameratest.Web{Args: endless(t), Type: "video/mp2t", Auth: basic})
	web.TLS, web.Config.ErrorLog = own, slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // who is refused says so
	web.StartTLS()
	t.Cleanup(web.Close)
	rtmp := cameratest.FreeAddr(t)
	cameratest.StartServer(t, "-re", "-stream_loop", "-1", "-i", cameratest.Clip(t, cameratest.Silent()), "-c", "copy", "-f", "flv", "-listen", "1", "rtmp://"+rtmp+"/live/a")
	over := sealed(t, own, rtmp)
	for url, at := range map[string]string{
		"https://anna:se%20cret'9@" + strings.TrimPrefix(web.URL, "https://") + "/a": strings.TrimPrefix(web.URL, "https://"),
		"rtmps://" + over + "/live/a": over,
	} {
		name, _, _ := strings.Cut(url, ":")
		t.Run(name, func(t *testing.T) {
			other := sha256.Sum256([]byte("another"))
			for who, cfg := range map[string]ingest.Config{"another": {Certificate: other[:]}, "nobody": {}} {
				cfg.URL, cfg.Here = url, here(t, at)
				s := run(t, cfg)
				until(t, "the refusal of "+who, 15*time.Second, func() bool { return s.Status().State == ingest.StateStranger })
			}
			var mu sync.Mutex
			var met []byte
			var k taker
			run(t, ingest.Config{URL: url, Sink: &k, Here: here(t, at), Meet: func(b []byte) { mu.Lock(); met = b; mu.Unlock() }})
			until(t, "frames of a camera that is met", 25*time.Second, k.some(20))
			mu.Lock()
			defer mu.Unlock()
			if string(met) != string(sum[:]) {
				t.Error("what was met is not the camera's certificate")
			}
		})
	}
}
