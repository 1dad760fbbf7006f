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

// LeaveEarly has the owner's device ask the hub, through a cloud, to send what it holds open, as an app does whose user wants to see the
// newest. Who waits for footage and does not ask waits until a pack is full, which takes a minute.
func (w *World) LeaveEarly(ctx context.Context, cloud string) error {
	opened, err := device.Open(w.Path("device"))
	if err != nil {
		return fmt.Errorf("open the owner's device: %w", err)
	}
	owner, err := session.Open(opened, &api.Client{Base: cloud, HTTP: &http.Client{}})
	if err != nil {
		return fmt.Errorf("begin the owner's session: %w", err)
	}
	if _, err := owner.Do(ctx, request.Op{Kind: request.OpLeaveEarly}); err != nil {
		return fmt.Errorf("ask for the newest: %w", err)
	}
	return nil
}
