// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"keyhold/api"
)

// output collects what the program prints.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

var place = regexp.MustCompile(`serving on (https?://\S+)`)

// start runs the program until the test ends and returns where it serves.
func start(t *testing.T, args ...string) (string, *output) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, done := &output{}, make(chan error, 1)
	go func() { done <- run(ctx, append([]string{"serve"}, args...), out, io.Discard) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the program ended with %v", err)
		}
	})
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if m := place.FindStringSubmatch(out.String()); m != nil {
			return m[1], out
		}
		select {
		case err := <-done:
			done <- nil
			t.Fatalf("the program ended with %v", err)
		default:
		}
	}
	t.Fatalf("the program does not say that it serves: %s", out)
	return "", nil
}

func TestItServesUntilInterrupted(t *testing.T) {
	base, out := start(t, "--listen", "127.0.0.1:0", "--data", t.TempDir())
	info, err := (&api.Client{Base: base, HTTP: &http.Client{}}).Info(t.Context())
	if err != nil || len(info.To) != 32 || info.RetentionDays != 30 {
		t.Errorf("%+v, %v", info, err)
	}
	if !strings.Contains(out.String(), "exactly one process") {
		t.Errorf("it does not say that it is one process: %s", out)
	}
}

func TestItSpeaksTLS(t *testing.T) {
	cert, key, roots := certificate(t)
	base, _ := start(t, "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--tls-cert", cert, "--tls-key", key)
	if !strings.HasPrefix(base, "https://") {
		t.Fatal(base)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/v1/info", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK || res.ProtoMajor != 2 || res.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%s over %s, %v", res.Status, res.Proto, res.Header)
	}
	// A socket finds its way beside HTTP/2.
	_, err = (&api.Client{Base: base, HTTP: client}).Socket(t.Context(), []byte("{}"))
	if api.KindOf(err) != api.Invalid {
		t.Errorf("socket: %v", err)
	}
}

func TestItRefusesWhatWouldBeUnsafeOrUnclear(t *testing.T) {
	dir := t.TempDir()
	for want, args := range map[string][]string{
		"--tls-cert":       {"serve", "--listen", "0.0.0.0:0", "--data", dir},
		"certificate":      {"serve", "--tls-cert", "x", "--data", dir},
		"unknown flag":     {"serve", "--demo"},
		"--help":           {"serve", "more"},
		"expected \"serve": {},
		"origin":           {"serve", "--listen", "127.0.0.1:0", "--data", dir, "--origin", "cloud"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		err := run(ctx, args, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want a word on %s", args, err, want)
		}
		cancel()
	}
}

func TestHelpIsNoFailure(t *testing.T) {
	out := &output{}
	if err := run(t.Context(), []string{"serve", "--help"}, out, out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--listen", "--data", "--origin", "--tls-cert", "--tls-key", "KEYHOLD_CLOUD_DATA"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is not in the help:\n%s", want, out)
		}
	}
}

// certificate makes one for 127.0.0.1 that signs itself.
func certificate(t *testing.T) (cert, key string, roots *x509.CertPool) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, b []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(parsed)
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", private), roots
}
