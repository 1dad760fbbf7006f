// SPDX-License-Identifier: Apache-2.0

package household_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"keyhold/e2e/harness"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// home is a household with an owner and two cameras. Its hub has no ffmpeg: nothing here looks at a preview picture, and
// each costs as much as some commands.
func home(t *testing.T, env ...string) *harness.World {
	t.Helper()
	ctx := t.Context()
	programs, err := harness.Build(ctx, false)
	must(t, err)
	w, err := harness.NewWorld(ctx, t.TempDir(), programs)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	w.Env = append(append(w.Env, "PATH="+w.Path("nothing")), env...)
	film := w.Path("film.mp4")
	must(t, harness.Film{Seconds: 10, Small: true, Hz: 440}.Make(ctx, film))
	must(t, w.StartCloud(ctx))
	must(t, w.StartCameras(ctx, map[string]string{"garden": film, "door": film}))
	must(t, w.StartHub(ctx))
	must(t, w.Pair(ctx, w.CloudURL()))
	for name, title := range map[string]string{"garden": "Garden", "door": "Door"} {
		_, err := w.Owner(ctx, "cameras", "add", title, w.CameraURL(name))
		must(t, err)
	}
	return w
}

// person runs a command as somebody's device and wants it to end with a code.
func person(t *testing.T, w *harness.World, folder string, code int, args ...string) harness.Status {
	t.Helper()
	s, err := w.Command(t.Context(), append(args, "--device", w.Path(folder))...)
	must(t, err)
	if s.Code != code {
		t.Fatalf("%s: keyhold %s ended with %d, want %d:\n%s%s", folder, strings.Join(args, " "), s.Code, code, s.Out, s.Said)
	}
	return s
}

// wants wants each of some texts.
func wants(t *testing.T, what, text string, all ...string) {
	t.Helper()
	for _, want := range all {
		if !strings.Contains(text, want) {
			t.Errorf("%s does not say %q:\n%s", what, want, text)
		}
	}
}

// hides wants none of some texts.
func hides(t *testing.T, what, text string, all ...string) {
	t.Helper()
	for _, secret := range all {
		if strings.Contains(text, secret) {
			t.Errorf("%s says %q:\n%s", what, secret, text)
		}
	}
}

func bring(t *testing.T, w *harness.World, by, folder string, args ...string) (inviter, joiner harness.Status) {
	t.Helper()
	inviter, joiner, err := w.Bring(t.Context(), by, folder, folder+"'s device", args...)
	must(t, err)
	if inviter.Code != 0 || joiner.Code != 0 {
		t.Fatalf("keyhold invite ended with %d:\n%s\nkeyhold join with %d:\n%s", inviter.Code, inviter.Said, joiner.Code, joiner.Said)
	}
	return inviter, joiner
}

// recorded waits until somebody is shown footage of a camera. Meanwhile the owner asks the hub to send what it holds open,
// as an app does whose user wants to see the newest.
func recorded(t *testing.T, w *harness.World, folder, camera string) {
	t.Helper()
	last := ""
	err := harness.Poll(t.Context(), 3*time.Minute, "footage of "+camera+" for "+folder, func(ctx context.Context) bool {
		if err := w.LeaveEarly(ctx, w.CloudURL()); err != nil {
			return false // a hub that is busy is asked again
		}
		s, err := w.Command(ctx, "list", "--json", "--camera", camera, "--device", w.Path(folder))
		last = s.Out + s.Said
		return err == nil && s.Code == 0 && strings.Contains(s.Out, `"kind":"recorded"`)
	})
	if err != nil {
		t.Fatalf("%v; the last it was told:\n%s", err, last)
	}
}

