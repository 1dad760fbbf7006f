// SPDX-License-Identifier: Apache-2.0

package media

import "encoding/binary"

// A boxWriter builds boxes in memory. ISO/IEC 14496-12 names every field that is written here.
type boxWriter struct{ b []byte }

func (w *boxWriter) u16(v uint16) { w.b = binary.BigEndian.AppendUint16(w.b, v) }
func (w *boxWriter) u32(v ...uint32) {
	for _, x := range v {
		w.b = binary.BigEndian.AppendUint32(w.b, x)
	}
}
func (w *boxWriter) u64(v uint64)  { w.b = binary.BigEndian.AppendUint64(w.b, v) }
func (w *boxWriter) text(s string) { w.b = append(w.b, s...) }
func (w *boxWriter) zeros(n int)   { w.b = append(w.b, make([]byte, n)...) }

func (w *boxWriter) box(name string, inside func()) {
	at := len(w.b)
	w.u32(0)
	w.text(name)
	inside()
	binary.BigEndian.PutUint32(w.b[at:], uint32(len(w.b)-at))
}

// full is a box with version and flags.
func (w *boxWriter) full(name string, version byte, flags uint32, inside func()) {
	w.box(name, func() {
		w.u32(uint32(version)<<24 | flags)
		inside()
	})
}

func (w *boxWriter) matrix() { w.u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000) }

// movie writes the moov box. head is hidden at the start; shown is what is left, both in 1/90000 s.
func (w *boxWriter) movie(video, audio *output, head, shown int64) {
	w.box("moov", func() {
		w.full("mvhd", 1, 0, func() {
			w.u64(0)
			w.u64(0)
			w.u32(scale)
			w.u64(uint64(shown))
			w.u32(0x10000)
			w.u16(0x100)
			w.zeros(10)
			w.matrix()
			w.zeros(24)
			w.u32(3)
		})
		w.track(video, 1, head, shown)
		if audio != nil && len(audio.units) > 0 {
			w.track(audio, 2, head, shown)
		}
	})
}

func (w *boxWriter) track(t *output, id uint32, head, shown int64) {
	first := t.units[0].dts // may lie before 0: pictures decoded before the first is shown, sound heard before it
	// What is shown starts at head, in export time.
	start := mulDiv(head, t.timescale, scale)
	end := start + mulDiv(shown, t.timescale, scale)
	late := max(first-start, 0) // silence before the first sound
	if t.video {
		late = 0
	}
	length := max(min(t.lastShown(), end)-start-late, 0)
	w.box("trak", func() {
		w.full("tkhd", 1, 3, func() {
			w.u64(0)
			w.u64(0)
			w.u32(id, 0)
			w.u64(uint64(mulDiv(late+length, scale, t.timescale)))
			w.zeros(8)
			w.u16(0)
			w.u16(uint16(id - 1))
			if t.video {
				w.u16(0)
			} else {
				w.u16(0x100)
			}
			w.u16(0)
			w.matrix()
			w.u32(uint32(t.width)<<16, uint32(t.height)<<16)
		})
		w.box("edts", func() {
			w.full("elst", 1, 0, func() {
				edits := uint32(1)
				if late > 0 {
					edits = 2
				}
				w.u32(edits)
				if late > 0 {
					w.u64(uint64(mulDiv(late, scale, t.timescale)))
					w.u64(1<<64 - 1)
					w.u32(0x10000)
				}
				w.u64(uint64(mulDiv(length, scale, t.timescale)))
				w.u64(uint64(start + late - first))
				w.u32(0x10000)
			})
		})
		w.box("mdia", func() {
			w.full("mdhd", 1, 0, func() {
				w.u64(0)
				w.u64(0)
				w.u32(uint32(t.timescale))
				w.u64(uint64(t.end() - first))
				w.u16(0x55c4)
				w.u16(0)
			})
			w.full("hdlr", 0, 0, func() {
				w.u32(0)
				if t.video {
					w.text("vide")
				} else {
					w.text("soun")
				}
				w.zeros(12)
				w.text("keyhold\x00")
			})
			w.box("minf", func() {
				if t.video {
					w.full("vmhd", 0, 1, func() { w.zeros(8) })
				} else {
					w.full("smhd", 0, 0, func() { w.zeros(4) })
				}
				w.box("dinf", func() {
					w.full("dref", 0, 0, func() {
						w.u32(1)
						w.full("url ", 0, 1, func() {})
					})
				})
				w.box("stbl", func() { w.table(t) })
			})
		})
	})
}

