// SPDX-License-Identifier: Apache-2.0

// Package operator holds the tests of what an operator has in its hands: everything that a household left with it,
// and nothing that can be read.
//
// The package itself opens that material with the household's keys, which is the control of those tests: the same
// scanner must find in the opened material what it did not find in the sealed. It trusts the age command as its
// authors publish it, and the household's own code only for mail to the hub, which no other program knows. It writes
// into the folder that it is given.
package operator

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"

	_ "modernc.org/sqlite" // the operator's database is one of these

	"keyhold/home/household"
	"keyhold/sealing/box"
)

// ageMagic begins every sealed file.
var ageMagic = []byte("age-encryption.org/v1\n")

// opener opens what the operator holds, piece by piece, into a folder.
type opener struct {
	age        string   // the command
	identities []string // files
	hub        *household.Keys
	household  string
	out        string

	files int // opened age files
	mails int // opened mails to the hub
}

// cloudFolder opens the objects and every value of the database.
func (o *opener) cloudFolder(ctx context.Context, dir string) error {
	err := filepath.WalkDir(filepath.Join(dir, "objects"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		object, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return o.sealed(ctx, object)
	})
	if err != nil {
		return fmt.Errorf("open the objects: %w", err)
	}
	return o.database(ctx, filepath.Join(dir, "cloud.db"))
}

// sealed opens the age files that lie end to end in the data.
func (o *opener) sealed(ctx context.Context, data []byte) error {
	for len(data) > 0 {
		end := bytes.Index(data[1:], ageMagic) + 1
		if end == 0 {
			end = len(data)
		}
		if err := o.file(ctx, data[:end]); err != nil {
			return err
		}
		data = data[end:]
	}
	return nil
}

// file opens one age file with stock age and whichever identity fits.
func (o *opener) file(ctx context.Context, data []byte) error {
	if !bytes.HasPrefix(data, ageMagic) {
		return nil
	}
	args := []string{"-d", "-o", o.next("age")}
	for _, identity := range o.identities {
		args = append(args, "-i", identity)
	}
	cmd := exec.CommandContext(ctx, o.age, args...)
	cmd.Stdin = bytes.NewReader(data)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("age -d of %d bytes: %w\n%s", len(data), err, said)
	}
	o.files++
	return nil
}

// next is a name for the next opened thing.
func (o *opener) next(kind string) string {
	return filepath.Join(o.out, fmt.Sprintf("%s-%s", kind, rand.Text()))
}

// database opens the sealed values: pages and names by age, mail to the hub by the hub's key.
func (o *opener) database(ctx context.Context, path string) error {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro")
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	defer db.Close()
	for _, query := range []string{`SELECT body, '' FROM pages`, `SELECT body, '' FROM documents WHERE kind = 'names'`, `SELECT body, sender FROM mail WHERE reader = 'hub' AND kind = 'mail'`} {
		if err := o.values(ctx, db, query); err != nil {
			return fmt.Errorf("open what %q gives: %w", query, err)
		}
	}
	return nil
}

func (o *opener) values(ctx context.Context, db *sql.DB, query string) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var body []byte
		var sender string
		if err := rows.Scan(&body, &sender); err != nil {
			return err
		}
		if sender != "" {
			err = o.mail(body, sender)
		} else {
			err = o.sealed(ctx, body)
		}
		if err != nil {
			return err
		}
	}
	return rows.Err()
}

// mail opens a command to the hub.
func (o *opener) mail(body []byte, sender string) error {
	plain, err := o.hub.HPKE.Open(box.Context{"household": o.household, "purpose": "command"}, box.Context{"from": sender, "to": "hub"}, body)
	if err != nil {
		return fmt.Errorf("open mail to the hub: %w", err)
	}
	o.mails++
	return errors.Join(os.WriteFile(o.next("mail"), plain, 0o600))
}
