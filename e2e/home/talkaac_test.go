// SPDX-License-Identifier: Apache-2.0

package home

import (
	"testing"
	"time"

	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/internal/intime"
)

// A speaker that takes AAC alone is talked to as every other: after a chime, and no longer than somebody holds the button.
func TestTalkingToASpeakerThatTakesAACAlone(t *testing.T) {
	t.Parallel()
	r := Unpaired(t)
	r.another(func(c *camera.Config) { c.Speaker = &camera.SpeakerConfig{File: r.heard, Law: "aac"} })
	r.Begin()
	door := r.Add("Door", "a")
	anna := r.talker(r.Member, door)
	r.Until("word that the camera has a speaker", anna.speaker.Load)
	if _, ever := r.Camera.Claimed(); ever != 0 {
		t.Fatal("the speaker was claimed before anybody talked")
	}
	stop := anna.speak() // from before the chime
	began := time.Now()
	must(t, anna.press())
	t.Logf("one may talk %s after the press", time.Since(began))
	r.Until("two seconds of the voice", func() bool { return long(r.tones(voice)) > 2*time.Second })
	let := r.letGo(anna)
	stop()
	all := cameratest.Heard(t, r.heard)
	chimes, said := cameratest.Chimes(all), r.tones(voice)
	if len(chimes) != 1 || len(said) == 0 {
		t.Fatalf("the chime was heard at %v, and the voice at %v", chimes, said)
	}
	// The first piece of AAC is silence, by which the others are made; and it takes the chime's edges off.
	if chimes[0].From > 100*time.Millisecond || chimes[0].Long() < 200*time.Millisecond || said[0].From < chimes[0].Until-20*time.Millisecond {
		t.Errorf("the voice was heard at %v, after the chime at %v", said, chimes)
	}
	last := r.Camera.Heard().Add(said[len(said)-1].Until)
	t.Logf("the voice is heard until %s after the button was let go", last.Sub(let))
	if last.Sub(let) > intime.By(200*time.Millisecond) {
		t.Errorf("the voice is heard until %s after the button was let go", last.Sub(let))
	}
}
