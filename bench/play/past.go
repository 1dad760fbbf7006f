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
	"keyhold/home/hub"
	"keyhold/member/pair"
	"keyhold/member/session"
	"keyhold/statement/id"
	"keyhold/statement/pairing"
	"keyhold/statement/request"
)

// begin founds the household and adds the camera on a clock that is behind by so much, so that what is recorded
// afterwards lies in the past. Cloud and hub are the real ones, in this process because the programs take no clock.
func begin(ctx context.Context, w *harness.World, behind time.Duration) (camera id.Camera, err error) {
	now := func() time.Time { return time.Now().Add(-behind) }
	cloud, err := serve.Open(ctx, serve.Config{Data: w.Path("cloud"), Log: slog.New(slog.DiscardHandler), Now: now})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, cloud.Close()) }()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", w.CloudAddress)
	if err != nil {
		return "", fmt.Errorf("listen for the cloud: %w", err)
	}
	serving, stopCloud := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- cloud.Serve(serving, l) }()
	defer func() {
		stopCloud()
		err = errors.Join(err, <-served)
	}()

	codes, ready := make(chan pairing.Code, 1), make(chan id.Household, 1)
	h := &hub.Hub{
		Dir: w.Path("hub"), Cloud: w.CloudURL(), Now: now,
		ShowCode: func(c pairing.Code) { codes <- c }, Serving: func(h id.Household) { ready <- h },
	}
	running, stopHub := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- h.Run(running) }()
	defer func() {
		stopHub()
		err = errors.Join(err, <-ended)
	}()

	patient, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	code, err := await(patient, codes, "the hub's code")
	if err != nil {
		return "", err
	}
	client := &api.Client{Base: w.CloudURL(), HTTP: new(http.Client), Now: now}
	maker := &pair.Maker{
		Client: client, Now: now, Rand: rand.Reader, Step: func(string) {},
		Confirm: func([]string, id.Household) error { return nil },
	}
	folder, _, err := maker.Make(patient, pair.Wish{
		Code: code.String(), PersonName: harness.PersonName, DeviceName: harness.DeviceName, Zone: "Europe/Berlin", Dir: w.Path("device"),
	})
	if err != nil {
		return "", err
	}
	if _, err := await(patient, ready, "the hub recording"); err != nil {
		return "", err
	}
	member, err := session.Open(folder, client)
	if err != nil {
		return "", err
	}
	member.Now = now
	reply, err := member.Do(patient, request.Op{Kind: request.OpAddCamera, Name: "Front door", URL: w.CameraURL("door")})
	if err != nil {
		return "", fmt.Errorf("add the camera: %w", err)
	}
	return reply.Result.Camera, nil
}

func await[T any](ctx context.Context, c <-chan T, what string) (v T, err error) {
	select {
	case v = <-c:
		return v, nil
	case <-ctx.Done():
		return v, fmt.Errorf("%s did not come: %w", what, ctx.Err())
	}
}
