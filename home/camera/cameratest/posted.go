// SPDX-License-Identifier: Apache-2.0

package cameratest

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Posted starts ffmpeg as a loudspeaker that takes µ-law by one POST, at an address or, if that is "", at a free one. heard waits until that has
// ended, and says what came.
func Posted(t testing.TB, address string) (at string, heard func() []int16) {
	t.Helper()
	law := filepath.Join(t.TempDir(), "posted.ulaw")
	if address == "" {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		address = "http://" + l.Addr().String() + "/talk"
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-v", "error", "-y", "-probesize", "32", "-fflags", "nobuffer", "-f", "mulaw", "-ar", "8000", "-ac", "1", "-listen", "1", "-i", address, "-f", "mulaw", "-flush_packets", "1", law)
	run.Stderr = os.Stderr
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = run.Wait() }() // that the sound ends in the middle is an error to it
	t.Cleanup(func() { _ = run.Process.Kill(); <-done })
	waitFor(t, "tcp", u.Host)
	return address, func() []int16 {
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Fatal("ffmpeg hears no end of it")
		}
		b, err := os.ReadFile(law)
		if err != nil {
			t.Fatal(err)
		}
		return FromLaw(b)
	}
}

// waitFor waits until somebody listens. Asking there would count: ffmpeg hears one connection and no more.
func waitFor(t testing.TB, by, at string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !listens(t, by, at); {
		if time.Now().After(end) {
			t.Fatal("ffmpeg does not listen")
		}
		<-time.After(20 * time.Millisecond)
	}
}

// listens says whether somebody does at an address of IPv4, by tcp or udp, as Linux tells it.
func listens(t testing.TB, by, at string) bool {
	t.Helper()
	port := netip.MustParseAddrPort(at).Port()
	b, err := os.ReadFile("/proc/net/" + by)
	if err != nil {
		t.Fatal(err)
	}
	state := map[string]string{"tcp": "0A", "udp": "07"}[by]
	return strings.Contains(string(b), fmt.Sprintf(":%04X 00000000:0000 %s", port, state))
}
