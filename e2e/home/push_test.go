// SPDX-License-Identifier: Apache-2.0

package home

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"keyhold/e2e/harness"
	"keyhold/internal/intime"
	"keyhold/member/session"
	"keyhold/statement/alert"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// subscribe lets somebody's phone subscribe at a push service.
func subscribe(t *testing.T, who *session.Session, service *harness.PushService) *harness.Phone {
	t.Helper()
	p, err := service.Subscribe(t.Context(), who)
	must(t, err)
	return p
}

// phones is what the hub says of phones to somebody.
func phones(t *testing.T, who *session.Session) []request.Phone {
	t.Helper()
	reply, err := who.Do(t.Context(), request.Op{Kind: request.OpPhones})
	must(t, err)
	return reply.Result.Phones
}

// Somebody who presses is at the push service's door soon: one message for each phone that may know, sealed, all of one
// size; how long it took is known; and when a subscription has ended nothing is sent there any more.
func TestAlertsArePushed(t *testing.T) {
	t.Parallel()
	service := harness.StartPushService()
	t.Cleanup(service.Close)
	r := Plain(t, service.URL())
	door := r.Add("Door", "a")
	hook := r.bell(door, request.Bell{Kind: request.BellWebhook})
	anna := subscribe(t, r.Member, service)
	jan := r.Bring("Jan", roster.Guardian).session()
	his := subscribe(t, jan, service)
	// Whoever may not see the door hears nothing of it.
	subscribe(t, r.Bring("Sam", roster.Viewer, roster.Right{Actions: []roster.Action{roster.Live}, Cameras: []id.Camera{r.Add("Yard", "b")}}).session(), service)

	presses := presses(t)
	var took []time.Duration
	seen := map[string][]int64{}
	for i := range presses {
		began := time.Now()
		if status := r.post(hook); status != http.StatusNoContent {
			t.Fatalf("the bell answers %d", status)
		}
		// From when the hub has heard it: however long that took, the next one is far enough from it.
		pause := time.After(between(i))
		all, err := service.Wait(t.Context(), 2*(i+1))
		must(t, err)
		for _, m := range all[2*i:] {
			took = append(took, m.At.Sub(began))
			b, other := anna, his
			if m.Endpoint == his.Endpoint {
				b, other = his, anna
			}
			got, err := b.Open(m.Body)
			if err != nil || got.Kind != alert.Press || got.Camera != door || len(m.Body) != request.PushSize {
				t.Fatalf("of %d bytes a phone reads %+v: %v", len(m.Body), got, err)
			}
			if _, err := other.Open(m.Body); err == nil {
				t.Error("another phone can read it as well")
			}
			seen[m.Endpoint] = append(seen[m.Endpoint], got.Seq)
		}
		<-pause
	}
	slices.Sort(took)
	t.Logf("figure: from the press to the push service's door %d ms at the median, %d ms at most", took[len(took)/2].Milliseconds(), took[len(took)-1].Milliseconds())
	if late := took[len(took)*95/100]; presses > 100 && late > intime.By(time.Second) {
		t.Errorf("the 95th percentile is %s", late)
	}
	if took[len(took)/2] > intime.By(300*time.Millisecond) {
		t.Errorf("the median is %s", took[len(took)/2])
	}
	for _, b := range []*harness.Phone{anna, his} {
		numbers := slices.Compact(slices.Sorted(slices.Values(seen[b.Endpoint])))
		if len(numbers) != presses || len(seen[b.Endpoint]) != presses {
			t.Errorf("a phone was sent %d alerts, %d of them once", len(seen[b.Endpoint]), len(numbers))
		}
	}

	last := seen[anna.Endpoint][presses-1]
	received := request.Op{Kind: request.OpReceived, Received: &request.Received{At: r.now().UnixMilli(), Seq: last}}
	r.Do(received)
	for name, no := range map[string]request.Op{
		"the same again": received, "one that was never sent": {Kind: request.OpReceived, Received: &request.Received{At: r.now().UnixMilli(), Seq: last + 1}},
	} {
		if _, err := r.Member.Do(t.Context(), no); err == nil {
			t.Errorf("%s was believed", name)
		}
	}
	list := phones(t, r.Member)
	if len(list) != 3 || len(phones(t, jan)) != 3 {
		t.Errorf("the hub says %+v", list)
	}
	for _, p := range list {
		heard, waits := p.Device == r.Member.Keys.ID(), p.Device == jan.Keys.ID()
		if heard != (p.Seen > 0) || heard != (p.Left > 0) || p.Left > p.Took || p.Brought > p.Took || waits != (p.Silent > 0) || p.Took > 60_000 {
			t.Errorf("the hub says %+v", p)
		}
	}

	sent := len(service.Messages())
	r.Do(request.Op{Kind: request.OpTestAlert})
	all, err := service.Wait(t.Context(), sent+1)
	must(t, err)
	if got, err := anna.Open(all[sent].Body); err != nil || got.Kind != alert.Test || len(all) != sent+1 {
		t.Errorf("a test is %+v in %d messages: %v", got, len(all)-sent, err)
	} else if _, err := jan.Do(t.Context(), request.Op{Kind: request.OpReceived, Received: &request.Received{At: r.now().UnixMilli(), Seq: got.Seq}}); err == nil {
		t.Error("another phone says that it has what was sent to this one, and the hub believes it")
	}

	// Whoever names another's endpoint has nothing sent there: its push service knows who may send.
	must(t, his.Tell(t.Context(), anna.Endpoint))
	_, err = jan.Do(t.Context(), request.Op{Kind: request.OpTestAlert})
	must(t, err)
	r.Until("the push service refusing it", func() bool { return r.logged("does not take it") })
	if n := len(service.Messages()); n != sent+1 {
		t.Errorf("%d messages came to somebody else's phone", n-sent-1)
	}

	service.End(anna.Endpoint)
	r.Do(request.Op{Kind: request.OpTestAlert})
	r.Until("the hub forgetting a subscription that has ended", func() bool { return len(phones(t, r.Member)) == 2 })
	if _, err := r.Member.Do(t.Context(), request.Op{Kind: request.OpTestAlert}); err == nil {
		t.Error("a phone without a subscription is sent something")
	}
	gone, _ := r.Member.Roster.PersonOf(jan.Keys.ID())
	r.Do(r.removal(gone.ID, "", r.owner()))
	if n := len(phones(t, r.Member)); n != 1 {
		t.Errorf("with Jan gone the hub brings alerts to %d phones", n)
	}
}
