// SPDX-License-Identifier: Apache-2.0

package talk

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/pion/rtp"

	"keyhold/home/ingest"
	"keyhold/home/live"
	"keyhold/statement/command"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/quickreply"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

const (
	// openTime is how long a camera may take to give its speaker.
	openTime = 5 * time.Second
	// silence is how long nothing may come from who talks: browsers send also when nothing is said.
	silence = time.Second
	// longest is how long one may talk in one breath; who wants to go on presses again, and it chimes again.
	longest = 2 * time.Minute
	// lookEvery is how often May is asked, noteEvery how often it is noted that it lasts.
	lookEvery = 250 * time.Millisecond
	noteEvery = 5 * time.Second
	// waiting is how many packets of 20 ms may wait to be played while the hub has no time for them: what is later than a
	// fifth of a second is of no use.
	waiting = 10
	// ahead is how far what is said may be ahead of the clock, in samples: no more fits into the time.
	ahead = ingest.SpeechRate / 2
	// behind is how far the chime may be behind the clock, in samples, before a camera throws it away as late.
	behind = ingest.SpeechRate / 20
	// recordTries and recordPause: what has ended is written down, also if the disk is full for a while.
	recordTries = 20
	// tail is the silence after a quick reply, in samples: 240 ms. quietLaw is none, in µ-law.
	tail        = 12 * piece
	quietLaw    = 0xff
	recordPause = time.Second
)

// word is why a call ends; it is the cause of its context's end.
type word string

func (w word) Error() string { return string(w) }

// call is one person talking by one camera, from the command to the end.
type call struct {
	desk   *Desk
	who    *visit
	leaf   manifest.Talk // without what its end adds
	ctx    context.Context
	cancel context.CancelCauseFunc
	in     chan *rtp.Packet
	reply  [][]byte      // what the hub speaks, once it is made; none where they speak themselves
	silent chan struct{} // closed once no sound leaves any more
	told   bool          // members may know of it; guarded by Desk.mu
}

func newCall(d *Desk, v *visit, c *command.Command, hash id.Hash) *call {
	k := &call{desk: d, who: v, in: make(chan *rtp.Packet, waiting), silent: make(chan struct{}), leaf: manifest.Talk{
		Header: manifest.Header{Camera: c.Target}, Act: hash, Device: v.Device, Person: v.Person, Since: d.c.Now().UnixMilli(), Reply: c.Reply, State: manifest.TalkBegan, View: v.View,
	}}
	k.ctx, k.cancel = context.WithCancelCause(d.work)
	return k
}

// end never waits. The first word counts.
func (k *call) end(why string) { k.cancel(word(why)) }

// why is the word by which it has ended.
func (k *call) why() string {
	var w word
	if errors.As(context.Cause(k.ctx), &w) {
		return string(w)
	}
	return Lost
}

// say never waits.
func (k *call) say(p *rtp.Packet) {
	select {
	case k.in <- p:
	default:
	}
}

func (k *call) tell(state, why string) {
	k.who.Say(live.Act{Action: roster.Talk, State: state, Target: k.leaf.Camera, Word: why})
}

func (k *call) run() {
	d := k.desk
	began := k.form()
	if began == nil {
		began = k.record()
	}
	if began == nil {
		d.mu.Lock()
		k.told = true
		d.mu.Unlock()
		d.c.Log.Info("somebody talks by a camera", "camera", string(k.leaf.Camera), "device", string(k.leaf.Device))
		d.c.Tell()
		k.tell(live.ActBegun, "")
		k.speak()
	} else {
		d.c.Log.Error("talk could not be made or written down, so there is none", "error", began)
		k.end(Failed) // unless it has ended already
	}
	close(k.silent)
	why := k.why()
	d.forget(k)
	k.tell(live.ActOver, why)
	if began != nil {
		return
	}
	d.c.Tell()
	over := k.leaf
	over.State, over.Until = manifest.TalkEnded, max(d.c.Now().UnixMilli(), over.Since)
	d.insist(func() error { return d.ended(d.work, &over) })
	d.c.Log.Info("talk has ended", "camera", string(over.Camera), "word", why)
}

// form makes what the hub is to speak, if it is. What cannot be spoken never comes on the record.
func (k *call) form() error {
	if k.leaf.Reply == nil {
		return nil
	}
	law, err := k.desk.c.Speak(k.ctx, k.leaf.Reply)
	if err != nil {
		k.end(NoVoice)
		return err
	}
	// What is spoken has left a speaker of AAC only a little later, and there is to be nothing cut off its end.
	k.reply = cut(append(law, bytes.Repeat([]byte{quietLaw}, tail)...))
	return nil
}

// record writes down that it begins. A hub that is cut off right after finds it in its database.
func (k *call) record() error {
	l, said := k.leaf, quickreply.Reply{}
	if l.Reply != nil {
		said = *l.Reply
	}
	return k.desk.c.Record(k.desk.work, &l, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(k.desk.work, `INSERT INTO talks (act, camera, device, person, view, since, seen, language, reply) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			l.Act[:], string(l.Camera), string(l.Device), string(l.Person), string(l.View), l.Since, l.Since, said.Language, said.Text)
		return err
	})
}

// ended writes down that one is over.
func (d *Desk) ended(ctx context.Context, l *manifest.Talk) error {
	return d.c.Record(ctx, l, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM talks WHERE act = $1`, l.Act[:])
		return err
	})
}

