// SPDX-License-Identifier: Apache-2.0

package home

import (
	"bytes"
	"errors"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"keyhold/home/camera"
	"keyhold/member/session"
	"keyhold/statement/finding"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

// Find asks the hub about cameras, and gives its word with which it refuses.
func (r *Rig) Find(f finding.Find) (*finding.Found, string) {
	r.t.Helper()
	found, err := r.Member.Find(r.t.Context(), f)
	var no *session.RefusedError
	if errors.As(err, &no) {
		return found, no.Word
	}
	must(r.t, err)
	return found, ""
}

// look finds the rig's cameras: its first and its second picture.
func (r *Rig) look() []finding.One {
	r.t.Helper()
	found, word := r.Find(finding.Find{Kind: finding.Look})
	if word != "" || len(found.Cameras) != 2 {
		r.t.Fatalf("found %v, %q", found.Cameras, word)
	}
	return found.Cameras
}

func TestCamerasAreFoundAndAdded(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	ones := r.look()
	for _, o := range ones {
		if o.Maker != "Keyhold" || o.Model != "Simulated camera" || !o.Password || o.Camera != "" || o.Address != "127.0.0.1" {
			t.Errorf("found %+v", o)
		}
	}
	if again := r.look(); again[0].Found != ones[0].Found {
		t.Error("the same camera has another handle when it is found again")
	}
	a, b := ones[0].Found, ones[1].Found
	for _, c := range []struct {
		f    finding.Find
		word string
	}{
		{finding.Find{Kind: finding.Add, Found: a, Name: "Door"}, finding.Untried},
		{finding.Find{Kind: finding.Try, Found: a}, request.RefusedPassword},
		{finding.Find{Kind: finding.Try, Found: a, User: "u", Password: "another"}, request.RefusedPassword},
		{finding.Find{Kind: finding.Add, Found: a, Name: "Door"}, finding.Untried},
		{finding.Find{Kind: finding.Try, Found: "fnd_aaaaaaaaaaaaaaaaaaaaaaaaaa", User: "u", Password: "p"}, request.RefusedNotFound},
		{finding.Find{Kind: finding.Look, Address: "8.8.8.8"}, request.RefusedInvalid},
	} {
		if _, word := r.Find(c.f); word != c.word {
			t.Errorf("%+v is answered %q, want %q", c.f, word, c.word)
		}
	}
	shown, word := r.Find(finding.Find{Kind: finding.Try, Found: a, User: "u", Password: "p"})
	if word != "" || shown.Width == 0 || shown.Camera != "" {
		t.Fatalf("shown %+v, %q", shown, word)
	}
	if cfg, err := jpeg.DecodeConfig(bytes.NewReader(shown.Picture)); err != nil || cfg.Width == 0 {
		t.Errorf("a picture of %d bytes: %v", len(shown.Picture), err)
	}
	added, word := r.Find(finding.Find{Kind: finding.Add, Found: a, Name: "Door"})
	if word != "" || !added.Camera.Valid() {
		t.Fatalf("added %+v, %q", added, word)
	}
	r.Packs(added.Camera, 1) // it records
	if names := r.View().Names.Cameras; len(names) != 1 || names[0].Name != "Door" || names[0].State != manifest.NameOn {
		t.Errorf("the household has %v", names)
	}
	// It is known again, and not added twice.
	if ones := r.look(); ones[0].Camera != added.Camera || ones[1].Camera != "" {
		t.Errorf("found %+v", ones)
	}
	a = r.look()[0].Found
	if shown, word := r.Find(finding.Find{Kind: finding.Try, Found: a, User: "u", Password: "p"}); word != "" || shown.Camera != added.Camera {
		t.Errorf("tried again: %+v, %q", shown, word)
	}
	if _, word := r.Find(finding.Find{Kind: finding.Add, Found: a, Name: "Door again"}); word != request.RefusedExists {
		t.Errorf("added again: %q", word)
	}
	if _, word := r.Find(finding.Find{Kind: finding.Try, Found: b, User: "u", Password: "p"}); word != "" {
		t.Fatal(word)
	}
	if _, word := r.Find(finding.Find{Kind: finding.Add, Found: b, Name: "Door"}); word != request.RefusedExists {
		t.Errorf("a name that is taken: %q", word)
	}
	r.hasNoPassword()
}

// hasNoPassword looks for the camera's address, its device's own name and more where they must not stand.
func (r *Rig) hasNoPassword(more ...string) {
	r.t.Helper()
	r.Stop()
	for _, secret := range append(more, "u:p@", "rtsp://", "urn:uuid:") {
		if r.logged(secret) {
			r.t.Errorf("the log has %q", secret)
		}
		for _, name := range []string{"state.db", "state.db-wal"} {
			b, err := os.ReadFile(filepath.Join(r.Dir, name))
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				r.t.Fatal(err)
			}
			if bytes.Contains(b, []byte(secret)) {
				r.t.Errorf("%s has %q", name, secret)
			}
		}
	}
}

func (r *Rig) addFound(name string) id.Camera {
	r.t.Helper()
	found := r.look()[0].Found
	if _, word := r.Find(finding.Find{Kind: finding.Try, Found: found, User: "u", Password: "p"}); word != "" {
		r.t.Fatal(word)
	}
	added, word := r.Find(finding.Find{Kind: finding.Add, Found: found, Name: name})
	if word != "" {
		r.t.Fatal(word)
	}
	return added.Camera
}

// swap puts another device in the place of the rig's camera: same addresses, same password, same pictures.
func (r *Rig) swap(serial string) {
	r.t.Helper()
	cfg := cameraConfig()
	cfg.Addr, cfg.ONVIF, cfg.Discovery = r.Camera.Addr().String(), r.Camera.ONVIF().String(), r.Camera.Discovery().String()
	cfg.Feeds[0].Serial = serial
	r.Camera.Close()
	var err error
	r.Camera, err = camera.Start(cfg)
	must(r.t, err)
}

// others are the cameras at whose addresses another device answers.
func (r *Rig) others() []id.Camera {
	r.t.Helper()
	found, word := r.Find(finding.Find{Kind: finding.Check})
	if word != "" {
		r.t.Fatal(word)
	}
	return found.Swapped
}

func TestSwappedCameraIsTold(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	if list := r.others(); len(list) != 0 {
		t.Errorf("without cameras: %v", list)
	}
	typed := r.Add("Yard", "b")
	door := r.addFound("Door")
	if list := r.others(); len(list) != 0 {
		t.Errorf("before: %v", list)
	}
	r.swap("another")
	if list := r.others(); len(list) != 1 || list[0] != door {
		t.Errorf("after another took its place: %v, want %v and not %v", list, door, typed)
	}
	r.swap("")
	if list := r.others(); len(list) != 0 {
		t.Errorf("after it came back: %v", list)
	}
	r.swap("another")
	r.Do(request.Op{Kind: request.OpRemoveCamera, Camera: door})
	if list := r.others(); len(list) != 0 {
		t.Errorf("after it was removed: %v", list)
	}
}
