// SPDX-License-Identifier: Apache-2.0

package people

import (
	"fmt"
	"strings"
	"time"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// Event is one statement of the roster as a sentence.
type Event struct {
	Seq  int64
	At   int64
	Kind roster.Kind // "" for genesis
	Text string
	// By is who signed: a device, or the sheet.
	By id.Device
	// Person and Device are whom it is about, as far as it is about one.
	Person id.Person
	Device id.Device
}

// Came says whether something that can look or decide came in: a device, a person, a sheet or a hub.
func (e Event) Came() bool {
	switch e.Kind {
	case roster.KindAddDevice, roster.KindAddPerson, roster.KindAddPasskey, roster.KindNewSheet, roster.KindReplaceHub:
		return true
	}
	return false
}

// Went says whether a person went, or is to go, or stays after all.
func (e Event) Went() bool {
	switch e.Kind {
	case roster.KindAnnounceRemoval, roster.KindObject:
		return true
	case roster.KindRemove:
		return e.Device == ""
	}
	return false
}

// teller walks through a roster and remembers whose each device was.
type teller struct {
	names Names
	zone  *time.Location
	whose map[id.Device]id.Person
}

// Trail tells a roster from its beginning. Names are the present ones.
func Trail(s *roster.State, names Names, zone *time.Location) ([]Event, error) {
	t := &teller{names: names, zone: zone, whose: map[id.Device]id.Person{}}
	var out []Event
	for i, raw := range s.Chain {
		e, err := dsse.Parse(raw)
		if err != nil {
			return nil, fmt.Errorf("read the roster: %w", err)
		}
		event := Event{Seq: int64(i)}
		if i == 0 {
			err = t.genesis(e, &event)
		} else {
			err = t.link(s, &event)
		}
		if err != nil {
			return nil, fmt.Errorf("read the roster: %w", err)
		}
		out = append(out, event)
	}
	return out, nil
}

func (t *teller) genesis(e *dsse.Envelope, event *Event) error {
	var g roster.Genesis
	if err := e.Read(roster.ThingGenesis, &g); err != nil {
		return err
	}
	t.whose[g.Device.ID] = g.Person
	event.At, event.By, event.Person, event.Device = g.At, g.Device.ID, g.Person, g.Device.ID
	event.Text = fmt.Sprintf("%s began the household, with %s.", t.person(g.Person), t.device(g.Device.ID))
	return nil
}

func (t *teller) link(s *roster.State, event *Event) error {
	l, ok := s.LinkAt(event.Seq)
	if !ok {
		return fmt.Errorf("there is no number %d", event.Seq)
	}
	event.At, event.Kind = l.At, l.Op.Kind()
	switch op := l.Op.(type) {
	case roster.AddDevice:
		event.By = t.signer(s, event.Seq, op.Device.ID)
		event.Person, event.Device = op.Person, op.Device.ID
		t.whose[op.Device.ID] = op.Person
		if event.By.Passkey() {
			event.Text = fmt.Sprintf("%s came in by the passkey %s, as a device of %s.", t.device(op.Device.ID), t.device(event.By), t.person(op.Person))
		} else if event.By == id.Sheet {
			event.Text = fmt.Sprintf("%s came in by the recovery sheet, as a device of %s.", t.device(op.Device.ID), t.person(op.Person))
		} else {
			event.Text = fmt.Sprintf("%s added %s, a device of their own.", t.by(event.By), t.device(op.Device.ID))
		}
	case roster.AddPerson:
		event.By = t.signer(s, event.Seq, op.Device.ID)
		event.Person, event.Device = op.Person, op.Device.ID
		t.whose[op.Device.ID] = op.Person
		event.Text = fmt.Sprintf("%s brought in %s, with %s, %s.", t.by(event.By), t.person(op.Person), t.device(op.Device.ID), t.as(op.Role, op.Rights))
	case roster.AddPasskey:
		event.By = t.signer(s, event.Seq, op.Passkey.ID)
		event.Person, event.Device = op.Person, op.Passkey.ID
		t.whose[op.Passkey.ID] = op.Person
		event.Text = fmt.Sprintf("%s made %s, by which they can come back.", t.by(event.By), t.kind(op.Passkey.ID))
	case roster.SetRights:
		event.By, event.Person = t.signer(s, event.Seq, ""), op.Person
		event.Text = fmt.Sprintf("%s %s.", t.by(event.By), t.gave(op))
	case roster.Remove:
		return t.remove(s, op.Removal, event)
	case roster.NewSheet:
		event.By = t.signer(s, event.Seq, id.Sheet)
		event.Text = fmt.Sprintf("%s made a new recovery sheet; the one before is worth nothing any more.", t.by(event.By))
	case roster.AnnounceRemoval:
		event.By, event.Person = id.Sheet, op.Person
		event.Text = fmt.Sprintf("Whoever holds the recovery sheet announced that %s is to be removed. An owner can object for three days.", t.person(op.Person))
	case roster.Object:
		event.By, event.Person = t.signer(s, event.Seq, ""), op.Person
		event.Text = fmt.Sprintf("%s objected to the removal of %s; it does not happen.", t.by(event.By), t.person(op.Person))
	case roster.ReplaceHub:
		event.By = t.signer(s, event.Seq, "")
		var all []string
		for _, d := range s.SignersAt(event.Seq) {
			all = append(all, t.by(d))
		}
		event.Text = fmt.Sprintf("%s put another hub in the place of the old one.", and(all))
	default:
		event.Text = "Something happened that this program does not know; it is older than the household's roster."
	}
	return nil
}

func (t *teller) remove(s *roster.State, raw []byte, event *Event) error {
	e, err := dsse.Parse(raw)
	if err != nil {
		return err
	}
	var r roster.Removal
	if err := e.Read(roster.ThingRemoval, &r); err != nil {
		return err
	}
	event.Person, event.Device = r.Person, r.Device
	var all []string
	for _, d := range s.SignersAt(event.Seq) {
		event.By = d
		all = append(all, t.by(d))
	}
	by := and(all)
	switch own := t.whose[event.By]; {
	case r.Person != "" && own == r.Person:
		event.Text = fmt.Sprintf("%s left the household.", by)
	case r.Person != "":
		event.Text = fmt.Sprintf("%s removed %s, with all devices.", by, t.person(r.Person))
	case t.whose[r.Device] == own:
		event.Person = own
		event.Text = fmt.Sprintf("%s removed %s of their own.", by, t.kind(r.Device))
	default:
		event.Person = t.whose[r.Device]
		event.Text = fmt.Sprintf("%s removed %s of %s.", by, t.kind(r.Device), t.person(event.Person))
	}
	return nil
}

// kind is a device or passkey by its name, if it has one, and as what it is.
func (t *teller) kind(d id.Device) string {
	if name := t.names.DeviceName(d); name != "" {
		return name + ", " + kindOf(d)
	}
	return kindOf(d)
}

func kindOf(d id.Device) string {
	if d.Passkey() {
		return "a passkey"
	}
	return "a device"
}

// signer is who ordered a link, besides whoever shows possession of a new key.
func (t *teller) signer(s *roster.State, seq int64, besides id.Device) id.Device {
	for _, d := range s.SignersAt(seq) {
		if d != besides {
			return d
		}
	}
	return id.Hub
}

func (t *teller) as(role roster.Role, rights []roster.Right) string {
	if len(rights) == 0 {
		return "as " + Role(role) + " who " + Means(role)
	}
	return "as " + Role(role) + ": " + strings.Join(t.phrases(rights), "; ")
}

// gave is the middle of "Jan gave Eva the Garden camera until Friday".
func (t *teller) gave(op roster.SetRights) string {
	if len(op.Rights) == 0 {
		return fmt.Sprintf("made %s %s who %s", t.person(op.Person), Role(op.Role), Means(op.Role))
	}
	return fmt.Sprintf("gave %s, %s, %s", t.person(op.Person), Role(op.Role), strings.Join(t.phrases(op.Rights), "; and "))
}

// phrases say what a right gave when it was given; whether it has ended by now is another matter.
func (t *teller) phrases(rights []roster.Right) []string {
	out := make([]string, len(rights))
	for i, r := range rights {
		words := Cameras(r.Cameras, t.names)
		if h := Hours(r.Hours, r.Zone, t.zone); h != "" {
			words += ", " + h
		}
		if r.Until > 0 {
			words += " until " + Moment(r.Until, t.zone)
		}
		out[i] = words + " (" + actions(r.Actions) + ")"
	}
	return out
}

func (t *teller) by(d id.Device) string {
	switch d {
	case id.Sheet:
		return "The recovery sheet"
	case id.Hub:
		return "The hub"
	}
	return t.person(t.whose[d])
}

func (t *teller) person(p id.Person) string {
	if name := t.names.PersonName(p); name != "" {
		return name
	}
	return "somebody"
}

func (t *teller) device(d id.Device) string {
	if name := t.names.DeviceName(d); name != "" {
		return name
	}
	return kindOf(d)
}
