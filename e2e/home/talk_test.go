// SPDX-License-Identifier: Apache-2.0

package home

import (
	"errors"
	"testing"
	"time"

	"keyhold/home/camera/cameratest"
	"keyhold/home/talk"
	"keyhold/internal/intime"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// voice is the pitch of everybody's.
const voice = 1000

// claimed says whether somebody has the camera's speaker.
func (r *Rig) claimed() bool {
	now, _ := r.Camera.Claimed()
	return now
}

// freed waits until nobody has the speaker, and says how long that took.
func (r *Rig) freed(since time.Time) time.Duration {
	r.t.Helper()
	r.Until("a speaker that nobody has", func() bool { return !r.claimed() })
	return time.Since(since)
}

// letGo lets the button go, says when that was, and wants the speaker to be given back in time.
func (r *Rig) letGo(by *talker) (let time.Time) {
	r.t.Helper()
	let = time.Now()
	by.hush()
	if took := r.freed(let); took > intime.By(200*time.Millisecond) {
		r.t.Errorf("the speaker was given back %s after the button was let go", took)
	} else {
		r.t.Logf("given back %s after the button was let go", took)
	}
	if w := by.over(); w != talk.Released {
		r.t.Errorf("it ended as %s", w)
	}
	return let
}

func (r *Rig) tones(hertz float64) []cameratest.Span {
	r.t.Helper()
	return cameratest.Tones(cameratest.Heard(r.t, r.heard), hertz)
}

// long is how long a tone was heard in all.
func long(heard []cameratest.Span) (sum time.Duration) {
	for _, s := range heard {
		sum += s.Long()
	}
	return sum
}

// Somebody talks: it chimes first, it is on the record, everybody is told, nobody else may at the same time; it ends when
// they let go, and when they are gone.
func TestOnePersonTalksAtATimeAfterAChime(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	ben := r.Bring("Ben", roster.Owner)
	r.Packs(door, 1)
	heard := r.listen(ben.session())
	anna, other := r.talker(r.Member, door), r.talker(ben.session(), door)
	r.Until("word that the camera has a speaker", func() bool { return anna.speaker.Load() && other.speaker.Load() })
	if _, ever := r.Camera.Claimed(); ever != 0 {
		t.Fatal("the speaker was claimed before anybody talked")
	}

	stop := anna.speak() // from before the chime
	began := time.Now()
	must(t, anna.press())
	t.Logf("one may talk %s after the press", time.Since(began))
	if !r.claimed() {
		t.Error("somebody talks, and the speaker is not claimed")
	}
	r.Until("word that somebody talks", func() bool { return len(heard.newest().Talks) == 1 })
	if x := heard.newest().Talks[0]; x.Camera != door || x.Device != r.Member.Keys.ID() || x.Person != r.Member.Person() || x.View != anna.view {
		t.Errorf("what was told is %+v", x)
	}
	var no *actError
	if err := other.press(); !errors.As(err, &no) || no.word != talk.Busy || no.by != r.Member.Person() {
		t.Errorf("a second one: %v", err)
	}
	// What comes late is not played, and a machine with other things to do speaks late: so it is two seconds in all.
	r.Until("two seconds of the voice", func() bool { return long(r.tones(voice)) > 2*time.Second })
	let := r.letGo(anna) // and her microphone stays open, as that of a device that is not ours would
	stop()

	chimes, said := cameratest.Chimes(cameratest.Heard(t, r.heard)), r.tones(voice)
	if len(chimes) != 1 || len(said) == 0 {
		t.Fatalf("%d samples were heard, and of them the chime at %v, and the voice at %v", len(cameratest.Heard(t, r.heard)), chimes, said)
	}
	if chimes[0].From > 20*time.Millisecond || chimes[0].Long() < 300*time.Millisecond || said[0].From < chimes[0].Until-20*time.Millisecond {
		t.Errorf("the voice was heard at %v, after the chime at %v", said, chimes)
	}
	if last := r.Camera.Heard().Add(said[len(said)-1].Until); last.Sub(let) > intime.By(200*time.Millisecond) {
		t.Errorf("the voice is heard until %s after the button was let go", last.Sub(let))
	}
	r.Until("word that nobody talks", func() bool { return len(heard.newest().Talks) == 0 })
	r.Until("it on the record", func() bool {
		list := r.Timeline(door).Talks
		return len(list) == 1 && list[0].State == manifest.TalkEnded && list[0].View == anna.view && list[0].Until-list[0].Since > 2000
	})

	must(t, other.press()) // now it is free
	stop = other.speak()
	r.Until("the other's voice", func() bool { return len(r.tones(voice)) > len(said) })
	gone := time.Now()
	stop()
	other.close() // the connection breaks
	took := r.freed(gone)
	t.Logf("given back %s after the connection broke", took)
	said = r.tones(voice)
	if last := r.Camera.Heard().Add(said[len(said)-1].Until); last.Sub(gone) > intime.By(200*time.Millisecond) || took > intime.By(2*time.Second) {
		t.Errorf("heard until %s, given back %s after the connection broke", last.Sub(gone), took)
	}
	r.Until("both on the record", func() bool {
		list := r.Timeline(door).Talks
		return len(list) == 2 && list[1].State == manifest.TalkEnded && list[1].Person == ben.Person
	})
	if n := r.count(`SELECT count(*) FROM talks`); n != 0 {
		t.Errorf("%d still talk, by the hub's database", n)
	}

	// Who may no more is silent at once; and so is a camera that is turned off.
	tess := r.Bring("Tess", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History, roster.Live, roster.Talk}})
	third := r.talker(tess.session(), door)
	must(t, third.press())
	third.speak()
	less := time.Now()
	owner := r.owner()
	rights := []roster.Right{{Actions: []roster.Action{roster.History, roster.Live}}}
	r.order(owner, request.Op{Kind: request.OpAppendLink, Link: r.link(roster.SetRights{Person: tess.Person, Role: roster.Viewer, Rights: rights}, owner)})
	if w := third.over(); w != talk.Right {
		t.Errorf("it ended as %s", w)
	}
	t.Logf("silent %s after the right was taken", r.freed(less))
	if err := third.press(); wordOfAct(err) != talk.Denied {
		t.Errorf("without the right: %v", err)
	}
	must(t, anna.press())
	anna.speak()
	r.off(r.Member, door, true)
	if r.claimed() {
		t.Error("the camera is private, and its speaker is claimed")
	}
}
