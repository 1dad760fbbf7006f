// SPDX-License-Identifier: Apache-2.0

package record_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"keyhold/home/camera/cameratest"
	"keyhold/home/ingest"
	"keyhold/media"
)

// gstCamera is a camera of GStreamer's RTSP server: none of our code. It asks for a password by digest and plays a file
// once for each client.
const gstCamera = `
import sys, gi
gi.require_version('Gst', '1.0')
gi.require_version('GstRtsp', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import Gst, GLib, GstRtsp, GstRtspServer
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address('127.0.0.1')
server.set_service('0')
auth = GstRtspServer.RTSPAuth()
auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
token = GstRtspServer.RTSPToken()
token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, 'user')
auth.add_digest('anna', 'secret', token)
server.set_auth(auth)
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch('( filesrc location=' + sys.argv[1] + ' ! qtdemux name=d '
    'd.video_0 ! queue ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 '
    'd.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97 )')
permissions = GstRtspServer.RTSPPermissions()
permissions.add_permission_for_role('user', 'media.factory.access', True)
permissions.add_permission_for_role('user', 'media.factory.construct', True)
factory.set_permissions(permissions)
server.get_mount_points().add_factory('/front', factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
`

func TestACameraThatIsNotOursIsRecordedWithSoundAndPictureTogether(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "/usr/bin/python3", "-c", gstCamera, cameratest.Clip(t, cameratest.Blip()))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // it was killed
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal("GStreamer's RTSP server does not start; `make setup` installs it")
	}

	b := newBench(t)
	r := b.recorder(b.config())
	src, err := ingest.New(ingest.Config{URL: "rtsp://anna:secret@127.0.0.1:" + strings.TrimSpace(port) + "/front", Sink: r})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); src.Run(ctx) }()
	// Its clip lasts ten seconds; then the session ends, and with it the pack.
	packs := func() int {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.made)
	}
	for end := time.Now().Add(40 * time.Second); packs() == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no pack; the source is %s", src.Status().State)
		}
	}
	cancel()
	<-done
	r.Close()

	b.made = b.made[:1]
	b.holds(b.made[0])
	path, res := b.export(media.Options{})
	if shown := float64(res.Shown) / 1e6; shown < 8.9 || shown > 10.1 {
		t.Errorf("%.2f s of ten were recorded", shown)
	}
	flashes, beeps := cameratest.FlashesAndBeeps(t, path)
	if n, _ := cameratest.Together(t, flashes, beeps, 40*time.Millisecond); n < 6 {
		t.Errorf("only %d flashes in ten seconds", n)
	}
}
