// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"keyhold/bench/setting"
	"keyhold/e2e/harness"
)

const (
	waitingName = "the same hub, waiting for the next key frame"
	// turns is how often each hub has its turn.
	turns = 2
)

// browse measures the same wait where a person has it: in a browser, from the lift of the finger on a tile to the first
// picture that is shown. The peer is the same hub in a test build that sends no key frame that has passed. The two take
// turns on the same household.
func (h *home) browse(ctx context.Context, rounds int) (ours, theirs []float64, err error) {
	waiting, err := harness.Build(ctx, true)
	if err != nil {
		return nil, nil, err
	}
	link, stop, err := setting.Invite(ctx, h.World)
	if err != nil {
		return nil, nil, err
	}
	defer stop()
	for turn := range turns {
		for _, hub := range []struct {
			program string
			env     []string
			into    *[]float64
		}{{h.Keyhold, nil, &ours}, {waiting.Keyhold, []string{"KEYHOLD_MUTANT=next-key-frame"}, &theirs}} {
			if err := h.swap(ctx, hub.program, hub.env); err != nil {
				return nil, nil, err
			}
			took, err := h.look(ctx, link, max(1, rounds/turns))
			if err != nil {
				return nil, nil, err
			}
			*hub.into = append(*hub.into, took...)
			fmt.Fprintf(os.Stderr, "in the browser, turn %d of %d %v: median %.0f ms\n", turn+1, turns, hub.env, setting.At(0.5, took))
			link = "" // the browser is a device from now on
		}
	}
	return ours, theirs, nil
}

// swap lets another program go on as the hub, until the camera records again.
func (h *home) swap(ctx context.Context, program string, env []string) error {
	if err := h.Hub.Stop(); err != nil {
		return err
	}
	released, before := h.Keyhold, h.Env
	h.Keyhold, h.Env = program, append(slices.Clone(before), env...)
	err := h.StartHub(ctx)
	h.Keyhold, h.Env = released, before
	if err != nil {
		return err
	}
	return h.Hub.Until(ctx, time.Minute, "recording", func(ctx context.Context) bool {
		out, err := h.Owner(ctx, "cameras", "list", "--json")
		if err != nil {
			return false
		}
		list, err := harness.Lines[struct {
			State string `json:"state"`
		}](out)
		return err == nil && len(list) == 1 && list[0].State == "recording"
	})
}

// look opens the live picture so many times and returns how long each took, in milliseconds.
func (h *home) look(ctx context.Context, link string, rounds int) ([]float64, error) {
	out, err := setting.Browse(ctx, h.World, "bench/live/viewer.mjs", "LINK="+link, "MEMORY="+h.Path("browser"), fmt.Sprint("ROUNDS=", rounds))
	if err != nil {
		return nil, err
	}
	var took []float64
	if err := json.Unmarshal(out, &took); err != nil {
		return nil, fmt.Errorf("watch in the browser: %w", err)
	}
	return took, nil
}
