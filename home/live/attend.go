// SPDX-License-Identifier: Apache-2.0

package live

import (
	"context"
	"errors"
	"strings"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"keyhold/home/ingest"
	"keyhold/statement/canon"
	"keyhold/statement/command"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

const (
	// mostAct bounds a message that brings a command.
	mostAct = 8192
	// mostVoice bounds a packet of a viewer's voice, in bytes: 60 ms.
	mostVoice = 480
)

// An Attendant decides about what a viewer wants to do besides look. But for Gone its functions do not wait, and are
// called by one goroutine at a time.
type Attendant interface {
	// Ask wants a challenge.
	Ask(a roster.Action, target id.Camera)
	// Act brings a command, signed.
	Act(envelope []byte)
	// Hush says that the viewer is done talking.
	Hush(camera id.Camera)
	// Hears says whether the viewer may hear a camera now.
	Hears(camera id.Camera) bool
	// Voice is a packet of the viewer's voice: µ-law, 8 kHz. It comes on a goroutine of its own.
	Voice(p *rtp.Packet)
	// Gone says that the view is over. It returns when nothing of it goes on at a camera.
	Gone()
}

// Challenge is given to who asked.
type Challenge struct {
	command.Asked
	Challenge []byte `json:"challenge"`
}

// States of an act, as a viewer is told.
const (
	ActBegun   = "begun"   // it is on the record, and is being done
	ActOn      = "on"      // it is done, or goes on: now one may talk
	ActOver    = "over"    // it has ended
	ActRefused = "refused" // it is not done
)

// Act is how an act goes.
type Act struct {
	Action roster.Action `json:"action"`
	// By is who has kept it from being done, "" for nobody.
	By     id.Person `json:"by"`
	State  string    `json:"state"`
	Target id.Camera `json:"target"`
	// Word says why it is refused or over.
	Word string `json:"word"`
}

// Say tells a viewer of an act, or gives it a challenge. What cannot be told any more is not.
func (v *View) Say(what any) {
	switch said := what.(type) {
	case Challenge:
		v.sendText(map[string]any{"challenge": said})
	case Act:
		v.sendText(map[string]any{"act": said})
	}
}

func (v *View) sendText(what any) {
	b, err := canon.Marshal(what)
	if err == nil && v.channel != nil {
		err = v.channel.SendText(string(b))
	}
	if err != nil {
		v.engine.c.Log.Debug("a viewer was not told", "error", err)
	}
}

// wish is a message that is not about pictures.
type wish struct {
	Ask *ask `json:"ask,omitempty"`
	// Act is an envelope.
	Act  []byte    `json:"act,omitempty"`
	Hush id.Camera `json:"hush,omitempty"`
}

type ask struct {
	Action roster.Action `json:"action"`
	Target id.Camera     `json:"target"`
}

// Check refuses values that the types allow.
func (w *wish) Check() error {
	n := 0
	for _, is := range []bool{w.Ask != nil, len(w.Act) > 0, w.Hush != ""} {
		if is {
			n++
		}
	}
	if n != 1 || w.Ask != nil && (!command.Acts(w.Ask.Action) || !w.Ask.Target.Valid()) || w.Hush != "" && !w.Hush.Valid() {
		return errors.New("live: a malformed wish")
	}
	return nil
}

// isWish says whether a message is not about pictures: those begin with another word.
func isWish(b []byte) bool {
	return !strings.HasPrefix(string(b[:min(len(b), 7)]), `{"hear"`)
}

// attend takes such a message.
func (v *View) attend(m webrtc.DataChannelMessage) error {
	var w wish
	if !m.IsString || len(m.Data) > mostAct {
		return errors.New("live: not a message of the protocol")
	}
	if err := canon.Unmarshal(m.Data, &w); err != nil {
		return err
	}
	target := w.Hush
	if w.Ask != nil {
		target = w.Ask.Target
	}
	if target != "" && !v.shows(target) {
		return errors.New("live: a camera of another view")
	}
	a := v.attendant
	switch {
	case a == nil: // this hub does nothing of the kind
	case w.Ask != nil:
		a.Ask(w.Ask.Action, w.Ask.Target)
	case w.Hush != "":
		a.Hush(w.Hush)
	default:
		a.Act(w.Act)
	}
	return nil
}

func (v *View) shows(c id.Camera) bool {
	for _, t := range v.tracks {
		if t.camera == c {
			return true
		}
	}
	return false
}

// spoken says whether a camera can be talked by, as far as that is known.
func (e *Engine) spoken(c id.Camera) bool { return e.c.Speaks != nil && e.c.Speaks(c) }

// Known tells those who watch a camera that something about it is known now.
func (e *Engine) Known(c id.Camera) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for of, u := range e.feeds {
		if of.camera == c {
			u.mu.Lock()
			u.changed()
			u.mu.Unlock()
		}
	}
}

func pcmuCodec() webrtc.RTPCodecCapability {
	return webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypePCMU, ClockRate: ingest.SpeechRate}
}

// voiced takes the track of a viewer's voice. pion calls it.
func (v *View) voiced(t *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	if !strings.EqualFold(t.Codec().MimeType, webrtc.MimeTypePCMU) {
		return
	}
	select {
	case v.voice <- t:
	default: // there is one already
	}
}

// overhear hands on what the viewer says.
func (v *View) overhear(ctx context.Context) {
	var t *webrtc.TrackRemote
	select {
	case <-ctx.Done():
		return
	case t = <-v.voice:
	}
	for { // it ends with the connection
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		if n := len(p.Payload); n > 0 && n <= mostVoice {
			v.attendant.Voice(p)
		}
	}
}
