// SPDX-License-Identifier: Apache-2.0

package camera

import (
	"net/http"
	"strings"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
)

const (
	// postPath and postPathA are where such doorbells take µ-law and A-law.
	postPath  = "/axis-cgi/audio/transmit.cgi"
	postPathA = "/cgi-bin/audio.cgi"
	// postPiece is how much of it is heard at a time: 20 ms.
	postPiece = speakerRate / 50
	// postWait is how long nothing may come.
	postWait = 5 * time.Second
)

// posted hears what somebody posts, until they end it.
func (o *onvif) posted(w http.ResponseWriter, r *http.Request) {
	s := o.c.speaker
	law := &format.G711{MULaw: r.URL.Path == postPath, SampleRate: speakerRate, ChannelCount: 1}
	kind := map[bool]string{true: "audio/basic", false: "audio/g.711a"}[law.MULaw]
	switch {
	case r.Method != http.MethodPost:
		http.Error(w, "not a POST", http.StatusMethodNotAllowed)
		return
	case !o.door.lets(r, nil):
		o.door.ask(w)
		http.Error(w, "not with this password", http.StatusUnauthorized)
		return
	case r.ContentLength == 0:
		return // somebody asks who may
	case !strings.EqualFold(r.Header.Get("Content-Type"), kind) || law.MULaw && s.law == "pcma" || !law.MULaw && s.law == "pcmu":
		http.Error(w, "not such sound", http.StatusUnsupportedMediaType)
		return
	case !s.claim(r):
		http.Error(w, "somebody else has the speaker", http.StatusServiceUnavailable)
		return
	}
	defer s.leave(r)
	if err := s.listen(w, r, law); err != nil {
		o.c.cfg.Log.Error("what the speaker heard was not written down", "err", err)
	}
}

// listen hears it as it comes.
func (s *speaker) listen(w http.ResponseWriter, r *http.Request, law *format.G711) error {
	wait := http.NewResponseController(w)
	for stamp := uint32(0); ; {
		if err := wait.SetReadDeadline(time.Now().Add(postWait)); err != nil {
			return err
		}
		b := make([]byte, postPiece)
		n, err := r.Body.Read(b)
		if n > 0 {
			if err := s.play(r, law, &rtp.Packet{Header: rtp.Header{Timestamp: stamp}, Payload: b[:n]}); err != nil {
				return err
			}
			stamp += uint32(n)
		}
		if err != nil {
			return nil // they have ended it
		}
	}
}
