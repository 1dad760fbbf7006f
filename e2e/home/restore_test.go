// SPDX-License-Identifier: Apache-2.0

package home

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"keyhold/home/check"
	"keyhold/home/household"
	"keyhold/home/hub"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// backup stops the hub and copies its folder; the hub goes on.
func (r *Rig) backup() string {
	r.t.Helper()
	r.Stop()
	dir := filepath.Join(r.t.TempDir(), "backup")
	must(r.t, os.CopyFS(dir, os.DirFS(r.Dir)))
	r.Start()
	r.Serving()
	return dir
}

// putBack lets the hub go on from a copy of its folder.
func (r *Rig) putBack(dir string) {
	r.t.Helper()
	r.Stop()
	r.Dir = dir
	r.Start()
	r.Serving()
}

// answered says whether the hub answers a device.
func (f *folk) answered(patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(f.r.t.Context(), patience)
	defer cancel()
	_, err := f.session().Do(ctx, request.Op{Kind: request.OpPing})
	return err == nil
}

func TestFolderPutBackKnowsWhoCameAndWhoWentSince(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	r.Packs(door, 1)
	gone := r.Device(r.owner())
	copied := r.backup()
	came := r.Device(r.owner())
	r.order(r.owner(), r.removal("", gone.ID(), r.owner()))
	before := r.Packs(door, 2)
	r.putBack(copied)
	r.Until("the hub answering whom it took in", func() bool { return came.answered(2 * time.Second) })
	if gone.answered(time.Second) {
		t.Error("the hub answers a device that was removed")
	}
	state := r.whole()
	if _, ok := state.Device(gone.ID()); ok || state.Head != r.Member.Roster.Head {
		t.Errorf("the hub's roster ends at %+v, not at %+v", state.Head, r.Member.Roster.Head)
	}
	// Nobody takes the hub for one that goes back: neither by its runs nor by its names.
	r.Until("a second run", func() bool { return len(r.View().Runs) == 2 })
	r.NewEpoch(door, before[len(before)-1].Epoch)
	r.Add("Yard", "b")
	r.Until("names of both cameras", func() bool { return len(r.View().Names.Cameras) == 2 })
	r.Stop()
	report, err := check.Run(t.Context(), r.Dir, "")
	must(t, err)
	if !report.Sound() {
		t.Errorf("%v", report.Faults)
	}
}

// A hub that has signed two links with one number takes neither side's word: what stands in its folder stays.
func TestForkedRosterIsNotTakenOver(t *testing.T) {
	t.Parallel()
	for _, links := range []int{1, 2} {
		t.Run(fmt.Sprintf("with %d links at the cloud", links), func(t *testing.T) {
			t.Parallel()
			r := Plain(t)
			copied := r.backup()
			other := r.newFolk(r.Member.Person())
			e, err := r.Member.Roster.NewLink(r.now().UnixMilli(), roster.AddDevice{Device: other.Public(), Person: other.Person})
			must(t, err)
			keys, err := household.ReadKeys(hub.LayoutOf(copied).Keys)
			must(t, err)
			e.Sign(r.owner().ID(), r.owner().Sign())
			e.Sign(other.ID(), other.Sign())
			e.Sign(id.Hub, keys.Sign)
			edit(t, copied, fmt.Sprintf(`INSERT INTO roster (seq, envelope) VALUES (1, x'%x')`, e.Encode()))
			came := r.Device(r.owner())
			for range links - 1 {
				r.Device(r.owner())
			}
			r.putBack(copied)
			r.Until("the hub saying so", func() bool { return r.logged("contradicts this hub's") })
			if came.answered(time.Second) {
				t.Error("the hub answers a device of the other side")
			}
			r.query(`SELECT count(*), max(envelope = $1) FROM roster`, []any{e.Encode()}, func(scan func(...any) error) error {
				var n, own int
				if err := scan(&n, &own); err != nil || n != 2 || own != 1 {
					t.Errorf("the hub's roster has %d statements, and its own link: %v (%v)", n, own == 1, err)
				}
				return nil
			})
		})
	}
}
