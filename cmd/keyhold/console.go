// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/mattn/go-isatty"

	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// console is how a command talks: answers on out, everything said beside them on err. So `keyhold
// list --json | jq` and `keyhold invite | qrencode` work while a person still reads what happens.
type console struct {
	in  *bufio.Reader
	out io.Writer
	err io.Writer
	// tty: a person watches err, so that a bar may be redrawn on its line.
	tty bool
	now func() time.Time
	// session is the one that the command has opened, nil without; finish looks at it.
	session *session.Session
	// removing: the command itself waits for a removal.
	removing bool
	// brought is the device that this very command has let in, made the kind of statement that it has made otherwise: the
	// user need not be told of either.
	brought id.Device
	made    roster.Kind
}

func newConsole(in io.Reader, out, err io.Writer) *console {
	tty := false
	if f, ok := err.(*os.File); ok {
		tty = isatty.IsTerminal(f.Fd())
	}
	return &console{in: bufio.NewReader(in), out: out, err: err, tty: tty, now: time.Now}
}

// say prints one line for a person.
func (c *console) say(format string, args ...any) { fmt.Fprintln(c.err, plain(format, args)) }

// plain is a text without what steers a terminal: a cloud's words and a name may come from anybody. Joiners of letters
// stay, other signs that are not seen go.
func plain(format string, args []any) string {
	return strings.Map(func(r rune) rune {
		steers := unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) && r != '\n' && r != '\t' && r != '\u200c' && r != '\u200d'
		if steers {
			return unicode.ReplacementChar
		}
		return r
	}, fmt.Sprintf(format, args...))
}

// patience is how long something may take in silence.
const patience = time.Second

// during runs work, and says what takes so long if it takes long.
func (c *console) during(what string, work func() error) error {
	done := make(chan error, 1)
	go func() { done <- work() }()
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case err := <-done:
		return err
	case <-t.C:
		c.say("%s …", what)
		return <-done
	}
}

// answer prints one line of the command's result.
func (c *console) answer(format string, args ...any) { fmt.Fprintln(c.out, plain(format, args)) }

// object prints a result for a program: one line of JSON.
func (c *console) object(v any) error {
	enc := json.NewEncoder(c.out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("print result: %w", err)
	}
	return nil
}

// ask prints a question and reads one line.
func (c *console) ask(question string) (string, error) {
	fmt.Fprint(c.err, question)
	line, err := c.in.ReadString('\n')
	if err != nil && (err != io.EOF || line == "") {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// bar shows how far something is: redrawn on a terminal, else a line every tenth, and nothing of what
// is done within a second.
type bar struct {
	c     *console
	what  string
	begun time.Time
	last  time.Time
	step  int64
	open  bool
}

func (c *console) bar(what string) *bar { return &bar{c: c, what: what, begun: c.now()} }

func (b *bar) set(done, total int64) {
	if total <= 0 {
		return
	}
	done = min(done, total)
	percent := done * 100 / total
	if b.c.tty {
		now := b.c.now()
		if done < total && now.Sub(b.last) < 100*time.Millisecond {
			return
		}
		b.last, b.open = now, true
		const width = 30
		full := int(done * width / total)
		fmt.Fprintf(b.c.err, "\r%s  %s%s  %3d %%", b.what, strings.Repeat("█", full), strings.Repeat("░", width-full), percent)
		return
	}
	if step := percent / 10; step != b.step && b.c.now().Sub(b.begun) > patience {
		b.step = step
		b.c.say("%s: %d %%", b.what, percent)
	}
}

// end leaves the bar's line.
func (b *bar) end() {
	if b.open {
		fmt.Fprintln(b.c.err)
		b.open = false
	}
}
