// SPDX-License-Identifier: Apache-2.0

package home

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"keyhold/member/export"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
	"keyhold/statement/star"
)

const month = 31 * 24 * time.Hour

// stored is where the cloud has an object.
func (r *Rig) stored(o id.Object) string {
	return filepath.Join(r.Vault, "objects", string(o)[4:6], string(o))
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// starFirst stars a moment of which the first pack of a camera is, and no other, and waits until the hub says so.
func (r *Rig) starFirst(c id.Camera) (first *manifest.Pack, moment int64) {
	r.t.Helper()
	first = r.Packs(c, 1)[0]
	moment = first.Files[0].Start + 1 - star.Around
	must(r.t, r.Member.SetStar(r.t.Context(), c, moment, true))
	r.t.Logf("starred %d ms before the first picture", star.Around-1)
	list := r.starred(r.Member, c)
	if len(list) != 1 || !slices.Equal(list[0].Objects, []id.Object{first.Object}) || list[0].Moment != moment {
		r.t.Fatalf("starred are %+v, want %s", list, first.Object)
	}
	return first, moment
}

// starred is what a device is told of a camera.
func (r *Rig) starred(s *session.Session, c id.Camera) []session.Star {
	r.t.Helper()
	var list []session.Star
	_, err := s.Steady(r.t.Context(), func(v *session.View) (err error) {
		list, err = s.Starred(r.t.Context(), v, c)
		return err
	})
	must(r.t, err)
	return list
}

// monthLater lets a month pass. The hub is at work on its second day, so that what is kept of it begins there.
func (r *Rig) monthLater() {
	r.t.Helper()
	for _, by := range []time.Duration{36 * time.Hour, month - 36*time.Hour} {
		r.Stop()
		r.offset.Add(int64(by))
		r.Start()
		r.Serving()
		r.heardAgain()
	}
	must(r.t, r.Cloud.Sweep(r.t.Context()))
}

// heardAgain waits until the cloud has something of the hub that is of now. Before, all there is of it is from when it was
// stopped, which is an alarm.
func (r *Rig) heardAgain() {
	r.t.Helper()
	r.Until("the hub being heard", func() bool {
		v, err := r.Member.Steady(r.t.Context(), func(*session.View) error { return nil })
		must(r.t, err)
		return !slices.ContainsFunc(v.Alarms, func(alarm error) bool { return rule.Of(alarm) == rule.Frozen })
	})
}

// editing lets the operator change what it answers to a fetch.
func editing(cloud http.Handler, change func(answer map[string]any)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodPost || !strings.HasSuffix(req.URL.Path, "/fetch") {
			cloud.ServeHTTP(w, req)
			return
		}
		answer := httptest.NewRecorder()
		cloud.ServeHTTP(answer, req)
		a := map[string]any{}
		if json.Unmarshal(answer.Body.Bytes(), &a) == nil {
			change(a)
		}
		w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		w.WriteHeader(answer.Code)
		_ = json.NewEncoder(w).Encode(a) // whoever asked has gone
	})
}

// shownAt is what a member is shown of a camera around a time.
func (r *Rig) shownAt(c id.Camera, at int64) (*session.View, *session.Timeline, error) {
	r.t.Helper()
	var t *session.Timeline
	v, err := r.Member.Steady(r.t.Context(), func(v *session.View) (err error) {
		t, err = v.Timeline(r.t.Context(), c, at-3_600_000, at+3_600_000)
		return err
	})
	return v, t, err
}

