// SPDX-License-Identifier: Apache-2.0

package home

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"keyhold/e2e/harness"
	"keyhold/statement/request"
)

// heardAt is a server of topics, such as ntfy's, and what it was told.
type heardAt struct {
	*httptest.Server
	mu   sync.Mutex
	list []string // guarded by mu
}

func newHeardAt(t *testing.T) *heardAt {
	t.Helper()
	b := &heardAt{}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Authorization") != "Bearer tk_word" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.list = append(b.list, string(text))
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *heardAt) all() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.list...)
}

// A household without a cloud hears its bell by every other way that it has chosen, and by the app at home, where it also
// opens and talks; once the cloud is back all of it is on the record there.
func TestTheBellGoesOnWithoutTheCloud(t *testing.T) {
	t.Parallel()
	r := Unpaired(t)
	r.ffmpeg = none
	topics := newHeardAt(t)
	box, err := harness.StartMailbox(t.Context(), "", "", nil)
	must(t, err)
	t.Cleanup(box.Stop)
	broker := r.broker(netip.MustParseAddrPort(topics.Listener.Addr().String()), netip.MustParseAddrPort(box.Address), r.lock.address())
	r.Begin()
	door := r.Add("Front door", "a")
	r.bell(door, request.Bell{Kind: request.BellONVIF}) // the simulated doorbell's own button
	ear := r.ear(broker)
	for _, c := range []struct {
		name string
		request.Channel
	}{
		{"topic", request.Channel{Kind: request.ChannelNtfy, Names: true, Token: "tk_word", URL: topics.URL + "/door"}},
		{"broker", request.Channel{Kind: request.ChannelMQTT, Topic: "home/said", URL: broker.URL(broker.Password)}},
		{"mail", request.Channel{From: "hub@example.org", Kind: request.ChannelEmail, Names: true, To: "oma@example.org", URL: "smtp://" + box.Address}},
	} {
		must(t, r.Member.AddChannel(t.Context(), request.Op{Channel: &c.Channel, Language: "en", Name: c.name}, r.digits))
		if got := r.Do(request.Op{Kind: request.OpTestChannel, Name: c.name}).Result.Channels; len(got) != 1 || got[0].State != "telling" || got[0].By != r.Member.Person() {
			t.Fatalf("%s is tested as %+v", c.name, got)
		}
	}
	told := func() [3]int { return [3]int{len(topics.all()), len(ear.All("home/")), len(box.Letters())} }
	r.Until("the test by each", func() bool { return told() == [3]int{1, 1, 1} })
	r.Packs(door, 1)
	r.hang(r.Member, door, "Front door", false)
	r.learn()

	r.dead()
	must(t, r.Camera.Press("a"))
	began := time.Now()
	r.Until("a message by each, without the cloud", func() bool { return told() == [3]int{2, 2, 2} })
	t.Logf("told by three channels %s after the press", time.Since(began))
	if got := topics.all()[1]; !strings.HasPrefix(got, "Front door: somebody rang, ") || strings.Contains(got, "told at") {
		t.Errorf("the topic is told %q", got)
	}
	if got := ear.All("home/")[1].Payload; !strings.HasPrefix(got, "Somebody rang, ") { // it was set up without names
		t.Errorf("the broker is told %q", got)
	}
	if got := box.Letters()[1]; got.To != "oma@example.org" || !strings.Contains(got.Text, "\r\nSubject: Front door: somebody rang, ") {
		t.Errorf("mailed is %+v", got)
	}
	// The app at home hears it as well, and opens the door. Whoever rings again and again is one visitor.
	home := r.again()
	_, err = home.Sync(t.Context())
	must(t, err)
	heard := r.hears(home)
	r.Until("a breath", func() bool { return time.Since(began) > 2*breath })
	must(t, r.Camera.Press("a"))
	r.Until("an alert at home", func() bool { return heard.of(door) == 1 })
	_, err = home.Open(t.Context(), door, nil)
	must(t, err)
	if n := r.lock.opened(); n != 1 || !home.AtHome() {
		t.Errorf("without the cloud the door was opened %d times", n)
	}
	// Whoever opens talks, too.
	anna := r.talker(home, door)
	r.Until("word that the camera has a speaker", anna.speaker.Load)
	stop := anna.speak()
	must(t, anna.press())
	r.Until("a voice at the door", func() bool { return long(r.tones(voice)) > time.Second })
	let := time.Now()
	anna.hush()
	r.freed(let)
	stop()
	if got := told(); got != [3]int{2, 2, 2} {
		t.Errorf("two presses of one visit are told %v times", got)
	}

	// Everything catches up.
	r.way.Store(nil)
	// Between two tries the hub waits for up to half a minute.
	must(t, harness.Poll(t.Context(), 2*patience, "the record of all at the cloud", func(context.Context) bool {
		tl := r.Timeline(door)
		return len(tl.Presses) == 2 && len(tl.Opens) == 1 && len(tl.Talks) == 1
	}))
	for _, c := range r.Do(request.Op{Kind: request.OpChannels}).Result.Channels {
		if c.State != "telling" || c.Missed != 0 || c.Told == 0 || strings.Contains(c.URL, broker.Password) || strings.Contains(c.URL, "/door") {
			t.Errorf("a channel is listed as %+v", c)
		}
	}
	r.hasNoPassword("tk_word", broker.Password, "oma@example.org", topics.URL)
	r.Start()
	r.Serving()
	// Channels outlive the hub, and what is removed is told nothing more.
	r.Do(request.Op{Kind: request.OpRemoveChannel, Name: "mail"})
	if got := r.Do(request.Op{Kind: request.OpTestChannel, Name: "topic"}).Result.Channels; len(got) != 1 || got[0].State != "telling" {
		t.Errorf("after a restart the topic is %+v", got)
	}
	if got := r.Do(request.Op{Kind: request.OpChannels}).Result.Channels; len(got) != 2 {
		t.Errorf("after one was removed there are %+v", got)
	}
}
