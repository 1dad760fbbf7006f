// SPDX-License-Identifier: Apache-2.0

package stories

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"keyhold/e2e/harness"
	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/home/camera/freeport"
)

// doorWish is what the programs of a home with a bell are told besides.
type doorWish struct{ cloud, camera, hub []string }

// doorWith starts a home whose one camera, Porch, has a bell that the hub found by itself.
func doorWith(t *testing.T, wish doorWish) *harness.World {
	t.Helper()
	ctx := t.Context()
	programs, err := harness.Build(ctx, false)
	must(t, err)
	w, err := harness.NewWorld(ctx, t.TempDir(), programs)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	film := w.Path("porch.mp4")
	must(t, harness.Film{Seconds: 30, Colour: "SeaGreen", Hz: 440}.Make(ctx, film))
	must(t, w.StartCloud(ctx, wish.cloud...))
	must(t, w.StartCameras(ctx, map[string]string{"porch": film}, append(wish.camera, "--doorbell", "porch")...))
	must(t, w.StartHub(ctx, append(wish.hub, "--here", w.OnvifAddress)...))
	must(t, w.Pair(ctx, w.CloudURL()))
	found, err := w.Owner(ctx, "cameras", "find", "--user", harness.CameraUser, "--password-file", w.Path("camera-password"), "--json")
	must(t, err)
	list, err := harness.Lines[struct {
		Found string `json:"found"`
	}](found)
	must(t, err)
	if len(list) != 1 {
		t.Fatalf("found %s", found)
	}
	_, err = w.Owner(ctx, "cameras", "add", "Porch", list[0].Found)
	must(t, err)
	return w
}

// Somebody rings at a door whose bell the hub found by itself: the phone shows who it is, in three languages; what was
// seen stands on the page of alerts; and who wants quiet has it. The phone says what opens the door and what is lit at
// it while somebody looks, and opens it from the call, once; then the doorbell opens it itself; and it has somebody told by ntfy, too, who is told once. It lets a program
// of the home read the camera by RTSP, and ends that.
func TestSomebodyRings(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	lock, err := freeport.Address(ctx)
	must(t, err)
	topic, err := freeport.Address(ctx)
	must(t, err)
	reads, err := freeport.Address(ctx)
	must(t, err)
	heard := filepath.Join(t.TempDir(), "heard.wav")
	w := doorWith(t, doorWish{camera: []string{"--speaker", heard, "--lock", lock, "--relay", "porch", "--light", "porch"}, hub: []string{"--here", lock, "--here", topic, "--rtsp", reads}})
	opens := url.URL{Scheme: "http", User: url.UserPassword(harness.CameraUser, harness.CameraPassword), Host: lock, Path: camera.LockPath}
	play(t, "bell.mjs", append(terminal(w), "LOCK="+opens.String(), "TOPIC=http://"+topic+"/door", "LINK="+invitation(t, w), "OUT="+t.TempDir(), "READS="+reads, "DEVICE="+w.Path("device"), "DOORBELL="+w.OnvifAddress)...)

	if chimes := cameratest.Chimes(cameratest.Heard(t, heard)); len(chimes) != 4 {
		t.Errorf("it chimed at the door at %v; three times somebody talked from the call, and once the hub spoke for them", chimes)
	}
	said, err := w.Owner(ctx, "alerts", "--json")
	must(t, err)
	visits, err := harness.Lines[struct {
		Name    string
		Presses []struct{ Source, Picture string }
	}](said)
	must(t, err)
	if len(visits) == 0 || visits[0].Name != "Porch" || visits[0].Presses[0].Source != "onvif" || visits[0].Presses[0].Picture == "" {
		t.Errorf("the command line says who rang:\n%s", said)
	}
	if bells, err := w.Owner(ctx, "cameras", "bells", "--json"); err != nil || !strings.Contains(bells, `"kind":"onvif"`) {
		t.Errorf("the command line says of the bells (%v):\n%s", err, bells)
	}
}
