// SPDX-License-Identifier: Apache-2.0

// Package privacy keeps what is set to be private, and says which cameras are private now.
//
// It promises that a camera counts as private from the commit of the transaction on that says so, over every restart,
// until one that says it is over. It opens and closes no connection: whoever has the cameras asks [Book.Now] before
// connecting to one, and acts on what [Book.Plan] finds. It trusts state.db, and that settings were checked before they
// are given to it.
package privacy

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"sync"

	"keyhold/home/privacy/kept"
	"keyhold/home/state"
	"keyhold/home/window"
	"keyhold/statement/id"
	"keyhold/statement/private"
	"keyhold/statement/roster"
)

// Setting is what holds for a camera or for the household.
type Setting struct {
	private.Setting
	Person    id.Person
	Statement []byte
	times     *roster.Times
}

// NewSetting makes one ready. Hours in a zone that this program does not know are an error.
func NewSetting(s *private.Setting, by id.Person, statement []byte) (*Setting, error) {
	times, err := roster.NewTimes(s.Hours, s.Zone)
	return &Setting{*s, by, statement, times}, err
}

// holds says whether it makes something private now, and whether by its hours. While the clock is behind, hours hold:
// setting it back opens no camera.
func (s *Setting) holds(m window.Moment) (private, hours bool) {
	switch {
	case s == nil:
		return false, false
	case s.On:
		return true, false
	default:
		hours = len(s.Hours) > 0 && (m.Behind || s.times == nil || s.times.Open(m.At))
		return hours, hours
	}
}

// Standing is a camera that is private, or what it was while it was.
type Standing struct {
	Camera id.Camera
	Since  int64
	// Target is whose setting it is by: the camera's, or the household's.
	Target id.Camera
	Hours  bool
	Person id.Person
	Device id.Device
	// Statement is that setting.
	Statement []byte
}

// Book is what is set and what is private. It is safe for concurrent use; changes are made by one goroutine at a time.
type Book struct {
	mu       sync.Mutex
	settings map[id.Camera]*Setting
	now      map[id.Camera]Standing
}

