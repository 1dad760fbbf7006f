// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/home/household"
	"keyhold/home/hub"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// aNewHub is a household whose hub was stolen: another took its place, and the thief has the old one's keys. anna alone
// owns it; gus is a guardian.
func aNewHub(t *testing.T) *scene {
	t.Helper()
	s := &scene{Rig: Plain(t)}
	s.door = s.Add("Door", "a")
	s.anna = s.owner()
	s.gus = s.Bring("Gus", roster.Guardian)
	old := s.Packs(s.door, 1)
	stolen := hub.LayoutOf(s.Dir).Keys
	s.replaced(s.anew())
	var err error
	s.before, err = household.ReadKeys(stolen)
	must(t, err)
	s.Add("Door", "a")
	s.Packs(s.door, len(old)+1)
	s.Until("a status of the new hub", func() bool { return s.View().Status != nil })
	return s
}

// someHub are the keys of a hub that nobody in the household has seen.
func (s *scene) someHub() *household.Keys {
	s.t.Helper()
	k, err := household.OpenKeys(s.t.TempDir(), rand.Reader)
	must(s.t, err)
	return k
}

// takenOver is a chain that goes on from a roster with another hub, signed by these.
func (s *scene) takenOver(from *roster.State, at int64, by ...*folk) [][]byte {
	s.t.Helper()
	keys := s.someHub()
	op := roster.ReplaceHub{Hub: keys.Public()}
	for _, r := range s.View().Runs {
		if era, _ := from.EraOfRun(r.Run); era.Current {
			op.Runs = append(op.Runs, roster.ClosedRun{Root: r.Root, Run: r.Run, Size: r.Size})
		}
	}
	e, err := from.NewLink(at, op)
	must(s.t, err)
	for _, f := range by {
		e.Sign(f.ID(), f.Sign())
	}
	e.Sign(id.Hub, keys.Sign)
	return append(append([][]byte{}, from.Chain...), e.Encode())
}

// runsWith lets the operator change the list of runs.
func runsWith(answer map[string]json.RawMessage, change func([]api.RunRef) []api.RunRef) {
	var list []api.RunRef
	if json.Unmarshal(answer["runs"], &list) == nil {
		set(answer, "runs", change(list))
	}
}

// thiefsRun is a run of so many leaves, signed with a key.
func (s *scene) thiefsRun(key ed25519.PrivateKey, run id.Run, size int64) api.RunRef {
	s.t.Helper()
	note, err := manifest.Checkpoint{Household: s.Member.Home.Household, Run: run, Size: size, Root: id.HashOf([]byte("thief")), At: s.now().UnixMilli()}.Sign(key)
	must(s.t, err)
	return api.RunRef{Checkpoint: note, Run: run}
}

func text(chain [][]byte) []string {
	var out []string
	for _, link := range chain {
		out = append(out, base64.StdEncoding.EncodeToString(link))
	}
	return out
}

func crimesAroundANewHub() []crime {
	honest := func(s *scene) error { return s.synced(s.gus.session()) }
	return []crime{
		{
			name: "the old hub begins a run after it was replaced", off: []rule.Name{rule.Checkpoint}, says: string(rule.Checkpoint),
			commit: func(s *scene) error {
				run, err := id.NewRun(rand.Reader)
				must(s.t, err)
				return s.answered(func(answer map[string]json.RawMessage) {
					runsWith(answer, func(list []api.RunRef) []api.RunRef { return append(list, s.thiefsRun(s.before.Sign, run, 1)) })
				}, func() error { return s.synced(s.gus.session()) })
			},
			honest: honest,
		},
		{
			name: "the end of the old hub's record is cut off", off: []rule.Name{rule.RolledBack}, says: string(rule.RolledBack),
			commit: func(s *scene) error {
				return s.answered(func(answer map[string]json.RawMessage) {
					runsWith(answer, func(list []api.RunRef) []api.RunRef {
						list[0] = s.thiefsRun(s.before.Sign, list[0].Run, 1)
						return list
					})
				}, func() error { return s.synced(s.gus.session()) })
			},
			honest: honest,
		},
		{
			name: "the operator puts in a hub of its own", off: []rule.Name{rule.Signer}, says: string(rule.Signer),
			commit: func(s *scene) error {
				chain := s.takenOver(s.Member.Roster, s.now().UnixMilli())
				return s.answered(func(answer map[string]json.RawMessage) { set(answer, "roster", text(chain)) }, func() error { return s.synced(s.gus.session()) })
			},
			honest: honest,
		},
		{
			name: "a guardian puts in a hub", off: []rule.Name{rule.Signer}, says: string(api.Invalid), lasting: true, ruins: true,
			commit: func(s *scene) error {
				_, err := s.client().RegisterChain(s.t.Context(), s.takenOver(s.Member.Roster, s.now().UnixMilli(), s.gus))
				return err
			},
			honest: honest,
		},
		{
			name: "a link for a new hub is shown that was signed before the roster went on", off: []rule.Name{rule.RosterFork, rule.Signature, rule.RolledBack, rule.Frozen}, says: string(rule.RosterFork),
			commit: func(s *scene) error {
				past, err := roster.Replay(s.Member.Roster.Chain, s.Member.Home.Household)
				must(s.t, err)
				chain := s.takenOver(past, s.now().UnixMilli(), s.anna)
				s.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}, Cameras: []id.Camera{s.door}})
				return s.answered(func(answer map[string]json.RawMessage) { set(answer, "roster", text(chain)) }, func() error { return s.synced(s.Member) })
			},
			honest: honest,
		},
		{
			name: "an owner of six days helps to put in a hub", off: []rule.Name{rule.Signer}, says: string(api.Invalid), lasting: true, ruins: true,
			commit: func(s *scene) error {
				s.offset.Add(int64(2 * 24 * time.Hour))
				s.ben = s.Bring("Ben", roster.Owner)
				s.offset.Add(int64(6 * 24 * time.Hour))
				return s.together()
			},
			honest: func(s *scene) error {
				s.offset.Add(int64(25 * time.Hour))
				return s.together()
			},
		},
	}
}

// together anna and ben put in a hub, which brings the chain to the cloud.
func (s *scene) together() error {
	s.t.Helper()
	from := s.Member.Roster
	keys := s.someHub()
	e, err := from.NewLink(s.now().UnixMilli(), roster.ReplaceHub{Hub: keys.Public()})
	must(s.t, err)
	e.Sign(s.anna.ID(), s.anna.Sign())
	e.Sign(s.ben.ID(), s.ben.Sign())
	e.Sign(id.Hub, keys.Sign)
	_, err = s.client().RegisterChain(s.t.Context(), append(append([][]byte{}, from.Chain...), e.Encode()))
	return err
}

// TestCrimesAroundANewHub tries what a thief of the old hub, the operator and people inside may try when another hub
// takes the place of one that is gone.
func TestCrimesAroundANewHub(t *testing.T) { judge(t, aNewHub, crimesAroundANewHub()) }
