// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"keyhold/api"
	"keyhold/cloud/serve"
	"keyhold/e2e/harness"
	"keyhold/home/gesture"
	"keyhold/home/hub"
	"keyhold/member/device"
	"keyhold/member/pair"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/pairing"
	"keyhold/statement/request"
	"keyhold/statement/roster"
)

// home is a household whose hub runs.
type home struct {
	member *session.Session
	owner  *device.Secret
	codes  chan gesture.Request
	took   chan time.Duration // of each change of the roster, by the hub's own account
}

// ear picks out of the hub's log how long a change of the roster took, and drops the rest.
type ear struct{ took chan time.Duration }

func (e ear) Enabled(context.Context, slog.Level) bool { return true }

func (e ear) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "the roster moved" {
		r.Attrs(func(a slog.Attr) bool {
			if a.Key == "took" {
				e.took <- a.Value.Duration()
			}
			return true
		})
	}
	return nil
}

func (e ear) WithAttrs([]slog.Attr) slog.Handler { return e }
func (e ear) WithGroup(string) slog.Handler      { return e }

// changes starts a cloud and a hub, fills the house, and brings in and removes a person again and again. It returns how
// long the hub took for each, in milliseconds.
func changes(ctx context.Context, w *harness.World, rounds int) (added, removed []float64, err error) {
	cloud, err := serve.Open(ctx, serve.Config{Data: w.Path("cloud"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, cloud.Close()) }()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", w.CloudAddress)
	if err != nil {
		return nil, nil, fmt.Errorf("listen for the cloud: %w", err)
	}
	serving, stopCloud := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- cloud.Serve(serving, l) }()
	defer func() {
		stopCloud()
		err = errors.Join(err, <-served)
	}()

	h := &home{codes: make(chan gesture.Request, 1), took: make(chan time.Duration, 64)}
	codes, ready := make(chan pairing.Code, 1), make(chan id.Household, 1)
	program := &hub.Hub{
		Dir: w.Path("hub"), Cloud: w.CloudURL(),
		Log:      slog.New(ear{h.took}),
		ShowCode: func(c pairing.Code) { codes <- c }, Serving: func(h id.Household) { ready <- h },
		ShowGesture: func(g gesture.Request) { h.codes <- g },
	}
	running, stopHub := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- program.Run(running) }()
	defer func() {
		stopHub()
		err = errors.Join(err, <-ended)
	}()

	patient, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	code, err := await(patient, codes, "the hub's code")
	if err != nil {
		return nil, nil, err
	}
	if err := h.found(patient, w, code); err != nil {
		return nil, nil, err
	}
	if _, err := await(patient, ready, "the hub recording"); err != nil {
		return nil, nil, err
	}
	if err := h.fill(patient, w); err != nil {
		return nil, nil, err
	}
	for range rounds {
		person, took, err := h.bring(patient, roster.Viewer)
		if err != nil {
			return nil, nil, fmt.Errorf("bring in a person: %w", err)
		}
		added = append(added, milliseconds(took))
		if took, err = h.remove(patient, person); err != nil {
			return nil, nil, fmt.Errorf("remove a person: %w", err)
		}
		removed = append(removed, milliseconds(took))
	}
	return added, removed, nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func await[T any](ctx context.Context, c <-chan T, what string) (v T, err error) {
	select {
	case v = <-c:
		return v, nil
	case <-ctx.Done():
		return v, fmt.Errorf("%s did not come: %w", what, ctx.Err())
	}
}

// found begins the household.
func (h *home) found(ctx context.Context, w *harness.World, code pairing.Code) error {
	client := &api.Client{Base: w.CloudURL(), HTTP: new(http.Client), Now: time.Now}
	maker := &pair.Maker{
		Client: client, Now: time.Now, Rand: rand.Reader, Step: func(string) {},
		Confirm: func([]string, id.Household) error { return nil },
	}
	folder, _, err := maker.Make(ctx, pair.Wish{
		Code: code.String(), PersonName: harness.PersonName, DeviceName: harness.DeviceName, Zone: "Europe/Berlin", Dir: w.Path("device"),
	})
	if err != nil {
		return err
	}
	if h.owner, err = folder.Secret(); err != nil {
		return err
	}
	h.member, err = session.Open(folder, client)
	return err
}

// fill adds the cameras, and people with two devices each until all but one of the devices are there: the last comes
// with the person who is measured.
func (h *home) fill(ctx context.Context, w *harness.World) error {
	for n := range cameras {
		path := fmt.Sprintf("camera%d", n)
		if _, err := h.member.Do(ctx, request.Op{Kind: request.OpAddCamera, Name: path, URL: w.CameraURL(path)}); err != nil {
			return fmt.Errorf("add a camera: %w", err)
		}
	}
	roles := []roster.Role{roster.Owner, roster.Guardian, roster.Viewer, roster.Guest}
	for n := 1; n < devices-1; n++ {
		if _, _, err := h.bring(ctx, roles[n%len(roles)]); err != nil {
			return fmt.Errorf("fill the house: %w", err)
		}
	}
	return nil
}

// bring brings in a person with a device.
func (h *home) bring(ctx context.Context, role roster.Role) (id.Person, time.Duration, error) {
	d, err := device.NewSecret(rand.Reader)
	if err != nil {
		return "", 0, err
	}
	person, err := id.NewPerson(rand.Reader)
	if err != nil {
		return "", 0, err
	}
	e, err := h.member.Roster.NewLink(time.Now().UnixMilli(), roster.AddPerson{Device: d.Public(), Person: person, Rights: rightsOf(role), Role: role})
	if err != nil {
		return "", 0, err
	}
	e.Sign(h.owner.ID(), h.owner.Sign())
	e.Sign(d.ID(), d.Sign())
	took, err := h.order(ctx, request.Op{Kind: request.OpAppendLink, Link: e.Encode(), Name: "Phone", PersonName: "Somebody"})
	return person, took, err
}

func (h *home) remove(ctx context.Context, person id.Person) (time.Duration, error) {
	e, err := h.member.Roster.RemovePerson(time.Now().UnixMilli(), person)
	if err != nil {
		return 0, err
	}
	e.Sign(h.owner.ID(), h.owner.Sign())
	return h.order(ctx, request.Op{Kind: request.OpRemove, Removal: e.Encode()})
}

// order has a change made, with the code that the hub shows, and returns how long the hub took for it.
func (h *home) order(ctx context.Context, op request.Op) (time.Duration, error) {
	reply, err := h.member.Do(ctx, op)
	if no := new(session.RefusedError); errors.As(err, &no) && no.Word == request.RefusedGesture {
		g, err := await(ctx, h.codes, "a code")
		if err != nil {
			return 0, err
		}
		op.Gesture = &request.Gesture{Code: g.Code}
		if reply, err = h.member.Do(ctx, op); err != nil {
			return 0, err
		}
	} else if err != nil {
		return 0, err
	}
	next := h.member.Roster.Clone()
	if err := next.Append(reply.Result.Link); err != nil {
		return 0, err
	}
	if err := h.member.SetRoster(next); err != nil {
		return 0, err
	}
	return await(ctx, h.took, "the hub's own account")
}
