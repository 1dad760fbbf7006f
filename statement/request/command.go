// SPDX-License-Identifier: Apache-2.0

package request

import (
	"errors"
	"fmt"
	"strings"

	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// Kinds of operations in a command.
const (
	OpPing         = "ping"
	OpAddCamera    = "add-camera"
	OpRemoveCamera = "remove-camera"
	OpRenameCamera = "rename-camera"
	OpListCameras  = "list-cameras"
	OpLeaveEarly   = "leave-early"
	OpRotate       = "rotate"
	OpAppendLink   = "append-link"
	OpRemove       = "remove"
	OpErase        = "erase"
	// OpAskRemoval leaves an owner's word that another is to go with the hub, OpAsked asks for such words.
	OpAskRemoval = "ask-removal"
	OpAsked      = "asked"
	// OpAtHome asks where the hub can be reached at home, without the cloud.
	OpAtHome = "at-home"
	// OpSetSmall says where a camera's second, smaller stream is, or that it has none; OpSmalls asks which have one.
	OpSetSmall = "set-small"
	OpSmalls   = "smalls"
	// OpSetSpeaker says where a camera takes sound that takes it at an address of its own, or that there is no such; the
	// chime is heard there first. OpTrySpeaker lets it be heard there again.
	OpSetSpeaker = "set-speaker"
	OpTrySpeaker = "try-speaker"
	// OpPrivate turns cameras off at their source, or on again; OpPrivates asks what is set.
	OpPrivate  = "private"
	OpPrivates = "privates"
	// OpSetMasks covers parts of a camera's picture; OpMasks asks what is covered.
	OpSetMasks = "set-masks"
	OpMasks    = "masks"
	// OpSetChild says that a camera is in a child's room, or is so no more; OpChildren asks what is set.
	OpSetChild = "set-child"
	OpChildren = "children"
	// OpSetRoom says in which room a camera is, or that it is in none.
	OpSetRoom = "set-room"
	// OpStar keeps a moment of a camera, or lets it go again; OpStars asks for those of a camera that are kept.
	OpStar  = "star"
	OpStars = "stars"
	// OpCarryStar brings a new hub a star that one before it had taken; without one, no more are brought of that camera.
	OpCarryStar = "carry-star"
	// OpPushKey asks for the key by which the hub will be known to a device's push service, OpSubscribe has alerts pushed
	// to the device, OpUnsubscribe ends that.
	OpPushKey     = "push-key"
	OpSubscribe   = "subscribe"
	OpUnsubscribe = "unsubscribe"
	// OpTestAlert has an alert sent to the device now, OpReceived says that one has come, OpPhones asks how each does.
	OpTestAlert = "test-alert"
	OpReceived  = "alert-received"
	OpPhones    = "phones"
	// OpSetRecorded says in which form a camera is recorded; OpRecorded asks in which form each is.
	OpSetRecorded = "set-recorded"
	OpRecorded    = "recorded"
)

// Op is what a command asks for; which fields stand in it depends on the kind. A field that would be empty is left
// out.
type Op struct {
	Kind string `json:"kind"`
	// Act is an envelope of type act.
	Act []byte `json:"act,omitempty"`
	// After is the number behind which stars are asked for.
	After   int64       `json:"after,omitempty"`
	Bell    *Bell       `json:"bell,omitempty"`
	Camera  id.Camera   `json:"camera,omitempty"`
	Cameras []id.Camera `json:"cameras,omitempty"`
	// Carried is a star that an earlier hub had taken.
	Carried *Carried `json:"carried,omitempty"`
	Channel *Channel `json:"channel,omitempty"`
	// Child is an envelope of type child.
	Child []byte  `json:"child,omitempty"`
	Cloud *Place  `json:"cloud,omitempty"`
	Copy  *Copied `json:"copy,omitempty"`
	// Erase is an envelope of type erase.
	Erase   []byte   `json:"erase,omitempty"`
	Gesture *Gesture `json:"gesture,omitempty"`
	// Hours are those of quiet, none for none.
	Hours []roster.Hours `json:"hours,omitempty"`
	// Language is the one in which an integration is told what is what, or a channel's text is.
	Language string `json:"language,omitempty"`
	// Leaves are those of packs of a moment that is kept, for a hub that no longer knows them.
	Leaves []Placed `json:"leaves,omitempty"`
	Light  *Light   `json:"light,omitempty"`
	Link   []byte   `json:"link,omitempty"`
	// Lock is an envelope of type lock; Way is the way that it names by its hash.
	Lock []byte `json:"lock,omitempty"`
	// Lost is how many stars of a camera could not be brought to a new hub.
	Lost int64 `json:"lost,omitempty"`
	// Masks is an envelope of type masks.
	Masks []byte `json:"masks,omitempty"`
	Name  string `json:"name,omitempty"`
	// PersonName is the name of the person that an appended link brings in; Name is the device's.
	PersonName string `json:"person_name,omitempty"`
	// Private is an envelope of type private.
	Private []byte `json:"private,omitempty"`
	// Push is where alerts are pushed to.
	Push     *Subscription `json:"push,omitempty"`
	Received *Received     `json:"received,omitempty"`
	// Recorded is a form of recording.
	Recorded string `json:"recorded,omitempty"`
	Removal  []byte `json:"removal,omitempty"`
	Room     string `json:"room,omitempty"`
	// Said is what the device remembers of quiet hours.
	Said []SaidQuiet `json:"said,omitempty"`
	// Star is an envelope of type star.
	Star []byte `json:"star,omitempty"`
	// Tells are what an integration is told.
	Tells []string `json:"tells,omitempty"`
	// Until is when a snooze ends, 0 for now.
	Until int64  `json:"until,omitempty"`
	URL   string `json:"url,omitempty"`
	Way   []byte `json:"way,omitempty"`
}

// Gesture shows that a person wants just this link or statement: the code that the hub showed for its hash.
// Or it is a passkey's word on that hash.
type Gesture struct {
	Code    string     `json:"code,omitempty"`
	Passkey *Assertion `json:"passkey,omitempty"`
}

// Assertion is what a passkey answers when its person was asked (WebAuthn): the challenge is the hash.
type Assertion struct {
	// Authenticator and Client are WebAuthn's authenticator data and client data, as they were signed.
	Authenticator []byte    `json:"authenticator"`
	Client        []byte    `json:"client"`
	ID            id.Device `json:"id"`
	Signature     []byte    `json:"signature"`
}

// maxSetting is as much of a statement of type private as a leaf has room for.
const maxSetting = 8192

// maxMasks is the same of one of type masks, maxChild of one of type child.
const (
	maxMasks = 4096
	maxChild = 4096
)

// maxStar is the same of one of type star, and maxStarLeaves of how many packs a moment can be.
const (
	maxStar       = 4096
	maxStarLeaves = 8
)

// MaxStars is how many stars one reply lists: they fit into it, whatever they say.
const MaxStars = 32

// maxAssertion bounds each part of an assertion.
const maxAssertion = 2048

func (a *Assertion) check() error {
	if !a.ID.Passkey() {
		return fmt.Errorf("command: a gesture by something that is no passkey")
	}
	for _, part := range [][]byte{a.Authenticator, a.Client, a.Signature} {
		if len(part) == 0 || len(part) > maxAssertion {
			return fmt.Errorf("command: a gesture of which a part is empty or too long")
		}
	}
	return nil
}

// CodeDigits is the length of a gesture's code.
const CodeDigits = 6

func (g *Gesture) check() error {
	if g == nil {
		return nil
	}
	if (g.Code == "") == (g.Passkey == nil) {
		return fmt.Errorf("command: a gesture is a code or a passkey's")
	}
	if g.Passkey != nil {
		return g.Passkey.check()
	}
	if len(g.Code) != CodeDigits || strings.Trim(g.Code, "0123456789") != "" {
		return fmt.Errorf("command: a gesture's code has six digits")
	}
	return nil
}

// Command asks the hub to do something.
type Command struct {
	At        int64        `json:"at"`
	Device    id.Device    `json:"device"`
	Head      id.Hash      `json:"head"`
	Household id.Household `json:"household"`
	Nonce     []byte       `json:"nonce"`
	Op        Op           `json:"op"`
}

// Check refuses values that the types allow.
func (c *Command) Check() error {
	if c.At <= 0 || !c.Device.ValidReader() || !c.Household.Valid() || len(c.Nonce) != NonceSize {
		return fmt.Errorf("command: a malformed field")
	}
	if err := errors.Join(c.Op.Bell.check(), c.Op.Channel.check(), c.Op.Gesture.check(), c.Op.Light.check(), c.Op.Push.check(), c.Op.Received.check(), c.Op.telling()); err != nil {
		return err
	}
	if len(c.Op.Name) > 200 || len(c.Op.PersonName) > 200 || len(c.Op.Room) > 200 || len(c.Op.URL) > 2048 || len(c.Op.Cameras) > 256 {
		return fmt.Errorf("command: a field too long")
	}
	if c.Op.After < 0 || c.Op.Lost < 0 || c.Op.Until < 0 {
		return fmt.Errorf("command: a number below 0")
	}
	if c.Op.Recorded != "" && !Recording(c.Op.Recorded) {
		return fmt.Errorf("command: an unknown form of recording")
	}
	if err := errors.Join(checkHours(c.Op.Hours), checkSaid(c.Op.Said)); err != nil {
		return fmt.Errorf("command: %w", err)
	}
	if len(c.Op.Said) > MaxSaidQuiet {
		return fmt.Errorf("command: quiet hours of too many cameras at once")
	}
	cameras := c.Op.Cameras
	switch c.Op.Kind {
	case OpPing, OpListCameras, OpRotate, OpAsked, OpAtHome, OpSmalls, OpPrivates, OpMasks, OpBells, OpSnoozes, OpQuiets, OpCarryQuiet, OpChildren, OpPushKey, OpUnsubscribe, OpTestAlert, OpPhones, OpRecorded, OpLights, OpLocks:
	case OpSetBell:
		if c.Op.Bell == nil {
			return fmt.Errorf("command: set-bell needs to say by what")
		}
		cameras = []id.Camera{c.Op.Camera}
	case OpAddIntegration, OpRemoveIntegration, OpIntegrations:
		if err := c.Op.integrations(); err != nil {
			return err
		}
	case OpAddChannel, OpRemoveChannel, OpTestChannel, OpChannels:
		if err := c.Op.channels(); err != nil {
			return err
		}
	case OpSubscribe:
		if c.Op.Push == nil {
			return fmt.Errorf("command: subscribe needs a subscription")
		}
	case OpReceived:
		if c.Op.Received == nil {
			return fmt.Errorf("command: alert-received needs an alert")
		}
	case OpPrivate:
		if len(c.Op.Private) == 0 || len(c.Op.Private) > maxSetting {
			return fmt.Errorf("command: private needs a statement")
		}
	case OpSetMasks:
		if len(c.Op.Masks) == 0 || len(c.Op.Masks) > maxMasks {
			return fmt.Errorf("command: set-masks needs a statement")
		}
	case OpStar:
		if len(c.Op.Star) == 0 || len(c.Op.Star) > maxStar || len(c.Op.Leaves) > maxStarLeaves {
			return fmt.Errorf("command: star needs a statement, and few leaves")
		}
		for _, l := range c.Op.Leaves {
			if err := l.Check(); err != nil {
				return err
			}
		}
	case OpCarryStar:
		if err := c.Op.Carried.check(); err != nil {
			return err
		}
		cameras = []id.Camera{c.Op.Camera}
	case OpStars, OpSnooze:
		cameras = []id.Camera{c.Op.Camera}
	case OpSetQuiet:
		if !c.Op.Camera.ValidOrHousehold() {
			return fmt.Errorf("command: a malformed camera")
		}
	case OpSetChild:
		if len(c.Op.Child) == 0 || len(c.Op.Child) > maxChild {
			return fmt.Errorf("command: set-child needs a statement")
		}
	case OpSetLock, OpAskOpen, OpOpen:
		if err := c.Op.locks(); err != nil {
			return err
		}
	case OpAddCamera:
		if c.Op.Name == "" || c.Op.URL == "" {
			return fmt.Errorf("command: add-camera needs a name and a URL")
		}
	case OpRenameCamera:
		if c.Op.Name == "" {
			return fmt.Errorf("command: rename-camera needs a name")
		}
		cameras = []id.Camera{c.Op.Camera}
	case OpSetRecorded:
		if c.Op.Recorded == "" {
			return fmt.Errorf("command: set-recorded needs a form")
		}
		cameras = []id.Camera{c.Op.Camera}
	case OpRemoveCamera, OpSetSmall, OpSetSpeaker, OpTrySpeaker, OpSetLight, OpTryLight, OpSetRoom:
		cameras = []id.Camera{c.Op.Camera}
	case OpLeaveEarly:
	case OpAppendLink:
		if len(c.Op.Link) == 0 {
			return fmt.Errorf("command: append-link needs a link")
		}
	case OpRemove, OpAskRemoval:
		if len(c.Op.Removal) == 0 {
			return fmt.Errorf("command: %s needs a removal", c.Op.Kind)
		}
	case OpMove:
		if c.Op.Cloud == nil {
			return fmt.Errorf("command: move needs a cloud")
		}
		if err := c.Op.Cloud.Check(); err != nil {
			return err
		}
	case OpCopy:
		if c.Op.Copy == nil {
			return fmt.Errorf("command: copy needs to say what")
		}
		if err := c.Op.Copy.Check(); err != nil {
			return err
		}
	case OpSwitch:
	case OpErase:
		if len(c.Op.Erase) == 0 {
			return fmt.Errorf("command: erase needs a statement")
		}
	default:
		return fmt.Errorf("command: an unknown kind")
	}
	for _, cam := range cameras {
		if !cam.Valid() {
			return fmt.Errorf("command: a malformed camera")
		}
	}
	return nil
}

// Words a hub refuses a command with.
const (
	RefusedStale       = "stale"
	RefusedDenied      = "denied"
	RefusedInvalid     = "invalid"
	RefusedUnreachable = "camera-unreachable"
	RefusedPassword    = "camera-password"
	RefusedCodec       = "camera-codec"
	RefusedForm        = "camera-form"    // it sends H.265, and nobody has said in which form to record that
	RefusedAddress     = "camera-address" // not a camera's, or one where the hub does not go
	RefusedProgram     = "camera-program" // it takes a program to read it that the hub does not have
	RefusedExists      = "exists"
	RefusedNotFound    = "not-found"
	RefusedCloud       = "cloud-unreachable"
	// RefusedGesture asks for a gesture; RefusedGestureWrong says that it was another one.
	RefusedGesture      = "gesture"
	RefusedGestureWrong = "gesture-wrong"
	// RefusedPrivate: nothing connects to a camera that is private.
	RefusedPrivate = "private"
	// RefusedCovered: parts of a camera's picture are covered, which another of its streams may show elsewhere.
	RefusedCovered = "covered"
	// RefusedFull: as many moments are kept as may be.
	RefusedFull = "full"
	// RefusedNoSpeaker: nothing there takes sound. RefusedTaken: somebody else has the camera's speaker.
	RefusedNoSpeaker = "no-speaker"
	RefusedTaken     = "speaker-taken"
)

// CameraReport is a camera as the hub sees it now.
type CameraReport struct {
	Audio  string    `json:"audio"`
	Height int64     `json:"height"`
	ID     id.Camera `json:"id"`
	// Since is when the state began.
	Since int64  `json:"since"`
	State string `json:"state"`
	Video string `json:"video"`
	Width int64  `json:"width"`
}

// States of a camera at the hub.
const (
	CameraRecording = "recording"
	CameraWaiting   = "waiting"
	CameraLost      = "lost"
	// CameraUnconnected: an earlier hub had it, and nobody has said yet where it is.
	CameraUnconnected = "unconnected"
	// CameraPrivate: somebody turned it off at its source.
	CameraPrivate = "private"
	// CameraUncovered: parts of its picture are to be covered and cannot be, so it is not recorded and nobody sees it.
	CameraUncovered = "uncovered"
	// CameraUnsaid: an earlier hub had it, and nobody has said yet what is covered of its picture, so it is not recorded and
	// nobody sees it.
	CameraUnsaid = "unsaid"
)
