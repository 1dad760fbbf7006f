// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"fmt"

	"keyhold/statement/canon"
	"keyhold/statement/id"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// Kinds of leaves.
const (
	KindRun       = "run"
	KindHead      = "head"
	KindNames     = "names"
	KindEpoch     = "epoch"
	KindCamera    = "camera"
	KindPack      = "pack"
	KindGap       = "gap"
	KindHeartbeat = "heartbeat"
	KindLook      = "look"
	KindLive      = "live"
	KindPrivate   = "private"
	KindMasks     = "masks"
	KindStar      = "star"
	KindTalk      = "talk"
	KindPress     = "press"
	KindMoment    = "moment"
	KindChild     = "child"
	KindLock      = "lock"
	KindOpen      = "open"
)

// SaltSize keeps a leaf from being guessed by its hash.
const SaltSize = 16

// Header is what every leaf has.
type Header struct {
	At     int64     `json:"at"`
	Camera id.Camera `json:"camera"`
	Kind   string    `json:"kind"`
	Salt   []byte    `json:"salt"`
	// Seq counts this camera's leaves from 0 across runs, so that a hole shows.
	Seq int64 `json:"seq"`
}

// Common returns the header; it makes a type a Leaf.
func (h *Header) Common() *Header { return h }

func (h *Header) check(household bool) error {
	if h.At <= 0 || len(h.Salt) != SaltSize || h.Seq < 0 || !h.Camera.ValidOrHousehold() {
		return fmt.Errorf("leaf: a malformed time, salt, number or camera")
	}
	if household && h.Camera != id.HouseholdCamera {
		return fmt.Errorf("leaf: this kind belongs to the household")
	}
	return nil
}

// Leaf is one of the leaf types of this package.
type Leaf interface {
	Common() *Header
	Check() error
}

// Run opens a run of the manifest and names the one before.
type Run struct {
	Header
	Head     roster.Head `json:"head"`
	PrevRoot string      `json:"prev_root"`
	PrevRun  id.Run      `json:"prev_run"`
	PrevSize int64       `json:"prev_size"`
	Reason   string      `json:"reason"`
}

// Reasons of a run.
const (
	RunGenesis = "genesis"
	RunBehind  = "behind"
	RunClock   = "clock"
	RunLost    = "lost"
	// RunHub is the first run of a hub that took the place of another; it names the newest that that one left behind.
	RunHub = "hub"
)

// Check refuses values that the types allow.
func (l *Run) Check() error {
	switch l.Reason {
	case RunGenesis:
		if !l.first() {
			return fmt.Errorf("leaf: the first run has no predecessor")
		}
	case RunHub:
		if !l.first() && !l.follows() {
			return fmt.Errorf("leaf: a malformed predecessor")
		}
	case RunBehind, RunClock, RunLost:
		if !l.follows() {
			return fmt.Errorf("leaf: a malformed predecessor")
		}
	default:
		return fmt.Errorf("leaf: an unknown reason for a run")
	}
	if l.Head.Seq < 0 {
		return fmt.Errorf("leaf: a malformed head")
	}
	return l.check(true)
}

// first says that nothing is named that came before.
func (l *Run) first() bool { return l.PrevRun == "" && l.PrevRoot == "" && l.PrevSize == 0 }

func (l *Run) follows() bool {
	_, err := id.ParseHash(l.PrevRoot)
	return err == nil && l.PrevRun.Valid() && l.PrevSize >= 0
}

// RosterHead says that the roster moved.
type RosterHead struct {
	Header
	Head roster.Head `json:"head"`
}

// Check refuses values that the types allow.
func (l *RosterHead) Check() error {
	if l.Head.Seq < 0 {
		return fmt.Errorf("leaf: a malformed head")
	}
	return l.check(true)
}

// NamesChanged names the newest document of names.
type NamesChanged struct {
	Header
	Names  id.Hash `json:"names"`
	Number int64   `json:"number"`
}

// Check refuses values that the types allow.
func (l *NamesChanged) Check() error {
	if l.Number < 1 {
		return fmt.Errorf("leaf: a malformed number")
	}
	return l.check(true)
}

