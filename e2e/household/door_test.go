// SPDX-License-Identifier: Apache-2.0

package household_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"keyhold/e2e/harness"
	"keyhold/internal/intime"
	"keyhold/statement/pairing"
)

// Every way in which an invitation does not work has a sentence of its own.
func TestInvitationsThatDoNotWork(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := home(t)
	join := func(link string) string {
		return person(t, w, "stranger", 1, "join", link, "--yes").Said
	}

	// Used.
	d, link, err := w.Invite(ctx, "device", "--own-device")
	must(t, err)
	wants(t, "joining", person(t, w, "second", 0, "join", link, "--device-name", "Second").Said, "further device of their own", "belongs to the household now")
	s, err := d.End()
	must(t, err)
	wants(t, "inviting", s.Said, "Second has joined")
	wants(t, "a used link", join(link), "was used already")

	// Guessed, or older than a day: the cloud has nothing under it.
	wants(t, "a link with another secret", join(otherSecret(t, link)), "nothing waits under this invitation")

	// Ended: whoever made it has stopped waiting.
	d, link, err = w.Invite(ctx, "device", "--own-device")
	must(t, err)
	must(t, d.Signal())
	_, err = d.End()
	must(t, err)
	wants(t, "a link whose command was stopped", join(link), "whoever made it no longer waits")

	// Declined by whoever is invited.
	d, link, err = w.Invite(ctx, "device", "--person", "Eva", "--role", "guest", "--until", "1d")
	must(t, err)
	no, err := w.Ask(ctx, "join", link, "--device", w.Path("stranger"))
	must(t, err)
	must(t, no.Until(ctx, "Join as Eva?"))
	must(t, no.Type("no"))
	s, err = no.End()
	must(t, err)
	wants(t, "a no", s.Said, "nothing was made and nothing was sent")

	// Of a device that was removed meanwhile.
	byGone, linkOfGone, err := w.Invite(ctx, "second", "--person", "Ben", "--role", "owner")
	must(t, err)
	wants(t, "the removal", person(t, w, "device", 0, "remove", "--yes", "Second").Said, "In force: Second is out")
	wants(t, "a link of a device that is out", join(linkOfGone), "did not allow this invitation")
	s, err = byGone.End()
	must(t, err)
	wants(t, "the device that is out", s.Said, "does not know this device")

	// The household has moved on since the first link was made: it is asked again, and works.
	j, err := w.Ask(ctx, "join", link, "--yes", "--device", w.Path("eva"), "--device-name", "Eva's phone")
	must(t, err)
	must(t, j.Until(ctx, "Asking again"))
	must(t, d.Until(ctx, "Six digits: "))
	code, err := w.Gesture(ctx)
	must(t, err)
	must(t, d.Type(code))
	s, err = j.End()
	must(t, err)
	wants(t, "the joiner", s.Said, "The household has changed meanwhile. Asking again.", "belongs to the household now")
	s, err = d.End()
	must(t, err)
	wants(t, "the inviter", s.Said, "Eva, with Eva's phone, has joined")
}

// otherSecret is a link that nobody has made.
func otherSecret(t *testing.T, link string) string {
	t.Helper()
	origin, inv, err := pairing.ParseLink(link)
	must(t, err)
	inv.Secret[0] ^= 1
	other, err := inv.Link(origin)
	must(t, err)
	return other
}

// An invitation from afar: both read six words, and what is given begins a day later.
func TestInvitedFromAfar(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := home(t)
	wants(t, "a guardian from afar", person(t, w, "device", 1, "invite", "--person", "Jan", "--role", "guardian", "--slow").Said, "invited in person")
	wants(t, "old recordings from afar", person(t, w, "device", 1, "invite", "--person", "Mia", "--role", "viewer", "--slow", "--history").Said, "do not go together")
	for _, c := range []struct{ answer, inviter, joiner, folder string }{
		{"no", "the words were not the same", "saw other words", "nobody"},
		{"yes", "Mia, with a phone, has joined. They see what is recorded from tomorrow on.", "belongs to the household now", "mia"},
	} {
		d, link, err := w.Invite(ctx, "device", "--person", "Mia", "--role", "viewer", "--slow")
		must(t, err)
		j, err := w.Ask(ctx, "join", link, "--yes", "--device", w.Path(c.folder), "--device-name", "a phone")
		must(t, err)
		must(t, d.Until(ctx, "Are they the same"))
		six := words(d.Said())
		if six == "" || six != words(j.Said()) {
			t.Errorf("the inviter sees %q, the joiner %q", six, words(j.Said()))
		}
		must(t, d.Type(c.answer))
		if c.answer == "yes" {
			must(t, d.Until(ctx, "Six digits: "))
			code, err := w.Gesture(ctx)
			must(t, err)
			must(t, d.Type(code))
		}
		s, err := j.End()
		must(t, err)
		wants(t, "the joiner", s.Said, c.joiner)
		s, err = d.End()
		must(t, err)
		wants(t, "the inviter", s.Said, c.inviter)
	}
	wants(t, "the first day", person(t, w, "mia", 0, "list").Said, "No camera is open to you now", "from ")
}

