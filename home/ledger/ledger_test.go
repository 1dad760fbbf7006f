// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"keyhold/home/ledger"
	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/rule"
)

var errCrash = errors.New("the power went")

// crashAt lets an Append end at a step, as a process that dies there.
func crashAt(step string) func(string) error {
	return func(s string) error {
		if s == step {
			return errCrash
		}
		return nil
	}
}

func TestCrashAtAnyStepLeavesBeforeOrAfter(t *testing.T) {
	t.Parallel()
	for _, step := range ledger.Steps {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			for n := range 8 {
				must(t, r.add(r.beat()))
				before := r.ledger.Standing().Size
				r.ledger.SetFault(crashAt(step))
				witness := false
				err := r.ledger.Append(t.Context(), ledger.Entries(r.beat(), r.pack(), r.beat()), func(tx *sql.Tx, _ []ledger.Place) error {
					witness = true
					_, err := tx.ExecContext(t.Context(), `INSERT INTO outbox (kind, name, body) VALUES ('status', 'current', x'00')`)
					return err
				})
				if !errors.Is(err, errCrash) {
					t.Fatalf("round %d: %v", n, err)
				}
				r.restart()
				want := before
				if step == "committed" {
					want += 3
				}
				if got := r.ledger.Standing().Size; got != want {
					t.Fatalf("round %d: %d leaves, not %d", n, got, want)
				}
				if rows := r.count(`SELECT count(*) FROM outbox`); rows != 0 && step != "committed" || witness && rows == 0 && step == "committed" {
					t.Fatalf("round %d: the caller's rows and the leaves are not of one mind: %d rows", n, rows)
				}
			}
		})
	}
}

func TestFailedAppendChangesNothingAndMayBeRepeated(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, step := range ledger.Steps[:3] {
		r.ledger.SetFault(crashAt(step))
		if err := r.add(r.beat(), r.beat()); !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		r.ledger.SetFault(nil)
		r.check()
		must(t, r.add(r.beat()))
		r.check()
	}
	r.restart()
	if got := r.ledger.Standing().Size; got != 4 {
		t.Errorf("%d leaves, not 4", got)
	}
}

func (r *rig) count(query string) int {
	r.t.Helper()
	var n int
	must(r.t, r.db.Read(r.t.Context(), func(tx *sql.Tx) error { return tx.QueryRowContext(r.t.Context(), query).Scan(&n) }))
	return n
}

func TestClockSetBackBeginsARun(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	must(t, r.add(r.beat()))
	first := r.ledger.Standing()
	r.now = r.now.Add(-time.Second)
	must(t, r.add(r.beat()))
	if got := r.ledger.Standing(); got.Run != first.Run || got.At != first.At {
		t.Errorf("a small correction of the clock gives %+v after %+v", got, first)
	}
	before := r.ledger.Standing()
	r.now = r.now.Add(-time.Hour)
	must(t, r.add(r.beat()))
	r.check()
	got := r.ledger.Standing()
	if got.Run == first.Run || got.Size != 2 || got.At != r.now.UnixMilli() {
		t.Fatalf("an hour back gives %+v after %+v", got, first)
	}
	run := r.firstLeaf(got.Run)
	if run.Reason != manifest.RunClock || run.PrevRun != first.Run || run.PrevSize != before.Size || run.PrevRoot != before.Root.String() {
		t.Errorf("the run's first leaf is %+v", run)
	}
	// Both runs are uploaded to their ends, the older first.
	b, err := r.ledger.Next(t.Context())
	must(t, err)
	if b.Run != first.Run || b.Size != before.Size {
		t.Errorf("the next batch is %+v", b)
	}
}

func (r *rig) firstLeaf(run id.Run) *manifest.Run {
	r.t.Helper()
	var raw []byte
	must(r.t, r.db.Read(r.t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRowContext(r.t.Context(), `SELECT leaf FROM leaves WHERE run = $1 AND idx = 0`, string(run)).Scan(&raw)
	}))
	leaf, err := manifest.ParseLeaf(raw)
	must(r.t, err)
	l, ok := leaf.(*manifest.Run)
	if !ok {
		r.t.Fatalf("the first leaf is a %T", leaf)
	}
	return l
}

