// SPDX-License-Identifier: Apache-2.0

package live

import (
	"encoding/json"
	"slices"
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
	if v.wish.Sound != nil {
		if _, err := v.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, only); err != nil {
			return err
		}
	}
	if v.wish.Sound == nil && !v.wish.Small {
		return nil
	}
	negotiated, number := true, uint16(0)
	c, err := v.pc.CreateDataChannel("keyhold", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &number})
	if err != nil {
		return err
	}
	want, err := v.wanted(nil)
	if err != nil {
		return err
	}
	c.OnOpen(func() { _ = c.SendText(want) }) // without it there is no sound, which shows
	if v.wish.Small {
		c.OnMessage(func(m webrtc.DataChannelMessage) { v.ask(c, m) }) // one after the other
	}
	return nil
}

// wanted says to the hub whose sound and whose pictures are wanted, and which of them small.
func (v *View) wanted(small []id.Camera) (string, error) {
	want := map[string]any{"hear": "", "show": cameras(v.wish.Cameras)}
	if v.wish.Sound != nil {
		want["hear"] = string(v.wish.Cameras[0])
	}
	if len(small) > 0 {
		want["small"] = cameras(small)
	}
	b, err := canon.Marshal(want)
	return string(b), err
}

func cameras(list []id.Camera) []any {
	out := make([]any, len(list))
	for i, c := range list {
		out[i] = string(c)
	}
	return out
}

// ask asks for the second streams of which the hub says that there are: one of an earlier version knows none.
func (v *View) ask(c *webrtc.DataChannel, m webrtc.DataChannelMessage) {
	var said struct {
		Cameras []struct {
			Camera id.Camera `json:"camera"`
			Small  bool      `json:"small"`
		} `json:"cameras"`
	}
	if len(m.Data) > mostSaid || json.Unmarshal(m.Data, &said) != nil {
		return
	}
	var small []id.Camera
	for _, one := range said.Cameras {
		if one.Small && slices.Contains(v.wish.Cameras, one.Camera) {
			small = append(small, one.Camera)
		}
	}
	if slices.Equal(small, v.small) {
		return
	}
	v.small = small
	if want, err := v.wanted(small); err == nil {
		_ = c.SendText(want) // without it the pictures are larger than they need to be
	}
}

// mostSaid bounds what is read of the hub's words on its cameras.
const mostSaid = 8192

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
