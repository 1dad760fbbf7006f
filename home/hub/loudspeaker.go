// SPDX-License-Identifier: Apache-2.0

package hub

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net/netip"
	"path"
	"strings"
	"sync/atomic"

	"keyhold/home/cameras"
	"keyhold/home/ingest"
	"keyhold/home/lan"
	"keyhold/home/loudspeaker"
	"keyhold/home/talk"
	"keyhold/statement/finding"
	"keyhold/statement/id"
	"keyhold/statement/request"
	"keyhold/statement/roster"
	"keyhold/statement/rule"
)

// loudspeaker claims the speaker of a camera that takes sound at an address of its own.
func (h *Hub) loudspeaker(ctx context.Context, url string, meet func([]byte)) (*loudspeaker.Speaker, error) {
	address, certificate := addressOf(url)
	return loudspeaker.Claim(ctx, loudspeaker.Config{URL: address, Certificate: certificate, Meet: meet, Here: h.Here.Addresses, Near: lan.Near, Door: func(to netip.AddrPort, at string) bool { return h.opensDoor(ctx, to, at) }, Now: h.Now})
}

// opensDoor says whether something that is sent to a place may open a door there. A doorbell has its speaker and its relay
// at one address, by different paths.
func (h *Hub) opensDoor(ctx context.Context, to netip.AddrPort, at string) bool {
	for _, p := range h.locksByHTTP(ctx)[netip.AddrPortFrom(to.Addr().Unmap(), to.Port())] {
		if strings.EqualFold(path.Clean("/"+p), path.Clean("/"+at)) {
			return true
		}
	}
	return false
}

// setSpeaker says where a camera takes sound, once it has taken the chime there; "" that it does at no address of its own.
func (h *Hub) setSpeaker(ctx context.Context, by id.Device, camera id.Camera, url string) error {
	if !h.may(by, roster.Cameras, id.HouseholdCamera) {
		return refusal(request.RefusedDenied)
	}
	if _, ok, err := h.listed(ctx, camera); err != nil || !ok {
		return cmp.Or(err, error(refusal(request.RefusedNotFound)))
	}
	if url != "" {
		if loudspeaker.CheckAddress(url) != nil {
			return refusal(request.RefusedAddress)
		}
		var err error
		if url, err = h.chimeAt(ctx, by, camera, url); err != nil {
			return err
		}
	}
	h.control.Lock()
	defer h.control.Unlock()
	// The camera took its time; whoever was removed meanwhile changes nothing.
	if !h.may(by, roster.Cameras, id.HouseholdCamera) {
		return refusal(request.RefusedDenied)
	}
	err := h.named(ctx, func(tx *sql.Tx) error { return h.cameras.SetSpeaker(ctx, tx, camera, url) })
	if errors.Is(err, cameras.ErrNotFound) {
		return refusal(request.RefusedNotFound)
	}
	if ch := h.channel(camera); err == nil && ch != nil {
		ch.speaker.set(url)
	}
	return err
}

// trySpeaker lets the chime be heard where a camera takes sound.
func (h *Hub) trySpeaker(ctx context.Context, by id.Device, camera id.Camera) error {
	if !h.may(by, roster.Cameras, id.HouseholdCamera) {
		return refusal(request.RefusedDenied)
	}
	c, ok, err := h.listed(ctx, camera)
	if err != nil || !ok {
		return cmp.Or(err, error(refusal(request.RefusedNotFound)))
	}
	if c.Speaker == "" {
		return refusal(request.RefusedNoSpeaker)
	}
	_, err = h.chimeAt(ctx, by, camera, c.Speaker)
	return err
}

// chimeAt lets the chime be heard at an address of a camera, which it gives back with the certificate that was met there.
// It takes what talk takes: nobody else talks there, and the device may.
func (h *Hub) chimeAt(ctx context.Context, by id.Device, camera id.Camera, url string) (string, error) {
	if h.isPrivate(camera) {
		return "", refusal(request.RefusedPrivate)
	}
	person, ok := h.household.Roster().PersonOf(by)
	if !ok {
		return "", refusal(request.RefusedDenied)
	}
	ch := h.channel(camera)
	if ch == nil {
		return "", refusal(request.RefusedUnreachable)
	}
	var met atomic.Pointer[[]byte]
	var line *loudspeaker.Speaker
	word, err := h.talk.Try(ctx, talk.Viewer{Device: by, Person: person.ID}, camera, func(ctx context.Context) (talk.Line, error) {
		return ch.speaker.open(ctx, func(ctx context.Context) (l talk.Line, err error) {
			if line, err = h.loudspeaker(ctx, url, func(sum []byte) { met.Store(&sum) }); err != nil {
				return nil, err
			}
			return line, nil
		})
	})
	if err == nil && word == talk.Camera && line != nil {
		err = line.Err()
	}
	if refused := refusedBy(word, err); refused != "" {
		h.Log.Info("a camera's speaker was tried", "camera", string(camera), "word", refused)
		return "", refusal(refused)
	}
	if sum := met.Load(); sum != nil {
		address, _ := addressOf(url)
		return knownBy(address, *sum), nil
	}
	return url, nil
}

// refusedBy is the word for what came of a chime, "" if it was taken.
func refusedBy(word string, err error) string {
	switch {
	case err == nil && word == talk.Said:
		return ""
	case rule.Of(err) == rule.Elsewhere:
		return finding.Elsewhere
	case rule.Of(err) == rule.Gesture:
		return request.RefusedDoorThere
	case rule.Of(err) == rule.Here, errors.Is(err, loudspeaker.ErrAddress):
		return request.RefusedAddress
	case errors.Is(err, loudspeaker.ErrPassword):
		return request.RefusedPassword
	case errors.Is(err, ingest.ErrNoSpeaker):
		return request.RefusedNoSpeaker
	case errors.Is(err, ingest.ErrSpeakerTaken), word == talk.Busy:
		return request.RefusedTaken
	case word == talk.Denied, word == talk.Child, word == talk.Right:
		return request.RefusedDenied
	}
	return request.RefusedUnreachable
}