func TestAFamilyOfFour(t *testing.T) {
	t.Parallel()
	w := home(t)

	// A guardian, who gets what was recorded before, too.
	inviter, joiner := bring(t, w, "device", "jan", "--person", "Jan", "--role", "guardian", "--history")
	wants(t, "the inviter", inviter.Said, "Jan becomes a guardian of this household", "Jan, with jan's device, has joined. It was given the keys of")
	wants(t, "the joiner", joiner.Said, harness.PersonName+" invites you, Jan, as a guardian of their household", "belongs to the household now")
	hides(t, "the joiner", joiner.Said, "nothing that was recorded before")
	recorded(t, w, "jan", "Garden")

	// A guardian brings in a guest, and nobody else.
	s := person(t, w, "jan", 1, "invite", "--person", "Mia", "--role", "viewer")
	wants(t, "a guardian who invites a viewer", s.Said, "this is not yours to give: guardian cannot bring in viewer", "guardians bring in guests")
	s = person(t, w, "jan", 1, "invite", "--person", "Eva", "--role", "guest")
	wants(t, "an endless guest", s.Said, "a guest has an end")
	inviter, joiner = bring(t, w, "jan", "eva", "--person", "Eva", "--role", "guest", "--cameras", "Garden", "--until", "3d")
	wants(t, "the inviter", inviter.Said, "They see what is recorded from now on")
	wants(t, "the guest", joiner.Said, "Jan invites you, Eva, as a guest", "the Garden camera: watch live and see recordings, until", "nothing that was recorded before")

	// The owner is told of it once, and unmistakably.
	s = person(t, w, "device", 0, "roster")
	wants(t, "the roster", s.Out, harness.PersonName+" (you), owner", "Jan, guardian", "Eva, guest", "the Garden camera: watch live and see recordings")
	wants(t, "the owner's next command", s.Said, "New since you were last here: Jan brought in Eva, with eva's device, as a guest: the Garden camera")
	hides(t, "the owner's next command", s.Said, "brought in Jan")
	hides(t, "the one after", person(t, w, "device", 0, "roster").Said, "New since")

	// A viewer, who may also save.
	_, joiner = bring(t, w, "device", "mia", "--person", "Mia", "--role", "viewer")
	wants(t, "the viewer", joiner.Said, "all cameras: watch live, see recordings and save recordings")
	recorded(t, w, "mia", "Door")
	person(t, w, "mia", 0, "export", "--camera", "Door", "--from", "-2m", "--until", "now", "--out", w.Path("mia.mp4"))
	wants(t, "verify", person(t, w, "mia", 0, "verify", w.Path("mia.mp4")).Out, "holds")
	wants(t, "looks", person(t, w, "mia", 1, "list", "--looks").Said, "shown to owners and guardians")
	own := person(t, w, "mia", 0, "roster")
	wants(t, "the viewer's roster", own.Out, "You, viewer")
	hides(t, "the viewer's roster", own.Out+own.Said, "Jan", "Eva", harness.PersonName)
	wants(t, "a viewer's camera", person(t, w, "mia", 1, "cameras", "add", "Attic", w.CameraURL("door")).Said, "the hub does not allow this")
	wants(t, "a viewer's removal", person(t, w, "mia", 1, "remove", "--yes", "Jan").Said, "there is no person or device")

	// A guest is shown what was given, and is not told of the rest.
	recorded(t, w, "eva", "Garden")
	s = person(t, w, "eva", 0, "list")
	wants(t, "the guest's list", s.Out, "Garden")
	hides(t, "the guest's list", s.Out+s.Said, "Door", "could not be read", "Jan", "Mia")
	wants(t, "another camera", person(t, w, "eva", 1, "list", "--camera", "Door").Said, `there is no camera "Door"`)
	s = person(t, w, "eva", 1, "export", "--camera", "Garden", "--from", "-2m", "--until", "now", "--out", w.Path("eva.mp4"))
	wants(t, "a guest's export", s.Said, "cannot be saved by you", "that is not among what you were given")

	// Looks are told to the owner, with names.
	wants(t, "looks", person(t, w, "device", 0, "list", "--looks", "--camera", "Door").Out, "Mia (mia's device)  exported")

	changed(t, w)
	ended(t, w)

	trail := person(t, w, "device", 0, "roster", "--trail").Out
	wants(t, "the trail", trail, harness.PersonName+" began the household, with "+harness.DeviceName, harness.PersonName+" brought in Jan", "Jan brought in Eva",
		harness.PersonName+" gave Eva, a guest, the Garden camera until", harness.PersonName+" removed ", "left the household")
}

