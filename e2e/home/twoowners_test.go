// SPDX-License-Identifier: Apache-2.0

package home

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"keyhold/member/replace"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// replacing lets a device put in a hub; what becomes of it comes later.
func replacing(ctx context.Context, s *session.Session, code string) <-chan error {
	done := make(chan error, 1)
	p := &replace.Replacer{Session: s, Step: func(string) {}}
	go func() {
		err := p.Replace(ctx, code)
		if err == nil {
			_, err = replace.Carry(ctx, s, p.Was(), true)
		}
		done <- err
	}()
	return done
}

// asked waits until somebody's device is asked to agree to a new hub.
func (f *folk) asked() *replace.Ask {
	f.r.t.Helper()
	ctx, cancel := context.WithTimeout(f.r.t.Context(), patience)
	defer cancel()
	a, err := replace.Asked(ctx, f.session(), func(err error) { f.r.t.Errorf("something else came: %v", err) })
	must(f.r.t, err)
	return a
}

func (r *Rig) over(done <-chan error) error {
	r.t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		r.t.Fatal("putting in a hub does not end")
		return nil
	}
}

func TestTwoOwnersPutInANewHub(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	anna := r.owner()
	ben := r.Bring("Ben", roster.Owner)
	r.offset.Add(int64(week + time.Minute))
	otto := r.Bring("Otto", roster.Owner) // of today: is not asked
	old := r.Packs(door, 1)
	code := r.anew()

	// Ben says no: nothing is changed, and the code holds on.
	done := replacing(t.Context(), r.Member, code)
	ask := ben.asked()
	if ask.By != anna.Person || ask.Device != anna.ID() || !strings.HasPrefix(code, ask.Begins+"-") {
		t.Errorf("ben is shown %s of %s, and a hub whose code begins with %s", ask.Device, ask.By, ask.Begins)
	}
	must(t, ask.Decline(t.Context()))
	if err := r.over(done); !errors.Is(err, replace.ErrDeclined) {
		t.Errorf("ben did not agree: %v", err)
	}
	if place := ask.View.Roster.Now().Place; place != 0 {
		t.Fatalf("hub %d is in force", place)
	}

	// Anna asks again, and ben agrees.
	done = replacing(t.Context(), r.Member, code)
	must(t, ben.asked().Agree(t.Context()))
	must(t, r.over(done))
	r.Serving()
	by := r.Member.Roster.SignersAt(r.Member.Roster.Head.Seq)
	if !slices.Contains(by, anna.ID()) || !slices.Contains(by, ben.ID()) {
		t.Errorf("the hub was put in by %v", by)
	}
	r.Until("the new hub's record", func() bool { return len(r.View().Runs) == 2 })
	if r.Add("Door", "b") != door {
		t.Error("the camera has another id")
	}
	r.Packs(door, len(old)+1)
	r.opens(door, old)

	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if a, err := replace.Asked(ctx, otto.session(), func(error) {}); err == nil {
		t.Errorf("an owner of today was asked: %+v", a.Link)
	}
}

// Between asking and agreeing the roster goes on, because the old hub is not gone: the link is made again, and asked for
// again.
func TestTheRosterGoesOnBetweenTwoOwners(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	r.Add("Door", "a")
	anna := r.owner()
	ben := r.Bring("Ben", roster.Owner)
	// What the old hub has signed has arrived: that it came a week later, after the link, would be no honest hub's doing.
	r.Until("all having arrived that is signed", func() bool {
		runs := r.View().Runs
		return runs[len(runs)-1].Size == int64(r.count(`SELECT max(size) FROM runs`))
	})
	r.offset.Add(int64(week + time.Minute))
	stopOld, ended := r.stop, r.ended
	r.stop = nil
	r.Dir = t.TempDir()
	code := (<-r.Start()).String()
	asker := anna.session()
	done := replacing(t.Context(), asker, code)
	ask := ben.asked()
	r.Bring("Gus", roster.Guardian)
	if err := ask.Agree(t.Context()); !errors.Is(err, replace.ErrMoved) {
		t.Errorf("ben agrees to a link that does not fit any more: %v", err)
	}
	again := ben.asked()
	if again.Link.Seq != ask.Link.Seq+1 || again.Begins != ask.Begins {
		t.Errorf("ben is asked for link %d of %s, after %d of %s", again.Link.Seq, again.Begins, ask.Link.Seq, ask.Begins)
	}
	must(t, again.Agree(t.Context()))
	must(t, r.over(done))
	r.Serving()
	if by := asker.Roster.SignersAt(asker.Roster.Head.Seq); len(slices.DeleteFunc(by, func(d id.Device) bool { return d == id.Hub })) != 2 {
		t.Errorf("the hub was put in by %v", by)
	}
	stopOld()
	must(t, r.over(ended))
}
