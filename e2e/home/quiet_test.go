// SPDX-License-Identifier: Apache-2.0

package home

import (
	"net/http"
	"reflect"
	"testing"
	"time"

	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// around are hours that contain now, by the clock of the household, and some of another day.
func (r *Rig) around() (now, later []roster.Hours) {
	r.t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	must(r.t, err)
	day := int(r.now().In(zone).Weekday()+6)%7 + 1
	next := day%7 + 1
	// Should midnight come while the test runs, it is quiet for the first hours of the day after as well.
	both := []int{min(day, next), max(day, next)}
	after := next%7 + 1
	return []roster.Hours{{Days: both, From: 0, Until: 24 * 60}}, []roster.Hours{{Days: []int{after}, From: 0, Until: 24 * 60}}
}

func TestQuietHoursAreForOnePerson(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	yard := r.Add("Yard", "b")
	hook := r.bell(yard, request.Bell{Kind: request.BellWebhook})
	ben := r.Bring("Ben", roster.Owner)
	own, bens := r.hears(r.Member), r.hears(ben.session())
	ring := func() {
		t.Helper()
		n := bens.of(yard)
		if status := r.post(hook); status != http.StatusNoContent {
			t.Fatalf("the webhook answers %d", status)
		}
		r.Until("ben's alert", func() bool { return bens.of(yard) == n+1 })
		came := time.Now()
		r.Until("a breath", func() bool { return time.Since(came) > breath })
	}
	now, later := r.around()
	told := 0
	for _, c := range []struct {
		name   string
		camera id.Camera
		hours  []roster.Hours
		quiet  bool
	}{
		{"hours of another day", yard, later, false},
		{"hours of a camera", yard, now, true},
		{"none any more", yard, nil, false},
		{"hours of all cameras", id.HouseholdCamera, now, true},
	} {
		r.Do(request.Op{Kind: request.OpSetQuiet, Camera: c.camera, Hours: c.hours})
		want := []request.Quiet(nil)
		if len(c.hours) > 0 {
			want = []request.Quiet{{Camera: c.camera, Hours: c.hours}}
		}
		if got := r.Do(request.Op{Kind: request.OpQuiets}).Result.Quiets; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the hub knows %v", c.name, got)
		}
		ring()
		if !c.quiet {
			told++
			r.Until("anna's alert", func() bool { return own.of(yard) >= told })
		}
		if n := own.of(yard); n != told {
			t.Errorf("%s: anna was told %d times, not %d", c.name, n, told)
		}
	}
	// They outlive the hub, which may have taken other ports.
	r.Stop()
	r.Start()
	r.Serving()
	hook = r.bell(yard, request.Bell{Kind: request.BellWebhook})
	ring()
	if n := own.of(yard); n != told {
		t.Errorf("after a restart anna, who wants quiet, was told %d times", n-told)
	}
	r.Until("the record of all", func() bool { return len(r.presses(yard)) == 5 })
	if n := bens.of(yard); n != 5 {
		t.Errorf("ben, who wants no quiet, was told %d times", n)
	}
	reply, err := ben.session().Do(t.Context(), request.Op{Kind: request.OpQuiets})
	must(t, err)
	if list := reply.Result.Quiets; len(list) > 0 {
		t.Errorf("ben is told of %v", list)
	}
}
