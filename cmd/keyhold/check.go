// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/dustin/go-humanize"

	"keyhold/home/check"
)

// CheckCommand checks a hub's folder.
type CheckCommand struct {
	Hub   string `type:"path" default:"${hub_dir}" placeholder:"DIR" help:"Folder of a hub that is not running."`
	Vault string `type:"path" placeholder:"DIR" help:"Folder of a cloud to compare with."`
	JSON  bool   `help:"Print JSON."`
}

// Run checks, and fails when something is wrong.
func (r *CheckCommand) Run(ctx context.Context, c *console) error {
	report, err := check.Run(ctx, r.Hub, r.Vault)
	if err != nil {
		return err
	}
	if r.JSON {
		if err := c.object(report); err != nil {
			return err
		}
	} else {
		for _, n := range report.Notes {
			c.answer("note   %s", n)
		}
		for _, f := range report.Faults {
			c.answer("fault  %s", f)
		}
		c.answer("%d packs (%s), %d of them with the cloud; %d leaves in %d runs, %d pages open",
			report.Packs, humanize.IBytes(uint64(max(report.Bytes, 0))), report.Uploaded, report.Leaves, report.Runs, report.Pages)
		if r.Vault != "" {
			c.answer("%d objects compared with the vault", report.Vault)
		}
	}
	if n := len(report.Faults); n > 0 {
		return fmt.Errorf("%d things are wrong; what is with the cloud can still be read there", n)
	}
	if !r.JSON {
		c.answer("sound")
	}
	return nil
}
