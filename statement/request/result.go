// SPDX-License-Identifier: Apache-2.0

package request

import (
	"fmt"
)

// check refuses values that the types allow, as the other implementation does: the vectors hold both to it.
func (r *Result) check() error {
	if len(r.PushKey) != 0 && len(r.PushKey) != PushKeySize {
		return fmt.Errorf("reply: a key of a wrong length")
	}
	if c := r.Challenge; c != nil && (len(c.Bytes) != challengeSize || c.NotAfter < 1) {
		return fmt.Errorf("reply: a malformed challenge")
	}
	if o := r.Opened; o != nil && (o.At < 1 || !o.Person.Valid()) {
		return fmt.Errorf("reply: a door opened by nobody")
	}
	for _, b := range r.Bells {
		if b.Pressed < 0 || b.Since < 0 {
			return fmt.Errorf("reply: a malformed bell")
		}
	}
	for i := range r.Lights {
		if err := r.Lights[i].check(); err != nil {
			return err
		}
	}
	for _, i := range r.Integrations {
		if i.Added < 0 || i.Since < 0 {
			return fmt.Errorf("reply: a malformed integration")
		}
	}
	for _, c := range r.Channels {
		if min(c.Added, c.Missed, c.Since, c.Told) < 0 {
			return fmt.Errorf("reply: a malformed channel")
		}
	}
	for _, p := range r.Phones {
		if min(p.Brought, p.Left, p.Seen, p.Silent, p.Since, p.Took) < 0 {
			return fmt.Errorf("reply: a malformed phone")
		}
	}
	for _, s := range r.Snoozes {
		if s.Until < 0 {
			return fmt.Errorf("reply: a malformed snooze")
		}
	}
	for _, q := range r.Quiets {
		if err := q.check(); err != nil {
			return err
		}
	}
	if err := checkSaid(r.Said); err != nil {
		return fmt.Errorf("reply: %w", err)
	}
	for _, c := range r.Taken {
		if !c.ValidOrHousehold() {
			return fmt.Errorf("reply: took hours of what is no camera")
		}
	}
	for _, s := range r.Stars {
		for _, o := range s.Objects {
			if !o.Valid() {
				return fmt.Errorf("reply: a star of what is no object")
			}
		}
	}
	return nil
}