// insist repeats what must be written for some seconds.
func (d *Desk) insist(f func() error) {
	for n := 1; ; n++ {
		err := f()
		if err == nil || n == recordTries {
			return // the next start finds it
		}
		d.c.Log.Error("the end of talk is not written down yet", "attempt", n, "error", err)
		t := time.NewTimer(recordPause)
		<-t.C
	}
}

// speak claims the speaker and plays the chime and what is said, until that has ended. No sound leaves afterwards.
func (k *call) speak() {
	slow := time.AfterFunc(openTime, func() { k.end(Camera) })
	line, err := k.desk.c.Open(k.ctx, k.leaf.Camera)
	slow.Stop()
	if err != nil {
		switch {
		case errors.Is(err, ingest.ErrNoSpeaker):
			k.end(NoSpeaker)
		case errors.Is(err, ingest.ErrSpeakerTaken):
			k.end(Taken)
		}
		k.end(Camera)
		// The error itself names the camera's address.
		k.desk.c.Log.Info("a camera's speaker was not claimed", "camera", string(k.leaf.Camera), "word", k.why())
		return
	}
	defer line.Close()
	began := time.Now()
	if !rule.Off(rule.Chime) && !k.play(line, began, k.desk.chime) {
		return
	}
	if k.reply != nil {
		k.tell(live.ActOn, "")
		if k.play(line, began, k.reply) {
			k.end(Said)
		}
		return
	}
	k.who.speaking.Store(k)
	defer k.who.speaking.CompareAndSwap(k, nil)
	k.tell(live.ActOn, "")
	k.pass(line, began)
}

// play plays pieces at the pace of the clock; it says whether it came to the end. Where the hub had no time for it, the
// rest has its place in the time from then on: whoever is near the camera is to hear it, if in pieces.
func (k *call) play(line Line, began time.Time, pieces [][]byte) bool {
	look, note := time.NewTicker(lookEvery), time.NewTicker(noteEvery)
	defer look.Stop()
	defer note.Stop()
	at := uint32(0)
	for _, p := range pieces {
		if now := samples(time.Since(began)); now > int64(at)+behind {
			at = uint32(now)
		}
		if line.Write(p, at) != nil {
			k.end(Camera)
			return false
		}
		at += uint32(len(p))
		t := time.NewTimer(time.Until(began.Add(time.Duration(at) * time.Second / ingest.SpeechRate)))
		for over := false; !over && k.ctx.Err() == nil; {
			select {
			case <-t.C:
				over = true
			case <-look.C:
				k.look()
			case <-note.C:
				k.note()
			case <-line.Done():
				k.end(Camera)
			case <-k.ctx.Done():
			}
		}
		t.Stop()
		if k.ctx.Err() != nil {
			return false
		}
	}
	return true
}

// pass plays what is said, as it comes.
func (k *call) pass(line Line, began time.Time) {
	quiet, look, note := time.NewTimer(silence), time.NewTicker(lookEvery), time.NewTicker(noteEvery)
	long := time.NewTimer(longest)
	defer quiet.Stop()
	defer look.Stop()
	defer note.Stop()
	defer long.Stop()
	place := placing{began: began}
	for {
		select {
		case <-k.ctx.Done():
			return
		case <-line.Done():
			k.end(Camera)
		case <-quiet.C:
			k.end(Lost)
		case <-long.C:
			k.end(Long)
		case <-look.C:
			k.look()
		case <-note.C:
			k.note()
		case p := <-k.in:
			if k.ctx.Err() != nil {
				return
			}
			quiet.Reset(silence)
			if at, ok := place.of(p, time.Now()); ok && line.Write(p.Payload, at) != nil {
				k.end(Camera)
			}
		}
	}
}

// samples is how many there are in a time.
func samples(d time.Duration) int64 { return int64(d * ingest.SpeechRate / time.Second) }

// look asks May again.
func (k *call) look() {
	if k.desk.may(k.leaf.Device, roster.Talk, k.leaf.Camera) != "" {
		k.end(Right)
	}
}

func (k *call) note() {
	err := k.desk.c.DB.Write(k.ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(k.ctx, `UPDATE talks SET seen = $1 WHERE act = $2`, k.desk.c.Now().UnixMilli(), k.leaf.Act[:])
		return err
	})
	if err != nil && k.ctx.Err() == nil {
		k.desk.c.Log.Error("it was not noted who talks", "error", err)
	}
}

// placing gives each packet its place in what the camera plays: after the chime, in the time of the clock, never twice,
// and never more than fits into the time.
type placing struct {
	began time.Time
	next  int64 // samples since began: where the last packet ended
	stamp uint32
	at    int64 // the place of stamp
	some  bool
}

func (l *placing) of(p *rtp.Packet, now time.Time) (uint32, bool) {
	clock := samples(now.Sub(l.began))
	at := l.at + int64(int32(p.Timestamp-l.stamp))
	// The first, and one whose own clock has jumped, is placed by when it came.
	if !l.some || at > clock+ahead || at < clock-4*ahead {
		l.some, l.stamp, l.at = true, p.Timestamp, max(clock, l.next)
		at = l.at
	}
	if at < l.next || at > clock+ahead {
		return 0, false // it came before, or is too much
	}
	l.next = at + int64(len(p.Payload))
	return uint32(at), true
}
