// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"keyhold/member/device"
	"keyhold/member/session"
	"keyhold/statement/request"
)

// EraseCommand has everything erased, takes that back, and shows the cloud's receipt.
type EraseCommand struct {
	deviceFlag
	All     bool   `xor:"what" help:"Have everything of the household erased, at the cloud and on the hub. For owners; any owner can take it back within seven days."`
	Keep    bool   `xor:"what" help:"Take it back. For owners, within the seven days."`
	Clear   bool   `xor:"what" help:"Once everything is gone: delete this device's own keys and its cache, too."`
	Receipt string `type:"path" placeholder:"FILE" help:"Once everything is gone: write the cloud's receipt to a file, with what it can be checked by."`
	Yes     bool   `help:"Do not ask."`
}

// Run does what the flag says; without one it says how things stand.
func (e *EraseCommand) Run(ctx context.Context, c *console) error {
	if e.Receipt != "" && (e.All || e.Keep) {
		return errors.New("there is a receipt once everything is gone, and not before: give --receipt alone, or with --clear")
	}
	s, err := e.open(c)
	if err != nil {
		return err
	}
	switch {
	case e.All:
		return e.order(ctx, c, s)
	case e.Keep:
		return e.keep(ctx, c, s)
	}
	_, err = s.Sync(ctx)
	var hidden *session.HiddenError
	switch {
	case err == nil:
		c.say("Nothing is to be erased. An owner can have everything erased with keyhold erase --all.")
		return nil
	case errors.As(err, &hidden):
		c.say("Everything is hidden since %s, and will be erased for good at %s. Until then an owner can take it back: keyhold erase --keep", clock(hidden.At, c.now()), clock(hidden.Due, c.now()))
		return nil
	case !session.IsStranger(err):
		return err
	}
	return e.gone(ctx, c, s, err)
}

// order asks, signs, and says when.
func (e *EraseCommand) order(ctx context.Context, c *console, s *session.Session) error {
	if _, err := s.Steady(ctx, func(*session.View) error { return nil }); err != nil {
		return err
	}
	if !e.Yes {
		c.say("Everything of this household will be erased at %s and on the hub: recordings, names, keys, who belongs to it, who has looked.", s.Home.Cloud)
		c.say("From now on it is hidden from everybody. For seven days any owner can take that back (keyhold erase --keep); then it is gone for good, and nobody can bring it back, we neither.")
		c.say("What was saved stays with whoever saved it. Save what you want to keep first: keyhold export --all --out FOLDER")
		yes, err := c.yes("Have everything erased?")
		if err != nil || !yes {
			return errors.Join(errors.New("nothing was changed"), err)
		}
	}
	hidden, err := s.Erase(ctx, c.gesture)
	var no *session.RefusedError
	switch {
	case errors.As(err, &no) && no.Word == request.RefusedExists:
		return errors.New("it was ordered already; see keyhold erase")
	case err != nil:
		return fmt.Errorf("have everything erased: %w", err)
	}
	c.say("Ordered. Everything is hidden now, and will be erased for good at %s. Everybody of the household is told.", clock(hidden.Due, c.now()))
	c.say("Until then any owner can take it back: keyhold erase --keep\nAfterwards the cloud gives a receipt: keyhold erase. Leave the hub switched on until then: it erases itself when it has seen that receipt.")
	return nil
}

func (e *EraseCommand) keep(ctx context.Context, c *console, s *session.Session) error {
	heard, err := s.Keep(ctx)
	if err != nil {
		return fmt.Errorf("keep everything: %w", err)
	}
	c.say("Kept. Everything is shown again, and nothing will be erased.")
	if !heard {
		c.say("The hub has not answered. It erases nothing on its own: it asks the cloud first.")
	}
	return nil
}

// gone shows the receipt.
func (e *EraseCommand) gone(ctx context.Context, c *console, s *session.Session, stranger error) error {
	done, err := s.Erased(ctx)
	switch {
	case errors.Is(err, session.ErrNothingErased):
		return stranger // it was removed, or never told
	case errors.Is(err, session.ErrNoReceipt):
		return errors.New("the cloud no longer knows this household and has given no receipt yet; it does so within minutes, and keeps it for ninety days. Try again later")
	case err != nil:
		return err
	}
	c.receipt(done)
	if e.Receipt != "" {
		if err := writeReceipt(e.Receipt, done); err != nil {
			return err
		}
		c.say("Wrote the receipt to %s.", e.Receipt)
	}
	if !e.Clear {
		c.say("This device's own keys are still in %s. They open nothing that is left anywhere, but copies of ciphertext that somebody made. Delete them with keyhold erase --clear.", s.Folder.Dir())
		return nil
	}
	if !e.Yes {
		yes, err := c.yes("Delete the keys and the cache in " + s.Folder.Dir() + "?")
		if err != nil || !yes {
			return errors.Join(errors.New("nothing was changed"), err)
		}
	}
	if err := s.Folder.Clear(); err != nil {
		return err
	}
	c.session = nil
	c.say("Deleted. Nothing of the household is left on this device, but what you have saved.")
	return nil
}

// receipt says what the cloud has signed.
func (c *console) receipt(done *session.Erased) {
	n := done.Counts
	c.say("Everything of this household was erased at %s. The cloud has signed that: %s (%s), %d pages of the record, %d keys, %d statements about who belongs to it.",
		clock(done.At, c.now()), count(int(n["objects"]), "recording", "recordings"), size(done.Bytes), n["pages"], n["envelopes"], n["links"])
	if done.Missing > 0 {
		c.say("But its list lacks %d of the %d statements that this device knows were there. Ask the operator why.", done.Missing, done.Known)
	} else {
		c.say("Its list holds all of the %s that this device knows were there.", count(done.Known, "statement", "statements"))
	}
	c.say("A receipt proves what the operator says. It cannot prove what became of copies.")
}

// proof is a receipt with what it can be checked by, without any network.
type proof struct {
	Statement []byte `json:"statement"`
	Cloud     []byte `json:"cloud"`
	Note      string `json:"note"`
	List      []byte `json:"list"`
}

func writeReceipt(path string, done *session.Erased) error {
	text, err := json.MarshalIndent(proof{Statement: done.Envelope, Cloud: done.Statement.To, Note: done.Note, List: done.List}, "", "  ")
	if err != nil {
		return fmt.Errorf("write the receipt: %w", err)
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists already; choose another --receipt", path)
	}
	return device.WriteFile(path, append(text, '\n'))
}

// receiptWait is how long any command asks for a receipt when the cloud no longer knows this device.
const receiptWait = 10 * time.Second

// farewell looks, where the cloud no longer knows this device, for the receipt of what an owner had erased.
func (c *console) farewell(ctx context.Context, s *session.Session, stranger error) error {
	if known, err := s.Erasure(); err != nil || known == nil {
		return errors.Join(stranger, err)
	}
	ctx, cancel := context.WithTimeout(ctx, receiptWait)
	defer cancel()
	done, err := s.Erased(ctx)
	if err != nil {
		return stranger
	}
	c.receipt(done)
	return errors.New("this household is no more; see keyhold erase")
}
