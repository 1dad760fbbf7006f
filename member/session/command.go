// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"keyhold/api"
	"keyhold/sealing/box"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/finding"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// ErrHubAway says that the hub did not answer in time. The command may still reach it within the two
// minutes for which it holds.
var ErrHubAway = errors.New("the hub does not answer; is it running, and does it reach the cloud?")

// RefusedError is the hub's no.
type RefusedError struct{ Word string }

func (r *RefusedError) Error() string {
	switch r.Word {
	case request.RefusedStale:
		return "the household's roster has moved on; try again"
	case request.RefusedDenied:
		return "the hub does not allow this: it is not yours to do"
	case request.RefusedGesture:
		return "the hub wants to see that somebody is in the home: its terminal shows six digits (keyhold hub code)"
	case request.RefusedGestureWrong:
		return "these are not the six digits that the hub shows; they are new for each change, and hold for ten minutes"
	case request.RefusedUnreachable:
		return "the hub cannot reach this camera: is the address right, and the camera on?"
	case request.RefusedPassword:
		return "the camera does not accept this user and password"
	case request.RefusedCodec:
		return "the camera sends no video that the hub can record: choose H.264 in its settings"
	case request.RefusedForm:
		return "this camera sends H.265, which Chromium, Chrome, Edge and many phones cannot play, and what is recorded cannot be changed later. " +
			"Say how to record it: --record h264 lets the hub make H.264 of it as it comes (about 13 ms of a processor core for each million pixels: " +
			"1920×1080 at 15 pictures a second takes about 40 to 60 % of one core, all the time), --record sent keeps it as it is, for Firefox and saved films"
	case request.RefusedAddress:
		return "the hub does not go to this address: a camera's begins with rtsp://, rtmp:// or http:// and leads into the home; " +
			"files, devices and servers of the hub's own computer only if it was started with --here"
	case request.RefusedProgram:
		return "the hub lacks ffmpeg, which reads such a camera: install it on the hub's computer (Linux), and add the camera again"
	case request.RefusedExists:
		return "there is one of this name or address already"
	case request.RefusedCloud:
		return "the hub does not reach the other cloud, or finds another there: is the address right?"
	case request.RefusedNotFound:
		return "the hub does not know it"
	case request.RefusedPrivate:
		return "this camera is private now: nothing connects to it (keyhold private)"
	case request.RefusedCovered:
		return "parts of this camera's picture are covered, and its other picture may show them elsewhere: uncover them first (keyhold masks), and cover anew afterwards"
	case request.RefusedFull:
		return "as many moments are starred as may be: let some go first (keyhold star list)"
	case request.RefusedNoSpeaker:
		return "nothing there takes sound: is this the address at which the camera takes it (docs/guide.md, talk)?"
	case request.RefusedTaken:
		return "somebody else talks by this camera just now: try again in a moment"
	case request.RefusedNoBell:
		return "this camera tells of no button: if there is one, have the bell call an address (keyhold cameras bell NAME webhook)"
	case request.RefusedNoLock:
		return "no door is opened at this camera (keyhold doors)"
	case request.RefusedNoRelay:
		return "this camera tells of nothing that it opens itself, or of nothing with that token: is ONVIF switched on in its settings?"
	case request.RefusedRelayStays:
		return "the camera's relay stays as it is set, so the door would stay open: in the camera's settings, let it fall back by itself (monostable, or pulse)"
	case request.RefusedNoLight:
		return "there is no light at this camera (keyhold cameras light)"
	case request.RefusedRelayFalls:
		return "the camera's relay does not stay as it is set, so a light would go out again, or a door would open: in the camera's settings, let the light's relay stay (bistable)"
	case request.RefusedDoorThere:
		return "a door is opened at this address, and nobody opens a door by looking or talking: a light, and a speaker, has one of its own"
	case request.RefusedLightAway:
		return "the light does not answer: is the address right, and is it on?"
	case request.RefusedLightNo:
		return "the light says no: is this what lights it and puts it out?"
	case request.RefusedLate:
		return "that came too late, so nothing was opened: try again"
	case request.RefusedLockAway:
		return "the lock has not answered, so nobody knows whether the door is open: look"
	case request.RefusedLockNo:
		return "the lock did not take it: the door was not opened"
	case finding.Elsewhere:
		return "what answers there points at another device: the hub sends it no password"
	case finding.Untried:
		return "this camera has not shown a picture yet: try it first"
	default:
		return "the hub refused the command as " + r.Word
	}
}

// How long a command waits for its reply: a hub looks at a new camera before it answers, and puts away what it recorded
// of one that is removed, with its pictures; what changes the roster must not be asked twice; everything else it answers
// at once.
const (
	longWait  = 40 * time.Second
	shortWait = 12 * time.Second
	// copyWait is for recordings that come down one line and go up another.
	copyWait = 10 * time.Minute
)

func waitFor(kind string) time.Duration {
	switch kind {
	case request.OpAddCamera, request.OpRemoveCamera, request.OpSetBell, request.OpSetLock, request.OpAppendLink, request.OpRotate, request.OpRemove, request.OpErase:
		return longWait
	case request.OpCopy:
		return copyWait
	case request.OpMove, request.OpSwitch:
		return longWait
	default:
		return shortWait
	}
}

// Do sends the hub a command and returns its reply once signature, household and nonce are checked.
func (s *Session) Do(ctx context.Context, op request.Op) (*request.Reply, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, waitFor(op.Kind), ErrHubAway)
	defer cancel()
	reply, err := s.do(ctx, op)
	if err != nil && errors.Is(context.Cause(ctx), ErrHubAway) {
		return nil, ErrHubAway
	}
	return reply, err
}