// EpochReader is one reader of an epoch and the hash of the envelope it was given.
type EpochReader struct {
	Device   id.Device `json:"device"`
	Envelope id.Hash   `json:"envelope"`
}

// Epoch announces an epoch: from its page on, leaves and segments are sealed to it.
type Epoch struct {
	Header
	Epoch     id.Epoch      `json:"epoch"`
	Head      id.Hash       `json:"head"`
	Readers   []EpochReader `json:"readers"`
	Recipient id.Hash       `json:"recipient"`
}

// Check refuses values that the types allow.
func (l *Epoch) Check() error {
	if !l.Epoch.Valid() || len(l.Readers) == 0 {
		return fmt.Errorf("leaf: a malformed epoch")
	}
	for _, r := range l.Readers {
		if !r.Device.ValidReader() {
			return fmt.Errorf("leaf: a malformed reader")
		}
	}
	return l.check(false)
}

// CameraState says that a camera came or went.
type CameraState struct {
	Header
	State string `json:"state"`
}

// States of a camera.
const (
	CameraAdded   = "added"
	CameraRemoved = "removed"
)

// Check refuses values that the types allow.
func (l *CameraState) Check() error {
	if (l.State != CameraAdded && l.State != CameraRemoved) || l.Camera == id.HouseholdCamera {
		return fmt.Errorf("leaf: a malformed state of a camera")
	}
	return l.check(false)
}

// Content is the hash of what a file says before it is sealed: the payloads of a segment's mdat boxes, or a JPEG.
type Content struct {
	SHA256 id.Hash `json:"sha256"`
	Size   int64   `json:"size"`
}

// File is one age file of a pack.
type File struct {
	Content Content `json:"content"`
	// Start and End are arrival times in milliseconds; Media is the media duration in microseconds.
	End    int64   `json:"end"`
	Kind   string  `json:"kind"`
	Media  int64   `json:"media"`
	Offset int64   `json:"offset"`
	SHA256 id.Hash `json:"sha256"`
	Size   int64   `json:"size"`
	Start  int64   `json:"start"`
}

// Kinds of files.
const (
	FileSegment = "segment"
	FileThumbs  = "thumbs"
)

// maxMedia bounds a segment's media duration (µs): the longest is a group of pictures of 30 s.
const maxMedia = 120_000_000

// Pack names an object and the files in it.
type Pack struct {
	Header
	Epoch   id.Epoch  `json:"epoch"`
	Files   []File    `json:"files"`
	Object  id.Object `json:"object"`
	Session int64     `json:"session"`
	Size    int64     `json:"size"`
}

// Check refuses values that the types allow, among them holes between files.
func (l *Pack) Check() error {
	if !l.Epoch.Valid() || !l.Object.Valid() || len(l.Files) == 0 || l.Session < 0 || l.Camera == id.HouseholdCamera {
		return fmt.Errorf("leaf: a malformed pack")
	}
	var offset int64
	for i, f := range l.Files {
		thumbs := f.Kind == FileThumbs
		if (!thumbs && f.Kind != FileSegment) || (thumbs && (i != len(l.Files)-1 || f.Media != 0)) {
			return fmt.Errorf("leaf: a file of an unknown kind or in a wrong place")
		}
		if f.Offset != offset || f.Size <= 0 || f.Content.Size < 0 || f.Start <= 0 || f.End < f.Start || f.Media < 0 || f.Media > maxMedia {
			return fmt.Errorf("leaf: a file with a malformed place, size or time")
		}
		offset += f.Size
	}
	if offset != l.Size {
		return fmt.Errorf("leaf: the files do not fill the pack")
	}
	return l.check(false)
}

// Heartbeat shows that the hub was alive and had nothing to add.
type Heartbeat struct{ Header }

// Check refuses values that the types allow.
func (l *Heartbeat) Check() error { return l.check(false) }

// Look is the record of somebody who fetched footage.
type Look struct {
	Header
	Device  id.Device `json:"device"`
	Fetch   id.Hash   `json:"fetch"`
	From    int64     `json:"from"`
	Person  id.Person `json:"person"`
	Purpose string    `json:"purpose"`
	Until   int64     `json:"until"`
}

