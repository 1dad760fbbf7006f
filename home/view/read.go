// SPDX-License-Identifier: Apache-2.0

package view

import (
	"crypto/rand"
	"slices"

	"keyhold/statement/id"
	"keyhold/statement/signal"
)

// A Reader is an integration that reads a camera's picture. It is nobody of the roster: an owner has given it what it may,
// by a wish with a gesture.
type Reader struct {
	Camera id.Camera
	Device id.Device
	Person id.Person
	Wish   id.Hash
	// May says whether it may read that camera now. It is asked again whenever something may have changed.
	May func() bool
}

// RefusedError says by which word of a view a reader gets nothing.
type RefusedError string

func (r RefusedError) Error() string { return "view: a reader was refused: " + string(r) }

// Read is a look like any other: when it returns, the leaf is in the manifest, and once the members are being told, conn
// may play. The end is written down when conn is done.
func (d *Desk) Read(r Reader, conn Conn) error {
	o, err := d.admitReader(r)
	if err != nil {
		return err
	}
	if err := d.begin(o, conn); err != nil {
		d.forget(o)
		return err
	}
	d.c.Log.Info("an integration begins to read", "camera", string(r.Camera))
	d.Follow() // from here on one that may not any more is found by it
	d.shown(o)
	d.goOn(func() { // where the desk is closed meanwhile, the next start ends it
		d.wg.Go(func() {
			d.tell(false, d.devices()...)
			conn.Play()
		})
		<-conn.Done()
		d.end(o, conn)
	})
	return nil
}

// admitReader asks what admit asks of a device.
func (d *Desk) admitReader(r Reader) (*open, error) {
	if !r.May() {
		return nil, RefusedError(signal.Denied)
	}
	list, err := d.c.InUse(d.work)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(list, r.Camera) {
		return nil, RefusedError(signal.NotFound)
	}
	if d.c.Private(r.Camera) {
		return nil, RefusedError(signal.Private)
	}
	view, err := id.NewView(rand.Reader)
	if err != nil {
		return nil, err
	}
	offer := &signal.Signal{Cameras: []id.Camera{r.Camera}, From: r.Device, View: view}
	o, word := d.enter(offer, r.Person, r.Wish, r.May)
	if word != "" {
		return nil, RefusedError(word)
	}
	return o, nil
}
