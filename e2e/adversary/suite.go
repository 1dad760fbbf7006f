// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"keyhold/e2e/proxy"
	"keyhold/statement/rule"
)

// Client is a program of the household that the operator tries to deceive.
type Client interface {
	Name() string
	// Proxy is where the operator stands.
	Proxy() *proxy.Proxy
	// Look is a person's look at the door's footage.
	Look(ctx context.Context, a *Attack, w Watch) (Sight, error)
	// ToldTime says whether the client can be told another time.
	ToldTime() bool
	// Words are pieces of the alarm's text that this client has to show for a rule.
	Words(name rule.Name, language string) ([]string, error)
}

// Watch is how a person looks.
type Watch struct {
	// Off are the checks that are switched off; nil for the released program.
	Off []rule.Name
	// Attacked is false for the control.
	Attacked bool
	// Alarm says that an alarm is waited for.
	Alarm bool
	// Beyond is a newest picture that is not the last thing to be seen; 0 for none.
	Beyond   int64
	Language string
}

// Row is what came of one attack on one client.
type Row struct {
	// Name is that of the figure, such as adversary.truncated.owner-app.
	Name    string    `json:"name"`
	Attack  string    `json:"attack"`
	Client  string    `json:"client"`
	Control string    `json:"control"`
	Mutant  string    `json:"mutant"`
	Rule    rule.Name `json:"rule"`
	Outcome string    `json:"outcome"`
	OK      bool      `json:"ok"`
	// LetThrough says that no alarm spoke.
	LetThrough bool `json:"let_through"`
	// Said is the first sentence that the person saw.
	Said string `json:"said"`
}

// Run makes every attack on every client, or those whose name holds a text, the clients side by side. In a folder that is
// kept it leaves a picture of each alarm.
func Run(ctx context.Context, dir, only string, kept bool, say io.Writer) (rows []Row, err error) {
	stage, err := NewStage(ctx, dir, say)
	defer func() { err = errors.Join(err, stage.Close()) }()
	if err != nil {
		return nil, err
	}
	loot, err := Plunder(ctx, stage)
	if err != nil {
		return nil, err
	}
	stage.App.loot, stage.App.pictures = loot, kept
	clients := []Client{&commandLine{stage: stage, loot: loot, dir: dir}, stage.App}
	fmt.Fprintln(say, "attacking")
	attacks := slices.DeleteFunc(Attacks(), func(a Attack) bool { return !strings.Contains(a.Name, only) })
	if len(attacks) == 0 {
		return nil, fmt.Errorf("there is no attack %q", only)
	}
	all := make([][]Row, len(clients))
	var wait sync.WaitGroup
	for n, client := range clients {
		all[n] = make([]Row, len(attacks))
		wait.Go(func() {
			t := &trial{stage: stage, loot: loot, client: client, controls: map[posture]Sight{}}
			for i := range attacks {
				if !attacks[i].Later || client.ToldTime() {
					all[n][i] = t.attempt(ctx, &attacks[i], languages[i%len(languages)])
				}
			}
			t.again(ctx, &attacks[0], all[n])
		})
	}
	wait.Wait()
	for i := range attacks {
		for n := range clients {
			if all[n][i].Attack != "" {
				rows = append(rows, all[n][i])
			}
		}
	}
	return rows, nil
}

// trial is all attacks on one client.
type trial struct {
	stage    *Stage
	loot     *Loot
	client   Client
	controls map[posture]Sight
}

// posture is in what state a device is, and where its person looks.
type posture struct{ early, hole bool }

// control is the look at which nothing is changed. One in each posture goes before the attacks; another comes last.
func (t *trial) control(ctx context.Context, a *Attack, language string) (Sight, error) {
	at := posture{a.Early, a.Hole}
	if sight, ok := t.controls[at]; ok {
		return sight, nil
	}
	t.client.Proxy().Use(nil, nil)
	sight, err := t.client.Look(ctx, a, Watch{Language: language})
	switch {
	case err != nil:
		return sight, err
	case len(sight.Rules) > 0 || sight.Fault != "" || sight.Hole || !slices.Equal(sight.Colours, []string{colours[door]}):
		return sight, fmt.Errorf("alarms %v, fault %q, hole %v, plays %v", sight.Rules, sight.Fault, sight.Hole, sight.Colours)
	case sight.Trust != "" && sight.Trust != "good":
		return sight, fmt.Errorf("the line about trust says %s", sight.Trust)
	}
	t.controls[at] = sight
	return sight, nil
}