// Load reads what an earlier process has left.
func Load(ctx context.Context, db *state.DB) (*Book, error) {
	b := &Book{settings: map[id.Camera]*Setting{}, now: map[id.Camera]Standing{}}
	err := db.Read(ctx, func(tx *sql.Tx) error {
		settings, err := kept.In(ctx, tx)
		if err != nil {
			return err
		}
		for c, s := range settings {
			// A zone that is gone from this machine counts as always: then hours hold.
			b.settings[c], _ = NewSetting(&s.Setting, s.Person, s.Statement)
		}
		return state.Each(ctx, tx, `SELECT camera, since, target, hours, person, device, statement FROM private_now`, nil, func(scan func(...any) error) error {
			var s Standing
			if err := scan(&s.Camera, &s.Since, &s.Target, &s.Hours, &s.Person, &s.Device, &s.Statement); err != nil {
				return err
			}
			b.now[s.Camera] = s
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("privacy: load: %w", err)
	}
	return b, nil
}

// Now says whether a camera is private, and by what.
func (b *Book) Now(c id.Camera) (Standing, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.now[c]
	return s, ok
}

// All are the cameras that are private, in order.
func (b *Book) All() []Standing {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.SortedFunc(maps.Values(b.now), func(x, y Standing) int { return cmp.Compare(x.Camera, y.Camera) })
}

// Home says whether the household's own setting makes all cameras private now.
func (b *Book) Home(m window.Moment) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	on, _ := b.settings[id.HouseholdCamera].holds(m)
	return on
}

// Settings are the newest of each camera and of the household, in order.
func (b *Book) Settings() []*Setting {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.SortedFunc(maps.Values(b.settings), func(x, y *Setting) int { return cmp.Compare(x.Camera, y.Camera) })
}

// Last is the number of the newest setting of a camera, or of the household; 0 for none.
func (b *Book) Last(c id.Camera) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.settings[c]; s != nil {
		return s.Seq
	}
	return 0
}

// Plan is what a moment, or a new setting, changes.
type Plan struct {
	Set *Setting // nil if nothing is set anew
	// Begin are cameras that are private from now on, End those that are not any more.
	Begin, End []Standing
	// Move are cameras that stay private, by another setting than before.
	Move []Standing
	// gone are cameras that are in use no more.
	gone []id.Camera
}

// Empty says that nothing changes.
func (p *Plan) Empty() bool {
	return p.Set == nil && len(p.Begin)+len(p.End)+len(p.Move)+len(p.gone) == 0
}

// Plan finds what changes for the cameras in use at a moment; set is a new setting, or nil.
func (b *Book) Plan(cameras []id.Camera, m window.Moment, set *Setting) *Plan {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &Plan{Set: set}
	setting := func(target id.Camera) *Setting {
		if set != nil && set.Camera == target {
			return set
		}
		return b.settings[target]
	}
	for _, c := range cameras {
		was, before := b.now[c]
		by, hours := (*Setting)(nil), false
		for _, target := range []id.Camera{c, id.HouseholdCamera} {
			if on, clock := setting(target).holds(m); on && (by == nil || hours && !clock) {
				by, hours = setting(target), clock
			}
		}
		var next Standing
		if by != nil {
			next = Standing{Camera: c, Since: m.At, Target: by.Camera, Hours: hours, Person: by.Person, Device: by.Device, Statement: by.Statement}
		}
		switch {
		case by != nil && !before:
			p.Begin = append(p.Begin, next)
		case by != nil && (was.Hours != hours || !bytes.Equal(was.Statement, by.Statement)):
			next.Since = was.Since
			p.Move = append(p.Move, next)
		case by == nil && before:
			if set != nil && (set.Camera == c || set.Camera == id.HouseholdCamera) {
				was.Person, was.Device, was.Statement = set.Person, set.Device, set.Statement
			}
			p.End = append(p.End, was)
		}
	}
	for c := range b.now {
		if !slices.Contains(cameras, c) {
			p.gone = append(p.gone, c)
		}
	}
	return p
}

// Write puts a plan into state.db, within a transaction of the caller's.
func (p *Plan) Write(ctx context.Context, tx *sql.Tx) error {
	if s := p.Set; s != nil {
		_, err := tx.ExecContext(ctx, `INSERT INTO private_settings (camera, person, statement) VALUES ($1, $2, $3)
			ON CONFLICT (camera) DO UPDATE SET person = excluded.person, statement = excluded.statement`, string(s.Camera), string(s.Person), s.Statement)
		if err != nil {
			return fmt.Errorf("privacy: keep a setting: %w", err)
		}
	}
	for _, s := range slices.Concat(p.Begin, p.Move) {
		_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO private_now (camera, since, target, hours, person, device, statement) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			string(s.Camera), s.Since, string(s.Target), s.Hours, string(s.Person), string(s.Device), s.Statement)
		if err != nil {
			return fmt.Errorf("privacy: begin: %w", err)
		}
	}
	over := p.gone
	for _, s := range p.End {
		over = append(over[:len(over):len(over)], s.Camera)
	}
	for _, c := range over {
		if _, err := tx.ExecContext(ctx, `DELETE FROM private_now WHERE camera = $1`, string(c)); err != nil {
			return fmt.Errorf("privacy: end: %w", err)
		}
	}
	return nil
}

// Done says that a plan is committed.
func (b *Book) Done(p *Plan) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p.Set != nil {
		b.settings[p.Set.Camera] = p.Set
	}
	for _, s := range slices.Concat(p.Begin, p.Move) {
		b.now[s.Camera] = s
	}
	for _, s := range p.End {
		delete(b.now, s.Camera)
	}
	for _, c := range p.gone {
		delete(b.now, c)
	}
}