// changed: the owner changes what the guest may do, by a code that is typed with a second command.
func changed(t *testing.T, w *harness.World) {
	t.Helper()
	wants(t, "a guardian who makes a guest a viewer", person(t, w, "jan", 1, "rights", "Eva", "--role", "viewer").Said, "it is not yours to change what Eva may do")
	wants(t, "one's own rights", person(t, w, "device", 1, "rights", harness.PersonName, "--role", "viewer").Said, "nobody changes their own rights")
	other := strings.ToLower(time.Now().AddDate(0, 0, 2).Format("Mon")) + " 10:00-11:00"
	s, err := w.Confirmed(t.Context(), "rights", "Eva", "--role", "guest", "--cameras", "Garden", "--until", "3d", "--hours", other, "--device", w.Path("device"))
	must(t, err)
	wants(t, "other hours", s.Said, "In force: Eva is a guest", "10:00–11:00")
	wants(t, "the guest outside of the hours", person(t, w, "eva", 0, "list").Said, "No camera is open to you now", "10:00–11:00")

	args := []string{"rights", "Eva", "--role", "guest", "--cameras", "Garden", "--until", "12s"}
	s = person(t, w, "device", 1, args...)
	wants(t, "rights without a code", s.Said, "its terminal shows six digits now", "nothing was changed")
	wants(t, "rights with another code", person(t, w, "device", 1, append(args, "--code", "1")...).Said, "has six digits")
	code, err := w.Gesture(t.Context())
	must(t, err)
	s = person(t, w, "device", 0, append(args, "--code", code)...)
	wants(t, "rights with the code", s.Said, "In force: Eva is a guest")
	wants(t, "the same code again", person(t, w, "device", 1, append(args, "--code", code)...).Said, "no such change that waits for a code")
	last := ""
	must(t, harness.Poll(t.Context(), time.Minute, "the guest's end", func(ctx context.Context) bool {
		s, err := w.Command(ctx, "list", "--device", w.Path("eva"))
		last = s.Out + s.Said
		return err == nil && strings.Contains(last, "No camera is open to you now")
	}))
	wants(t, "the guest's list", last, "watch live and see recordings, ended")
}

// ended: persons are removed and leave.
func ended(t *testing.T, w *harness.World) {
	t.Helper()
	wants(t, "a guardian who removes an owner", person(t, w, "jan", 1, "remove", "--yes", harness.PersonName).Said, "nobody alone removes another owner")
	wants(t, "a guardian who removes a viewer", person(t, w, "jan", 1, "remove", "--yes", "Mia").Said, "guardians remove guests")
	wants(t, "the only owner who leaves", person(t, w, "device", 1, "leave", "--yes").Said, "the only owner cannot be removed or leave")
	wants(t, "no answer to the question", person(t, w, "device", 1, "remove", "Mia").Said, "Remove Mia (viewer), with 1 device?", "nothing was changed")
	s := person(t, w, "device", 0, "remove", "--yes", "Mia")
	wants(t, "the removal", s.Said, "Not in force yet", "In force: Mia is out")
	s = person(t, w, "mia", 1, "list")
	wants(t, "whoever was removed", s.Said, "The cloud does not know this device", "Nothing here was deleted", "ask for an invitation")
	if _, err := os.Stat(w.Path("mia/device.key")); err != nil {
		t.Error(err)
	}
	s = person(t, w, "eva", 0, "leave", "--yes")
	wants(t, "whoever leaves", s.Said, "You have left the household")
	wants(t, "whoever has left", person(t, w, "eva", 1, "list").Said, "this device left the household")
	hides(t, "the roster", person(t, w, "device", 0, "roster").Out, "Mia", "Eva")
	recorded(t, w, "jan", "Door")
}
