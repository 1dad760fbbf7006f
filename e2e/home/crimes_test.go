// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package home

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"keyhold/api"
	"keyhold/home/household"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// A crime is one thing that somebody inside the household, a finder, a thief or the operator tries.
type crime struct {
	name string
	// off are the checks that are switched off for the mutant: that which has to refuse, and what would speak in its
	// place because it guards the same thing.
	off []rule.Name
	// says is the word or kind with which it is refused.
	says string
	// lasting says that the household is of no more use once the crime succeeded: whoever still checks leaves it.
	lasting bool
	// commit tries it; nil says that it worked.
	commit func(*scene) error
	// honest does the same where it is right.
	honest func(*scene) error
}

// scene is a household with everybody in it. anna began it, and ben has been an owner for as long; gus is a guardian,
// vera sees the door, sam is a guest who sees it until a day from now.
type scene struct {
	*Rig
	anna, anna2, ben, gus, vera, sam, sheet *folk
	door, yard                              id.Camera
	// before are the keys of a hub that was replaced, in the scene of a new hub.
	before *household.Keys
}

func theHousehold(t *testing.T) *scene {
	t.Helper()
	s := &scene{Rig: Plain(t)}
	s.door, s.yard = s.Add("Door", "a"), s.Add("Yard", "b")
	s.anna, s.sheet = s.owner(), s.Rig.sheet()
	s.anna2 = s.Device(s.anna)
	s.ben = s.Bring("Ben", roster.Owner)
	s.gus = s.Bring("Gus", roster.Guardian)
	s.vera = s.Bring("Vera", roster.Viewer, roster.Right{Actions: []roster.Action{roster.History}, Cameras: []id.Camera{s.door}})
	s.sam = s.guest("Sam")
	s.offset.Add(int64(8 * 24 * time.Hour)) // everybody's voice counts
	s.sam = s.guest("Sam, once more")
	return s
}

func (s *scene) day(n int) int64 { return s.now().AddDate(0, 0, n).UnixMilli() }

// guest sees the door until tomorrow.
func (s *scene) guest(name string) *folk { return s.Bring(name, roster.Guest, s.until(s.day(1))) }

func (s *scene) until(ms int64) roster.Right {
	return roster.Right{Actions: []roster.Action{roster.History}, Cameras: []id.Camera{s.door}, Until: ms}
}

// ask lets somebody send a command, with the code on the hub's terminal where the hub wants one: every attacker here has
// looked at it. The owner's roster follows.
func (s *scene) ask(by *folk, op request.Op) error {
	s.t.Helper()
	own := s.Member
	if by.ID() != own.Keys.ID() {
		own = by.session()
	}
	reply, err := own.Do(s.t.Context(), op)
	if word(err) == request.RefusedGesture {
		op.Gesture = &request.Gesture{Code: s.shown()}
		reply, err = own.Do(s.t.Context(), op)
	}
	if err == nil && len(reply.Result.Link) > 0 {
		s.follow(reply.Result.Link)
	}
	return err
}

// shown is the newest code on the hub's terminal.
func (s *scene) shown() string {
	code := (<-s.gestures).Code
	for {
		select {
		case g := <-s.gestures:
			code = g.Code
		default:
			return code
		}
	}
}

// forget lets codes go that nobody typed.
func (s *scene) forget() {
	for len(s.gestures) > 0 {
		<-s.gestures
	}
}

// bring asks, by a courier, for a link that these have signed.
func (s *scene) bring(courier *folk, op roster.Op, by ...*folk) error {
	s.t.Helper()
	return s.ask(courier, request.Op{Kind: request.OpAppendLink, Link: s.link(op, by...), Name: "A phone", PersonName: "Somebody"})
}

// said is the word of the hub, or the kind of the cloud's problem, or the rule of a reader.
func said(err error) string {
	var no *session.RefusedError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &no):
		return no.Word
	case rule.Of(err) != "":
		return string(rule.Of(err))
	case api.KindOf(err) != "":
		return string(api.KindOf(err))
	}
	return err.Error()
}

// switched runs something with checks switched off.
func switched(off []rule.Name, do func() error) error {
	names := make([]string, len(off))
	for i, n := range off {
		names[i] = string(n)
	}
	const name = "KEYHOLD_MUTANT"
	defer os.Unsetenv(name)
	if err := os.Setenv(name, strings.Join(names, ",")); err != nil {
		return fmt.Errorf("switch a check off: %w", err)
	}
	return do()
}

// tell adds a line about a crime to the file that KEYHOLD_CRIMES names, in the form in which the attacks on the road are
// told (e2e/adversary).
func tell(t *testing.T, row []string) {
	t.Helper()
	file := os.Getenv("KEYHOLD_CRIMES")
	if file == "" {
		return
	}
	line, err := json.Marshal(map[string]any{
		"name": "adversary." + strings.NewReplacer(" ", "-", ",", "", "'", "").Replace(row[0]), "attack": row[0], "client": "household",
		"control": row[1], "mutant": row[2], "rule": row[3], "outcome": row[4], "ok": !t.Failed(), "let_through": row[4] == "let through",
	})
	must(t, err)
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	must(t, err)
	_, err = f.Write(append(line, '\n'))
	must(t, errors.Join(err, f.Close()))
}

// TestCrimesInTheHousehold tries each crime on the real hub, cloud and reader, which have to refuse it; without the one
// check, where it has to succeed; and what is right beside it, which has to work.
func TestCrimesInTheHousehold(t *testing.T) {
	judge(t, theHousehold, slices.Concat(crimesAtTheHub(), crimesByPasskey(), crimesAtTheCloud(), crimesOnReaders(), crimesOfOwners(), crimesWithASheet(), crimesOfLeaving(), crimesWithTheClock()))
}

// judge tries crimes on a scene.
func judge(t *testing.T, stage func(*testing.T) *scene, crimes []crime) {
	t.Helper()
	s := stage(t)
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "attack\tcontrol\tmutant\tcheck\toutcome")
	refused, through := 0, 0
	for _, c := range crimes {
		t.Run(c.name, func(t *testing.T) {
			s.t = t
			row := []string{c.name, "works", "succeeds", string(c.off[0]), ""}
			defer func() { tell(t, row) }()
			err := c.commit(s)
			s.forget()
			row[4] = "refused: " + said(err)
			switch {
			case err == nil:
				through++
				row[4] = "let through"
				t.Error("it was let through")
			case said(err) != c.says:
				t.Errorf("refused with %q (%v), not with %q", said(err), err, c.says)
			default:
				refused++
			}
			victim := s
			if c.lasting {
				victim = stage(t)
			}
			err = switched(c.off, func() error { return c.commit(victim) })
			s.forget()
			if err != nil {
				row[2] = "refused: " + said(err)
				t.Errorf("with %v off it is still refused: %v", c.off, err)
			}
			if err := c.honest(s); err != nil {
				row[1] = "refused: " + said(err)
				t.Errorf("what is right is refused: %v", err)
			}
			fmt.Fprintln(w, strings.Join(row, "\t"))
		})
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s%d refused, %d let through", table.String(), refused, through)
}
