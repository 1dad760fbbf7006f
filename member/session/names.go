// SPDX-License-Identifier: Apache-2.0

package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"keyhold/member/device"
	"keyhold/sealing/open"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/rule"
)

// readHousehold reads all of the household's own leaves: they prove how runs follow each other and
// which names are the newest.
func (v *View) readHousehold(ctx context.Context) error {
	if !v.s.SeesPeople() {
		return nil // a viewer or guest is shown the cameras given, and nothing of the household's own
	}
	var err error
	v.home, err = v.records(ctx, id.HouseholdCamera, 0, math.MaxInt64)
	if err != nil {
		return err
	}
	// Every run begins with a leaf of the household, and its page went ahead of any checkpoint.
	if len(v.Runs) > 0 && len(v.home) == 0 && v.Unreadable == 0 && !v.atHome && !rule.Off(rule.SeqGap) {
		return rule.Errorf(rule.SeqGap, "nothing of the household's own record is shown")
	}
	for _, r := range v.home {
		if leaf, ok := r.Leaf.(*manifest.Run); ok {
			if err := v.checkRun(ctx, r.Run, leaf); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkRun holds what a run says of the one before against what the cloud shows of that.
func (v *View) checkRun(ctx context.Context, run *Run, leaf *manifest.Run) error {
	if leaf.Reason == manifest.RunGenesis || leaf.PrevRun == "" || rule.Off(rule.RolledBack) {
		return nil
	}
	prev := v.run(leaf.PrevRun)
	switch {
	case prev == nil && (v.atHome || leaf.At < v.now-(retentionDays-1)*day):
		return nil
	case prev == nil:
		return rule.Errorf(rule.RolledBack, "the run before this one is gone")
	case prev.Size < leaf.PrevSize:
		return rule.Errorf(rule.RolledBack, "the end of the run before this one is gone")
	case leaf.PrevSize == 0 || v.offline:
		return nil
	}
	root, err := id.ParseHash(leaf.PrevRoot)
	if err != nil {
		return rule.Errorf(rule.Field, "a run names a malformed predecessor")
	}
	return prev.Tree.Follows(ctx, manifest.Checkpoint{Household: run.Household, Run: prev.Run, Size: leaf.PrevSize, Root: root})
}

// readNames opens the household's document of names and wants it to be the one that the newest leaf
// about it names, or a newer one.
func (v *View) readNames(seen device.Highest) error {
	if !v.s.SeesPeople() {
		return nil
	}
	if len(v.answer.Names) == 0 {
		written := slices.ContainsFunc(v.home, func(r Record) bool { _, ok := r.Leaf.(*manifest.NamesChanged); return ok })
		if (seen.Names > 0 || written) && !rule.Off(rule.RolledBack) {
			return rule.Errorf(rule.RolledBack, "the household's names, which the hub has written, are gone")
		}
		return nil
	}
	plain, err := v.openSealed(id.HouseholdCamera, v.answer.Names)
	if errors.Is(err, errNoKey) && seen.Names == 0 {
		return nil // nothing was handed out to this reader yet
	}
	if err != nil {
		return fmt.Errorf("open the household's names: %w", err)
	}
	n, e, err := manifest.OpenNames(v.Roster, plain)
	if err != nil {
		return fmt.Errorf("check the household's names: %w", err)
	}
	least, hash := seen.Names, seen.NamesHash
	for _, r := range v.home {
		if leaf, ok := r.Leaf.(*manifest.NamesChanged); ok && leaf.Number >= least {
			least, hash = leaf.Number, leaf.Names.String()
		}
	}
	if n.Seq < least && !rule.Off(rule.RolledBack) {
		return rule.Errorf(rule.RolledBack, "the household's names are older than those the hub wrote last")
	}
	if n.Seq == least && hash != "" && e.Hash().String() != hash && !rule.Off(rule.Forked) {
		return rule.Errorf(rule.Forked, "two documents of names with one number")
	}
	v.Names, v.namesSum = n, e.Hash()
	return nil
}

// openSealed opens what is sealed to an epoch of a camera or the household. A file does not say to which, and a
// new one may be in use a moment before its page is under a checkpoint, so each key that was handed out
// is tried. That is no matter of trust: what is inside is signed by the hub.
func (v *View) openSealed(camera id.Camera, sealed []byte) ([]byte, error) {
	last := errNoKey
	for k, rows := range v.rows {
		if k.Camera != camera {
			continue
		}
		for _, row := range rows {
			identity, err := open.Row(v.s.Keys.Reader(), v.Roster.Household, row)
			if err != nil {
				last = err
				continue
			}
			plain, err := openNames(identity, sealed)
			if err == nil {
				return plain, nil
			}
			last = rule.Errorf(rule.Envelope, "sealed with a key that the cloud did not hand out")
		}
	}
	return nil, last
}

func openNames(identity *open.Identity, sealed []byte) ([]byte, error) {
	r, err := identity.Open(bytes.NewReader(sealed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, dsse.MaxBytes+1))
}

// Camera finds a camera by its name, or by its id.
func (v *View) Camera(name string) (manifest.NamedCam, bool) {
	var found manifest.NamedCam
	ok := false
	for _, c := range v.Cameras {
		// A removed camera keeps its footage; one that is on wins over it under the same name.
		if string(c.ID) == name || (c.Name == name && (!ok || c.State == manifest.NameOn)) {
			found, ok = c, true
		}
	}
	return found, ok
}

// DeviceName, PersonName and CameraName give the names that the household uses, or "" where there is none or this reader
// was not told.
func (v *View) DeviceName(d id.Device) string {
	if v.Names != nil {
		for _, n := range v.Names.Devices {
			if n.ID == d {
				return n.Name
			}
		}
	}
	return ""
}

// PersonName gives a person's name.
func (v *View) PersonName(p id.Person) string {
	if v.Names != nil {
		for _, n := range v.Names.Persons {
			if n.ID == p {
				return n.Name
			}
		}
	}
	return ""
}

// CameraName gives a camera's name.
func (v *View) CameraName(c id.Camera) string {
	for _, n := range v.Cameras {
		if n.ID == c {
			return n.Name
		}
	}
	return ""
}
