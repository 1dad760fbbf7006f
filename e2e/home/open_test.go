// SPDX-License-Identifier: Apache-2.0

package home

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"

	"keyhold/e2e/harness"
	"keyhold/home/gesture/gesturetest"
	"keyhold/home/ingest"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/lock"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// openings are who opened the door at a camera, by the record.
func (r *Rig) openings(c id.Camera) []*manifest.Open {
	r.t.Helper()
	return r.Timeline(c).Opens
}

// outcome waits until it stands on the record how the newest opening went.
func (r *Rig) outcome(c id.Camera, want string, n int) *manifest.Open {
	r.t.Helper()
	var last *manifest.Open
	r.Until("a door "+want+" on the record", func() bool {
		list := r.openings(c)
		if len(list) != n || list[n-1].State != manifest.OpenEnded {
			return false
		}
		last = list[n-1]
		return true
	})
	if last.Outcome != want {
		r.t.Errorf("the door is %s by the record, not %s", last.Outcome, want)
	}
	return last
}

// A door is set with a code, opens with a code, once for three taps, and stands on the record before the lock is told,
// with the picture of that moment.
func TestADoorOpensOnceAndOnTheRecord(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Doorbell", "a")
	r.Packs(door, 1)
	ctx := t.Context()
	if _, err := r.Member.Open(ctx, door, nil); word(err) != request.RefusedNoLock {
		t.Errorf("without a lock: %v", err)
	}
	unset := session.Door{Camera: door, Name: "Front door", Kind: lock.HTTP, Gesture: true, Way: r.lock.way()}
	if err := r.Member.SetDoor(ctx, unset, nil); word(err) != request.RefusedGesture {
		t.Errorf("a door that an owner's phone sets alone: %v", err)
	}
	r.drain()
	r.hang(r.Member, door, "Front door", true)
	list, err := r.Member.Locks(ctx)
	must(t, err)
	if len(list) != 1 || list[0].Name != "Front door" || list[0].Kind != lock.HTTP || !list[0].Gesture {
		t.Errorf("the doors are %+v", list)
	}

	// It is on the record before the lock hears of it.
	var before, unseen int
	r.lock.behaves(http.StatusOK, func() {
		before, unseen = r.count(`SELECT count(*) FROM openings`), r.count(`SELECT count(*) FROM leaves WHERE CAST(leaf AS TEXT) LIKE '%"kind":"open"%'`)
	}, nil)
	opened, err := r.Member.Open(ctx, door, r.digits)
	must(t, err)
	if r.lock.opened() != 1 || opened.Person != r.Member.Person() {
		t.Fatalf("the lock was told %d times, by %s", r.lock.opened(), opened.Person)
	}
	if before != 1 || unseen != 1 {
		t.Errorf("as the lock was told, %d openings and %d leaves stood on the record", before, unseen)
	}
	r.lock.behaves(http.StatusOK, nil, nil)
	one := r.outcome(door, manifest.Opened, 1)
	if one.Door != "Front door" || one.Person != r.Member.Person() || one.Device != r.Member.Keys.ID() || one.Since != opened.At {
		t.Errorf("the record says %+v", one)
	}
	r.Until("the picture of the moment", func() bool {
		return slices.ContainsFunc(r.Timeline(door).Moments, func(m *manifest.Moment) bool {
			return m.Number == one.Number && m.Files[0].End >= one.Since-1000
		})
	})
	if n := r.count(`SELECT count(*) FROM openings`); n != 0 {
		t.Errorf("%d are still being opened, by the hub's database", n)
	}

	// Fingers tap more than once, and so do two people.
	r.hang(r.Member, door, "Front door", false)
	ben := r.Bring("Ben", roster.Guardian)
	var wg sync.WaitGroup
	for _, s := range []*session.Session{r.owner().session(), r.owner().session(), ben.session()} {
		wg.Go(func() {
			if _, err := s.Open(ctx, door, nil); err != nil {
				t.Errorf("one of three taps: %v", err)
			}
		})
	}
	wg.Wait()
	if n := r.lock.opened(); n != 2 {
		t.Errorf("three taps told the lock %d times", n-1)
	}
	r.outcome(door, manifest.Opened, 2)
}

