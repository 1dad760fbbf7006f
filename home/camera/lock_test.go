// SPDX-License-Identifier: Apache-2.0

package camera_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
)

func TestALockIsOpenForAWhileForWhoKnowsThePassword(t *testing.T) {
	t.Parallel()
	clip := cameratest.Clip(t, cameratest.Args{"-f", "lavfi", "-i", "testsrc2=s=160x90:r=15", "-t", "1", "-c:v", "libx264", "-pix_fmt", "yuv420p"})
	c, err := camera.Start(camera.Config{Addr: "127.0.0.1:0", Lock: "127.0.0.1:0", User: "viewer", Pass: "right", Feeds: []camera.Feed{{Path: "/door", File: clip}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	ask := func(method, path, pass string) (int, camera.LockState) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "http://"+c.Lock().String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("viewer", pass)
		transport := &http.Transport{DisableKeepAlives: true}
		res, err := (&http.Client{Transport: transport}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var s camera.LockState
		if res.StatusCode == http.StatusOK {
			if err := json.NewDecoder(res.Body).Decode(&s); err != nil {
				t.Fatal(err)
			}
		}
		return res.StatusCode, s
	}
	want := func(s, as camera.LockState, status int) {
		t.Helper()
		if s != as || status != http.StatusOK {
			t.Errorf("it answers %d, %+v; want %+v", status, s, as)
		}
	}

	if status, _ := ask(http.MethodPost, camera.LockPath, "wrong"); status != http.StatusUnauthorized {
		t.Errorf("with a wrong password it answers %d", status)
	}
	if status, _ := ask(http.MethodPost, "/", "right"); status != http.StatusNotFound {
		t.Errorf("told at another path it answers %d", status)
	}
	status, s := ask(http.MethodGet, "/", "right")
	want(s, camera.LockState{}, status)
	status, s = ask(http.MethodPost, camera.LockPath, "right")
	want(s, camera.LockState{Open: true, Opened: 1}, status)
	status, s = ask(http.MethodGet, "/", "right")
	want(s, camera.LockState{Open: true, Opened: 1}, status)
	c.SetClock(time.Minute)
	status, s = ask(http.MethodGet, "/", "right")
	want(s, camera.LockState{Opened: 1}, status)
}
