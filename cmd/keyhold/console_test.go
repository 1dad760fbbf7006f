// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"keyhold/api"
	"keyhold/statement/rule"
)

func quiet(in string) (*console, *bytes.Buffer, *bytes.Buffer) {
	var out, said bytes.Buffer
	return newConsole(strings.NewReader(in), &out, &said), &out, &said
}

func TestAnAlarmHasWordsAndACodeOfItsOwn(t *testing.T) {
	readers := []rule.Name{
		rule.Checkpoint, rule.RolledBack, rule.Forked, rule.Frozen, rule.NotIncluded, rule.WrongHousehold, rule.WrongCamera,
		rule.SeqGap, rule.FileSize, rule.FileHash, rule.Envelope, rule.RosterFork, rule.Signature, rule.Syntax,
	}
	for _, name := range readers {
		for _, wrap := range []func(error) error{func(err error) error { return err }, func(err error) error { return copyError{err} }} {
			c, out, said := quiet("")
			if code := c.verdict(fmt.Errorf("list: %w", wrap(rule.Errorf(name, "what was found")))); code != exitAlarm {
				t.Errorf("%s ends with %d", name, code)
			}
			for _, part := range []string{"ALARM  ", "What it means  ", "What was done  ", "What to do  ", string(name), "what was found"} {
				if !strings.Contains(said.String(), part) {
					t.Errorf("%s: %q is not said:\n%s", name, part, said)
				}
			}
			if out.Len() > 0 {
				t.Errorf("%s: an alarm stands among the answers", name)
			}
		}
	}
}

func TestOtherEndsHaveTheirCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		said string
	}{
		{nil, 0, ""},
		{errors.New("the hub is away"), exitFailed, "keyhold: the hub is away\n"},
		{fmt.Errorf("sync: %w", context.Canceled), exitFailed, "Stopped.\n"},
	} {
		console, _, said := quiet("")
		if code := console.verdict(c.err); code != c.code || said.String() != c.said {
			t.Errorf("%v ends with %d and %q", c.err, code, said)
		}
	}
	var out, said bytes.Buffer
	if code := run(t.Context(), []string{"lst"}, strings.NewReader(""), &out, &said); code != exitUsage || !strings.Contains(said.String(), "keyhold --help") {
		t.Errorf("a wrong command ends with %d and %q", code, said.String())
	}
}

func TestThreeWordsAreAskedFor(t *testing.T) {
	words := make([]string, 24)
	for i := range words {
		words[i] = fmt.Sprintf("word%d", i+1)
	}
	for _, c := range []struct {
		name, typed string
		ok          bool
	}{
		{"right", "word3\nword9\nword17\n", true},
		{"in capitals, with spaces", " WORD3 \nWord9\nword17", true},
		{"right at the third try", "a\nb\nword3\nword9\na\nword17\n", true},
		{"wrong three times", "word3\na\nb\nc\nword9\nword17\n", false},
		{"nothing typed", "", false},
		{"ended half-way", "word3\n", false},
	} {
		console, _, said := quiet(c.typed)
		err := console.confirmWords(words)
		if (err == nil) != c.ok || (err != nil && !errors.Is(err, errWords)) {
			t.Errorf("%s: %v", c.name, err)
		}
		if strings.Contains(said.String(), "word3") {
			t.Errorf("%s: the word itself is printed", c.name)
		}
	}
}

func TestABarIsRedrawnOnATerminalOnly(t *testing.T) {
	console, _, said := quiet("")
	now := time.Unix(0, 0)
	console.now = func() time.Time { return now }
	b := console.bar("Checking")
	for i := range int64(101) {
		now = now.Add(50 * time.Millisecond)
		b.set(i, 100)
	}
	b.end()
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	if len(lines) > 10 || lines[len(lines)-1] != "Checking: 100 %" || strings.Contains(said.String(), "\r") {
		t.Errorf("plain lines: %q", lines)
	}
	said.Reset()
	console.tty = true
	b = console.bar("Checking")
	for i := range int64(101) {
		now = now.Add(50 * time.Millisecond)
		b.set(i, 100)
	}
	b.set(200, 100)
	b.end()
	if text := said.String(); !strings.HasSuffix(text, "100 %\n") || strings.Count(text, "\n") != 1 || strings.Count(text, "\r") > 60 {
		t.Errorf("on a terminal: %q", text)
	}
}

func TestNothingFromElsewhereSteersTheTerminal(t *testing.T) {
	c, out, errs := quiet("")
	c.answer("%s", "Door\x1b[2J\u202eroo\u0085\a")
	c.say("%v", api.NewProblem(api.Denied, "", "no\x1b]0;owned\x07\nTry \u200dagain"))
	if got := out.String(); got != "Door\ufffd[2J\ufffdroo\ufffd\ufffd\n" {
		t.Errorf("answered %q", got)
	}
	if got := errs.String(); got != "no\ufffd]0;owned\ufffd\nTry \u200dagain\n" {
		t.Errorf("said %q", got)
	}
	if code := c.verdict(errors.New("\x1b[31mred")); code != exitFailed || strings.Contains(errs.String(), "\x1b") {
		t.Errorf("ended with %d and said %q", code, errs.String())
	}
}
