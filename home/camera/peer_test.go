// SPDX-License-Identifier: Apache-2.0

package camera_test

import (
	"bytes"
	"image/jpeg"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
)

// A client that is not ours finds the camera, and understands what it says.
func TestAnotherClientUnderstandsIt(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds another module")
	}
	film := cameratest.Clip(t, cameratest.Silent())
	c, err := camera.Start(camera.Config{
		Addr: "127.0.0.1:0", ONVIF: "127.0.0.1:0", Lock: "127.0.0.1:0", User: "anna", Pass: "secret",
		Feeds: []camera.Feed{{Path: "door", File: film, Small: film, Serial: "S1", Relay: true}, {Path: "yard", File: film}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	ask := func(password string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "go", "run", ".", c.ONVIF().String(), "anna", password)
		cmd.Dir = "testdata/peer"
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil {
			return said.String(), err
		}
		return string(out), nil
	}
	said, err := ask("secret")
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	want := []string{"2", "Keyhold", "Simulated camera", "S1"}
	for _, path := range []string{"/door", "/door/small"} {
		want = append(want, "H264", "rtsp://"+c.Addr().String()+path, "http://"+c.ONVIF().String()+"/snapshot"+path)
	}
	want = append(want, camera.RelayToken+" Monostable", "")
	if said != strings.Join(want, "\n") {
		t.Errorf("it understood\n%swant\n%s", said, strings.Join(want, "\n"))
	}
	if said, err := ask("another"); err == nil || !strings.Contains(said, "401") {
		t.Errorf("with another password: %v\n%s", err, said)
	}
}

// A film ends later than its last picture begins: until then it is the one that is shown.
func TestTheLastPictureIsShownToTheEnd(t *testing.T) {
	t.Parallel()
	film := cameratest.Clip(t, cameratest.Args{"-f", "lavfi", "-i", "testsrc2=s=160x90:r=20", "-t", "0.1", "-c:v", "libx264", "-pix_fmt", "yuv420p"})
	c, err := camera.Start(camera.Config{Addr: "127.0.0.1:0", ONVIF: "127.0.0.1:0", Feeds: []camera.Feed{{Path: "door", File: film}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	client := http.Client{Timeout: time.Minute}
	for range 8 { // for half of the time the second of two pictures is shown
		res, err := client.Get("http://" + c.ONVIF().String() + "/snapshot/door")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jpeg.Decode(res.Body); err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("status %d: %v", res.StatusCode, err)
		}
		res.Body.Close()
	}
}
