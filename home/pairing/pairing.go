// SPDX-License-Identifier: Apache-2.0

// Package pairing brings a new hub and the first device of a household together (docs/protocol.md,
// section 8), or a new hub and a household whose hub is gone.
//
// It promises that the hub signs one genesis, and only one that was made by somebody who holds the
// code, carries this hub's keys, and is signed by its device and sheet. It trusts the code to have
// travelled outside the cloud, and the cloud with nothing. The code lies in `keys/pairing` until it
// is used.
//
// Before the cloud or the device is told anything, the signed genesis and the answer that is owed
// are in state.db: a crash from there on is taken up where it was. A crash before leaves the code
// valid.
package pairing

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"
	_ "time/tzdata" // the household's zone is checked by name, also where the system knows no zones
	"unicode/utf8"

	"keyhold/api"
	"keyhold/home/cameras"
	"keyhold/home/durable"
	"keyhold/home/household"
	"keyhold/home/state"
	"keyhold/sealing/box"
	"keyhold/statement/canon"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/pairing"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

const (
	// again is how often the hub looks whether its keys still lie in the device's box: drops are kept for 24 hours.
	again    = 10 * time.Minute
	pause    = 2 * time.Second
	maxPause = 30 * time.Second
	owedFact = "pairing"
)

// Pairing waits for the first device. All fields must be set.
type Pairing struct {
	Dir    string // the keys folder
	DB     *state.DB
	Client *api.Client
	Keys   *household.Keys
	// Cameras is where those go that an earlier hub had.
	Cameras *cameras.Store
	Now     func() time.Time
	Rand    io.Reader
	Log     *slog.Logger
}

// hubHello is what the hub drops first.
type hubHello struct {
	Hub roster.HubKeys `json:"hub"`
}

// proposal is what the device drops.
type proposal struct {
	DeviceName string `json:"device_name"`
	Genesis    []byte `json:"genesis"`
	HMAC       []byte `json:"hmac"`
	PersonName string `json:"person_name"`
	Zone       string `json:"zone"`
}

// Check refuses values that the types allow.
func (p *proposal) Check() error {
	for _, s := range []string{p.DeviceName, p.PersonName, p.Zone} {
		if len(s) > manifest.MaxName || !utf8.ValidString(s) {
			return errors.New("a name that is too long")
		}
	}
	if _, err := time.LoadLocation(p.Zone); err != nil {
		return errors.New("an unknown time zone")
	}
	return nil
}

// answer is what the hub drops last.
type answer struct {
	Error   string `json:"error"`
	Genesis []byte `json:"genesis"`
}

// owed is what the hub still has to do after it has signed genesis.
type owed struct {
	Body []byte `json:"body"`
	Box  string `json:"box"`
}

func codeFile(dir string) string { return filepath.Join(dir, "pairing") }

// Code returns the pairing code in the keys folder, and makes it the first time. The secret is used once.
func Code(dir string, keys *household.Keys, rand io.Reader) (pairing.Code, error) {
	secret, err := os.ReadFile(codeFile(dir))
	if errors.Is(err, fs.ErrNotExist) {
		secret = make([]byte, pairing.SecretSize)
		if _, err := io.ReadFull(rand, secret); err != nil {
			return pairing.Code{}, fmt.Errorf("pairing: make code: %w", err)
		}
		// Of two that make it at once, such as `keyhold hub code` beside a hub that starts, one is first.
		if err = durable.CreateFile(codeFile(dir), secret, 0o600); err == nil || errors.Is(err, fs.ErrExist) {
			secret, err = os.ReadFile(codeFile(dir))
		}
	}
	if err != nil {
		return pairing.Code{}, fmt.Errorf("pairing: code: %w", err)
	}
	if len(secret) != pairing.SecretSize {
		return pairing.Code{}, fmt.Errorf("pairing: %s is damaged; remove it and start the hub again for a new code", codeFile(dir))
	}
	return pairing.Code{Fingerprint: keys.Public().Fingerprint(), Secret: secret}, nil
}

// Run waits until the hub is paired and the device has its answer.
func (p *Pairing) Run(ctx context.Context) error {
	code, err := Code(p.Dir, p.Keys, p.Rand)
	if err != nil {
		return err
	}
	toHub, toDevice := pairing.Derive(code.Secret, pairing.PairToHub), pairing.Derive(code.Secret, pairing.PairToDevice)
	var after int64
	var said time.Time
	arriving := p.arriving(pairing.Box(toHub))
	wait := pause
	for {
		err := func() error {
			if said.IsZero() || p.Now().Sub(said) > again {
				if err := p.hello(ctx, toDevice); err != nil {
					return err
				}
				said = p.Now()
			}
			drops, err := p.Client.Drops(ctx, pairing.Box(toHub), toHub, after, api.MaxDropWait)
			if err != nil {
				return err
			}
			for _, d := range drops {
				var done bool
				if arriving.Add(d.Body) {
					if text, all := arriving.Whole(); all {
						done, err = p.takeOver(ctx, code, pairing.Box(toDevice), text)
					}
				} else {
					done, err = p.consider(ctx, code, pairing.Box(toHub), pairing.Box(toDevice), d.Body)
				}
				if err != nil || done {
					return errors.Join(err, doneIf(done))
				}
				after = max(after, d.N)
			}
			return nil
		}()
		if errors.Is(err, errDone) {
			if err = p.Finish(ctx); !errors.Is(err, ErrOutrun) {
				return err
			}
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			p.Log.Warn("waiting for the cloud to pair", "kind", string(api.KindOf(err)))
			t := time.NewTimer(wait)
			select {
			case <-t.C:
			case <-ctx.Done():
				t.Stop()
				return ctx.Err()
			}
			wait = min(wait*2, maxPause)
		default:
			wait = pause
		}
	}
}