func TestWhatIsStarredOutlivesTheMonth(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	vera := r.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}})
	first, moment := r.starFirst(door)
	packs := r.Packs(door, 3)
	next := packs[slices.IndexFunc(packs, func(p *manifest.Pack) bool { return p.Object == first.Object })+1]
	if acts := r.Timeline(door).Acts; len(acts) != 1 || acts[0].Star == nil || !acts[0].Star.On || acts[0].Star.Moment != moment || acts[0].Person != r.Member.Person() {
		t.Errorf("on the record is %+v", acts)
	}
	// What is seen now has no pack yet: it comes to the star.
	now := r.now().UnixMilli()
	must(t, vera.session().SetStar(t.Context(), door, now, true))
	r.Until("the packs of what is seen now", func() bool {
		r.Do(request.Op{Kind: request.OpLeaveEarly, Cameras: []id.Camera{door}})
		list := r.starred(r.Member, door)
		return len(list) == 2 && list[1].Person == vera.Person && slices.Contains(list[1].Objects, packs[2].Object) && len(list[1].Objects) > len(packs)
	})
	must(t, vera.session().SetStar(t.Context(), door, now, false))
	if list := r.starred(vera.session(), door); len(list) != 1 || list[0].Person != r.Member.Person() {
		t.Errorf("let go, there are %+v", list)
	}
	if err := r.Member.SetStar(t.Context(), door, now, false); word(err) != request.RefusedNotFound {
		t.Errorf("let go twice: %v", err)
	}

	r.monthLater()
	if !there(r.stored(first.Object)) || there(r.stored(next.Object)) {
		t.Fatalf("a month later the starred pack is there: %v, the one after it: %v", there(r.stored(first.Object)), there(r.stored(next.Object)))
	}
	v, line, err := r.shownAt(door, moment)
	must(t, err)
	if n := len(line.Segments); n == 0 || slices.ContainsFunc(line.Segments, func(s session.Segment) bool { return s.Pack.Object != first.Object }) {
		t.Errorf("shown are %d segments, not those of the starred pack alone", n)
	}
	out := filepath.Join(t.TempDir(), "kept.mp4")
	_, err = export.Write(t.Context(), r.Member, v, line, out, func(int64, int64) {})
	must(t, err)
	checked, err := export.Check(out)
	if err != nil || checked.Segments != len(line.Segments) {
		t.Errorf("the film of it holds as %+v: %v", checked, err)
	}

	// A cloud that leaves out the page, or the pack, is found out.
	hide := func(field string) error {
		way := func(cloud http.Handler) http.Handler {
			return editing(cloud, func(a map[string]any) {
				list, _ := a[field].([]any)
				a[field] = slices.DeleteFunc(list, func(x any) bool {
					one, _ := x.(map[string]any)
					h, _ := one["hour"].(float64)
					return one["camera"] == string(door) && int64(h) < id.Hour(r.now().UnixMilli())-24
				})
			})
		}
		r.way.Store(&way)
		defer r.way.Store(nil)
		v, line, err := r.shownAt(door, moment)
		if err == nil && len(line.Segments) > 0 {
			_, err = export.Write(t.Context(), r.Member, v, line, out, func(int64, int64) {})
		}
		return err
	}
	for _, field := range []string{"pages", "objects"} {
		if err := hide(field); rule.Of(err) != rule.SeqGap {
			t.Errorf("a starred moment without its %s: %v", field, err)
		}
	}

	must(t, r.Member.SetStar(t.Context(), door, moment, false))
	r.Until("that the cloud lets it go", func() bool {
		must(t, r.Cloud.Sweep(t.Context()))
		return !there(r.stored(first.Object))
	})
	if _, line, err := r.shownAt(door, moment); err != nil || len(line.Segments) != 0 {
		t.Errorf("let go, %d segments are shown: %v", len(line.Segments), err)
	}
	if list := r.starred(r.Member, door); len(list) != 0 {
		t.Errorf("let go, there are %+v", list)
	}
}

