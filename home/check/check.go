// SPDX-License-Identifier: Apache-2.0

// Package check looks over a hub's folder, and over a vault of the cloud's against it: an fsck for
// spool, packs, manifest and stored objects.
//
// It promises to change nothing and to name every fault in a sentence. It trusts what is signed with
// the hub's key of the roster, and nothing else: sizes and hashes are recomputed from the bytes. It needs no
// key that opens a recording. What a crash leaves for the next start to repair (open packs in the
// spool, a few bytes behind the hash file) is told apart from a fault.
package check

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"keyhold/home/household"
	"keyhold/home/hub"
	"keyhold/home/state"
	"keyhold/statement/id"
)

// Report is what a check found.
type Report struct {
	Faults []string `json:"faults"`
	// Notes are left-overs of a crash that the next start of the hub repairs.
	Notes []string `json:"notes"`

	Household id.Household `json:"household"`
	Runs      int          `json:"runs"`
	Leaves    int64        `json:"leaves"` // in all trees
	Pages     int          `json:"pages"`  // not yet complete at the cloud, or still growing
	Packs     int          `json:"packs"`
	Bytes     int64        `json:"bytes"` // of packs
	Uploaded  int          `json:"uploaded"`
	Vault     int          `json:"vault"` // objects compared with the vault
}

// Sound says whether nothing is wrong.
func (r *Report) Sound() bool { return len(r.Faults) == 0 }

func (r *Report) fault(format string, args ...any) {
	r.Faults = append(r.Faults, fmt.Sprintf(format, args...))
}

func (r *Report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// checker is one check under way.
type checker struct {
	layout hub.Layout
	db     *state.DB
	key    ed25519.PublicKey
	report *Report
}

// Run checks a hub's folder; vault is a cloud's folder to compare with, or "". The hub must not run.
func Run(ctx context.Context, dir, vault string) (report *Report, err error) {
	l := hub.LayoutOf(dir)
	if _, err := os.Stat(l.State); err != nil {
		return nil, fmt.Errorf("check: %s is not the folder of a hub: %w", dir, err)
	}
	lock, err := hub.Lock(dir)
	if errors.Is(err, hub.ErrBusy) {
		return nil, fmt.Errorf("check: the hub of %s is running; stop it first", dir)
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	db, err := state.OpenReadOnly(ctx, l.State)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c := &checker{layout: l, db: db, report: &Report{Faults: []string{}, Notes: []string{}}}
	home, err := household.Load(ctx, db)
	if errors.Is(err, household.ErrNone) {
		c.report.note("the hub belongs to no household yet; there is nothing to check")
		return c.report, nil
	}
	if err != nil {
		c.report.fault("the roster does not verify: %v", err)
		return c.report, nil
	}
	c.report.Household = home.ID()
	c.key = ed25519.PublicKey(home.Roster().Hub.Sign)
	switch keys, err := household.ReadKeys(l.Keys); {
	case err != nil:
		c.report.fault("the hub's keys cannot be read: %v", err)
	case !c.key.Equal(keys.Sign.Public()):
		c.report.fault("the key in keys/hub.key is not the hub's key of the roster")
	}
	if err := c.readers(ctx, home.Roster()); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{c.integrity, c.runs, c.leaves, c.packs, c.spool} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	if vault != "" {
		if err := c.vault(ctx, vault); err != nil {
			return nil, err
		}
	}
	return c.report, nil
}

// integrity asks the database about itself.
func (c *checker) integrity(ctx context.Context) error {
	return c.db.Read(ctx, func(tx *sql.Tx) error {
		return state.Each(ctx, tx, `PRAGMA integrity_check`, nil, func(scan func(...any) error) error {
			var line string
			if err := scan(&line); err != nil {
				return err
			}
			if line != "ok" {
				c.report.fault("state.db: %s", line)
			}
			return nil
		})
	})
}
