// SPDX-License-Identifier: Apache-2.0

package ingest_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
)

func TestACameraIsKnownByTheCertificateThatItMadeItself(t *testing.T) {
	t.Parallel()
	clip := cameratest.Clip(t, cameratest.Silent())
	own := cameratest.Certificate(t)
	serve := func(addr string) *camera.Camera {
		c, err := camera.Start(camera.Config{
			Addr: addr, User: "anna", Pass: "secret", TLS: own, Feeds: []camera.Feed{{Path: "front", File: clip}},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	c := serve("127.0.0.1:0")
	addr := c.Addr().String()
	url := "rtsps://anna:secret@" + addr + "/front"

	var k taker
	var met [][]byte
	s := run(t, ingest.Config{URL: url, Sink: &k, Meet: func(sum []byte) { met = append(met, sum) }})
	until(t, "pictures of a camera that is met", 10*time.Second, func() bool { n, _, _ := k.count(); return n > 20 })
	if got, want := met[0], sha256.Sum256(own.Certificates[0].Certificate[0]); string(got) != string(want[:]) {
		t.Fatal("what was met is not the camera's certificate")
	}
	if s.Status().State != ingest.StateRunning {
		t.Errorf("the camera is %s", s.Status().State)
	}
	first := met[0]
	var known taker
	run(t, ingest.Config{URL: url, Sink: &known, Certificate: first})
	until(t, "pictures of a camera that is known", 10*time.Second, func() bool { n, _, _ := known.count(); return n > 20 })

	// Something else answers at the address of the camera.
	c.Close()
	own = cameratest.Certificate(t)
	serve(addr)
	for name, cfg := range map[string]ingest.Config{
		"known by another": {Certificate: first}, "never met": {},
	} {
		var none taker
		cfg.URL, cfg.Sink = url, &none
		s := run(t, cfg)
		until(t, "the refusal", 10*time.Second, func() bool { return s.Status().State == ingest.StateStranger })
		if n, _, _ := none.count(); n != 0 {
			t.Errorf("%s: %d frames were taken", name, n)
		}
	}
}