var errDone = errors.New("pairing: done")

func doneIf(done bool) error {
	if done {
		return errDone
	}
	return nil
}

// hello sees to it that the hub's keys lie where the device looks for them. A box takes sixteen messages in its time, so
// what is there is not left again: a hub may wait for weeks, and start often.
func (p *Pairing) hello(ctx context.Context, token []byte) error {
	b, err := canon.Marshal(&hubHello{Hub: p.Keys.Public()})
	if err != nil {
		return fmt.Errorf("pairing: %w", err)
	}
	there, err := p.Client.Drops(ctx, pairing.Box(token), token, 0, 0)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(there, func(d api.Drop) bool { return bytes.Equal(d.Body, b) }) {
		return nil
	}
	return p.Client.Drop(ctx, pairing.Box(token), b)
}

// consider looks at one drop. What was not made by the holder of the code is dropped silently.
func (p *Pairing) consider(ctx context.Context, code pairing.Code, own, theirs string, sealed []byte) (done bool, err error) {
	plain, err := p.Keys.HPKE.Open(box.Context{"purpose": "pairing"}, box.Context{"box": own}, sealed)
	if err != nil {
		return false, nil
	}
	var m proposal
	if err := canon.UnmarshalMax(plain, &m, api.MaxMail); err != nil {
		p.Log.Info("a pairing message was malformed")
		return false, nil
	}
	e, g, err := p.check(code, &m)
	if err != nil {
		p.Log.Warn("a pairing message was refused", "error", err)
		return false, nil
	}
	e.Sign(id.Hub, p.Keys.Sign)
	genesis := e.Encode()
	body, err := reply(g.Device.Reader, theirs, &answer{Genesis: genesis})
	if err != nil {
		return false, err
	}
	todo, err := canon.Marshal(&owed{Body: body, Box: theirs})
	if err != nil {
		return false, fmt.Errorf("pairing: %w", err)
	}
	labels := map[string]string{string(g.Device.ID): m.DeviceName, string(g.Person): m.PersonName}
	err = p.DB.Write(ctx, func(tx *sql.Tx) error {
		if err := household.Found(ctx, tx, genesis, labels, m.Zone); err != nil {
			return err
		}
		return household.SetFact(ctx, tx, owedFact, todo)
	})
	return err == nil, err
}

// check wants genesis to come from the holder of the code, to name this hub, and to be signed by its device and sheet.
func (p *Pairing) check(code pairing.Code, m *proposal) (*dsse.Envelope, *roster.Genesis, error) {
	e, err := dsse.Parse(m.Genesis)
	if err != nil {
		return nil, nil, err
	}
	if err := pairing.CheckMAC(m.HMAC, code.Secret, pairing.PairMAC, e.PAE()); err != nil {
		return nil, nil, err
	}
	var g roster.Genesis
	if err := e.Read(roster.ThingGenesis, &g); err != nil {
		return nil, nil, err
	}
	if err := code.CheckHub(g.Hub); err != nil {
		return nil, nil, err
	}
	if err := request.Fresh(g.At, p.Now().UnixMilli()); err != nil {
		return nil, nil, err
	}
	return e, &g, e.Verify(map[id.Device]ed25519.PublicKey{g.Device.ID: g.Device.Sign, id.Sheet: g.Sheet.Sign})
}

func reply(reader []byte, boxName string, a *answer) ([]byte, error) {
	b, err := canon.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("pairing: answer: %w", err)
	}
	return box.Seal(reader, box.Context{"purpose": "paired"}, box.Context{"box": boxName}, b)
}

// Finish does what is still owed after genesis was signed: registers the household, answers the
// device, forgets the code. It is called at every start and does nothing when nothing is owed.
func (p *Pairing) Finish(ctx context.Context) error {
	var todo []byte
	var chain [][]byte
	err := p.DB.Read(ctx, func(tx *sql.Tx) (err error) {
		if todo, err = household.Fact(ctx, tx, owedFact); err != nil || todo == nil {
			return err
		}
		chain, err = household.Chain(ctx, tx)
		return err
	})
	if err != nil || todo == nil {
		return err
	}
	var o owed
	if err := canon.UnmarshalMax(todo, &o, 2*api.MaxMail); err != nil {
		return fmt.Errorf("pairing: %w", err)
	}
	wait := pause / 4
	for {
		err := p.settle(ctx, chain, &o)
		if err == nil {
			break
		}
		if len(chain) > 1 && api.KindOf(err) == api.Conflict {
			return p.outrun(ctx, &o)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p.Log.Warn("the cloud is away; the household is registered when it is back", "kind", string(api.KindOf(err)), "error", err)
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
		wait = min(wait*2, maxPause)
	}
	if err := durable.Remove(codeFile(p.Dir)); err != nil {
		return err
	}
	return p.DB.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM facts WHERE name IN ($1, $2)`, owedFact, refusalFact)
		return err
	})
}

// settle registers a new household, or the chain by which this hub took over.
func (p *Pairing) settle(ctx context.Context, chain [][]byte, o *owed) (err error) {
	if len(chain) == 1 {
		_, err = p.Client.RegisterHousehold(ctx, chain[0])
	} else {
		_, err = p.Client.RegisterChain(ctx, chain)
	}
	if err != nil {
		return err
	}
	return p.Client.Drop(ctx, o.Box, o.Body)
}
