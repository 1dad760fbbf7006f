// SPDX-License-Identifier: Apache-2.0

package tell

import (
	"context"
	"crypto/tls"
	"io"
	"mime"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
	"testing"
	"time"

	"keyhold/e2e/harness"
	"keyhold/home/door"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

const front, yard = id.Camera("cam_aaaaaaaaaaaaaaaaaaaaaaaaaa"), id.Camera("cam_bbbbbbbbbbbbbbbbbbbbbbbbbb")

// mails are the subjects of what a mailbox has.
func mails(t *testing.T, m *harness.Mailbox) []string {
	t.Helper()
	var out []string
	for _, l := range m.Letters() {
		one, err := mail.ReadMessage(strings.NewReader(l.Text))
		if err != nil {
			t.Fatal(err)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(one.Header.Get("Subject"))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, subject)
	}
	return out
}

// all are a board, a broker's listener and a mailbox, told by a desk each, and how much came by each.
type all struct {
	*home
	board *board
	ear   *harness.Ear
	box   *harness.Mailbox
}

func byAll(t *testing.T) *all {
	t.Helper()
	broker, err := harness.StartBroker(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Stop() })
	ear, err := broker.Hear(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ear.Close)
	a := &all{board: newBoard(t), ear: ear, box: mailbox(t, &tls.Config{Certificates: []tls.Certificate{proven}})}
	a.home = newHome(t, a.board.at(), broker.Address, a.box.Address)
	a.add("topic", request.Channel{Kind: request.ChannelNtfy, Names: true, URL: a.board.URL + "/door", Token: "tk_word"})
	a.add("broker", request.Channel{Kind: request.ChannelMQTT, Names: true, URL: broker.URL(broker.Password), Topic: "home/said"})
	a.add("mail", request.Channel{
		Kind: request.ChannelEmail, Names: true, URL: "smtp://" + url.UserPassword(a.box.User, a.box.Password).String() + "@" + a.box.Address, From: "hub@example.org", To: "oma@example.org",
	})
	return a
}

// came waits until each has this many.
func (a *all) came(n int) {
	a.t.Helper()
	until(a.t, "all channels to be told", func() bool {
		return len(a.board.notes()) >= n && len(a.ear.All("home/")) >= n && len(a.box.Letters()) >= n
	})
}

func TestAVisitIsToldOnceByEachChannel(t *testing.T) {
	t.Parallel()
	a := byAll(t)
	for range 4 { // somebody who is impatient
		a.Pressed(front, "Front door", a.now())
		a.came(1)
		a.later(90 * time.Second)
	}
	a.later(time.Minute)
	a.Pressed(front, "Front door", a.now())
	a.came(2)
	said := []string{"Front door: somebody rang, 11:04", "Front door: somebody rang, 11:11"}
	for i, n := range a.board.notes() {
		if n.path != "POST /door" || n.text != said[i] || n.header.Get("Authorization") != "Bearer tk_word" || n.header.Get("Title") != "Doorbell" || n.header.Get("Priority") != "high" || n.header.Get("Tags") != "bell" {
			t.Errorf("the topic is told %+v", n)
		}
	}
	for i, s := range a.ear.All("home/") {
		if s.Topic != "home/said" || s.Payload != said[i] || s.Kept {
			t.Errorf("the broker is told %+v", s)
		}
	}
	for i, l := range a.box.Letters() {
		if !l.Private || l.As != a.box.User || l.From != "hub@example.org" || l.To != "oma@example.org" || mails(t, a.box)[i] != said[i] || !strings.Contains(l.Text, "\r\n\r\n"+said[i]+"\r\n") {
			t.Errorf("mailed was %+v", l)
		}
	}
	if n := len(a.board.notes()) + len(a.ear.All("home/")) + len(a.box.Letters()); n != 6 {
		t.Errorf("two visits are told %d times by three channels", n)
	}
	for _, name := range []string{"topic", "broker", "mail"} {
		until(t, "the state of "+name, func() bool { s := a.State(name); return s.State == Telling && s.Missed == 0 && s.Told.Equal(a.now()) })
	}
	// A test is told in the same way, and says what it is.
	for i, name := range []string{"topic", "broker", "mail"} {
		a.Test(t.Context(), name)
		if s := a.State(name); s.State != Telling {
			t.Errorf("channel %d is tested as %+v", i, s)
		}
	}
	a.came(3)
	if last := a.board.notes()[2]; !strings.Contains(last.text, "test") {
		t.Errorf("a test says %q", last.text)
	}
}

