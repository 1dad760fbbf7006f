// SPDX-License-Identifier: Apache-2.0

package quiet

import (
	"reflect"
	"testing"

	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// days are from nine until five.
var days = []roster.Hours{{Days: daily, From: 9 * 60, Until: 17 * 60}}

// What devices remember of an earlier hub comes along in whatever order they come, and nothing of it takes the place of what
// was said later: not hours that were taken back, nor those that were set here.
func TestWhatWasSaidLastHolds(t *testing.T) {
	t.Parallel()
	door, yard, gate := camera(t), camera(t), camera(t)
	said := func(c id.Camera, at int64, list ...roster.Hours) request.SaidQuiet {
		return request.SaidQuiet{Camera: c, Hours: list, Said: at}
	}
	phone := []request.SaidQuiet{said(door, 5, nights...), said(yard, 7, nights...), said(gate, 3, days...)}
	tablet := []request.SaidQuiet{said(door, 6, days...), said(yard, 8)}
	for name, order := range map[string][][]request.SaidQuiet{"the phone first": {phone, tablet}, "the tablet first": {tablet, phone}, "the phone twice": {phone, tablet, phone}} {
		b, db := opened(t)
		for _, list := range order {
			if _, err := b.Carry(t.Context(), anna, list); err != nil {
				t.Fatal(err)
			}
		}
		want := map[id.Camera]request.SaidQuiet{door: tablet[0], yard: tablet[1], gate: phone[2]}
		again, err := Open(t.Context(), db, berlin)
		if err != nil {
			t.Fatal(err)
		}
		for _, book := range []*Book{b, again} {
			got := book.Said(anna)
			for _, q := range got {
				if !reflect.DeepEqual(q, want[q.Camera]) {
					t.Errorf("%s: of a camera was said %v, not %v", name, q, want[q.Camera])
				}
			}
			if len(got) != len(want) || len(book.Hours(anna)) != 2 || len(book.Said(ben)) != 0 {
				t.Errorf("%s: %v was said, which gives %v; and of ben %v", name, got, book.Hours(anna), book.Said(ben))
			}
		}
		if night := at(t, "2026-03-02T23:00:00+01:00"); b.Is(anna, yard, night) {
			t.Errorf("%s: it is quiet in hours that were taken back", name)
		}
	}
}

func TestWhatIsRememberedIsNotNew(t *testing.T) {
	t.Parallel()
	b, _ := opened(t)
	door := camera(t)
	carry := func(at int64, list []roster.Hours) int {
		t.Helper()
		taken, err := b.Carry(t.Context(), anna, []request.SaidQuiet{{Camera: door, Hours: list, Said: at}})
		if err != nil {
			t.Fatal(err)
		}
		return len(taken)
	}
	if carry(10, nights) != 1 || carry(10, days) != 0 || carry(9, days) != 0 {
		t.Error("what was said as late, or earlier, is taken")
	}
	// A clock that is behind does not keep anybody from saying something else now.
	set(t, b, anna, door, days)
	if got := b.Said(anna); got[0].Said != 11 || !reflect.DeepEqual(got[0].Hours, days) {
		t.Errorf("what somebody says now is %v", got)
	}
	set(t, b, anna, door, nil)
	if carry(11, nights) != 0 || len(b.Hours(anna)) > 0 {
		t.Error("hours that were taken back have come again")
	}
	if carry(13, []roster.Hours{{Days: daily, From: 60, Until: 60}}) != 0 || carry(13, nights) != 1 {
		t.Error("hours that are none are taken, or keep others out")
	}
	// What was taken back is remembered of few cameras: of those of which that was said last.
	for n := range keepEnded + 3 {
		if _, err := b.Carry(t.Context(), anna, []request.SaidQuiet{{Camera: camera(t), Said: 100 + int64(n)}}); err != nil {
			t.Fatal(err)
		}
	}
	got := b.Said(anna)
	for _, q := range got {
		if len(q.Hours) == 0 && q.Said < 103 {
			t.Errorf("the oldest word is remembered: %v", q)
		}
	}
	if len(got) != keepEnded+1 {
		t.Errorf("%d words are remembered", len(got))
	}
}
