// SPDX-License-Identifier: Apache-2.0

package golden

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"keyhold/cloud/access"
	"keyhold/cloud/store/sqlite"
	"keyhold/e2e/harness"
	"keyhold/home/check"
	"keyhold/home/household"
	"keyhold/home/state"
	"keyhold/member/device"
	"keyhold/member/recover"
	"keyhold/sealing/open"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// Read reads a household that some version has made with the code of today. It works on a copy in dir.
func Read(ctx context.Context, programs harness.Programs, frozen, dir string) error {
	if err := copyOwn(dir, frozen); err != nil {
		return err
	}
	// Version control keeps no empty folders.
	if err := os.MkdirAll(filepath.Join(dir, "hub", "spool"), 0o700); err != nil {
		return fmt.Errorf("golden: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(dir, expectedFile))
	if err != nil {
		return fmt.Errorf("golden: %w", err)
	}
	var want Expected
	if err := json.Unmarshal(text, &want); err != nil {
		return fmt.Errorf("golden: %s: %w", expectedFile, err)
	}
	return errors.Join(
		opened(ctx, dir, want),
		exported(ctx, programs, dir),
		atHome(ctx, dir, want),
		atTheCloud(ctx, dir, want),
		onDevices(dir, want),
	)
}

// copyOwn copies the household for its owner alone: programs want their keys so.
func copyOwn(dir, frozen string) error {
	return filepath.WalkDir(frozen, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rest, err := filepath.Rel(frozen, path)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, rest)
		if d.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, b, 0o600)
	})
}

// look opens everything there is with the sheet, without a network.
func look(ctx context.Context, dir string) (*Expected, error) {
	words, err := harness.SheetWords(filepath.Join(dir, "sheet.txt"))
	if err != nil {
		return nil, err
	}
	keys, err := os.MkdirTemp("", "keyhold-golden-")
	if err != nil {
		return nil, fmt.Errorf("golden: %w", err)
	}
	defer os.RemoveAll(keys)
	entries, err := recover.Identities(ctx, strings.Join(words, " "), filepath.Join(dir, "hub"), filepath.Join(keys, "keys"))
	if err != nil {
		return nil, fmt.Errorf("golden: open with the sheet: %w", err)
	}
	out := &Expected{Files: map[string]string{}, Epochs: len(entries)}
	for _, e := range entries {
		if err := files(filepath.Join(dir, "hub"), filepath.Join(keys, "keys", e.File), e, out.Files); err != nil {
			return nil, err
		}
	}
	f, err := device.Open(filepath.Join(dir, "device"))
	if err != nil {
		return nil, err
	}
	h, err := f.Household()
	if err != nil {
		return nil, err
	}
	s, err := roster.Replay(h.Roster, h.Household)
	if err != nil {
		return nil, err
	}
	out.Household, out.Head, out.People, out.Devices = string(s.Household), s.Head.Hash.String(), len(s.People), len(s.Members)
	return out, nil
}

// files opens the age files of an epoch.
func files(hub, keyFile string, e recover.IdentityEntry, into map[string]string) error {
	text, err := os.ReadFile(keyFile)
	if err != nil {
		return fmt.Errorf("golden: %w", err)
	}
	var identity *open.Identity
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "AGE-SECRET-KEY") {
			if identity, err = open.ParseIdentity(strings.TrimSpace(line)); err != nil {
				return fmt.Errorf("golden: a key of the sheet: %w", err)
			}
		}
	}
	if identity == nil {
		return fmt.Errorf("golden: %s holds no key", e.File)
	}
	for _, p := range e.Packs {
		body, err := os.ReadFile(filepath.Join(hub, p.Path))
		if err != nil {
			return fmt.Errorf("golden: %w", err)
		}
		for _, f := range p.Files {
			plain, err := identity.Open(bytes.NewReader(body[f.Offset : f.Offset+f.Size]))
			if err != nil {
				return fmt.Errorf("golden: open %s: %w", p.Object, err)
			}
			sum := sha256.New()
			if _, err := io.Copy(sum, plain); err != nil {
				return fmt.Errorf("golden: open %s: %w", p.Object, err)
			}
			into[fmt.Sprintf("%s/%d", p.Object, f.Offset)] = hex.EncodeToString(sum.Sum(nil))
		}
	}
	return nil
}