func TestWhatANameSaysStaysOnItsLine(t *testing.T) {
	t.Parallel()
	a := byAll(t)
	a.Pressed(front, "Door\r\nBcc: eve@example.org\r\n\r\nThe police is here\u2028now\u202e", a.now())
	a.Pressed(yard, "Tür zum Höfchen", a.now())
	a.came(2)
	said := "Door Bcc: eve@example.org The police is here now: somebody rang, 11:04"
	if got := a.board.notes()[0].text; got != said {
		t.Errorf("the topic is told %q", got)
	}
	if got := a.ear.All("home/")[0].Payload; got != said {
		t.Errorf("the broker is told %q", got)
	}
	l := a.box.Letters()[0]
	one, err := mail.ReadMessage(strings.NewReader(l.Text))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(one.Body)
	if err != nil || l.To != "oma@example.org" || one.Header.Get("Bcc") != "" || strings.Count(string(body), "\r\n") > 1 {
		t.Errorf("mailed is %q", l.Text)
	}
	if got := mails(t, a.box); got[0] != said || got[1] != "Tür zum Höfchen: somebody rang, 11:04" {
		t.Errorf("the subjects are %q", got)
	}
}

func TestWhatIsLateSaysSo(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	h := newHome(t, b.at())
	h.add("topic", request.Channel{Kind: request.ChannelNtfy, Names: true, URL: b.URL + "/door"})
	b.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	h.Pressed(front, "Front door", h.now())
	until(t, "a try", func() bool { return len(b.notes()) > 0 && h.State("topic").State == door.Away })
	h.later(4 * time.Minute)
	b.answer(func(http.ResponseWriter, *http.Request) {})
	until(t, "what is late", func() bool { return h.State("topic").State == Telling })
	list := b.notes()
	if got := list[len(list)-1].text; got != "Front door: somebody rang, 11:04, told at 11:08" {
		t.Errorf("told late is %q", got)
	}
	// What is too late is not told, and counted.
	b.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	h.Pressed(front, "Front door", h.now())
	until(t, "another try", func() bool { return h.State("topic").State == door.Away })
	h.later(patience + time.Second)
	until(t, "that it is given up", func() bool { return h.State("topic").Missed == 1 })
	// Nor is anything tried again that would be no better.
	b.answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	before := len(b.notes())
	h.Pressed(front, "Front door", h.now())
	until(t, "that it is refused", func() bool { s := h.State("topic"); return s.Missed == 2 && s.State == door.Refused })
	if n := len(b.notes()) - before; n != 1 {
		t.Errorf("a server that refuses is asked %d times", n)
	}
}

func TestAFloodAtTheButtonIsNoFloodOfMessages(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	h := newHome(t, b.at())
	h.add("topic", request.Channel{Kind: request.ChannelNtfy, URL: b.URL + "/door"})
	const visits = 30
	for i := range visits {
		for range 5 {
			h.Pressed(front, "Front door", h.now())
		}
		until(t, "that it is told, or counted", func() bool { return len(b.notes())+int(h.State("topic").Missed) > i })
		h.later(visit)
	}
	if n, missed := len(b.notes()), h.State("topic").Missed; n != ceiling || missed != visits-ceiling {
		t.Errorf("%d of %d visits within an hour are told, %d are counted as missed", n, visits, missed)
	}
	h.later(time.Hour)
	h.Pressed(front, "Front door", h.now())
	until(t, "what comes an hour later", func() bool { return len(b.notes()) == ceiling+1 })
	// Without names, nobody reads which door it is.
	for _, n := range b.notes() {
		if strings.Contains(n.text, "Front") || !strings.HasPrefix(n.text, "Somebody rang, ") {
			t.Fatalf("told is %q", n.text)
		}
	}
}

func TestAChannelIsToldOfItsCamerasAlone(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	h := newHome(t, b.at())
	h.Add(Channel{Cameras: []id.Camera{yard}, Kind: request.ChannelNtfy, Language: "nl", Name: "yard", Names: true, URL: b.URL + "/yard"})
	h.Add(Channel{Cameras: []id.Camera{}, Kind: request.ChannelNtfy, Language: "de", Name: "all", Names: true, URL: b.URL + "/all"})
	h.Pressed(front, "Front", h.now())
	h.Pressed(yard, "Yard", h.now())
	until(t, "what is told", func() bool { return len(b.notes()) == 3 })
	got := map[string]bool{}
	for _, n := range b.notes() {
		got[n.path+" "+n.text] = true
	}
	for _, want := range []string{"POST /yard Yard: er heeft iemand aangebeld, 11:04", "POST /all Front: jemand hat geklingelt, 11:04", "POST /all Yard: jemand hat geklingelt, 11:04"} {
		if !got[want] {
			t.Errorf("%q was not told, but %v", want, got)
		}
	}
	h.Remove("all")
	h.later(time.Hour)
	h.Pressed(front, "Front", h.now())
	h.Pressed(yard, "Yard", h.now())
	until(t, "what is told now", func() bool { return len(b.notes()) == 4 })
}