// What was seen when somebody rang is kept apart for the alert. Whoever stars the press keeps what was recorded, not that.
func TestAPressThatIsStarredOutlivesTheMonth(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	r.Packs(door, 1)
	if status := r.post(r.bell(door, request.Bell{Kind: request.BellWebhook})); status != http.StatusNoContent {
		t.Fatalf("the webhook answers %d", status)
	}
	r.Until("what was seen then", func() bool { return len(r.Timeline(door).Moments) == 1 })
	seen, at := r.Timeline(door).Moments[0], r.presses(door)[0].Pressed
	must(t, r.Member.SetStar(t.Context(), door, at, true))
	var kept []id.Object
	r.Until("the pack of it", func() bool {
		r.Do(request.Op{Kind: request.OpLeaveEarly, Cameras: []id.Camera{door}})
		all := r.Timeline(door).Segments
		kept = r.starred(r.Member, door)[0].Objects
		return slices.ContainsFunc(all, func(s session.Segment) bool { return s.End > at && slices.Contains(kept, s.Pack.Object) })
	})
	if slices.Contains(kept, seen.Object) {
		t.Error("what was kept apart for the alert is starred, too")
	}
	r.monthLater()
	if list := r.starred(r.Member, door); len(list) != 1 {
		t.Errorf("a month later %d moments are starred", len(list))
	}
	_, line, err := r.shownAt(door, at)
	must(t, err)
	if len(line.Segments) == 0 || len(line.Presses) != 1 || len(line.Moments) != 0 {
		t.Errorf("a month later there are %d segments, %d presses, %d moments", len(line.Segments), len(line.Presses), len(line.Moments))
	}
	// A hub of an earlier version has had it kept as well: it stands on the record, though no pack names it.
	db, err := sql.Open("sqlite", "file:"+filepath.Join(r.Dir, "state.db")+"?_pragma=busy_timeout(10000)")
	must(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), `INSERT INTO star_packs SELECT camera, moment, $1, run, epoch, page, starts FROM star_packs LIMIT 1`, string(seen.Object))
	must(t, err)
	if list := r.starred(r.Member, door); len(list) != 1 || !slices.Contains(list[0].Objects, seen.Object) {
		t.Errorf("starred are %+v", list)
	}
}

// A hub that no longer stores a recording is told by the device which one it is.
func TestAMomentOfSomeDaysAgoIsStarredByItsLeaf(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	first := r.Packs(door, 1)[0]
	moment := first.Files[0].Start + 1 - star.Around
	r.Stop()
	r.offset.Add(int64(5 * 24 * time.Hour))
	r.Start()
	r.Serving()
	r.Until("the hub's own copy gone", func() bool {
		return r.count(`SELECT count(*) FROM packs WHERE object = '`+string(first.Object)+`'`) == 0
	})
	if err := r.Member.SetStar(t.Context(), door, moment-20*60_000, true); word(err) != request.RefusedNotFound {
		t.Errorf("a moment of which nothing was recorded: %v", err)
	}
	must(t, r.Member.SetStar(t.Context(), door, moment, true))
	if list := r.starred(r.Member, door); len(list) != 1 || !slices.Equal(list[0].Objects, []id.Object{first.Object}) {
		t.Fatalf("starred are %+v", list)
	}
	r.monthLater()
	if !there(r.stored(first.Object)) {
		t.Error("a month later it is gone")
	}
	if _, line, err := r.shownAt(door, moment); err != nil || len(line.Segments) == 0 {
		t.Errorf("a month later %+v is shown: %v", line, err)
	}
	// Where the household moves, it goes along, and stays.
	other := r.elsewhere()
	must(t, r.Member.Prepare(t.Context(), other.Session, r.code))
	must(t, r.Member.Copy(t.Context(), func(int, int) {}))
	must(t, other.cloud.Sweep(t.Context()))
	if !there(filepath.Join(other.vault, "objects", string(first.Object)[4:6], string(first.Object))) {
		t.Error("it does not go along to another cloud")
	}
}

// exported exports everything of a camera from a time on into a folder, and what is starred of before.
func (r *Rig) exported(dir string, c id.Camera, from int64, zone *time.Location) (*export.Summary, *export.Checked) {
	r.t.Helper()
	all := &export.All{
		Session: r.Member, Dir: dir, From: from, Until: r.now().UnixMilli(), Cameras: []manifest.NamedCam{{ID: c, Name: "Door"}},
		Stars: map[id.Camera][]session.Star{c: r.starred(r.Member, c)}, Zone: zone, Step: func(string, time.Time, int, int, int64) {},
	}
	sum, err := all.Run(r.t.Context())
	must(r.t, err)
	checked, err := export.CheckAll(dir, func(int64, int64) {})
	must(r.t, err)
	return sum, checked
}

