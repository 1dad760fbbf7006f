// SPDX-License-Identifier: Apache-2.0

package live

import (
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtph264"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"keyhold/statement/canon"
	"keyhold/statement/id"
)

// media says what is to be received, and on which channel sound is asked for.
func (v *View) media() error {
	only := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
	places := map[*webrtc.RTPReceiver]int{}
	for i := range v.wish.Cameras {
		t, err := v.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, only)
		if err != nil {
			return err
		}
		places[t.Receiver()] = i
	}
	v.pc.OnTrack(func(t *webrtc.TrackRemote, r *webrtc.RTPReceiver) { // a goroutine of its own, which ends with the connection
		if i, ok := places[r]; ok {
			v.pictures(i, t)
		} else {
			v.sound(t)
		}
	})
	if v.wish.Sound == nil {
		return nil
	}
	if _, err := v.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, only); err != nil {
		return err
	}
	negotiated, number := true, uint16(0)
	c, err := v.pc.CreateDataChannel("keyhold", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &number})
	if err != nil {
		return err
	}
	want, err := canon.Marshal(map[string]any{"hear": string(v.wish.Cameras[0]), "show": cameras(v.wish.Cameras)})
	if err != nil {
		return err
	}
	c.OnOpen(func() { _ = c.SendText(string(want)) }) // without it there is no sound, which shows
	return nil
}

func cameras(list []id.Camera) []any {
	out := make([]any, len(list))
	for i, c := range list {
		out[i] = string(c)
	}
	return out
}

// pictures puts packets together again. It ends with the connection.
func (v *View) pictures(i int, t *webrtc.TrackRemote) {
	var o order
	var d rtph264.Decoder
	if err := d.Init(); err != nil {
		return
	}
	whole, first, have := false, uint32(0), false
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		ready, lost := o.take(p, time.Now())
		if lost {
			// What was being put together is spoiled, and so is all that builds on it.
			whole = false
			_ = d.Init()
			_ = v.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(t.SSRC())}})
		}
		for _, p := range ready {
			units, err := d.Decode(p)
			if err != nil || len(units) == 0 {
				continue // there is more to come, or the piece before is missing
			}
			key := isKey(units)
			if whole = whole || key; !whole {
				continue
			}
			if !have {
				have, first = true, p.Timestamp
			}
			v.wish.Picture(i, units, key, time.Duration(p.Timestamp-first)*time.Second/90_000)
		}
	}
}

// isKey wants a picture that can be decoded alone, with its parameter sets.
func isKey(units [][]byte) bool {
	idr, sps := false, false
	for _, u := range units {
		if len(u) > 0 {
			idr, sps = idr || u[0]&0x1f == 5, sps || u[0]&0x1f == 7
		}
	}
	return idr && sps
}

func (v *View) sound(t *webrtc.TrackRemote) {
	for {
		p, _, err := t.ReadRTP()
		if err != nil {
			return
		}
		if v.wish.Sound != nil {
			v.wish.Sound(p)
		}
	}
}