// Check refuses values that the types allow.
func (l *Look) Check() error {
	switch l.Purpose {
	case "tiles", "history", "export":
	default:
		return fmt.Errorf("leaf: an unknown purpose of a look")
	}
	if !l.Device.ValidReader() || !l.Person.Valid() || l.From < 0 || l.Until < l.From || l.Camera == id.HouseholdCamera {
		return fmt.Errorf("leaf: a malformed look")
	}
	return l.check(false)
}

// Live is the record of somebody who watches a camera live: one leaf when it begins, one when it has ended.
type Live struct {
	Header
	Device id.Device `json:"device"`
	Person id.Person `json:"person"`
	// Signal is the hash of the offer.
	Signal id.Hash `json:"signal"`
	Since  int64   `json:"since"`
	State  string  `json:"state"`
	// Until is 0 while it lasts.
	Until int64   `json:"until"`
	View  id.View `json:"view"`
}

// States of a live look.
const (
	LiveBegan = "began"
	LiveEnded = "ended"
)

// Check refuses values that the types allow.
func (l *Live) Check() error {
	switch {
	case l.State == LiveBegan && l.Until == 0:
	case l.State == LiveEnded && l.Until >= l.Since:
	default:
		return fmt.Errorf("leaf: a live look that has neither begun nor ended")
	}
	if !l.Device.Valid() || !l.Person.Valid() || l.Since <= 0 || !l.View.Valid() || l.Camera == id.HouseholdCamera {
		return fmt.Errorf("leaf: a malformed live look")
	}
	return l.check(false)
}

// EncodeLeaf returns the bytes that are hashed into the tree.
func EncodeLeaf(l Leaf) ([]byte, error) {
	if err := l.Check(); err != nil {
		return nil, fmt.Errorf("manifest: encode: %w", err)
	}
	b, err := canon.Marshal(l)
	if err == nil && len(b) > canon.MaxBytes {
		return nil, rule.Errorf(rule.Length, "manifest: the leaf is longer than %d bytes", canon.MaxBytes)
	}
	return b, err
}

// ParseLeaf reads a leaf.
func ParseLeaf(b []byte) (Leaf, error) {
	var a anyLeaf
	if err := canon.Unmarshal(b, &a); err != nil {
		return nil, fmt.Errorf("manifest: leaf: %w", err)
	}
	return a.Leaf, nil
}

// anyLeaf is a leaf whose kind is found out as it is read.
type anyLeaf struct{ Leaf }

// Chosen takes the leaf that was read (canon.Chooser).
func (a *anyLeaf) Chosen(read any) { a.Leaf, _ = read.(Leaf) }

// Choose finds out which kind a leaf is of (canon.Chooser).
func (a *anyLeaf) Choose(tree any) (any, error) {
	m, _ := tree.(map[string]any)
	kind, ok := m["kind"].(string)
	if !ok {
		return nil, rule.Errorf(rule.Shape, "it has no kind")
	}
	switch kind {
	case KindRun:
		return &Run{}, nil
	case KindHead:
		return &RosterHead{}, nil
	case KindNames:
		return &NamesChanged{}, nil
	case KindEpoch:
		return &Epoch{}, nil
	case KindCamera:
		return &CameraState{}, nil
	case KindPack:
		return &Pack{}, nil
	case KindGap:
		return &Gap{}, nil
	case KindHeartbeat:
		return &Heartbeat{}, nil
	case KindLook:
		return &Look{}, nil
	case KindLive:
		return &Live{}, nil
	case KindPrivate:
		return &Private{}, nil
	case KindMasks:
		return &Masks{}, nil
	case KindStar:
		return &Star{}, nil
	case KindTalk:
		return &Talk{}, nil
	case KindPress:
		return &Press{}, nil
	case KindMoment:
		return &Moment{}, nil
	case KindChild:
		return &Child{}, nil
	case KindLock:
		return &Lock{}, nil
	case KindOpen:
		return &Open{}, nil
	}
	return nil, rule.Errorf(rule.Field, "it is of an unknown kind")
}
