// SPDX-License-Identifier: Apache-2.0

package cameratest

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A Foreign is one stream of a camera that is none of our code: GStreamer's RTSP server.
type Foreign struct {
	Path string
	// Launch is the pipeline, whose payloaders are pay0 and pay1. It begins anew for each client.
	Launch string
	// Hears is a file to which it writes what its speaker hears, as µ-law; none if empty.
	Hears string
	// Over is what the camera sends over: "tcp", "udp", or "" for what the client wants.
	Over string
	// Shuffle has three packets of eight come in another order and one of them twice.
	Shuffle bool
	// Lose is which packets are lost: every so manyeth; 0 for none.
	Lose int
}

const foreign = `
import sys, json, gi
gi.require_version('Gst', '1.0')
gi.require_version('GstRtsp', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import Gst, GLib, GstRtsp, GstRtspServer
Gst.init(None)
server = GstRtspServer.RTSPOnvifServer()
server.set_address('127.0.0.1')
server.set_service('0')
auth = GstRtspServer.RTSPAuth()
auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
token = GstRtspServer.RTSPToken()
token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, 'user')
auth.add_digest('anna', 'secret', token)
server.set_auth(auth)
def disturb(media, shuffle, lose):
    pad = media.get_element().get_by_name('pay0').get_static_pad('src')
    held, seen = [], 0
    def pushed(packets):
        mine.append(True) # what is pushed here comes by here
        for p in packets:
            pad.push(p)
        mine.pop()
        return Gst.PadProbeReturn.DROP
    mine = []
    def packet(pad, info):
        nonlocal held, seen
        if mine:
            return Gst.PadProbeReturn.OK
        seen += 1
        if lose and seen % lose == 0:
            return Gst.PadProbeReturn.DROP
        if not shuffle or seen % 8 > 3:
            return Gst.PadProbeReturn.OK
        held.append(info.get_buffer())
        if seen % 8 < 3:
            return Gst.PadProbeReturn.DROP
        now, held = held, []
        return pushed(now[::-1] + now[:1])
    pad.add_probe(Gst.PadProbeType.BUFFER, packet)
over = {'tcp': GstRtsp.RTSPLowerTrans.TCP, 'udp': GstRtsp.RTSPLowerTrans.UDP}
for one in json.loads(sys.argv[1]):
    if one['Hears']:
        factory = GstRtspServer.RTSPOnvifMediaFactory()
        factory.set_media_gtype(GstRtspServer.RTSPOnvifMedia.__gtype__)
        factory.set_backchannel_launch('( capsfilter caps="application/x-rtp, media=audio, payload=0, clock-rate=8000, encoding-name=PCMU" name=depay_backchannel ! rtppcmudepay ! filesink async=false sync=false buffer-mode=unbuffered location="' + one['Hears'] + '" )')
    else:
        factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch('( ' + one['Launch'] + ' )')
    if one['Shuffle'] or one['Lose']:
        factory.connect('media-configure', lambda _, media, one=one: disturb(media, one['Shuffle'], one['Lose']))
    if one['Over']:
        factory.set_protocols(over[one['Over']])
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role('user', 'media.factory.access', True)
    permissions.add_permission_for_role('user', 'media.factory.construct', True)
    factory.set_permissions(permissions)
    server.get_mount_points().add_factory('/' + one['Path'], factory)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
`

// StartForeign serves streams until the test ends, and gives the address before their paths. It asks for a password by
// digest.
func StartForeign(t testing.TB, streams ...Foreign) string {
	t.Helper()
	list, err := json.Marshal(streams)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "/usr/bin/python3", "-c", foreign, string(list))
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
	return "rtsp://anna:secret@127.0.0.1:" + strings.TrimSpace(port) + "/"
}
