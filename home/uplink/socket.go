// SPDX-License-Identifier: Apache-2.0

package uplink

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"keyhold/api"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// runSocket keeps the socket open and hands on what it brings.
func (u *Uplink) runSocket(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		began := u.Now()
		err := u.socket(ctx)
		if ctx.Err() != nil {
			return
		}
		if u.Now().Sub(began) > 5*time.Second {
			pause = firstPause
		}
		u.refused(err)
		if sleep(ctx, pause/2+rand.N(pause), nil) != nil {
			return
		}
		pause = min(pause*2, longPause*2/3)
	}
}

// refused says once why the cloud refuses this hub, and again when it is for another reason or after it was heard.
func (u *Uplink) refused(err error) {
	var p *api.Problem
	if !errors.As(err, &p) || p.Kind() != api.Unauthenticated {
		u.Log.Debug("the socket ended", "error", err)
		return
	}
	because := "refused: " + string(p.Rule) // never empty
	if u.told == because {
		return
	}
	u.told = because
	if p.Rule == rule.Time {
		u.Log.Error("the clocks of this machine and of the cloud are more than two minutes apart; set right the one that is wrong. Until then the hub records, and sends nothing")
	} else {
		u.Log.Error("the cloud does not know this hub any more: another has taken its place, or the household is gone from there. It records on, and sends nothing")
	}
}

func (u *Uplink) socket(ctx context.Context) error {
	open, cancel := context.WithTimeout(ctx, smallWrite)
	defer cancel()
	info, err := u.Client.Info(open)
	if err != nil {
		return err
	}
	nonce, err := u.Client.Nonce()
	if err != nil {
		return err
	}
	e, err := dsse.Signed(request.ThingSession, &request.Session{
		At: u.Now().UnixMilli(), From: id.Hub, Household: u.Household, Nonce: nonce, To: info.To,
	}, id.Hub, u.Key)
	if err != nil {
		return fmt.Errorf("uplink: session: %w", err)
	}
	s, err := u.Client.Socket(open, e.Encode())
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	u.answered()
	u.told = ""
	if err := u.TakeOver(ctx, s.Head, s.Links); err != nil {
		return err
	}
	if err := u.agree(ctx, s.Checkpoint); err != nil {
		return err
	}
	for {
		d, err := s.Receive(ctx)
		if err != nil {
			return err
		}
		if err := u.Handle(ctx, d); err != nil {
			return fmt.Errorf("uplink: message not handled: %w", err)
		}
		if err := u.ack(ctx, s, d); err != nil {
			return err
		}
	}
}

// agree compares the cloud's newest checkpoint with what this hub signed.
func (u *Uplink) agree(ctx context.Context, checkpoint string) error {
	if checkpoint != "" && !u.Formers(checkpoint) {
		behind, err := u.Ledger.Reconcile(ctx, checkpoint)
		switch {
		case rule.Of(err) != "":
			// The cloud's word alone must not keep the hub from uploading.
			u.Log.Error("the cloud shows a checkpoint that this hub has not signed", "error", err)
		case err != nil:
			return err
		case behind:
			if err := u.Rotate(ctx); err != nil {
				return err
			}
		}
	}
	select {
	case <-u.agreed:
	default:
		close(u.agreed) // this goroutine alone closes it
	}
	return nil
}

func (u *Uplink) ack(ctx context.Context, s *api.Socket, d *api.Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, smallWrite)
	defer cancel()
	return s.Ack(ctx, d.ID)
}
