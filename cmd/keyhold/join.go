// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"fmt"

	"keyhold/member/invite"
	"keyhold/statement/pairing"
)

// JoinCommand uses an invitation.
type JoinCommand struct {
	deviceFlag
	Link       string `arg:"" help:"The invitation, as keyhold invite printed it."`
	DeviceName string `default:"${device_name}" placeholder:"NAME" help:"What to call this device."`
}

// Run joins.
func (j *JoinCommand) Run(ctx context.Context, c *console) error {
	origin, inv, err := pairing.ParseLink(j.Link)
	if err != nil {
		return fmt.Errorf("this is no invitation of Keyhold, or a part of it is missing; copy the whole link")
	}
	joiner := &invite.Joiner{Client: newClient(origin), Now: c.now, Rand: rand.Reader, Step: func(s string) { c.say("%s", s) }}
	folder, _, err := joiner.Join(ctx, inv, j.DeviceName, j.Device)
	if err != nil {
		return hint(err)
	}
	c.say("This device belongs to the household now. Its keys are in %s.\nNext: keyhold list", folder.Dir())
	return nil
}