// saved does that where nothing is damaged. It gives how many segments the index names.
func (r *Rig) saved(dir string, c id.Camera, from int64, zone *time.Location) int {
	r.t.Helper()
	sum, checked := r.exported(dir, c, from, zone)
	if len(checked.Bad)+len(checked.Extra) > 0 || checked.Segments != sum.Segments {
		r.t.Errorf("the folder does not hold: %+v, of %+v", checked, sum)
	}
	return sum.Segments
}

// A film that was damaged since is written again as long as the cloud has all of it. Once only a starred part of it is left,
// that does not take its place.
func TestADamagedFilmGivesWayToNothingThatIsShorter(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	r.Packs(door, 4)
	first := r.Timeline(door).Segments[0]
	must(t, r.Member.SetStar(t.Context(), door, first.Start+1-star.Around, true))
	dir, now := t.TempDir(), r.now().UnixMilli()
	long := r.saved(dir, door, now-3_600_000, time.UTC)
	films, err := filepath.Glob(filepath.Join(dir, "*", "*", "*.mp4"))
	must(t, err)
	damage := func() {
		t.Helper()
		info, err := os.Stat(films[0])
		must(t, err)
		must(t, os.Truncate(films[0], info.Size()-1))
	}
	damage()
	if n := r.saved(dir, door, now-3_600_000, time.UTC); n < long {
		t.Errorf("of %d segments %d are there when a damaged film was written again", long, n)
	}
	damage()
	torn, err := os.ReadFile(films[0])
	must(t, err)
	r.monthLater()
	from := r.now().Add(-29 * 24 * time.Hour).UnixMilli()
	for range 2 { // the second time all is there
		_, checked := r.exported(dir, door, from, time.UTC)
		if len(checked.Bad) != 1 || len(checked.Extra) > 0 {
			t.Errorf("beside the damaged film the folder has %+v", checked)
		}
		if left, err := os.ReadFile(films[0]); err != nil || !bytes.Equal(left, torn) {
			t.Errorf("of a damaged film of %d bytes %d are left: %v", len(torn), len(left), err)
		}
	}
	own := strings.TrimSuffix(films[0], ".mp4") + " (2).mp4"
	if _, err := export.Check(own); err != nil {
		t.Errorf("what is left of it at the cloud does not stand beside it: %v", err)
	}
}

// Of the time before what is asked for only the star is exported, all of it, and nothing that an earlier export has goes.
func TestWhatIsStarredIsExportedAlone(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Door", "a")
	r.Packs(door, 4)
	all := r.Timeline(door).Segments
	next := all[slices.IndexFunc(all, func(s session.Segment) bool { return s.Pack.Object != all[0].Pack.Object })].Start
	must(t, r.Member.SetStar(t.Context(), door, next+1-star.Around, true))
	kept := r.starred(r.Member, door)[0].Objects
	want := 0
	for _, s := range all {
		if slices.Contains(kept, s.Pack.Object) {
			want++
		}
	}
	// Where it is midnight between the two packs of it.
	zone := time.FixedZone("", int((24*time.Hour-time.Duration(next%(24*time.Hour).Milliseconds())*time.Millisecond)/time.Second)+1)
	if at := time.UnixMilli(all[0].Start).In(zone); len(kept) != 2 || want == len(all) || at.Hour() != 23 || time.UnixMilli(next).In(zone).Hour() != 0 {
		t.Fatalf("it begins at %s, with %d packs, %d of %d segments", at, len(kept), want, len(all))
	}
	now := r.now().UnixMilli()
	// Whatever the hub has recorded since is not asked for.
	if n := r.saved(t.TempDir(), door, now+3_600_000, zone); n != want {
		t.Errorf("of the star %d segments are exported, not %d", n, want)
	}
	dir := t.TempDir()
	long := r.saved(dir, door, now-3_600_000, zone)
	r.monthLater()
	from := r.now().Add(-29 * 24 * time.Hour).UnixMilli()
	n := r.saved(t.TempDir(), door, from, zone)
	if n < want {
		t.Errorf("a month later %d segments are exported, not the %d of the star", n, want)
	}
	if lately := n - want; r.saved(dir, door, from, zone) < long+lately {
		t.Errorf("of a folder with %d segments, and %d later ones, not all are left", long, lately)
	}
}
