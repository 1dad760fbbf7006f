// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"keyhold/member/session"
	"keyhold/statement/finding"
	"keyhold/statement/id"
	"keyhold/statement/manifest"
	"keyhold/statement/request"
)

// CamerasRecordCommand says in which form a camera is recorded.
type CamerasRecordCommand struct {
	deviceFlag
	Name string `arg:"" optional:"" help:"The camera, by name or id; all if there is none."`
	Form string `arg:"" optional:"" enum:"sent,h264,small," default:"" help:"h264: what is not H.264 is made into that by the hub, as it comes. small: the second stream is recorded. sent: as the camera sends it."`
	JSON bool   `name:"json" help:"Print one object of JSON a line."`
}

// recordLine is the form of a camera's recording as --json prints it.
type recordLine struct {
	ID       id.Camera `json:"id"`
	Name     string    `json:"name"`
	Form     string    `json:"form"`
	Sent     string    `json:"sent,omitempty"`
	Small    bool      `json:"small"`
	Cost     int64     `json:"cost_percent,omitempty"`
	Measured bool      `json:"measured"`
}

// formOf is the protocol's word for a form.
func formOf(word string) string {
	if word == "h264" {
		return request.RecordMade
	}
	return word
}

// wordOf is how a form is called on a command line.
func wordOf(form string) string {
	if form == request.RecordMade {
		return "h264"
	}
	return form
}

// Run asks the hub, and says how it is now.
func (r *CamerasRecordCommand) Run(ctx context.Context, c *console) error {
	s, v, err := r.look(ctx, c)
	if err != nil {
		return err
	}
	list := own(s, v)
	if r.Name != "" {
		camera, err := cameraInUse(v, r.Name)
		if err != nil {
			return err
		}
		list = []manifest.NamedCam{camera}
	}
	if r.Form != "" {
		_, err := s.Do(ctx, request.Op{Kind: request.OpSetRecorded, Camera: list[0].ID, Recorded: formOf(r.Form)})
		if err != nil && r.Form == "small" && refusedAs(err, request.RefusedNotFound) {
			return fmt.Errorf("%s has no second stream that the hub knows of: keyhold cameras small NAME ADDRESS", list[0].Name)
		}
		if err != nil {
			return fmt.Errorf("set how it is recorded: %w", err)
		}
		c.say("What is recorded from now on is so; what was recorded before stays as it is.")
	}
	reply, err := s.Do(ctx, request.Op{Kind: request.OpRecorded})
	if err != nil {
		return fmt.Errorf("ask how cameras are recorded: %w", err)
	}
	return r.tell(c, list, reply.Result.Recorded)
}

func (r *CamerasRecordCommand) tell(c *console, list []manifest.NamedCam, told []request.Recorded) error {
	for _, camera := range list {
		for _, one := range told {
			if one.Camera != camera.ID {
				continue
			}
			if r.JSON {
				line := recordLine{ID: camera.ID, Name: camera.Name, Form: wordOf(one.Form), Sent: one.Sent, Small: one.Small, Cost: one.Cost, Measured: one.Measured}
				if err := c.object(line); err != nil {
					return err
				}
				continue
			}
			c.answer("%-20s  %s", camera.Name, formWords(one))
		}
	}
	return nil
}

// formWords say in which form a camera is recorded, and what another would cost.
func formWords(one request.Recorded) string {
	other := one.Sent != "" && one.Sent != "h264"
	switch {
	case one.Form == request.RecordSmall:
		return "its second stream is recorded"
	case one.Form == request.RecordMade && one.Measured:
		return fmt.Sprintf("the hub makes H.264 of its %s, and records that: %d %% of one processor core, measured", codecWords(one.Sent), one.Cost)
	case one.Form == request.RecordMade && other:
		return fmt.Sprintf("the hub is to make H.264 of its %s; it has just begun, or cannot (is ffmpeg installed, and the hub quick enough?), and records what comes", codecWords(one.Sent))
	case one.Form == request.RecordMade:
		return "as it sends it, while that is H.264"
	case other && one.Cost > 0:
		return fmt.Sprintf("as it sends it: %s, which not every browser plays; to make H.264 of it would take about %d %% of one processor core", codecWords(one.Sent), one.Cost)
	default:
		return strings.TrimRight("as it sends it: "+codecWords(one.Sent), ": ")
	}
}

func codecWords(codec string) string {
	switch codec {
	case "h264":
		return "H.264"
	case "h265":
		return "H.265"
	default:
		return codec
	}
}

// choiceWords say what there is to choose of a camera that was found.
func choiceWords(choice *finding.Choice) string {
	cost := "the hub could not make H.264 of it just now"
	if choice.Cost > 0 {
		cost = fmt.Sprintf("--record h264 takes %d %% of one processor core of the hub, measured just now", choice.Cost)
	}
	small := ""
	if choice.Small {
		small = ", --record small keeps its smaller H.264"
	}
	return "sends H.265, which Chromium and its relatives do not play: " + cost + small + ", --record sent keeps it as it is"
}

func refusedAs(err error, word string) bool {
	var no *session.RefusedError
	return errors.As(err, &no) && no.Word == word
}
