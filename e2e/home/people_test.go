// SPDX-License-Identifier: Apache-2.0

package home

import (
	"crypto/rand"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"keyhold/home/hub"
	"keyhold/member/device"
	"keyhold/member/session"
	"keyhold/sealing/open"
	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// folk is somebody of the household with one device.
type folk struct {
	*device.Secret
	Person id.Person
	r      *Rig
}

// owner is the device that began the household.
func (r *Rig) owner() *folk {
	r.t.Helper()
	secret, err := r.Member.Folder.Secret()
	must(r.t, err)
	return &folk{secret, r.Member.Person(), r}
}

func (r *Rig) newFolk(person id.Person) *folk {
	r.t.Helper()
	secret, err := device.NewSecret(rand.Reader)
	must(r.t, err)
	if person == "" {
		person, err = id.NewPerson(rand.Reader)
		must(r.t, err)
	}
	return &folk{secret, person, r}
}

// session is the device's own, with the roster as the owner knows it.
func (f *folk) session() *session.Session {
	f.r.t.Helper()
	home := f.r.Member.Home
	home.Device, home.Person, home.Roster = f.ID(), f.Person, f.r.Member.Roster.Chain
	s, err := session.New(nil, f.Secret, home, f.r.client())
	must(f.r.t, err)
	s.Now = f.r.now
	return s
}

// link is the next one, signed by those who are named.
func (r *Rig) link(op roster.Op, by ...*folk) []byte {
	r.t.Helper()
	e, err := r.Member.Roster.NewLink(r.now().UnixMilli(), op)
	must(r.t, err)
	return signed(e, by...)
}

func signed(e *dsse.Envelope, by ...*folk) []byte {
	for _, f := range by {
		e.Sign(f.ID(), f.Sign())
	}
	return e.Encode()
}

// order lets a device ask for a link, with the code that the hub shows where it wants one.
func (r *Rig) order(by *folk, op request.Op) {
	r.t.Helper()
	s := r.Member
	if by.ID() != s.Keys.ID() {
		s = by.session()
	}
	reply, err := s.Do(r.t.Context(), op)
	if no := new(session.RefusedError); errors.As(err, &no) && no.Word == request.RefusedGesture {
		op.Gesture = &request.Gesture{Code: (<-r.gestures).Code}
		reply, err = s.Do(r.t.Context(), op)
	}
	must(r.t, err)
	r.follow(reply.Result.Link)
}

// follow moves the owner's roster by a link.
func (r *Rig) follow(link []byte) {
	r.t.Helper()
	next := r.Member.Roster.Clone()
	must(r.t, next.Append(link))
	must(r.t, r.Member.SetRoster(next))
}

// Bring brings in a person with a device, whom the owner invites.
func (r *Rig) Bring(name string, role roster.Role, rights ...roster.Right) *folk {
	r.t.Helper()
	f, owner := r.newFolk(""), r.owner()
	link := r.link(roster.AddPerson{Device: f.Public(), Person: f.Person, Rights: rights, Role: role}, owner, f)
	r.order(owner, request.Op{Kind: request.OpAppendLink, Link: link, Name: name + "'s phone", PersonName: name})
	return f
}

// Device brings in another device of somebody.
func (r *Rig) Device(of *folk) *folk {
	r.t.Helper()
	f := r.newFolk(of.Person)
	link := r.link(roster.AddDevice{Device: f.Public(), Person: f.Person}, of, f)
	r.order(of, request.Op{Kind: request.OpAppendLink, Link: link, Name: "Another"})
	return f
}

// removal of a person, or of a device if one is given.
func (r *Rig) removal(person id.Person, d id.Device, by ...*folk) request.Op {
	r.t.Helper()
	e, err := r.Member.Roster.RemovePerson(r.now().UnixMilli(), person)
	if d != "" {
		e, err = r.Member.Roster.RemoveDevice(r.now().UnixMilli(), d)
	}
	must(r.t, err)
	return request.Op{Kind: request.OpRemove, Removal: signed(e, by...)}
}

// query reads rows of the running hub's database.
func (r *Rig) query(query string, args []any, row func(scan func(...any) error) error) {
	r.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(r.Dir, "state.db")+"?mode=ro&_pragma=busy_timeout(10000)")
	must(r.t, err)
	defer db.Close()
	rows, err := db.QueryContext(r.t.Context(), query, args...)
	must(r.t, err)
	defer rows.Close()
	for rows.Next() {
		must(r.t, row(rows.Scan))
	}
	must(r.t, rows.Err())
}

// count is a number that the running hub's database gives.
func (r *Rig) count(query string) int {
	r.t.Helper()
	var n int
	r.query(query, nil, func(scan func(...any) error) error { return scan(&n) })
	return n
}

// opens are the identities that somebody's key gives out of all envelopes the hub ever made, whoever they were for.
func (f *folk) opens() map[id.Epoch]*open.Identity {
	f.r.t.Helper()
	return f.openedOf(``)
}

