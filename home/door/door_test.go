// SPDX-License-Identifier: Apache-2.0

package door

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"keyhold/e2e/harness"
	"keyhold/home/camera"
	"keyhold/home/camera/cameratest"
	"keyhold/internal/intime"
	"keyhold/statement/id"
)

const (
	front    = id.Camera("cam_aaaaaaaaaaaaaaaaaaaaaaaaaa")
	patience = time.Minute
)

// listener collects presses.
type listener struct {
	mu   sync.Mutex
	list []Press
}

func (l *listener) take(_ context.Context, p Press) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, p)
}

func (l *listener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.list)
}

func (l *listener) all() []Press {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

// listening hears presses; brokers on this machine may be connected to where here names them.
func listening(t *testing.T, here ...netip.AddrPort) (*Bells, *listener) {
	t.Helper()
	l := &listener{}
	b := New(t.Context(), Config{Pressed: l.take, Here: here, Now: time.Now, Log: slogt(t)})
	t.Cleanup(b.Close)
	return b, l
}

func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	if err := harness.Poll(t.Context(), patience, what, func(context.Context) bool { return f() }); err != nil {
		t.Fatal(err)
	}
}

// doorbell is a simulated one.
func doorbell(t *testing.T, h camera.Habits) (*camera.Camera, *Bell) {
	t.Helper()
	c, err := camera.Start(camera.Config{
		Addr: "127.0.0.1:0", ONVIF: "127.0.0.1:0", Discovery: "127.0.0.1:0", User: "anna", Pass: `p<&">ä`, Skew: time.Hour, Habits: h,
		Feeds: []camera.Feed{{Path: "door", File: cameratest.Clip(t, cameratest.Plain()), Button: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, &Bell{Kind: ONVIF, URL: "http://" + c.ONVIF().String() + "/onvif/door/device_service", User: "anna", Password: `p<&">ä`}
}

// heard1 sets a bell of ONVIF and waits until it is heard.
func heard1(t *testing.T, b *Bells, bell *Bell) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); b.Listen(ctx, front) }()
	t.Cleanup(func() { stop(); <-done })
	b.Set(front, bell)
	until(t, "a bell that is heard", func() bool { _, s, _ := b.State(front); return s.State == Listening })
}

func TestTwentyPressesOfACameraRingTwentyTimes(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]camera.Habits{
		"prolonged by pulls":              {Lasts: 20 * time.Second},
		"renewed":                         {Lasts: 30 * time.Second, RenewOnly: true},
		"renewed, every event told twice": {Lasts: 26 * time.Second, RenewOnly: true, Twice: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, bell := doorbell(t, h)
			b, l := listening(t)
			heard1(t, b, bell)
			for i := range 20 {
				c.Move("door") // what moves is not who presses
				if err := c.Press("door"); err != nil {
					t.Fatal(err)
				}
				until(t, "a press", func() bool { return l.count() == i+1 })
				came := time.Now()
				if i == 10 {
					c.Forget("door") // as a camera does that starts anew
					until(t, "another subscription", func() bool { now, ever, _ := c.Subscribed("door"); return now == 1 && ever == 2 })
				}
				until(t, "a breath", func() bool { return time.Since(came) > bounce+heldFor })
			}
			c.Move("door")
			until(t, "what might still come", quiet(l))
			if n := l.count(); n != 20 {
				t.Errorf("20 presses rang %d times", n)
			}
			if _, _, renewed := c.Subscribed("door"); h.RenewOnly != (renewed > 0) {
				t.Errorf("the subscription was renewed %d times", renewed)
			}
		})
	}
}

// heldFor is longer than the simulated button is held.
const heldFor = 150 * time.Millisecond

// quiet waits until nothing has come for a while.
func quiet(l *listener) func() bool {
	last, since := l.count(), time.Now()
	return func() bool {
		if n := l.count(); n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) > intime.By(time.Second)
	}
}

func TestACameraThatSetsItsClockIsHeardAsBefore(t *testing.T) {
	t.Parallel()
	c, bell := doorbell(t, camera.Habits{TokenOnly: true}) // its clock is an hour ahead
	b, l := listening(t)
	heard1(t, b, bell)
	until(t, "a question for events", func() bool { return c.Pulled("door") > 1 })
	c.SetClock(0)
	for i := range 2 { // the digests of the time before do not hold any more
		began := time.Now()
		if err := c.Press("door"); err != nil {
			t.Fatal(err)
		}
		until(t, "a press", func() bool { return l.count() == i+1 })
		if at := l.all()[i].At; at.Before(began.Add(-late)) {
			t.Errorf("press %d is told to be %s old", i, began.Sub(at))
		}
		until(t, "a breath", func() bool { return time.Since(began) > bounce+heldFor })
	}
}

func TestACameraThatAnswersAtOnceIsNotAskedWithoutEnd(t *testing.T) {
	t.Parallel()
	c, bell := doorbell(t, camera.Habits{Hasty: true})
	b, l := listening(t)
	heard1(t, b, bell)
	began, before := time.Now(), c.Pulled("door")
	for i := range 3 {
		came := time.Now()
		if err := c.Press("door"); err != nil {
			t.Fatal(err)
		}
		until(t, "a press", func() bool { return l.count() == i+1 })
		until(t, "a breath", func() bool { return time.Since(came) > bounce+heldFor })
	}
	n := c.Pulled("door") - before
	if most := int(time.Since(began)/apart) + 2; n > most {
		t.Errorf("it was asked %d times in %s, at most %d are right", n, time.Since(began), most)
	}
}