func TestChannelsThatNoHubCouldTell(t *testing.T) {
	t.Parallel()
	post := func(u string) request.Channel { return request.Channel{Kind: request.ChannelNtfy, URL: u} }
	letter := func(u, from, to string) request.Channel {
		return request.Channel{Kind: request.ChannelEmail, URL: u, From: from, To: to}
	}
	for _, c := range []request.Channel{
		post("https://ntfy.example"), post("ftp://ntfy.example/a"), post("https:///a"), post("https://ntfy.example/a?b=c"), post("https://ntfy.example/a b"), post("ntfy.example/a"), post("https://ntfy.example/a#b"),
		{Kind: request.ChannelNtfy, URL: "https://ntfy.example/a", Token: "a\r\nHost: b"},
		{Kind: request.ChannelMQTT, URL: "http://broker.example", Topic: "a"},
		{Kind: request.ChannelMQTT, URL: "mqtts://broker.example", Topic: "a/#"},
		letter("https://mail.example", "a@example.org", "b@example.org"), letter("smtps://mail.example/x", "a@example.org", "b@example.org"),
		letter("smtps://mail.example", "a", "b@example.org"), letter("smtps://mail.example", "a@example.org", "Bo <b@example.org>"),
		letter("smtps://mail.example", "a@example.org", "b@example.org\r\nBcc: c@example.org"), letter("smtps://mail.example", "a@example.org", "b@example.org, c@example.org"),
		{Kind: "pigeon", URL: "https://example.org/a"},
	} {
		if _, err := Check(&c); err == nil {
			t.Errorf("%+v is taken for a channel", c)
		}
	}
	for _, c := range []request.Channel{
		post("https://ntfy.sh/keyhold-a7Hq"), post("http://192.168.1.5:8080/topics/door"), letter("smtp://u%40example.org:p@mail.example.org", "u@example.org", "oma@example.org"),
		{Kind: request.ChannelMQTT, URL: "mqtts://u:p@broker.example", Topic: "home/said"},
	} {
		if _, err := Check(&c); err != nil {
			t.Errorf("%+v is no channel: %v", c, err)
		}
	}
}

func TestAMailServerIsTrustedByItsCertificate(t *testing.T) {
	t.Parallel()
	m := mailbox(t, &tls.Config{Certificates: []tls.Certificate{proven}})
	h := newHome(t, m.Address)
	to := func(host, password string) request.Channel {
		return request.Channel{
			Kind: request.ChannelEmail, URL: "smtp://" + url.UserPassword(m.User, password).String() + "@" + host, From: "hub@example.org", To: "oma@example.org",
		}
	}
	for name, c := range map[string]request.Channel{
		"another name": to(strings.Replace(m.Address, "127.0.0.1", "localhost", 1), m.Password), "another password": to(m.Address, "guessed"), "the right one": to(m.Address, m.Password),
	} {
		h.add(name, c)
		h.Test(context.Background(), name)
		want := map[string]string{"another name": door.Away, "another password": door.Refused, "the right one": Telling}[name]
		if s := h.State(name).State; s != want {
			t.Errorf("%s: %s, not %s", name, s, want)
		}
	}
	if n := len(m.Letters()); n != 1 {
		t.Errorf("%d letters were taken", n)
	}
}

// A server of topics that answers without an end holds nobody up, and is not listened to.
func TestAnEndlessAnswerIsNotListenedTo(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	h := newHome(t, b.at())
	var sent int
	done := make(chan struct{})
	b.answer(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		for ; sent < 64<<20 && r.Context().Err() == nil; sent += 1 << 10 {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	})
	state, err := h.once(t.Context(), request.Channel{Kind: request.ChannelNtfy, URL: b.URL + "/door"})
	<-done
	if err != nil || state != Telling || sent >= 64<<20 {
		t.Errorf("%s after %d bytes: %v", state, sent, err)
	}
}
