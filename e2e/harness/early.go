// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"net/http"

	"keyhold/api"
	"keyhold/member/device"
	"keyhold/member/session"
	"keyhold/statement/request"
)

// Session is that of the device in a folder of the world, at a cloud.
func (w *World) Session(folder, cloud string, transport http.RoundTripper) (*session.Session, error) {
	opened, err := device.Open(w.Path(folder))
	if err != nil {
		return nil, fmt.Errorf("open the device %s: %w", folder, err)
	}
	s, err := session.Open(opened, &api.Client{Base: cloud, HTTP: &http.Client{Transport: transport}})
	if err != nil {
		return nil, fmt.Errorf("begin the session of %s: %w", folder, err)
	}
	return s, nil
}

// LeaveEarly has the owner's device ask the hub, through a cloud, to send what it holds open, as an app does whose user wants to see the
// newest. Who waits for footage and does not ask waits until a pack is full, which takes a minute.
func (w *World) LeaveEarly(ctx context.Context, cloud string) error {
	owner, err := w.Session("device", cloud, nil)
	if err != nil {
		return err
	}
	if _, err := owner.Do(ctx, request.Op{Kind: request.OpLeaveEarly}); err != nil {
		return fmt.Errorf("ask for the newest: %w", err)
	}
	return nil
}
