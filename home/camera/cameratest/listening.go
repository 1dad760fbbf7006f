// SPDX-License-Identifier: Apache-2.0

package cameratest

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Listening starts ffmpeg as a loudspeaker that takes RTP, PCMU or PCMA, at an address or, if that is "", at a free one.
// heard is what came so far. It hears one sender: whoever wants it to hear another ends it, and starts one anew.
func Listening(t testing.TB, law, address string) (to string, heard func() []int16, end func()) {
	t.Helper()
	number := map[string]int{"PCMU": 0, "PCMA": 8}[law]
	if address == "" {
		l, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		address = "rtp://" + l.LocalAddr().String()
	}
	at := netip.MustParseAddrPort(strings.TrimPrefix(address, "rtp://"))
	dir := t.TempDir()
	sdp, out := filepath.Join(dir, "listening.sdp"), filepath.Join(dir, "heard.ulaw")
	text := fmt.Sprintf("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP %d\r\na=rtpmap:%d %s/8000\r\n", at.Port(), number, number, law)
	if err := os.WriteFile(sdp, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-v", "error", "-y", "-protocol_whitelist", "file,rtp,udp", "-probesize", "32", "-analyzeduration", "0", "-fflags", "nobuffer", "-i", sdp,
		"-c:a", "pcm_mulaw", "-f", "mulaw", "-flush_packets", "1", out)
	run.Stderr = os.Stderr
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = run.Wait() }()
	end = sync.OnceFunc(func() { _ = run.Process.Kill(); <-done })
	t.Cleanup(end)
	waitFor(t, "udp", at.String())
	return address, func() []int16 {
		b, err := os.ReadFile(out)
		if err != nil {
			return nil // nothing came
		}
		return FromLaw(b)
	}, end
}