var sixWords = regexp.MustCompile(`(?m)^    ([a-z]+(?:  [a-z]+){5})$`)

func words(said string) string {
	if m := sixWords.FindStringSubmatch(said); m != nil {
		return m[1]
	}
	return ""
}

// A removal that does not reach the hub is an alarm after a minute, and is not forgotten.
func TestARemovalThatIsWithheld(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := home(t)
	_, err := w.Owner(ctx, "roster")
	must(t, err)
	bring(t, w, "device", "eva", "--person", "Eva", "--role", "guest", "--until", "1d")
	must(t, w.Hub.Stop())
	begun := time.Now()
	s := person(t, w, "device", 3, "remove", "--yes", "Eva")
	if took := time.Since(begun); took < 50*time.Second || took > intime.By(100*time.Second) {
		t.Errorf("the alarm came after %s", took)
	}
	wants(t, "the alarm", s.Said, "Not in force yet", "ALARM", "withheld", "every later command of this device sends it again")
	s = person(t, w, "device", 3, "roster")
	wants(t, "a later command", s.Said, "The removal of Eva is not in force yet. Sending it again.", "ALARM")
	must(t, w.StartHub(ctx))
	last := ""
	must(t, harness.Poll(ctx, 2*time.Minute, "the removal", func(ctx context.Context) bool {
		s, err := w.Command(ctx, "roster", "--device", w.Path("device"))
		last = s.Said
		return err == nil && strings.Contains(last, "The removal of Eva is in force now")
	}))
	hides(t, "the roster after", person(t, w, "device", 0, "roster").Out, "Eva")
	wants(t, "whoever was removed", person(t, w, "eva", 1, "list").Said, "The cloud does not know this device")
}

// Somebody may have seen the sheet: a new one takes its place, with the keys of what was recorded before.
func TestANewSheet(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := home(t)
	recorded(t, w, "device", "Garden")
	_, err := w.Owner(ctx, "rotate")
	must(t, err)
	d, err := w.Ask(ctx, "sheet", "new", "--sheet-out", w.Path("new-sheet.txt"), "--device", w.Path("device"))
	must(t, err)
	must(t, d.Until(ctx, "Word 3: "))
	list, err := harness.SheetWords(w.Path("new-sheet.txt"))
	must(t, err)
	for _, n := range []int{3, 9, 17} {
		must(t, d.Type(list[n-1]))
	}
	must(t, d.Until(ctx, "Six digits: "))
	code, err := w.Gesture(ctx)
	must(t, err)
	must(t, d.Type(code))
	s, err := d.End()
	must(t, err)
	wants(t, "a new sheet", s.Said, "In force", "The new sheet opens", "destroy the old sheet")
	s, err = w.Command(ctx, "recover", "--sheet", w.Path("new-sheet.txt"), "--identities", w.Path("keys"), "--from", w.Path("hub"))
	must(t, err)
	wants(t, "the new sheet with the hub's folder alone", s.Out+s.Said, ".key", "from before this sheet was made cannot be opened with the hub's folder alone")
	s = person(t, w, "back", 1, "recover", "--sheet", w.Path("sheet.txt"), "--cloud", w.CloudURL())
	wants(t, "the old sheet", s.Said, "belong to no household here")
	person(t, w, "back", 0, "recover", "--sheet", w.Path("new-sheet.txt"), "--cloud", w.CloudURL())
	recorded(t, w, "back", "Garden")
	out := person(t, w, "back", 0, "list", "--json", "--camera", "Garden").Out
	mine := person(t, w, "device", 0, "list", "--json", "--camera", "Garden").Out
	if first, other := firstFrom(t, mine), firstFrom(t, out); first != other {
		t.Errorf("the new sheet opens what was recorded from %d on, the household has it from %d on", other, first)
	}
}

func firstFrom(t *testing.T, out string) int64 {
	t.Helper()
	lines, err := harness.Lines[harness.Stretch](out)
	must(t, err)
	if len(lines) == 0 {
		t.Fatal("nothing was recorded")
	}
	return lines[0].From
}
