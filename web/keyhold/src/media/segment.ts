// SPDX-License-Identifier: Apache-2.0

import { boxes, find, inside, Mp4Error, need, viewOf, type Box } from './boxes.ts';

/** One self-contained fragmented MP4, taken apart. */
export interface Segment {
  readonly tracks: readonly Track[];
  /** The contents of the mdat boxes, in order. */
  readonly payloads: readonly Uint8Array[];
}

export interface Track {
  readonly id: number;
  readonly timescale: number;
  readonly video: boolean;
  /** tkhd's width and height, 16.16. */
  readonly width: number;
  readonly height: number;
  /** The sample entry, whole. */
  readonly entry: Uint8Array;
  readonly samples: readonly Sample[];
  /** Decode time of the first sample. */
  readonly start: number;
}

export interface Sample {
  readonly duration: number;
  readonly size: number;
  readonly sync: boolean;
  /** Presentation minus decode time. */
  readonly shift: number;
  /** Place in the concatenated payloads. */
  readonly at: number;
}

interface Description {
  readonly id: number;
  readonly timescale: number;
  readonly video: boolean;
  readonly width: number;
  readonly height: number;
  readonly entry: Uint8Array;
  readonly defaults: Defaults;
}

interface Defaults {
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

const notSync = 0x10000;
const mostSamples = 100_000;

export function takeApart(bytes: Uint8Array): Segment {
  const view = viewOf(bytes);
  const top = boxes(view, 0, bytes.length);
  const moov = top.find((one) => one.type === 'moov');
  if (moov === undefined) throw new Mp4Error('there is no moov');
  const described = describe(bytes, view, moov);
  const mdats = top.filter((one) => one.type === 'mdat');
  const places = placesOf(mdats);
  const samples = new Map<number, { list: Sample[]; start: number }>();
  for (const moof of top.filter((one) => one.type === 'moof')) {
    for (const traf of inside(view, moof).filter((one) => one.type === 'traf')) {
      readFragment(view, moof, traf, described, places, samples);
    }
  }
  const tracks = described.map(({ defaults: _, ...track }) => {
    const found = samples.get(track.id);
    return { ...track, samples: found?.list ?? [], start: found?.start ?? 0 };
  });
  return { tracks, payloads: mdats.map((mdat) => bytes.subarray(mdat.from, mdat.until)) };
}

type Places = (at: number) => number;

/** From a place in the segment to one in the concatenated payloads. */
function placesOf(mdats: readonly Box[]): Places {
  return (at) => {
    let before = 0;
    for (const mdat of mdats) {
      if (at >= mdat.from && at <= mdat.until) return before + at - mdat.from;
      before += mdat.until - mdat.from;
    }
    throw new Mp4Error('a sample lies outside of the payloads');
  };
}

function describe(bytes: Uint8Array, view: DataView, moov: Box): Description[] {
  const mvex = find(view, moov, 'mvex');
  const trex = mvex === undefined ? [] : inside(view, mvex).filter((one) => one.type === 'trex');
  return inside(view, moov)
    .filter((one) => one.type === 'trak')
    .map((trak) => {
      const tkhd = need(view, trak, 'tkhd');
      const id = view.getUint32(tkhd.from + (view.getUint8(tkhd.from) === 1 ? 20 : 12));
      const mdia = need(view, trak, 'mdia');
      const mdhd = need(view, mdia, 'mdhd');
      const timescale = view.getUint32(mdhd.from + (view.getUint8(mdhd.from) === 1 ? 20 : 12));
      if (timescale === 0) throw new Mp4Error('a track has no time scale');
      const handler = view.getUint32(need(view, mdia, 'hdlr').from + 8);
      const stbl = need(view, need(view, mdia, 'minf'), 'stbl');
      const stsd = need(view, stbl, 'stsd');
      const [entry] = boxes(view, stsd.from + 8, stsd.until);
      if (entry === undefined) throw new Mp4Error('a track has no sample entry');
      const own = trex.find((one) => view.getUint32(one.from + 4) === id);
      return {
        id,
        timescale,
        video: handler === 0x76696465,
        width: view.getUint32(tkhd.until - 8),
        height: view.getUint32(tkhd.until - 4),
        entry: bytes.slice(entry.start, entry.until),
        defaults: {
          duration: own === undefined ? 0 : view.getUint32(own.from + 12),
          size: own === undefined ? 0 : view.getUint32(own.from + 16),
          flags: own === undefined ? 0 : view.getUint32(own.from + 20),
        },
      };
    });
}

function readFragment(
  view: DataView,
  moof: Box,
  traf: Box,
  described: readonly Description[],
  places: Places,
  samples: Map<number, { list: Sample[]; start: number }>,
): void {
  const tfhd = need(view, traf, 'tfhd');
  const id = view.getUint32(tfhd.from + 4);
  const track = described.find((one) => one.id === id);
  if (track === undefined) throw new Mp4Error('a fragment of a track that is not described');
  const flags = view.getUint32(tfhd.from) & 0xffffff;
  let at = tfhd.from + 8;
  let base = moof.start;
  if (flags & 0x1) {
    base = Number(view.getBigUint64(at));
    at += 8;
  }
  if (flags & 0x2) at += 4;
  const take = (bit: number, other: number): number => {
    if ((flags & bit) === 0) return other;
    at += 4;
    return view.getUint32(at - 4);
  };
  const defaults: Defaults = {
    duration: take(0x8, track.defaults.duration),
    size: take(0x10, track.defaults.size),
    flags: take(0x20, track.defaults.flags),
  };
  const tfdt = need(view, traf, 'tfdt');
  const wide = view.getUint8(tfdt.from) === 1;
  const time = wide ? Number(view.getBigUint64(tfdt.from + 4)) : view.getUint32(tfdt.from + 4);
  let own = samples.get(id);
  if (own === undefined) {
    own = { list: [], start: time };
    samples.set(id, own);
  }
  let next = base;
  for (const trun of inside(view, traf).filter((one) => one.type === 'trun')) {
    next = readRun(view, trun, base, next, defaults, places, own.list);
  }
}

function readRun(
  view: DataView,
  trun: Box,
  base: number,
  after: number,
  defaults: Defaults,
  places: Places,
  list: Sample[],
): number {
  const flags = view.getUint32(trun.from) & 0xffffff;
  const signed = view.getUint8(trun.from) > 0;
  const count = view.getUint32(trun.from + 4);
  if (count > mostSamples) throw new Mp4Error('a run of more samples than a segment can have');
  let at = trun.from + 8;
  let data = after;
  if (flags & 0x1) {
    data = base + view.getInt32(at);
    at += 4;
  }
  let first: number | null = null;
  if (flags & 0x4) {
    first = view.getUint32(at);
    at += 4;
  }
  const take = (bit: number, other: number): number => {
    if ((flags & bit) === 0) return other;
    if (at + 4 > trun.until) throw new Mp4Error('a run of samples is cut off');
    at += 4;
    return view.getUint32(at - 4);
  };
  for (let i = 0; i < count; i++) {
    const duration = take(0x100, defaults.duration);
    const size = take(0x200, defaults.size);
    const sampleFlags = take(0x400, i === 0 && first !== null ? first : defaults.flags);
    const shift = take(0x800, 0);
    list.push({
      duration,
      size,
      sync: (sampleFlags & notSync) === 0,
      shift: signed ? shift | 0 : shift,
      at: places(data),
    });
    data += size;
  }
  return data;
}
