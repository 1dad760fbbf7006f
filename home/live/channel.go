// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pion/webrtc/v4"
	"golang.org/x/time/rate"

	"keyhold/statement/canon"
	"keyhold/statement/id"
)

const (
	channelName = "keyhold"
	// mostControl bounds a message of the viewer, mostControls how many may come in a second.
	mostControl  = 2048
	mostControls = 10
)

// control is what a viewer wants from now on.
type control struct {
	Hear id.Camera   `json:"hear"`
	Show []id.Camera `json:"show"`
	// Small are those of them that are shown small: a second stream does, where there is one.
	Small []id.Camera `json:"small,omitempty"`
}

func (c *control) all() []id.Camera { return slices.Concat([]id.Camera{c.Hear}, c.Show, c.Small) }

// Check refuses values that the types allow.
func (c *control) Check() error {
	for _, s := range c.all() {
		if s != "" && !s.Valid() {
			return errors.New("live: a malformed camera")
		}
	}
	return nil
}

// States of a camera, as a viewer is told.
const (
	Playing = "playing"
	Waiting = "waiting"
)

// The streams of a camera, as a viewer is told which is sent.
const (
	Main  = "main"
	Small = "small"
)

type cameraState struct {
	Camera id.Camera `json:"camera"`
	// Reply says that the hub can speak a quick reply there.
	Reply bool `json:"reply,omitempty"`
	// Narrow says that the second stream is sent because the viewer's line does not carry the first.
	Narrow bool `json:"narrow,omitempty"`
	// Sent is which of its streams is sent, Small whether there is a second.
	Sent  string `json:"sent"`
	Small bool   `json:"small"`
	State string `json:"state"`
	// Talk says whether it has a speaker, as far as that is known.
	Talk bool `json:"talk"`
}

type states struct {
	Cameras []cameraState `json:"cameras"`
}

func (v *View) openChannel() error {
	negotiated, number, ordered := true, uint16(0), true
	c, err := v.pc.CreateDataChannel(channelName, &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &number, Ordered: &ordered})
	if err != nil {
		return err
	}
	v.channel = c
	c.OnOpen(func() {
		v.openOnce.Do(func() { close(v.opened) })
		v.changed()
	})
	often := rate.NewLimiter(mostControls, mostControls)
	c.OnMessage(func(m webrtc.DataChannelMessage) {
		if isWish(m.Data) && often.AllowN(v.engine.now(), 1) && v.attend(m) == nil {
			return
		}
		var want control
		if !often.AllowN(v.engine.now(), 1) || v.readControl(m, &want) != nil {
			v.engine.c.Log.Info("a viewer was cut off: its messages are not those of the protocol")
			v.end(Lost)
			return
		}
		select {
		case v.control <- want:
		case <-v.ended:
		}
	})
	return nil
}

func (v *View) readControl(m webrtc.DataChannelMessage, want *control) error {
	if !m.IsString || len(m.Data) > mostControl {
		return errors.New("live: not a message of the protocol")
	}
	if err := canon.Unmarshal(m.Data, want); err != nil {
		return err
	}
	for _, c := range want.all() {
		if c != "" && !v.shows(c) {
			return fmt.Errorf("live: a camera of another view")
		}
	}
	return nil
}

// talk carries out what the viewer wants, and tells it how its cameras do.
func (v *View) talk(ctx context.Context) {
	defer v.hear("")
	if !v.ready(ctx) {
		return
	}
	for _, t := range v.tracks {
		t.main.join(t)
		v.choose(t)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case want := <-v.control:
			v.obey(want)
		case <-v.news:
			v.chooseAll()
			v.tell()
		case r := <-v.readings:
			if v.steer.Take(time.Now(), r, v.needed()) {
				v.engine.c.Log.Debug("a viewer's line", "narrow", v.steer.Narrow())
				v.chooseAll()
				v.tell()
			}
		case <-v.review:
			v.listening()
		}
	}
}

func (v *View) obey(want control) {
	for _, t := range v.tracks {
		show := slices.Contains(want.Show, t.camera)
		v.mu.Lock()
		was := t.shown
		t.shown, t.wantSmall = show, slices.Contains(want.Small, t.camera)
		if !show {
			t.clear()
			t.skipping = true
		}
		v.mu.Unlock()
		v.choose(t)
		if show && !was {
			t.current().again(t)
		}
	}
	v.hearing = want.Hear
	v.listening()
}

// listening lets the viewer hear what is wanted, as far as they may now.
func (v *View) listening() {
	c := v.hearing
	if c != "" && v.attendant != nil && !v.attendant.Hears(c) {
		c = ""
	}
	v.hear(c)
}

// Review asks anew what the viewer may hear.
func (v *View) Review() {
	select {
	case v.review <- struct{}{}:
	default:
	}
}

// tell says how each camera does, once there is a channel to say it on.
func (v *View) tell() {
	select {
	case <-v.opened:
	default:
		return // it is said when it opens
	}
	var s states
	for _, t := range v.tracks {
		from := t.current()
		one := cameraState{Camera: t.camera, Sent: Main, State: Waiting, Talk: v.engine.spoken(t.camera)}
		_, one.Small = v.engine.small(t.camera)
		if from.of.small {
			one.Sent, one.Narrow = Small, t.eased
		}
		one.Reply = one.Talk && v.engine.c.Replies
		if from.isPlaying() {
			one.State = Playing
		}
		s.Cameras = append(s.Cameras, one)
	}
	v.sendText(s)
}
