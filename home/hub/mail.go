// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"keyhold/api"
	"keyhold/home/epochs"
	"keyhold/sealing/box"
	"keyhold/statement/dsse"
	"keyhold/statement/finding"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// handle takes what the socket brings. It returns an error only for what may be better later: the
// message then comes again. What is not from this household's members is dropped.
func (h *Hub) handle(ctx context.Context, d *api.Delivery) error {
	switch d.Kind {
	case api.KindFetch:
		return h.look(ctx, d.Body)
	case api.KindMail:
		return h.mail(ctx, d)
	}
	h.Log.Info("a message of an unknown kind was dropped")
	return nil
}

// mail opens a command, remembers its nonce, and carries it out beside the socket: a camera that
// takes its time must not hold up the next command. A crash in between loses the command, never
// carries it out twice; its sender hears nothing and asks again.
func (h *Hub) mail(ctx context.Context, d *api.Delivery) error {
	c, err := h.command(d)
	if errors.Is(err, errOther) {
		return h.other(ctx, d)
	}
	if err != nil {
		h.Log.Warn("a command was dropped", "error", err)
		return nil
	}
	h.heard(c.Device)
	fresh, err := h.useNonce(ctx, c.Nonce, h.Now().UnixMilli()+2*request.Window)
	if err != nil {
		return err
	}
	if !fresh && !rule.Off(rule.Replay) {
		h.Log.Info("a command came twice and was dropped")
		return nil
	}
	slots := h.slots
	switch {
	case looks(c.Op.Kind):
		// Looking at a camera takes its time: however many are asked for, a removal does not wait behind them.
		slots = h.looking
	case c.Op.Kind == request.OpOpen: // so does a lock
		slots = h.opening
	}
	if slots != h.slots && len(slots) == cap(slots) {
		h.Log.Warn("a command was dropped: too many cameras or locks are waited for", "device", string(c.Device))
		return nil
	}
	return h.beside(slots, func() {
		result, word := h.execute(h.work, c)
		if c.Op.Kind == request.OpSwitch && word == "" {
			defer h.quit(errMoved) // once the answer is queued, which the old cloud still brings
		}
		if err := h.reply(ctx, c, result, word); err != nil {
			h.Log.Error("a command was carried out, but its answer was not queued", "error", err)
		}
	})
}

// looks says whether a command waits for a camera, which may not answer.
func looks(kind string) bool {
	switch kind {
	case request.OpAddCamera, request.OpSetBell, request.OpSetLock, request.OpSetSmall, request.OpSetSpeaker, request.OpTrySpeaker, request.OpSetLight, request.OpTryLight, request.OpSetRecorded, request.OpRemoveIntegration, request.OpTestChannel:
		return true
	}
	return false
}

// beside runs something beside the socket, once there is room for it.
func (h *Hub) beside(slots chan struct{}, run func()) error {
	select {
	case slots <- struct{}{}:
	case <-h.work.Done():
		return h.work.Err()
	}
	go func() { // waited for by whoever takes all slots
		defer func() { <-slots }()
		run()
	}()
	return nil
}

// other hands on what is no command: a question about cameras that may be found, or a signal.
func (h *Hub) other(ctx context.Context, d *api.Delivery) error {
	info := box.Context{"household": string(h.household.ID()), "purpose": finding.Purpose}
	plain, err := h.keys.HPKE.Open(info, box.Context{"from": string(d.From), "to": string(id.Hub)}, d.Body)
	if err == nil {
		return h.question(ctx, d.From, plain)
	}
	if err := h.signal(d); err != nil {
		h.Log.Warn("a piece of mail was dropped", "error", err)
	}
	return nil
}

// errOther says that a piece of mail is sealed for something else than a command.
var errOther = errors.New("hub: no command")

// command opens and verifies a command.
func (h *Hub) command(d *api.Delivery) (*request.Command, error) {
	info := box.Context{"household": string(h.household.ID()), "purpose": "command"}
	plain, err := h.keys.HPKE.Open(info, box.Context{"from": string(d.From), "to": string(id.Hub)}, d.Body)
	if err != nil {
		return nil, errors.Join(errOther, err)
	}
	key, ok := h.household.Key(d.From)
	if !ok || d.From == id.Hub {
		return nil, errors.New("hub: command: the sender is not in the roster")
	}
	var c request.Command
	if _, err := dsse.OpenBy(plain, request.ThingCommand, &c, d.From, key); err != nil {
		return nil, err
	}
	if c.Device != d.From || c.Household != h.household.ID() {
		return nil, errors.New("hub: command: sender or household are not those of the envelope")
	}
	return &c, request.Fresh(c.At, h.Now().UnixMilli())
}

// useNonce remembers a nonce and tells whether it is new.
func (h *Hub) useNonce(ctx context.Context, nonce []byte, until int64) (bool, error) {
	var n int64
	err := h.db.Write(ctx, func(tx *sql.Tx) (err error) {
		n, err = useNonce(ctx, tx, nonce, until)
		return err
	})
	return n == 1, err
}

func useNonce(ctx context.Context, tx *sql.Tx, nonce []byte, until int64) (int64, error) {
	r, err := tx.ExecContext(ctx, `INSERT INTO nonces (nonce, until) VALUES ($1, $2) ON CONFLICT DO NOTHING`, nonce, until)
	if err != nil {
		return 0, fmt.Errorf("hub: nonce: %w", err)
	}
	return r.RowsAffected()
}

// reply signs, seals and queues an answer.
func (h *Hub) reply(ctx context.Context, c *request.Command, result request.Result, word string) error {
	up, err := h.ledger.Uploaded(ctx)
	if err != nil {
		return err
	}
	// The newest checkpoint that the cloud has confirmed; before the first, the run with nothing in it.
	p := up.Previous
	if p.Run == "" {
		p.Run = up.Run
	}
	r := request.Reply{
		At: h.Now().UnixMilli(), Error: word, Head: h.household.Head(), Household: h.household.ID(), Nonce: c.Nonce,
		Result: result, Root: p.Root, Run: p.Run, Size: p.Size,
	}
	e, err := dsse.Signed(request.ThingReply, &r, id.Hub, h.keys.Sign)
	if err != nil {
		return err
	}
	reader, ok := h.household.Reader(c.Device)
	if !ok {
		h.Log.Info("an answer is not sent: its device was removed", "device", string(c.Device))
		return nil
	}
	info := box.Context{"household": string(h.household.ID()), "purpose": "reply"}
	sealed, err := box.Seal(reader, info, box.Context{"from": string(id.Hub), "to": string(c.Device)}, e.Encode())
	if err != nil {
		return err
	}
	// Whoever asked at home waits there; whether they still do, nobody knows, so it goes by the cloud as well.
	h.tellHere(c.Device, sealed)
	err = h.db.Write(ctx, func(tx *sql.Tx) error {
		return epochs.Outbox(ctx, tx, request.WriteMail, string(c.Device), sealed)
	})
	if err != nil {
		return err
	}
	h.uplink.Queued()
	return nil
}