// lastShown is the export time at which the last unit's showing ends.
func (t *output) lastShown() int64 {
	var end int64
	for i := max(len(t.units)-32, 0); i < len(t.units); i++ {
		u := &t.units[i]
		end = max(end, u.dts+int64(u.offset)+int64(u.duration))
	}
	return end
}

// A run counts equal values in a row.
type run struct{ n, v uint32 }

func push(runs []run, v uint32) []run {
	if k := len(runs); k > 0 && runs[k-1].v == v {
		runs[k-1].n++
		return runs
	}
	return append(runs, run{1, v})
}

func (w *boxWriter) runs(r []run) {
	w.u32(uint32(len(r)))
	for _, x := range r {
		w.u32(x.n, x.v)
	}
}

// A chunk is a row of units that lie end to end in the file.
type chunk struct {
	pos   int64
	n     uint32
	entry uint32
}

func (w *boxWriter) table(t *output) {
	var durations, offsets []run
	var syncs []uint32
	var chunks []chunk
	shifted := false
	after := int64(-1)
	for i := range t.units {
		u := &t.units[i]
		d := int64(u.duration)
		if i+1 < len(t.units) {
			// Joints and stretched sound: a unit lasts until the next one begins.
			d = max(t.units[i+1].dts-u.dts, 1)
		}
		durations = push(durations, uint32(d))
		offsets = push(offsets, uint32(u.offset))
		shifted = shifted || u.offset != 0
		if u.sync {
			syncs = append(syncs, uint32(i+1))
		}
		if k := len(chunks); k > 0 && after == u.pos && chunks[k-1].entry == u.entry && chunks[k-1].n < 64 {
			chunks[k-1].n++
		} else {
			chunks = append(chunks, chunk{u.pos, 1, u.entry})
		}
		after = u.pos + int64(u.size)
	}
	w.full("stsd", 0, 0, func() {
		w.u32(uint32(len(t.entries)))
		for _, e := range t.entries {
			w.b = append(w.b, e...)
		}
	})
	w.full("stts", 0, 0, func() { w.runs(durations) })
	if shifted {
		w.full("ctts", 1, 0, func() { w.runs(offsets) })
	}
	if t.video && len(syncs) < len(t.units) {
		w.full("stss", 0, 0, func() {
			w.u32(uint32(len(syncs)))
			w.u32(syncs...)
		})
	}
	w.full("stsc", 0, 0, func() {
		at := len(w.b)
		w.u32(0)
		n := uint32(0)
		for i, c := range chunks {
			if i == 0 || c.n != chunks[i-1].n || c.entry != chunks[i-1].entry {
				w.u32(uint32(i+1), c.n, c.entry)
				n++
			}
		}
		binary.BigEndian.PutUint32(w.b[at:], n)
	})
	w.full("stsz", 0, 0, func() {
		w.u32(0, uint32(len(t.units)))
		for i := range t.units {
			w.u32(t.units[i].size)
		}
	})
	if last := chunks[len(chunks)-1].pos; last > 1<<32-1 {
		w.full("co64", 0, 0, func() {
			w.u32(uint32(len(chunks)))
			for _, c := range chunks {
				w.u64(uint64(c.pos))
			}
		})
		return
	}
	w.full("stco", 0, 0, func() {
		w.u32(uint32(len(chunks)))
		for _, c := range chunks {
			w.u32(uint32(c.pos))
		}
	})
}