func TestAWrongPasswordIsSaid(t *testing.T) {
	t.Parallel()
	_, bell := doorbell(t, camera.Habits{})
	b, l := listening(t)
	bell.Password = "another"
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); b.Listen(ctx, front) }()
	b.Set(front, bell)
	until(t, "that it is refused", func() bool { _, s, _ := b.State(front); return s.State == Refused })
	stop()
	<-done
	if l.count() > 0 {
		t.Error("somebody was heard")
	}
}

func TestAWebhookRingsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, l := listening(t)
		secret := NewSecret()
		b.Set(front, &Bell{Kind: Webhook, Secret: secret})
		ask := func(path, name string) bool {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, http.NoBody)
			if name != "" {
				r.Header.Set(PressHeader, name)
			}
			return b.Hook(r)
		}
		for i := range 20 {
			if !ask(HookPath+secret, "") {
				t.Fatal("the address is not known")
			}
			ask(HookPath+secret, "") // fingers shake
			time.Sleep(bounce + time.Duration(i)*100*time.Millisecond)
		}
		synctest.Wait()
		if n := l.count(); n != 20 {
			t.Errorf("20 presses rang %d times", n)
		}
		ask(HookPath+secret, "one")
		time.Sleep(5 * time.Second)
		ask(HookPath+secret, "one") // its sender has not heard the answer
		synctest.Wait()
		if n := l.count(); n != 21 {
			t.Errorf("a press that was told twice rang %d times", n-20)
		}
		for _, path := range []string{HookPath, HookPath + NewSecret(), HookPath + secret + "a", "/", HookPath + secret + "/" + secret} {
			if ask(path, "") {
				t.Errorf("%s is known", path)
			}
		}
		b.Set(front, &Bell{Kind: Webhook, Secret: NewSecret()})
		if ask(HookPath+secret, "") {
			t.Error("an address that was replaced is still known")
		}
		b.Close()
	})
}

func TestAFloodOfPressesIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, l := listening(t)
		secret := NewSecret()
		b.Set(front, &Bell{Kind: Webhook, Secret: secret})
		const minutes = 10
		for range minutes * 60 * 4 {
			b.Hook(httptest.NewRequestWithContext(t.Context(), http.MethodPost, HookPath+secret, http.NoBody))
			time.Sleep(250 * time.Millisecond)
			synctest.Wait()
		}
		if n, most := l.count(), atOnce+minutes*30+1; n > most || n < atOnce {
			t.Errorf("a flood of ten minutes rang %d times, at most %d are let through", n, most)
		}
		b.Close()
	})
}

func TestWhatAMessageMeans(t *testing.T) {
	t.Parallel()
	any1, one := &Bell{}, &Bell{Payload: "single"}
	for message, want := range map[string][2]bool{
		"pressed": {true, false}, "ON": {true, false}, "single": {true, true}, " single\n": {true, true}, `{"action":"single"}`: {true, false},
		"": {}, "OFF": {}, "released": {}, "0": {}, "false": {}, "idle": {}, "offline": {}, "motion": {},
	} {
		if got := [2]bool{any1.presses([]byte(message)), one.presses([]byte(message))}; got != want {
			t.Errorf("%q: %v, want %v", message, got, want)
		}
	}
	for topic, want := range map[string]bool{"zigbee2mqtt/bell/action": true, "": false, "#": false, "a/+/b": false, "$SYS/x": false} {
		if CheckTopic(topic) != want {
			t.Errorf("topic %q: want %v", topic, want)
		}
	}
}

func TestTwentyMessagesOfABrokerRingTwentyTimes(t *testing.T) {
	t.Parallel()
	broker, err := harness.StartBroker(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Stop() })
	say := func(topic, message string, more ...string) {
		t.Helper()
		if err := broker.Publish(t.Context(), topic, message, more...); err != nil {
			t.Fatal(err)
		}
	}
	// What a broker keeps for whoever comes is no press.
	say("home/bell", "pressed", "-r")
	b, l := listening(t, netip.MustParseAddrPort(broker.Address))
	b.Set(front, &Bell{Kind: MQTT, URL: "mqtt://" + broker.Address, User: broker.User, Password: broker.Password, Topic: "home/bell"})
	until(t, "a bell that is heard", func() bool { _, s, _ := b.State(front); return s.State == Listening })
	for i := range 20 {
		say("home/bell", "pressed")
		say("home/bell", "released")
		say("home/motion", "pressed")
		until(t, "a press", func() bool { return l.count() == i+1 })
		came := time.Now()
		until(t, "a breath", func() bool { return time.Since(came) > bounce })
	}
	until(t, "what might still come", quiet(l))
	if n := l.count(); n != 20 {
		t.Errorf("20 presses rang %d times", n)
	}

	// A wrong password is said, and nothing is heard; so is an address that nobody at the hub has allowed.
	b.Set(front, &Bell{Kind: MQTT, URL: "mqtt://" + broker.Address, User: broker.User, Password: "another", Topic: "home/bell"})
	until(t, "that it is refused", func() bool { _, s, _ := b.State(front); return s.State == Refused })
	other, _ := listening(t)
	other.Set(front, &Bell{Kind: MQTT, URL: "mqtt://" + broker.Address, User: broker.User, Password: broker.Password, Topic: "home/bell"})
	until(t, "that it is barred", func() bool { _, s, _ := other.State(front); return s.State == Barred })
	say("home/bell", "pressed")
	if n := l.count(); n != 20 {
		t.Errorf("%d presses were heard with a wrong password", n-20)
	}
}

func TestSecretsAreNotAlike(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		s := NewSecret()
		if len(s) != 26 || seen[s] {
			t.Fatal(fmt.Sprint("a secret that is too short, or came before: ", s))
		}
		seen[s] = true
	}
}