// opened holds what the sheet opens now against what it opened then.
func opened(ctx context.Context, dir string, want Expected) error {
	have, err := look(ctx, dir)
	if err != nil {
		return err
	}
	if len(want.Files) < enough || have.Epochs != want.Epochs || have.Head != want.Head || have.People != want.People || have.Devices != want.Devices {
		return fmt.Errorf("golden: the sheet finds %+v; it found %+v", have, want)
	}
	for place, sum := range want.Files {
		if have.Files[place] != sum {
			return fmt.Errorf("golden: %s opens to something else than it did", place)
		}
	}
	return nil
}

// exported lets the program check the export.
func exported(ctx context.Context, programs harness.Programs, dir string) error {
	w := harness.World{Programs: programs, Dir: dir}
	_, err := w.Run(ctx, "verify", filepath.Join(dir, "export.mp4"))
	return err
}

// atHome opens the hub's folder as a hub does, which brings its database up to date, and checks it.
func atHome(ctx context.Context, dir string, want Expected) error {
	db, err := state.Open(ctx, filepath.Join(dir, "hub", "state.db"))
	if err != nil {
		return fmt.Errorf("golden: the hub's database: %w", err)
	}
	h, err := household.Load(ctx, db)
	if err := errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("golden: the hub's household: %w", err)
	}
	if got := h.Head().Hash.String(); got != want.Head {
		return fmt.Errorf("golden: the hub's roster ends with %s, not %s", got, want.Head)
	}
	report, err := check.Run(ctx, filepath.Join(dir, "hub"), "")
	if err != nil {
		return fmt.Errorf("golden: check the hub's folder: %w", err)
	}
	if !report.Sound() {
		return fmt.Errorf("golden: the hub's folder has faults: %s", strings.Join(report.Faults, "; "))
	}
	return nil
}

// atTheCloud opens the cloud's database as the cloud does.
func atTheCloud(ctx context.Context, dir string, want Expected) error {
	db, err := sqlite.Open(ctx, filepath.Join(dir, "cloud", "cloud.db"))
	if err != nil {
		return fmt.Errorf("golden: the cloud's database: %w", err)
	}
	s, err := access.NewMirror(db).State(ctx, id.Household(want.Household))
	if err := errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("golden: the cloud's mirror: %w", err)
	}
	if got := s.Head.Hash.String(); got != want.Head {
		return fmt.Errorf("golden: the cloud's roster ends with %s, not %s", got, want.Head)
	}
	return nil
}

// onDevices opens each device's folder.
func onDevices(dir string, want Expected) error {
	for _, name := range []string{"device", "guardian", "sitter"} {
		f, err := device.Open(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("golden: the device of the %s: %w", name, err)
		}
		secret, err := f.Secret()
		if err != nil {
			return fmt.Errorf("golden: the keys of the %s: %w", name, err)
		}
		h, err := f.Household()
		if err != nil {
			return fmt.Errorf("golden: the household of the %s: %w", name, err)
		}
		s, err := roster.Replay(h.Roster, id.Household(want.Household))
		if err != nil {
			return fmt.Errorf("golden: the roster of the %s: %w", name, err)
		}
		if m, ok := s.Device(secret.ID()); !ok || string(m.Sign) != string(secret.Public().Sign) {
			return fmt.Errorf("golden: the roster does not hold the device of the %s", name)
		}
		if _, err := f.Highest(); err != nil {
			return fmt.Errorf("golden: what the %s has seen: %w", name, err)
		}
	}
	return nil
}
