// SPDX-License-Identifier: Apache-2.0

package talk

import (
	"bytes"
	"context"
	"slices"
	"time"

	"keyhold/statement/command"
	"keyhold/statement/id"
	"keyhold/statement/roster"
)

// Try lets the chime alone be heard at a camera, by the line that open claims: so somebody hears whether that is one.
// Whoever wants it may talk there, and nobody else talks meanwhile. It is no talk, so it is not on the record: nothing of
// anybody is heard. The word is how it ended, Said if the camera took all of it; the error is what open said.
func (d *Desk) Try(ctx context.Context, by Viewer, camera id.Camera, open func(context.Context) (Line, error)) (string, error) {
	if why := d.may(by.Device, roster.Talk, camera); why != "" {
		return wordOf(why), nil
	}
	by.Say = func(any) {}
	k := newCall(d, &visit{desk: d, Viewer: by}, &command.Command{Target: camera}, id.Hash{})
	if word := d.take(k); word != "" {
		return word, nil
	}
	defer d.wg.Done()
	defer d.forget(k)
	defer k.end(Said)
	stop := context.AfterFunc(ctx, func() { k.end(Lost) })
	defer stop()
	line, err := open(k.ctx)
	if err != nil {
		return Camera, err
	}
	defer line.Close()
	// A camera that refuses may take its time for it.
	if k.play(line, time.Now(), slices.Concat(d.chime, cut(bytes.Repeat([]byte{quietLaw}, 2*tail)))) {
		return Said, nil
	}
	return k.why(), nil
}

// take puts a call on the list, unless somebody talks there.
func (d *Desk) take(k *call) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return Lost
	case d.calls[k.leaf.Camera] != nil:
		return Busy
	}
	d.calls[k.leaf.Camera] = k
	d.wg.Add(1)
	return ""
}
