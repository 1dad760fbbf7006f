// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package tell

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"keyhold/home/door"
	"keyhold/internal/crimes"
	"keyhold/internal/intime"
	"keyhold/statement/request"
	"keyhold/statement/rule"
)

// nowhere is an address that nobody has (RFC 5737), outside of every home.
const nowhere = "203.0.113.9"

// arrives says what came of telling something: whether it came to a board where it must not come, or how it was refused.
func arrives(state string, err error, at *board) (string, error) {
	if at != nil && len(at.notes()) > 0 && at.notes()[len(at.notes())-1].header.Get("Authorization") != "" {
		return "", nil
	}
	if err == nil {
		return state, errors.New("nothing came there")
	}
	return state, err
}

// endless takes connections, and says this much of a greeting on each, or as much of it as is listened to.
func endless(t *testing.T, most int) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	line := []byte("220-" + strings.Repeat("a", 1018) + "\r\n")
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			for said := 0; said < most && err == nil; said += len(line) {
				_ = c.SetWriteDeadline(time.Now().Add(time.Second))
				_, err = c.Write(line)
			}
			_ = c.Close()
		}
	})
	t.Cleanup(func() { _ = l.Close(); wg.Wait() })
	return l.Addr().String()
}

// TestCrimesOfTelling has those whom the hub tells something want more of it.
func TestCrimesOfTelling(t *testing.T) {
	thief, server, plain := newBoard(t), newBoard(t), mailbox(t, nil)
	talker := endless(t, 4*mostSaid)
	h := newHome(t, server.at(), thief.at(), plain.Address, talker)
	topic := func(u string) request.Channel {
		return request.Channel{Kind: request.ChannelNtfy, URL: u, Token: "tk_word"}
	}
	letter := func(scheme, host string) request.Channel {
		return request.Channel{Kind: request.ChannelEmail, URL: scheme + "://" + host, From: "hub@example.org", To: "oma@example.org"}
	}
	// goes says whether the hub so much as tries an address: there nobody answers.
	goes := func(c request.Channel) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), intime.By(300*time.Millisecond))
		defer cancel()
		if state, err := h.once(ctx, c); state == door.Barred {
			return string(rule.Of(err)), err
		}
		return "", nil
	}
	// submits hands over a mail as if the server were on another computer.
	submits := func(local bool) (string, error) {
		raw, err := new(net.Dialer).DialContext(t.Context(), "tcp", plain.Address)
		if err != nil {
			t.Fatal(err)
		}
		c := letter("smtp", plain.Address)
		l := newLine(h.Desk, Channel{Kind: c.Kind, From: c.From, To: c.To, Language: "en"})
		err = l.submit(t.Context(), raw, &url.URL{Scheme: "smtp", Host: plain.Address}, local, text{"", "Somebody rang, 11:04"})
		return string(rule.Of(err)), err
	}
	// rings presses again and again, and says whether more than one message came of it.
	rings := func(times int) (string, error) {
		before := len(server.notes())
		h.later(time.Hour)
		h.add("x", topic(server.URL+"/door"))
		defer h.Remove("x")
		for range times {
			h.Pressed(front, "Front door", h.now())
			h.later(10 * time.Second)
		}
		came := func() int { return len(server.notes()) - before }
		began := time.Now()
		until(t, "all of them, or one", func() bool { return came() == times || came() > 0 && time.Since(began) > intime.By(time.Second) })
		if came() < times {
			return string(rule.Quota), fmt.Errorf("%d of %d were told", came(), times)
		}
		return "", nil
	}
	long := func() (string, error) {
		_, err := h.once(t.Context(), letter("smtp", talker))
		if rule.Of(err) == rule.Length {
			return string(rule.Length), err
		}
		return "", nil // it has listened to the end
	}
	forward := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, thief.URL+"/door", http.StatusTemporaryRedirect)
	}
	var rows []*crimes.Row
	for _, one := range []struct {
		name   string
		off    rule.Name
		word   string
		commit func() (string, error)
		honest func() (string, error)
	}{
		{
			"a topic's server that sends the hub on, with the token, to another", rule.Elsewhere, door.Refused,
			func() (string, error) {
				server.answer(forward)
				state, err := h.once(t.Context(), topic(server.URL+"/door"))
				return arrives(state, err, thief)
			},
			func() (string, error) {
				server.answer(func(http.ResponseWriter, *http.Request) {})
				return h.once(t.Context(), topic(server.URL+"/door"))
			},
		},
		{
			"telling a topic outside the home without TLS", rule.Elsewhere, string(rule.Elsewhere),
			func() (string, error) { return goes(topic("http://" + nowhere + "/door")) },
			func() (string, error) { return goes(topic("https://" + nowhere + "/door")) },
		},
		{
			"handing a mail to a server on another computer without TLS", rule.Elsewhere, string(rule.Elsewhere),
			func() (string, error) { return submits(false) },
			func() (string, error) { return submits(true) },
		},
		{
			"a channel by what runs on the hub's own computer", rule.Here, string(rule.Here),
			func() (string, error) { return goes(letter("smtp", "127.0.0.1:25")) },
			func() (string, error) { return h.once(t.Context(), letter("smtp", plain.Address)) },
		},
		{
			"a mail server that never ends what it says", rule.Length, string(rule.Length), long,
			func() (string, error) { return h.once(t.Context(), letter("smtp", plain.Address)) },
		},
		{
			"a flood of presses as a flood of messages", rule.Quota, string(rule.Quota),
			func() (string, error) { return rings(5) }, func() (string, error) { return rings(1) },
		},
	} {
		row := crimes.New(one.name, one.off)
		rows = append(rows, row)
		t.Run(one.name, func(t *testing.T) {
			word, err := one.commit()
			row.Tried(t, err, word, one.word)
			t.Run("without the check", func(t *testing.T) {
				crimes.Switch(t, one.off)
				word, err := one.commit()
				row.Unchecked(t, err, word)
			})
			word, err = one.honest()
			row.Honest(t, err, word)
		})
	}
	crimes.Report(t, "hub", rows)
}
