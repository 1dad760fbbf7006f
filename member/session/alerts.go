// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"

	"keyhold/api"
	"keyhold/sealing/box"
	"keyhold/statement/alert"
	"keyhold/statement/id"
)

// Heard is an alert, as this device heard it.
type Heard struct {
	alert.Alert
	// Late says that it is not new: it is too old, or its number came before.
	Late bool
}

// askEvery is after how many alerts the hub is told that this device is still there.
const askEvery = 16

// NextAlert waits for what the hub tells at once. It and Next take from one mailbox: a line is used for one of them.
func (l *Line) NextAlert(ctx context.Context) (*Heard, error) {
	for {
		d, err := l.socket.Receive(ctx)
		if err != nil {
			return nil, err
		}
		if d.Kind != api.KindMail || d.From != id.Hub {
			continue
		}
		h := l.s.alert(d.Body, l.alert)
		if h == nil {
			continue // for somebody else, or noise
		}
		if err := l.socket.Ack(ctx, d.ID); err != nil {
			return nil, err
		}
		l.alert = max(l.alert, h.Seq)
		if l.alerts++; l.alerts%askEvery == 0 {
			_ = l.Ask(ctx) // it is asked again
		}
		return h, nil
	}
}

// alert opens one; nil for what is none.
func (s *Session) alert(sealed []byte, last int64) *Heard {
	plain, err := s.Keys.Reader().Open(s.info(alert.Purpose), box.Context{"from": string(id.Hub), "to": string(s.Keys.ID())}, sealed)
	if err != nil {
		return nil
	}
	a, err := alert.Read(plain, s.Keys.ID(), s.Roster, s.nowMS(), last)
	if err != nil && !alert.Late(err) || a == nil {
		return nil
	}
	return &Heard{Alert: *a, Late: err != nil}
}
