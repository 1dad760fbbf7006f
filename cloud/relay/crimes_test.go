// SPDX-License-Identifier: Apache-2.0

//go:build mutant

package relay_test

import (
	"errors"
	"testing"
	"time"

	"keyhold/cloud/relay"
	"keyhold/internal/crimes"
	"keyhold/statement/id"
	"keyhold/statement/rule"
)

var errUnheard = errors.New("not heard")

// crime is something that somebody tries at a relay; honest is what is right and looks like it.
type crime struct {
	name           string
	off            rule.Name
	attack, honest func(t *testing.T, r *rig) error
}

// heard is an error unless what one says comes to another.
func heard(t *testing.T, r *rig, from, to relay.Credential) error {
	t.Helper()
	b, err := r.use(t, to)
	must(t, err)
	a, err := r.use(t, from)
	if err != nil {
		return err
	}
	if !a.says(t, "let me in", b) {
		return errUnheard
	}
	return nil
}

// begins is an error unless a credential gets a place after a while.
func begins(t *testing.T, r *rig, after time.Duration) error {
	t.Helper()
	c := r.credential(t, ours, phone)
	r.pass(after)
	_, err := r.use(t, c)
	return err
}

// takes is an error unless so many places are given.
func takes(t *testing.T, r *rig, n int) error {
	t.Helper()
	for range n {
		if _, err := r.use(t, r.credential(t, ours, phone)); err != nil {
			return err
		}
	}
	return nil
}

// TestCrimes tries at the relay what users should not be able to do, and looks at each once more with its check off.
func TestCrimes(t *testing.T) {
	limits := relay.DefaultLimits
	limits.Member = 3
	var rows []*crimes.Row
	for _, c := range []crime{
		{
			"a relay used with a credential of an hour ago", rule.Time,
			func(t *testing.T, r *rig) error { return begins(t, r, time.Hour) },
			func(t *testing.T, r *rig) error { return begins(t, r, relay.Lifetime-time.Minute) },
		},
		{
			"packets for another household's hub", rule.Household,
			func(t *testing.T, r *rig) error {
				return heard(t, r, r.credential(t, theirs, phone), r.credential(t, ours, id.Hub))
			},
			func(t *testing.T, r *rig) error {
				return heard(t, r, r.credential(t, ours, phone), r.credential(t, ours, id.Hub))
			},
		},
		{
			"a relay filled by one device", rule.Quota,
			func(t *testing.T, r *rig) error { return takes(t, r, limits.Member+1) },
			func(t *testing.T, r *rig) error { return takes(t, r, limits.Member) },
		},
	} {
		row := crimes.New(c.name, c.off)
		rows = append(rows, row)
		t.Run(c.name, func(t *testing.T) {
			err := c.attack(t, open(t, limits, nil))
			word := "no"
			if err == nil {
				word = ""
			}
			row.Tried(t, err, word, "no")
			row.Honest(t, c.honest(t, open(t, limits, nil)), "no")
			crimes.Switch(t, c.off)
			row.Unchecked(t, c.attack(t, open(t, limits, nil)), "no")
		})
	}
	crimes.Report(t, "a relay's user", rows)
}

// No check has to be switched off for these: a name that this relay did not give stands for nobody.
func TestCredentialsOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	r, other := open(t, relay.Limits{}, nil), open(t, relay.Limits{}, nil)
	good := r.credential(t, ours, phone)
	for name, c := range map[string]relay.Credential{
		"another relay's":  other.credential(t, ours, phone),
		"made by oneself":  relay.NewCredential([]byte("guessed"), time.Now()),
		"a wrong password": {Name: good.Name, Password: relay.NewCredential([]byte("guessed"), time.Now()).Password},
		"a longer time":    {Name: "9" + good.Name[1:], Password: good.Password},
	} {
		if _, err := r.use(t, c); err == nil {
			t.Errorf("%s: it is let in", name)
		}
	}
	if _, err := r.use(t, good); err != nil {
		t.Errorf("what is right is refused: %v", err)
	}
}
