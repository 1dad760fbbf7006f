// SPDX-License-Identifier: Apache-2.0

package home

import (
	"database/sql"
	"path/filepath"
	"testing"

	"keyhold/e2e/harness"
	"keyhold/home/state"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// ownRows counts what the hub keeps of what somebody has asked for themselves.
func (r *Rig) ownRows(p id.Person, d id.Device) (wishes, phones int) {
	r.t.Helper()
	wishes = r.count(`SELECT (SELECT count(*) FROM snoozes WHERE person = '` + string(p) + `') + (SELECT count(*) FROM quiet_hours WHERE person = '` + string(p) + `')`)
	return wishes, r.count(`SELECT count(*) FROM phones WHERE device = '` + string(d) + `'`)
}

// With somebody who is removed goes what they had asked of the hub for themselves, at once and whole; nobody else loses
// anything, and a phone alone that goes takes nothing of its person's along.
func TestWhoGoesLeavesNoWishesBehind(t *testing.T) {
	t.Parallel()
	service := harness.StartPushService()
	t.Cleanup(service.Close)
	r := Plain(t, service.URL())
	door := r.Add("Door", "a")
	ben := r.Bring("Ben", roster.Guardian)
	jan := r.Bring("Jan", roster.Guardian)
	for _, f := range []*folk{ben, jan} {
		subscribe(t, f.session(), service)
		for _, op := range []request.Op{
			{Kind: request.OpSetQuiet, Camera: door, Hours: allWeek},
			{Kind: request.OpSetQuiet, Camera: id.HouseholdCamera, Hours: allWeek},
			{Kind: request.OpSnooze, Camera: door, Until: r.now().UnixMilli() + 3_600_000},
		} {
			_, err := f.session().Do(t.Context(), op)
			must(t, err)
		}
	}
	wants := func(what string, f *folk, wishes, phones int) {
		t.Helper()
		if w, p := r.ownRows(f.Person, f.ID()); w != wishes || p != phones {
			t.Errorf("%s: the hub keeps %d wishes and %d phones", what, w, p)
		}
	}
	wants("ben", ben, 3, 1)
	second := r.Device(ben)
	r.order(r.owner(), r.removal("", ben.ID(), r.owner()))
	wants("ben, whose phone is gone", ben, 3, 0)
	r.order(r.owner(), r.removal(ben.Person, "", r.owner()))
	wants("ben, who is gone", second, 0, 0)
	wants("jan", jan, 3, 1)
	reply, err := jan.session().Do(t.Context(), request.Op{Kind: request.OpQuiets})
	must(t, err)
	if n := len(reply.Result.Quiets); n != 2 {
		t.Errorf("jan has %d quiet hours left", n)
	}

	// What an earlier hub left of somebody goes when this one starts.
	r.Stop()
	db, err := state.Open(t.Context(), filepath.Join(r.Dir, "state.db"))
	must(t, err)
	must(t, db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `INSERT INTO snoozes (person, camera, until) VALUES ($1, $2, 1)`, string(ben.Person), string(door))
		return err
	}))
	must(t, db.Close())
	r.Start()
	r.Serving()
	wants("ben, of whom something was left", second, 0, 0)
	wants("jan, after a restart", jan, 3, 1)
}