// openedOf is the same of some of the envelopes.
func (f *folk) openedOf(which string) map[id.Epoch]*open.Identity {
	f.r.t.Helper()
	out := map[id.Epoch]*open.Identity{}
	f.r.query(`SELECT epoch, device, camera, head, bytes FROM envelopes `+which, nil, func(scan func(...any) error) error {
		var row request.Row
		var head []byte
		if err := scan(&row.Epoch, &row.Device, &row.Camera, &head, &row.Bytes); err != nil {
			return err
		}
		copy(row.Head[:], head)
		if identity, err := open.Row(f.Reader(), f.r.Member.Home.Household, row); err == nil {
			out[row.Epoch] = identity
		}
		return nil
	})
	return out
}

// current are the cameras whose newest epoch somebody's key opens.
func (f *folk) current() []id.Camera {
	f.r.t.Helper()
	mine := f.openedOf(`WHERE epoch IN (SELECT epoch FROM epochs WHERE current = 1)`)
	var out []id.Camera
	f.r.query(`SELECT epoch, camera FROM epochs WHERE current = 1`, nil, func(scan func(...any) error) error {
		var e id.Epoch
		var c id.Camera
		err := scan(&e, &c)
		if mine[e] != nil {
			out = append(out, c)
		}
		return err
	})
	slices.Sort(out)
	return out
}

// always is a right to see cameras, without end.
func always(cameras ...id.Camera) roster.Right {
	slices.Sort(cameras)
	return roster.Right{Actions: []roster.Action{roster.Export, roster.History}, Cameras: cameras}
}

func TestNewPersonNeedsTheCodeThatTheHubShows(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	f, owner := r.newFolk(""), r.owner()
	op := request.Op{
		Kind: request.OpAppendLink, Name: "Phone", PersonName: "Anna",
		Link: r.link(roster.AddPerson{Device: f.Public(), Person: f.Person, Role: roster.Guardian}, owner, f),
	}
	r.refused(op, request.RefusedGesture)
	code := (<-r.gestures).Code
	if shown, err := hub.ShowInfo(t.Context(), r.Dir, r.now()); err != nil || shown.Gesture == nil || shown.Gesture.Code != code || shown.Gesture.Role != string(roster.Guardian) {
		t.Errorf("another program beside the hub shows %+v (%v)", shown, err)
	}
	wrong := op
	wrong.Gesture = &request.Gesture{Code: "000000"}
	if code == "000000" {
		wrong.Gesture.Code = "000001"
	}
	r.refused(wrong, request.RefusedGestureWrong)
	// The same code for another statement is asked for anew.
	g := r.newFolk("")
	other := request.Op{
		Kind: request.OpAppendLink, Name: "Phone", PersonName: "Bert", Gesture: &request.Gesture{Code: code},
		Link: r.link(roster.AddPerson{Device: g.Public(), Person: g.Person, Role: roster.Owner}, owner, g),
	}
	r.refused(other, request.RefusedGesture)
	second := (<-r.gestures).Code
	op.Gesture = &request.Gesture{Code: code}
	r.refused(op, request.RefusedGesture) // the second has taken its place
	op.Gesture.Code = (<-r.gestures).Code
	reply := r.Do(op)
	if reply.Head.Seq != 1 {
		t.Errorf("the roster is at %d", reply.Head.Seq)
	}
	if shown, err := hub.ShowInfo(t.Context(), r.Dir, r.now()); err != nil || shown.Gesture != nil {
		t.Errorf("a used code is shown: %+v (%v)", shown, err)
	}
	again := r.Do(op)
	if !slices.Equal(again.Result.Link, reply.Result.Link) || again.Head.Seq != 1 {
		t.Error("the same link sent again moves the roster")
	}
	r.follow(reply.Result.Link)
	for _, c := range []string{code, second, op.Gesture.Code} {
		if r.logged(c) {
			t.Error("a code stands in the hub's log")
		}
	}
	names := r.View().Names
	if len(names.Persons) != 2 || names.Persons[1].Name != "Anna" || names.Devices[1].Name != "Phone" {
		t.Errorf("the names are %+v", names)
	}
}

func TestLinkThatIsTooOldIsSignedAnew(t *testing.T) {
	t.Parallel()
	r := Plain(t)
	f, owner := r.newFolk(""), r.owner()
	e, err := r.Member.Roster.NewLink(r.now().UnixMilli(), roster.AddPerson{Device: f.Public(), Person: f.Person, Role: roster.Owner})
	must(t, err)
	old := signed(e, owner, f)
	r.offset.Add(int64(16 * time.Minute))
	r.refused(request.Op{Kind: request.OpAppendLink, Link: old, Name: "Phone", PersonName: "Anna"}, request.RefusedStale)
}
