// SPDX-License-Identifier: Apache-2.0

package push

import "keyhold/statement/id"

// way is how far a message had come when: in ms after what it tells of happened, 0 where it is not known. It is kept in
// memory alone: it says how one message went, and a hub that starts anew has the next one.
type way struct {
	seq     int64
	left    int64 // the hub handed it to the cloud for the first time
	brought int64 // the push service had it
	took    int64 // the phone had it, as it says itself
}

// leaves notes that the hub hands a message to the cloud.
func (d *Desk) leaves(m Message) {
	now := d.c.Now().UnixMilli()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.going[m.Device].seq < m.Seq { // tried again, it has left before; behind a newer one nobody asks for it
		d.going[m.Device] = way{seq: m.Seq, left: max(1, now-m.At)}
	}
}

// brought notes that the push service has a message.
func (d *Desk) brought(m Message) {
	now := d.c.Now().UnixMilli()
	d.mu.Lock()
	defer d.mu.Unlock()
	if w := d.going[m.Device]; w.seq == m.Seq {
		w.brought = max(w.left, now-m.At)
		d.going[m.Device] = w
	}
}

// came notes that a phone has a message, and how long that took. The phone has another clock than the hub: where the
// message would have come before it had left, nobody knows how much of its way is which part.
func (d *Desk) came(device id.Device, seq, took int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w := d.going[device]
	if w.seq != seq {
		w = way{seq: seq}
	}
	if w.brought > took {
		w.brought = 0
	}
	if w.left > took {
		w.left, w.brought = 0, 0
	}
	w.took = took
	d.ways[device] = w
}

// wayOf is the way of the message that took so long to a phone, as far as it is known.
func (d *Desk) wayOf(device id.Device, took int64) way {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w := d.ways[device]; w.took == took {
		return w
	}
	return way{}
}

// forgetWays forgets those of devices that have gone. mu is held.
func (d *Desk) forgetWays() {
	for _, list := range []map[id.Device]way{d.going, d.ways} {
		for device := range list {
			if d.phones[device] == nil {
				delete(list, device)
			}
		}
	}
}
