// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"time"

	"keyhold/api"
	"keyhold/member/athome"
	"keyhold/member/device"
	"keyhold/statement/request"
)

const (
	// homeAfter is how long a command waits for its reply by the cloud before it is sent at home as well, and syncAfter how
	// long the cloud has for its first word before the hub is looked for.
	homeAfter = 2 * time.Second
	syncAfter = 5 * time.Second
	// askAgain is how long a device believes what it was told of the hub's addresses, askTime how long it asks.
	askAgain = 6 * time.Hour
	askTime  = 3 * time.Second
)

// way is one by which something reaches the hub, and whose ear statements are then for.
type way struct {
	client *api.Client
	to     []byte
}

// way is the one that this session takes.
func (s *Session) way() way { return way{s.Client, s.audience()} }

// audience is for whom statements are made: the cloud, or the hub itself.
func (s *Session) audience() []byte {
	if s.atHome {
		return s.Roster.Hub.Sign
	}
	return s.Home.To
}

// AtHome says that this session speaks with the hub itself, since the cloud is away. ByHome says that the hub's last reply
// came that way, whatever the cloud does.
func (s *Session) AtHome() bool { return s.atHome }

// ByHome says whether the hub's last reply came at home.
func (s *Session) ByHome() bool { return s.atHome || s.byHome }

// homeWay is the way to the hub at home, as far as this device was told where that is.
func (s *Session) homeWay() (way, bool) {
	if s.Folder == nil || s.atHome || s.cloudAlone {
		return way{}, false
	}
	h, err := s.Folder.Hub()
	key := ed25519.PublicKey(s.Roster.Hub.Sign)
	if err != nil || !key.Equal(ed25519.PublicKey(h.Key)) || len(athome.Addresses(h.Addresses)) == 0 {
		return way{}, false
	}
	client := athome.Client(key, h.Addresses)
	client.Now = s.Now
	return way{client, key}, true
}

// GoHome turns to the hub itself, where it can be reached, for the rest of the session.
func (s *Session) GoHome(ctx context.Context) error {
	w, ok := s.homeWay()
	if !ok {
		return fmt.Errorf("this device was not told where its hub is at home: %w", athome.ErrAway)
	}
	if _, err := w.client.Info(ctx); err != nil {
		return err
	}
	s.Client, s.atHome = w.client, true
	if s.WentHome != nil {
		s.WentHome()
	}
	return nil
}

// replied is what came of an exchange.
type replied struct {
	reply *request.Reply
	err   error
	home  bool
}

// ask sends a letter by the cloud and, if no reply comes soon, at home as well. It is one letter: the hub carries out only
// the first of the two that it gets. What the cloud keeps back is so delivered by whoever is at home.
func (s *Session) ask(ctx context.Context, nonce, letter []byte) (reply *request.Reply, home bool, err error) {
	there, known := s.homeWay()
	if !known {
		reply, err = s.exchange(ctx, s.way(), nonce, letter)
		return reply, s.atHome, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	came := make(chan replied)
	send := func(w way, home bool) {
		go func() { // received below
			reply, err := s.exchange(ctx, w, nonce, letter)
			came <- replied{reply, err, home}
		}()
	}
	send(s.way(), false)
	late := time.NewTimer(homeAfter)
	defer late.Stop()
	under, first := 1, replied{}
	for gone := false; under > 0; {
		select {
		case <-late.C:
			if !gone && ctx.Err() == nil {
				gone = true
				under++
				send(there, true)
			}
		case r := <-came:
			under--
			switch {
			case first.reply != nil: // the answer is there
			case r.err == nil:
				first = r
				cancel()
			case !r.home:
				first = r // what the cloud says goes before what cannot be reached
				if !gone && ctx.Err() == nil {
					gone = true
					under++
					send(there, true)
				}
			}
		}
	}
	return first.reply, first.home, first.err
}

// unanswered says that nobody answered, as opposed to something that was answered.
func unanswered(ctx context.Context, err error) bool {
	kind := api.KindOf(err)
	return ctx.Err() == nil && (kind == "" || kind == api.Unavailable)
}

// LearnHome asks the hub where it is at home, if somebody has answered this session and it last asked long ago. The answer
// is sealed, like every reply.
func (s *Session) LearnHome(ctx context.Context) error {
	if s.Folder == nil || !s.spoke || s.Keys.ID().ReturnKey() {
		return nil
	}
	was, err := s.Folder.Hub()
	key := ed25519.PublicKey(s.Roster.Hub.Sign)
	now := s.nowMS()
	if same := key.Equal(ed25519.PublicKey(was.Key)); err == nil && same && now-was.Asked < askAgain.Milliseconds() && now >= was.Asked {
		return nil
	} else if !same {
		was.Addresses = nil
	}
	next := device.Hub{Key: key, Addresses: was.Addresses, Asked: now}
	asking, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	// A hub that does not know the question drops it; it is not asked again for a while.
	if reply, err := s.Do(asking, request.Op{Kind: request.OpAtHome}); err == nil {
		next.Addresses = athome.Addresses(reply.Result.Addresses)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return s.Folder.SetHub(next)
}

// noteHome remembers how far the roster is that the hub spoke of at home: the cloud may be behind without lying.
func (s *Session) noteHome(seq int64) error {
	if s.Folder == nil {
		return nil
	}
	return s.Folder.Raise(func(h *device.Highest) error {
		h.AtHome = max(h.AtHome, seq)
		return nil
	})
}

// toldAtHome says whether a chain that ends at a number is older than the known one only because the hub has told this
// device more at home than the cloud has.
func (s *Session) toldAtHome(seq int64) (bool, error) {
	if s.Folder == nil {
		return false, nil
	}
	h, err := s.Folder.Highest()
	return err == nil && s.Roster.Head.Seq <= h.AtHome && seq >= h.Roster, err
}