// again wants that after all attacks everything still plays.
func (t *trial) again(ctx context.Context, a *Attack, rows []Row) {
	clear(t.controls)
	if _, err := t.control(ctx, a, languages[0]); err != nil {
		for i := range rows {
			rows[i].OK, rows[i].Control = false, "failed at the end: "+err.Error()
		}
	}
}

// attempt is one attack on one client: the control, the attack, and the mutant.
func (t *trial) attempt(ctx context.Context, a *Attack, language string) Row {
	row := Row{
		Name:   strings.NewReplacer(" ", "-", ",", "", "'", "").Replace("adversary." + a.Name + "." + t.client.Name()),
		Attack: a.Name, Client: t.client.Name(), Rule: a.Rule, Control: "failed", Mutant: "not run", OK: true,
	}
	bad := func(format string, args ...any) {
		row.OK = false
		row.Outcome = strings.Join(slices.DeleteFunc([]string{row.Outcome, fmt.Sprintf(format, args...)}, func(s string) bool { return s == "" }), "; ")
	}
	defer t.client.Proxy().Use(nil, nil)
	control, err := t.control(ctx, a, language)
	if err != nil {
		bad("control: %v", err)
		return row
	}
	row.Control = "plays"

	attacked, touched, err := t.under(ctx, a, Watch{Attacked: true, Alarm: true, Language: language})
	switch {
	case err != nil:
		bad("attack: %v", err)
		return row
	case touched == 0:
		bad("the attack did not take place; fault %q", attacked.Fault)
		return row
	case len(attacked.Rules) == 0:
		row.LetThrough = true
		bad("let through: fault %q, plays %v", attacked.Fault, attacked.Colours)
	case slices.ContainsFunc(attacked.Rules, func(name rule.Name) bool { return name != a.Rule }):
		bad("refused by %v", attacked.Rules)
	default:
		row.Outcome = "refused"
		row.Said = sentence(attacked.Words)
		words, err := t.client.Words(a.Rule, language)
		if err != nil {
			bad("%v", err)
		}
		for _, piece := range words {
			if !strings.Contains(attacked.Words, piece) {
				bad("the alarm does not say %q", piece)
			}
		}
		if len(attacked.Colours) > 0 && slices.ContainsFunc(attacked.Colours, func(colour string) bool { return colour != colours[door] }) {
			bad("%v was shown all the same", attacked.Colours)
		}
	}

	without := Watch{Attacked: true, Off: a.Off, Language: language}
	if a.Elsewhere {
		without.Beyond = control.Newest
	}
	mutant, touched, err := t.under(ctx, a, without)
	switch {
	case err != nil:
		bad("mutant: %v", err)
	case touched == 0:
		bad("mutant: the attack did not take place")
	case len(mutant.Rules) > 0:
		bad("mutant: still refused by %v", mutant.Rules)
	case a.Fooled == nil && mutant.Fault != "":
		row.Mutant = "no alarm; it does not open"
	case a.Fooled == nil:
		row.Mutant = "no alarm; it plays"
	default:
		if row.Mutant, err = a.Fooled(control, mutant); err != nil {
			row.Mutant = "not fooled"
			bad("mutant: %v; fault %q", err, mutant.Fault)
		}
	}
	return row
}

// under is a look while the attack goes on.
func (t *trial) under(ctx context.Context, a *Attack, w Watch) (Sight, int, error) {
	if err := a.Begin(t.stage, t.loot, t.client.Proxy()); err != nil {
		return Sight{}, 0, err
	}
	sight, err := t.client.Look(ctx, a, w)
	return sight, t.client.Proxy().Touched(), err
}

// sentence is the first thing that an alarm says.
func sentence(words string) string {
	for line := range strings.SplitSeq(words, "\n") {
		if _, what, ok := strings.Cut(line, "ALARM  "); ok {
			return what
		}
	}
	line, _, _ := strings.Cut(strings.TrimSpace(words), "\n")
	return line
}