func (s *Session) do(ctx context.Context, op request.Op) (*request.Reply, error) {
	nonce, err := s.nonce()
	if err != nil {
		return nil, err
	}
	letter, err := s.command(nonce, op)
	if err != nil {
		return nil, err
	}
	reply, home, err := s.ask(ctx, nonce, letter)
	if err != nil {
		return nil, err
	}
	s.spoke, s.byHome = true, home
	if home {
		if err := s.noteHome(reply.Head.Seq); err != nil {
			return nil, err
		}
	}
	s.heard[reply.Run] = max(s.heard[reply.Run], reply.Size)
	if reply.Error != "" {
		return reply, &RefusedError{Word: reply.Error}
	}
	return reply, nil
}

// exchange sends the hub a letter by one way, and waits there for the reply with its nonce.
func (s *Session) exchange(ctx context.Context, w way, nonce, letter []byte) (*request.Reply, error) {
	// The socket stands before the command leaves, so that no other program of this device can
	// acknowledge the reply before this one has seen it.
	socket, err := s.socketBy(ctx, w)
	if err != nil {
		return nil, err
	}
	defer func() { _ = socket.Close() }() // it has served its purpose
	if err := w.client.Mail(ctx, s.Signer(), s.Home.Household, id.Hub, letter); err != nil {
		return nil, err
	}
	for {
		d, err := socket.Receive(ctx)
		if err != nil {
			return nil, err
		}
		if d.Kind != api.KindMail || d.From != id.Hub {
			continue
		}
		reply, err := s.openReply(d.Body)
		if err != nil || string(reply.Nonce) != string(nonce) {
			continue // an answer to an earlier command, or not the hub's: it cannot be told from noise
		}
		return reply, socket.Ack(ctx, d.ID)
	}
}

func (s *Session) socket(ctx context.Context) (*api.Socket, error) { return s.socketBy(ctx, s.way()) }

func (s *Session) socketBy(ctx context.Context, w way) (*api.Socket, error) {
	nonce, err := s.nonce()
	if err != nil {
		return nil, err
	}
	e, err := dsse.Signed(request.ThingSession, &request.Session{
		At: s.nowMS(), From: s.Keys.ID(), Household: s.Home.Household, Nonce: nonce, To: w.to,
	}, s.Keys.ID(), s.Keys.Sign())
	if err != nil {
		return nil, fmt.Errorf("sign session: %w", err)
	}
	return w.client.Socket(ctx, e.Encode())
}

// command signs a command and seals it to the hub.
func (s *Session) command(nonce []byte, op request.Op) ([]byte, error) {
	c := &request.Command{
		At: s.nowMS(), Device: s.Keys.ID(), Head: s.Roster.Head.Hash, Household: s.Home.Household, Nonce: nonce, Op: op,
	}
	// What the hub would not read it drops without a word.
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("this cannot be asked of the hub: %w", err)
	}
	e, err := dsse.Signed(request.ThingCommand, c, s.Keys.ID(), s.Keys.Sign())
	if err != nil {
		return nil, fmt.Errorf("sign command: %w", err)
	}
	sealed, err := box.Seal(s.Roster.Hub.HPKE, s.info("command"), box.Context{"from": string(s.Keys.ID()), "to": string(id.Hub)}, e.Encode())
	if err != nil {
		return nil, fmt.Errorf("seal command: %w", err)
	}
	return sealed, nil
}

func (s *Session) openReply(sealed []byte) (*request.Reply, error) {
	plain, err := s.Keys.Reader().Open(s.info("reply"), box.Context{"from": string(id.Hub), "to": string(s.Keys.ID())}, sealed)
	if err != nil {
		return nil, err
	}
	e, err := dsse.Parse(plain)
	if err != nil {
		return nil, err
	}
	var r request.Reply
	if err := e.Open(request.ThingReply, &r, map[id.Device]ed25519.PublicKey{id.Hub: s.Roster.Hub.Sign}); err != nil {
		return nil, err
	}
	if r.Household != s.Home.Household {
		return nil, rule.Errorf(rule.WrongHousehold, "a reply of another household")
	}
	return &r, request.Fresh(r.At, s.nowMS())
}

func (s *Session) info(purpose string) box.Context {
	return box.Context{"household": string(s.Home.Household), "purpose": purpose}
}

// Signer is this reader as one who writes to the cloud.
func (s *Session) Signer() api.Signer { return api.Signer{From: s.Keys.ID(), Key: s.Keys.Sign()} }

// Reseal gives a device the keys of epochs: rows sealed to it, and the statement that vouches for them.
func (s *Session) Reseal(ctx context.Context, to id.Device, rows []request.Row) error {
	for len(rows) > 0 {
		n := min(len(rows), request.MaxReseal)
		if err := s.reseal(ctx, to, rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func (s *Session) reseal(ctx context.Context, to id.Device, rows []request.Row) error {
	statement := &request.Reseal{
		At: s.nowMS(), Device: to, Epochs: []request.ResealedEpoch{}, Head: s.Roster.Head.Hash, Household: s.Home.Household,
	}
	for _, row := range rows {
		statement.Epochs = append(statement.Epochs, request.ResealedEpoch{Camera: row.Camera, Envelope: id.HashOf(row.Bytes), Epoch: row.Epoch})
	}
	e, err := dsse.Signed(request.ThingReseal, statement, s.Keys.ID(), s.Keys.Sign())
	if err != nil {
		return fmt.Errorf("sign reseal: %w", err)
	}
	body, err := canon.Marshal(api.Resealed{Envelopes: rows, Statement: e.Encode()})
	if err != nil {
		return fmt.Errorf("encode reseal: %w", err)
	}
	return s.Client.Write(ctx, s.Signer(), s.Home.Household, request.WriteReseals, string(to), api.Bytes(body))
}
