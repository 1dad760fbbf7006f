// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"strings"

	"keyhold/statement/dsse"
	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// OpenCheckpoint reads a checkpoint of the household's record by the key of the hub whose run it is. A run that a
// replaced hub left behind is as long as the link that replaced the hub says, whatever that hub has signed since.
func OpenCheckpoint(s *roster.State, text string) (Checkpoint, error) {
	line, _, _ := strings.Cut(text, "\n")
	era, left := s.EraOfRun(id.Run(line[strings.LastIndexByte(line, '/')+1:]))
	cp, err := ParseCheckpoint(text, s.Household, era.Key)
	if err != nil || left == nil {
		return cp, err
	}
	switch {
	case cp.Size < left.Size && !rule.Off(rule.RolledBack):
		return cp, rule.Errorf(rule.RolledBack, "manifest: the record of a replaced hub ends earlier than it did when that hub was replaced")
	case cp.Size == left.Size && cp.Root != left.Root && !rule.Off(rule.Forked):
		return cp, rule.Errorf(rule.Forked, "manifest: the record of a replaced hub is another than it was when that hub was replaced")
	}
	cp.Size, cp.Root = left.Size, left.Root
	return cp, nil
}

// OpenStatus reads a status by the key of the hub of its time, and says whether that hub is in force.
func OpenStatus(s *roster.State, envelope []byte) (*Status, bool, error) {
	var st Status
	_, era, err := openOf(s, envelope, ThingStatus, &st, func() (id.Household, id.Hash) { return st.Household, st.Head })
	return &st, era.Current, err
}

// OpenNames reads a document of names, in either edition, by the key of the hub of its time.
func OpenNames(s *roster.State, envelope []byte) (*Names, *dsse.Envelope, error) {
	if isOf(envelope, ThingNames2) {
		var n Names2
		e, era, err := openOf(s, envelope, ThingNames2, &n, func() (id.Household, id.Hash) { return n.Household, n.Head })
		if err != nil {
			return nil, nil, err
		}
		return n.names(), e, given(era, n.Seq)
	}
	var n Names
	e, era, err := openOf(s, envelope, ThingNames, &n, func() (id.Household, id.Hash) { return n.Household, n.Head })
	if err != nil {
		return nil, nil, err
	}
	return &n, e, given(era, n.Seq)
}

// OpenLabel reads a label, in either edition, by the key of the hub of its time.
func OpenLabel(s *roster.State, envelope []byte) (*Label, error) {
	if isOf(envelope, ThingLabel2) {
		var l Label2
		_, era, err := openOf(s, envelope, ThingLabel2, &l, func() (id.Household, id.Hash) { return l.Household, l.Head })
		if err != nil {
			return nil, err
		}
		return (*Label)(&l), given(era, l.Seq)
	}
	var l Label
	_, era, err := openOf(s, envelope, ThingLabel, &l, func() (id.Household, id.Hash) { return l.Household, l.Head })
	if err != nil {
		return nil, err
	}
	return &l, given(era, l.Seq)
}

// given refuses a number that the hub of that time could not give: a hub that was replaced says nothing newer than the
// one that took over.
func given(era roster.Era, number int64) error {
	if !era.Holds(number) && !rule.Off(rule.RolledBack) {
		return rule.Errorf(rule.RolledBack, "manifest: numbered as only another hub of the household may")
	}
	return nil
}

// openOf reads first, to learn which hub may have signed, and believes nothing before the signature was checked.
func openOf(s *roster.State, envelope []byte, thing string, v any, says func() (id.Household, id.Hash)) (*dsse.Envelope, roster.Era, error) {
	e, err := dsse.Parse(envelope)
	if err != nil {
		return nil, roster.Era{}, err
	}
	if err := e.Read(thing, v); err != nil {
		return nil, roster.Era{}, err
	}
	household, head := says()
	era := s.EraOf(head)
	if _, err := dsse.OpenBy(envelope, thing, v, id.Hub, era.Key); err != nil {
		return nil, era, err
	}
	if household != s.Household && !rule.Off(rule.WrongHousehold) {
		return nil, era, rule.Errorf(rule.WrongHousehold, "manifest: %s of another household", thing)
	}
	return e, era, nil
}

// CheckRange wants the leaves of a run to be numbered as its hub may.
func CheckRange(era roster.Era, entries ...Entry) error {
	for _, e := range entries {
		if !era.Holds(e.Leaf.Common().Seq) && !rule.Off(rule.SeqGap) {
			return rule.Errorf(rule.SeqGap, "manifest: a leaf numbered as only another hub of the household may")
		}
	}
	return nil
}

// Begins says whether the first leaves that are shown of a camera are the first there are: those of the first hub that has
// a record, or of a camera that a later hub was given as a new one.
func Begins(era roster.Era, entries []Entry) bool {
	first := entries[0].Leaf.Common()
	if first.Seq == 0 || first.Seq != era.First {
		return first.Seq == 0
	}
	if era.Bare {
		return true
	}
	for _, e := range entries[:min(len(entries), firstLeaves)] {
		if l, ok := e.Leaf.(*CameraState); ok && l.State == CameraAdded {
			return true
		}
	}
	return false
}

// Back says whether the hub says, in what is shown of its record, that it wrote nothing from before a time until it wrote
// that: then nothing that is younger came before what is shown. The gap of a camera ends before it is written down, with
// the first segment that follows on it; in what ends where it is written down nothing at all was written.
func Back(entries []Entry, old int64) bool {
	for _, e := range entries {
		if g, ok := e.Leaf.(*Gap); ok && g.From < old && g.Until >= g.At {
			return true
		}
	}
	return false
}

// firstLeaves are a new camera's epoch and the leaf that says that it came.
const firstLeaves = 2

// CheckTurn wants two leaves of a camera, the last of one hub and the first of a later one, to follow each other.
func CheckTurn(era roster.Era, next Entry) error {
	if next.Leaf.Common().Seq != era.First && !rule.Off(rule.SeqGap) {
		return rule.Errorf(rule.SeqGap, "manifest: the first leaves of a camera under its hub are missing")
	}
	return nil
}
