// SPDX-License-Identifier: Apache-2.0

package serve_test

import (
	"bytes"
	"cmp"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/cloud/serve"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// asks is how often each of two requests is made: a few times here, and as often as KEYHOLD_TEST_ASKS says in a soak.
func asks(t *testing.T) (n int, bar float64) {
	t.Helper()
	text := os.Getenv("KEYHOLD_TEST_ASKS")
	if text == "" {
		return 60, 0.75 // so few that chance alone goes far from one half
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1000 {
		t.Fatalf("KEYHOLD_TEST_ASKS=%s is no number of at least 1000", text)
	}
	return n, 0.55
}

// area is how well one can tell two kinds of answers apart by their time: the area under the curve of hits over false
// alarms. One half is guessing; which of the two is the slower one does not matter.
func area(a, b []time.Duration) float64 {
	type timed struct {
		took time.Duration
		ofA  bool
	}
	all := make([]timed, 0, len(a)+len(b))
	for _, d := range a {
		all = append(all, timed{d, true})
	}
	for _, d := range b {
		all = append(all, timed{d, false})
	}
	slices.SortFunc(all, func(x, y timed) int { return cmp.Compare(x.took, y.took) })
	// Ranks, ties halved (Mann and Whitney).
	ranks := 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].took == all[i].took {
			j++
		}
		for k := i; k < j; k++ {
			if all[k].ofA {
				ranks += float64(i+j+1) / 2
			}
		}
		i = j
	}
	n, m := float64(len(a)), float64(len(b))
	u := (ranks - n*(n+1)/2) / (n * m)
	return max(u, 1-u)
}

func TestTheMeasureTellsTimesApart(t *testing.T) {
	var low, high, same []time.Duration
	for i := range 1000 {
		low, high, same = append(low, time.Duration(i)), append(high, time.Duration(i+500)), append(same, time.Duration(i))
	}
	if got := area(low, same); got != 0.5 {
		t.Errorf("the same times: %.3f", got)
	}
	if got := area(low, high); got < 0.86 || got > 0.88 {
		t.Errorf("times of which half are alike: %.3f", got)
	}
	if got := area(high, low); got < 0.86 {
		t.Errorf("the other way round: %.3f", got)
	}
	if got := area([]time.Duration{1}, []time.Duration{2}); got != 1 {
		t.Errorf("times that are all different: %.3f", got)
	}
}

func TestTheTimeOfAnAnswerTellsNothing(t *testing.T) {
	n, bar := asks(t)
	c := startIn(t, t.TempDir(), &clock{now: time.Now()}, serve.Limits{Stranger: endless, Address: endless, Household: endless})
	x := newCrowd(t, c)
	fetch := func(household string, by api.Signer) func() *http.Request {
		h := *x.a.household
		h.id = id.Household(household)
		return func() *http.Request {
			b := h.fetch(by, request.FetchSync, request.PurposeSync)
			return must(http.NewRequestWithContext(t.Context(), http.MethodPost, c.base+"/v1/fetch", bytes.NewReader(b)))
		}
	}
	write := func(household string, by api.Signer) func() *http.Request {
		return func() *http.Request {
			return x.a.write("/v1/households/"+household+"/mail/hub", request.WriteMail, by, household, "hub", []byte("x"))
		}
	}
	get := func(path string) func() *http.Request { return func() *http.Request { return x.get(path) } }
	owner, there := api.Signer{From: x.a.owner.keys.ID, Key: x.wrong}, string(x.a.id)
	address := api.FetchedPrefix + x.a.ids["footage"]
	for name, pair := range map[string][2]func() *http.Request{
		"a household, by a fetch": {fetch(x.nowhere, owner), fetch(there, owner)},
		"a device, by a fetch":    {fetch(there, x.never.signer()), fetch(there, owner)},
		"a removed device":        {fetch(there, x.never.signer()), fetch(there, x.removed.signer())},
		"a household, by a write": {write(x.nowhere, owner), write(there, owner)},
		"a sheet":                 {get("/v1/sheets/" + x.nowhere), get("/v1/sheets/" + x.oldSheet)},
		"an address":              {get(api.FetchedPrefix + strings.Repeat("a", 26) + "/objects/" + x.a.ids["object"]), get(api.FetchedPrefix + x.goneFootage + "/objects/" + x.a.ids["object"])},
		"an object":               {get(address + "/objects/obj_" + strings.Repeat("a", 26)), get(address + "/objects/" + x.b.ids["object"])},
	} {
		t.Run(name, func(t *testing.T) {
			var took [2][]time.Duration
			for i := range 3 * n {
				which := i % 2
				if i/2%2 == 1 {
					which = 1 - which // neither is always the one that comes after the other
				}
				req := pair[which]()
				began := time.Now()
				r := c.do(req)
				d := time.Since(began)
				if r.code < 400 {
					t.Fatalf("answered %s", r.status)
				}
				if i >= n { // the first ones warm up
					took[which] = append(took[which], d)
				}
			}
			got := area(took[0], took[1])
			slices.Sort(took[0])
			slices.Sort(took[1])
			t.Logf("area %.3f over 2 x %d; medians %v and %v", got, n, took[0][len(took[0])/2], took[1][len(took[1])/2])
			if got > bar {
				t.Errorf("the time of an answer tells what is there: area %.3f, at most %.2f", got, bar)
			}
		})
	}
}