// What the lock says, or does not, is said and written down.
func TestADoorThatDoesNotOpenIsSaidToBeShut(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Doorbell", "a")
	r.Packs(door, 1)
	ctx := t.Context()
	r.hang(r.Member, door, "Front door", false)
	for n, status := range []int{http.StatusForbidden, http.StatusFound, http.StatusInternalServerError} {
		r.lock.behaves(status, nil, nil)
		if _, err := r.Member.Open(ctx, door, nil); word(err) != request.RefusedLockNo {
			t.Errorf("a lock that answers %d: %v", status, err)
		}
		r.outcome(door, manifest.OpenRefused, n+1)
	}
	if n := r.lock.opened(); n != 3 {
		t.Errorf("the lock was told %d times: a redirection was followed, or it was tried again", n)
	}
	hold := make(chan struct{})
	r.lock.behaves(http.StatusOK, nil, hold)
	if _, err := r.Member.Open(ctx, door, nil); word(err) != request.RefusedLockAway {
		t.Errorf("a lock that does not answer: %v", err)
	}
	close(hold)
	r.lock.behaves(http.StatusOK, nil, nil)
	r.outcome(door, manifest.OpenUnanswered, 4)

	// A hub that is cut off says so once it is back. Its doors are still there.
	r.Stop()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(r.Dir, "state.db"))
	must(t, err)
	_, err = db.ExecContext(ctx, `INSERT INTO openings (act, camera, device, person, door, number, since) VALUES (randomblob(32), $1, $2, $3, 'Front door', 9, $4)`,
		string(door), string(r.Member.Keys.ID()), string(r.Member.Person()), r.now().UnixMilli())
	must(t, errors.Join(err, db.Close()))
	r.Start()
	r.Serving()
	r.outcome(door, manifest.OpenLost, 5)
	if _, err := r.Member.Open(ctx, door, nil); err != nil {
		t.Errorf("after the hub began anew: %v", err)
	}
	must(t, r.Member.SetDoor(ctx, session.Door{Camera: door, Kind: lock.Off}, nil))
	if _, err := r.Member.Open(ctx, door, nil); word(err) != request.RefusedNoLock {
		t.Errorf("a door that was taken away: %v", err)
	}
}

// A passkey opens without a code; who was given nothing but that opens as well, and who was not does not.
func TestWhoOpensADoor(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Doorbell", "a")
	ctx := t.Context()
	r.hang(r.Member, door, "Front door", true)
	k := r.Key(r.owner())
	r.drain()
	given, err := asks(t, r.Member, door)
	must(t, err)
	e, err := r.Member.Opening(door, given)
	must(t, err)
	g, err := k.Passkey.Sign(gesturetest.Answer{Challenge: hashOf(t, e.Encode())})
	must(t, err)
	r.Do(request.Op{Kind: request.OpOpen, Act: e.Encode(), Gesture: g})
	if len(r.gestures) != 0 || r.lock.opened() != 1 {
		t.Errorf("the hub showed %d codes, and told the lock %d times", len(r.gestures), r.lock.opened())
	}

	r.hang(r.Member, door, "Front door", false)
	otto := r.Bring("Otto", roster.Viewer, roster.Right{Actions: []roster.Action{roster.Open}, Cameras: []id.Camera{door}}).session()
	vera := r.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History, roster.Live}, Cameras: []id.Camera{door}}).session()
	if list, err := otto.Locks(ctx); err != nil || len(list) != 1 {
		t.Errorf("who may only open is told of %d doors: %v", len(list), err)
	}
	if _, err := otto.Open(ctx, door, nil); err != nil {
		t.Errorf("who may only open: %v", err)
	}
	if _, err := vera.Open(ctx, door, nil); word(err) != request.RefusedDenied {
		t.Errorf("who may only look: %v", err)
	}
	if n := r.lock.opened(); n != 2 {
		t.Errorf("the lock was told %d times", n)
	}
}

