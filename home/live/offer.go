// SPDX-License-Identifier: Apache-2.0

package live

import (
	"errors"
	"strings"

	"github.com/pion/sdp/v3"
)

// ErrOffer says that an offer is not as the protocol has it.
var ErrOffer = errors.New("live: an offer that does not fit what is to be watched")

// wants is what an offer asks for besides pictures: voice is that of the viewer.
type wants struct{ sound, voice, channel bool }

// read holds an offer against the number of cameras: one video each, at most one sound, then at most one voice, and one
// channel.
func read(offer string, cameras int) (wants, error) {
	var d sdp.SessionDescription
	var w wants
	if err := d.UnmarshalString(offer); err != nil {
		return w, errors.Join(ErrOffer, err)
	}
	videos := 0
	for _, m := range d.MediaDescriptions {
		ok := false
		switch m.MediaName.Media {
		case "video":
			videos++
			ok = only(m) && names(m, "h264/90000")
		case "audio":
			if _, sends := m.Attribute("sendonly"); sends {
				ok = w.sound && !w.voice && names(m, "pcmu/8000")
				w.voice = true
				break
			}
			ok = !w.sound && only(m) && names(m, "opus/48000/2")
			w.sound = true
		case "application":
			ok = !w.channel
			w.channel = true
		}
		if !ok {
			return w, ErrOffer
		}
	}
	if videos != cameras {
		return w, ErrOffer
	}
	return w, nil
}

// only says that the viewer receives and does not send.
func only(m *sdp.MediaDescription) bool {
	_, ok := m.Attribute("recvonly")
	return ok
}

func names(m *sdp.MediaDescription, codec string) bool {
	for _, a := range m.Attributes {
		if _, name, ok := strings.Cut(a.Value, " "); ok && a.Key == "rtpmap" && strings.EqualFold(strings.TrimSpace(name), codec) {
			return true
		}
	}
	return false
}
