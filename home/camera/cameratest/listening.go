// SPDX-License-Identifier: Apache-2.0

package cameratest

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Listening starts ffmpeg as a loudspeaker that takes RTP, PCMU or PCMA, and gives its address. heard is what came so far.
func Listening(t testing.TB, law string) (address string, heard func() []int16) {
	t.Helper()
	number := map[string]int{"PCMU": 0, "PCMA": 8}[law]
	l, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := netip.MustParseAddrPort(l.LocalAddr().String())
	_ = l.Close()
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
	t.Cleanup(func() { _ = run.Process.Kill(); <-done })
	waitFor(t, "udp", at.String())
	return "rtp://" + at.String(), func() []int16 {
		b, err := os.ReadFile(out)
		if err != nil {
			return nil // nothing came
		}
		return FromLaw(b)
	}
}