// Whoever is at home opens the door there, whether the cloud is dead or keeps the command to itself; and once, though the
// letter goes both ways.
func TestADoorOpensAtHomeWithoutTheCloud(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	door := r.Add("Doorbell", "a")
	r.hang(r.Member, door, "Front door", false)
	r.learn()
	for n, way := range []func(){r.keepBack, r.dead} {
		way()
		s := r.again()
		if _, err := s.Open(t.Context(), door, nil); err != nil {
			t.Errorf("at home, without the cloud: %v", err)
		}
		if told := r.lock.opened(); told != n+1 {
			t.Errorf("the lock was told %d times for %d openings", told, n+1)
		}
		r.offset.Add(int64(6 * time.Second)) // else it counts as open from a moment ago
	}
	r.way.Store(nil)
}

// By a broker that is not ours a lock is told once, and what it says of itself is waited for. Where no lock listens
// nothing is kept for it.
func TestADoorOpensByABroker(t *testing.T) {
	t.Parallel()
	r := Unpaired(t)
	broker, err := harness.StartBroker(t.Context(), t.TempDir())
	must(t, err)
	t.Cleanup(func() { _ = broker.Stop() })
	r.ffmpeg, r.here = none, ingest.Here{Addresses: []netip.AddrPort{netip.MustParseAddrPort(broker.Address)}}
	r.Begin()
	door := r.Add("Doorbell", "a")
	ctx := t.Context()
	way := lock.Way{URL: broker.URL(broker.Password), Topic: "home/lock/set", Body: "UNLOCK", State: "home/lock", Expect: `"UNLOCKED"`}
	must(t, r.Member.SetDoor(ctx, session.Door{Camera: door, Name: "Front door", Kind: lock.MQTT, Way: &way}, r.digits))
	if _, err := r.Member.Open(ctx, door, nil); word(err) != request.RefusedLockAway {
		t.Errorf("without a lock at the broker: %v", err)
	}
	heard, say := lockAt(t, broker, "home/lock/set", "home/lock")
	say(`{"state":"UNLOCKED"}`)
	if _, err := r.Member.Open(ctx, door, nil); err != nil {
		t.Errorf("by a broker: %v", err)
	}
	say(`{"state":"JAMMED"}`)
	must(t, r.Member.SetDoor(ctx, session.Door{Camera: door, Name: "Front door", Kind: lock.MQTT, Way: &way}, r.digits))
	if _, err := r.Member.Open(ctx, door, nil); word(err) != request.RefusedLockAway {
		t.Errorf("a lock that says that it is jammed: %v", err)
	}
	if got := heard(); strings.Join(got, " ") != "UNLOCK UNLOCK" {
		t.Errorf("the lock has heard %q", got)
	}
	bad := way
	bad.URL = broker.URL("another password")
	must(t, r.Member.SetDoor(ctx, session.Door{Camera: door, Name: "Front door", Kind: lock.MQTT, Way: &bad}, r.digits))
	if _, err := r.Member.Open(ctx, door, nil); word(err) != request.RefusedLockNo {
		t.Errorf("with a wrong password: %v", err)
	}
}

// lockAt is a lock at a broker. It answers what say has set.
func lockAt(t *testing.T, b *harness.Broker, topic, state string) (heard func() []string, say func(string)) {
	t.Helper()
	var mu sync.Mutex
	var list []string
	answer := ""
	ctx, stop := context.WithCancel(context.Background())
	up := make(chan struct{}, 1)
	cm, err := autopaho.NewConnection(ctx, autopaho.ClientConfig{
		ServerUrls: []*url.URL{{Scheme: "mqtt", Host: b.Address}}, KeepAlive: 15, ConnectUsername: b.User, ConnectPassword: []byte(b.Password), CleanStartOnInitialConnection: true,
		OnConnectionUp: func(cm *autopaho.ConnectionManager, _ *paho.Connack) {
			_, _ = cm.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: topic, QoS: 1}}})
			up <- struct{}{}
		},
		ClientConfig: paho.ClientConfig{ClientID: "lock", OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
			mu.Lock()
			defer mu.Unlock()
			list = append(list, string(p.Packet.Payload))
			_, err := p.Client.Publish(ctx, &paho.Publish{Topic: state, Payload: []byte(answer)})
			return true, err
		}}},
	})
	must(t, err)
	t.Cleanup(func() { stop(); <-cm.Done() })
	select {
	case <-up:
	case <-time.After(patience):
		t.Fatal("the lock does not reach the broker")
	}
	heard = func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(list) }
	say = func(s string) { mu.Lock(); defer mu.Unlock(); answer = s }
	return heard, say
}
