// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"keyhold/home/ingest"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/request"
)

// CamerasSmallCommand sets a camera's second stream.
type CamerasSmallCommand struct {
	deviceFlag
	Name string `arg:"" help:"The camera, by name or id."`
	URL  string `arg:"" help:"The RTSP address of its second stream, H.264; - reads it from standard input; off for none."`
}

// Run asks the hub.
func (r *CamerasSmallCommand) Run(ctx context.Context, c *console) error {
	address := r.URL
	switch address {
	case "-":
		var err error
		if address, err = c.ask("Address: "); err != nil {
			return err
		}
	case "off":
		address = ""
	}
	if address != "" {
		if _, err := cameraAddress(address); err != nil {
			return err
		}
	}
	s, v, err := r.look(ctx, c)
	if err != nil {
		return err
	}
	camera, err := cameraInUse(v, r.Name)
	if err != nil {
		return err
	}
	if address != "" {
		c.say("Asking the hub to look at the second stream.")
	}
	if _, err := s.Do(ctx, request.Op{Kind: request.OpSetSmall, Camera: camera.ID, URL: address}); err != nil {
		return fmt.Errorf("set the second stream: %w", err)
	}
	if address == "" {
		c.say("%s is shown by its one stream from now on.", camera.Name)
	} else {
		c.say("Where %s is shown small, that comes from its second stream now. It is recorded as before.", camera.Name)
	}
	return nil
}

// cameraAddress reads the address of a stream. It may hold a password: no error repeats it.
func cameraAddress(address string) (*url.URL, error) {
	if err := ingest.CheckAddress(address); err != nil {
		return nil, err
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("this is not the address of a camera")
	}
	return u, nil
}

// smallCameras asks the hub which cameras have a second stream; of a hub of an earlier version that is none.
func smallCameras(ctx context.Context, s *session.Session) []id.Camera {
	reply, err := s.Do(ctx, request.Op{Kind: request.OpSmalls})
	if err != nil {
		return nil
	}
	return reply.Result.Smalls
}