func TestFolderPutBackBeginsARunAndSignsNoOldSizeAgain(t *testing.T) {
	t.Parallel()
	for _, further := range []int{0, 2, 40} {
		r := newRig(t)
		for range 5 {
			must(t, r.add(r.beat()))
		}
		r.close()
		backup := t.TempDir()
		must(t, os.CopyFS(backup, os.DirFS(r.dir)))
		r.open()
		for range 10 {
			must(t, r.add(r.beat()))
		}
		theirs := r.newest()
		old := r.ledger.Standing()
		r.close()
		must(t, os.RemoveAll(r.dir))
		r.dir = filepath.Join(t.TempDir(), "hub")
		must(t, os.CopyFS(r.dir, os.DirFS(backup)))
		r.signed = map[id.Run][]manifest.Checkpoint{}
		r.open()
		r.now = r.now.Add(time.Minute)
		// The hub may have recorded on before it reaches the cloud, even past the size that the cloud has.
		var recorded []id.Object
		for range further {
			p := r.pack()
			recorded = append(recorded, p.Leaf.(*manifest.Pack).Object)
			must(t, r.add(p))
		}
		behind, err := r.ledger.Reconcile(t.Context(), theirs)
		must(t, err)
		got := r.ledger.Standing()
		if !behind || got.Run == old.Run {
			t.Fatalf("after %d more leaves: the old run goes on", further)
		}
		run := r.firstLeaf(got.Run)
		if run.Reason != manifest.RunBehind || run.PrevRun != old.Run || run.PrevSize != old.Size || run.PrevRoot != old.Root.String() {
			t.Errorf("the run's first leaf is %+v, not one that names %+v", run, old)
		}
		if b, err := r.ledger.Next(t.Context()); err != nil || b.Run != got.Run {
			t.Errorf("the next batch is %+v, %v: nothing more of the old run may go out", b, err)
		}
		if on := r.objects(got.Run); !slices.Equal(on, recorded) {
			t.Errorf("of %d packs that were recorded meanwhile %d are in the new run", len(recorded), len(on))
		}
		if behind, err := r.ledger.Reconcile(t.Context(), theirs); behind || err != nil {
			t.Errorf("a second look gives %v, %v", behind, err)
		}
	}
}

// objects are what the packs in a run name, in order.
func (r *rig) objects(run id.Run) []id.Object {
	r.t.Helper()
	var out []id.Object
	must(r.t, r.db.Read(r.t.Context(), func(tx *sql.Tx) error {
		return state.Each(r.t.Context(), tx, `SELECT leaf FROM leaves WHERE run = $1 ORDER BY idx`, []any{string(run)}, func(scan func(...any) error) error {
			var raw []byte
			if err := scan(&raw); err != nil {
				return err
			}
			leaf, err := manifest.ParseLeaf(raw)
			if p, ok := leaf.(*manifest.Pack); ok {
				out = append(out, p.Object)
			}
			return err
		})
	}))
	return out
}

// newest is the text of the newest checkpoint.
func (r *rig) newest() string {
	r.t.Helper()
	var text string
	must(r.t, r.db.Read(r.t.Context(), func(tx *sql.Tx) error {
		return tx.QueryRowContext(r.t.Context(), `SELECT checkpoint FROM runs ORDER BY number DESC LIMIT 1`).Scan(&text)
	}))
	return text
}

func TestCloudThatKnowsARunThisHubForgotIsAhead(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	must(t, r.add(r.beat()))
	r.close()
	backup := t.TempDir()
	must(t, os.CopyFS(backup, os.DirFS(r.dir)))
	r.open()
	r.now = r.now.Add(-time.Hour)
	must(t, r.add(r.beat())) // a run of its own
	theirs, forgotten := r.newest(), r.ledger.Standing().Run
	r.close()
	r.dir = backup
	r.signed = map[id.Run][]manifest.Checkpoint{}
	r.open()
	behind, err := r.ledger.Reconcile(t.Context(), theirs)
	must(t, err)
	if run := r.firstLeaf(r.ledger.Standing().Run); !behind || run.PrevRun != forgotten {
		t.Errorf("behind is %v, the run's first leaf %+v", behind, run)
	}
}

func TestCloudBehindOrEqualIsNoReasonForARun(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	must(t, r.add(r.beat()))
	early := r.newest()
	must(t, r.add(r.beat(), r.beat()))
	for _, text := range []string{early, r.newest()} {
		if behind, err := r.ledger.Reconcile(t.Context(), text); behind || err != nil {
			t.Errorf("%v, %v", behind, err)
		}
	}
}

func TestCheckpointThatThisHubDidNotSignIsRefused(t *testing.T) {
	t.Parallel()
	r, other := newRig(t), newRig(t)
	other.household = r.household
	standing := r.ledger.Standing()
	forged, err := manifest.Checkpoint{Household: r.household, Run: standing.Run, Size: 99, Root: standing.Root, At: standing.At}.Sign(other.key)
	must(t, err)
	behind, err := r.ledger.Reconcile(t.Context(), forged)
	if behind || rule.Of(err) != rule.Checkpoint {
		t.Errorf("%v, %v", behind, err)
	}
}

func TestDamagedHashFileBeginsARunWithWhatTheCloudLacks(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	must(t, r.add(r.pack(), r.pack()))
	sent, err := r.ledger.Next(t.Context())
	must(t, err)
	must(t, r.ledger.Sent(t.Context(), sent))
	missing := r.pack()
	must(t, r.add(missing, r.beat()))
	old := r.ledger.Standing()
	r.close()
	must(t, os.Truncate(ledger.HashFile(filepath.Join(r.dir, "tiles"), old.Run), 40))
	r.open()
	must(t, r.add(r.beat()))
	got := r.ledger.Standing()
	if run := r.firstLeaf(got.Run); run.Reason != manifest.RunLost || run.PrevRun != old.Run || run.PrevSize != sent.Size || run.PrevRoot != sent.Root.String() {
		t.Errorf("the run's first leaf is %+v", run)
	}
	if on := r.objects(got.Run); !slices.Equal(on, []id.Object{missing.Leaf.(*manifest.Pack).Object}) {
		t.Errorf("the new run names %d packs", len(on))
	}
	if b, err := r.ledger.Next(t.Context()); err != nil || b.Run != got.Run {
		t.Errorf("the next batch is %+v, %v", b, err)
	}
}
