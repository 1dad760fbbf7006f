// SPDX-License-Identifier: Apache-2.0

/**
 * Moves a self-contained fragmented MP4 to a place on the media line.
 *
 * Track times start anew with each connection to the camera, and gaps are left out of the line, so
 * the decode time of every fragment is rewritten: its tracks keep their distance to each other.
 * Only box headers, mdhd, tkhd, tfdt and the start of trun are read; anything out of shape is an error.
 */
export interface Moved {
  /** Everything before the first fragment: ftyp, moov. */
  head: Uint8Array;
  /** The fragments, with their new times. */
  body: Uint8Array;
  /** The track that leads: its first frame stands where the segment was moved to. */
  lead: Lead;
  /** The four letters that name how its pictures are coded, such as avc1; '' if it does not say. */
  kind: string;
}

export interface Lead {
  trackId: number;
  timescale: number;
}

interface Box {
  type: string;
  /** Of the content. */
  from: number;
  until: number;
  /** Of the whole box. */
  start: number;
}

export class Mp4Error extends Error {}

function boxes(view: DataView, from: number, until: number): Box[] {
  const found: Box[] = [];
  let at = from;
  while (at < until) {
    if (at + 8 > until) throw new Mp4Error('a box header is cut off');
    let size = view.getUint32(at);
    let header = 8;
    if (size === 1) {
      if (at + 16 > until) throw new Mp4Error('a box header is cut off');
      size = Number(view.getBigUint64(at + 8));
      header = 16;
    } else if (size === 0) {
      size = until - at;
    }
    if (size < header || at + size > until) throw new Mp4Error('a box is larger than its parent');
    const type = String.fromCharCode(
      view.getUint8(at + 4),
      view.getUint8(at + 5),
      view.getUint8(at + 6),
      view.getUint8(at + 7),
    );
    found.push({ type, start: at, from: at + header, until: at + size });
    at += size;
  }
  return found;
}

const inside = (view: DataView, box: Box): Box[] => boxes(view, box.from, box.until);

function child(view: DataView, parent: Box, type: string): Box {
  const box = inside(view, parent).find((one) => one.type === type);
  if (!box) throw new Mp4Error(`${parent.type} lacks ${type}`);
  return box;
}

interface Track {
  id: number;
  timescale: number;
  video: boolean;
  kind: string;
}

/** The type of the first entry in a track's description. */
function kindOf(view: DataView, mdia: Box): string {
  let at: Box | undefined = mdia;
  for (const type of ['minf', 'stbl', 'stsd']) {
    at = inside(view, at).find((box) => box.type === type);
    if (!at) return '';
  }
  return boxes(view, at.from + 8, at.until)[0]?.type ?? '';
}

function tracksOf(view: DataView, moov: Box): Map<number, Track> {
  const tracks = new Map<number, Track>();
  for (const trak of inside(view, moov).filter((box) => box.type === 'trak')) {
    const tkhd = child(view, trak, 'tkhd');
    const id = view.getUint32(tkhd.from + (view.getUint8(tkhd.from) === 1 ? 20 : 12));
    const mdia = child(view, trak, 'mdia');
    const mdhd = child(view, mdia, 'mdhd');
    const timescale = view.getUint32(mdhd.from + (view.getUint8(mdhd.from) === 1 ? 20 : 12));
    if (timescale === 0) throw new Mp4Error('a track has no time scale');
    const hdlr = child(view, mdia, 'hdlr');
    const video = view.getUint32(hdlr.from + 8) === 0x76696465;
    tracks.set(id, { id, timescale, video, kind: kindOf(view, mdia) });
  }
  if (tracks.size === 0) throw new Mp4Error('there is no track');
  return tracks;
}

interface Time {
  track: Track;
  at: number;
  wide: boolean;
  value: number;
  /** How much later than decoded the first frame is shown. */
  shown: number;
}

function shownAfter(view: DataView, trun: Box | undefined): number {
  if (!trun || trun.until - trun.from < 8) return 0;
  const flags = view.getUint32(trun.from) & 0xffffff;
  if ((flags & 0x800) === 0 || view.getUint32(trun.from + 4) === 0) return 0;
  const before = [0x1, 0x4, 0x100, 0x200, 0x400].filter((flag) => (flags & flag) !== 0).length;
  const at = trun.from + 8 + 4 * before;
  if (at + 4 > trun.until) throw new Mp4Error('a list of frames is cut off');
  return view.getInt32(at);
}

function timesOf(view: DataView, fragment: Box, tracks: Map<number, Track>): Time[] {
  return inside(view, fragment)
    .filter((box) => box.type === 'traf')
    .map((traf) => {
      const track = tracks.get(view.getUint32(child(view, traf, 'tfhd').from + 4));
      if (!track) throw new Mp4Error('a fragment names a track that is not described');
      const tfdt = child(view, traf, 'tfdt');
      const wide = view.getUint8(tfdt.from) === 1;
      const at = tfdt.from + 4;
      const value = wide ? Number(view.getBigUint64(at)) : view.getUint32(at);
      const trun = inside(view, traf).find((box) => box.type === 'trun');
      return { track, at, wide, value, shown: shownAfter(view, trun) };
    });
}

/** Returns new bytes; `segment` stays as it is. */
export function moveTo(segment: Uint8Array, seconds: number): Moved {
  const bytes = segment.slice();
  const view = new DataView(bytes.buffer);
  const top = boxes(view, 0, bytes.length);
  const moov = top.find((box) => box.type === 'moov');
  const fragments = top.filter((box) => box.type === 'moof');
  const first = fragments[0];
  if (!moov || !first || moov.start > first.start) {
    throw new Mp4Error('not a self-contained fragmented MP4');
  }
  const tracks = tracksOf(view, moov);
  const times = fragments.flatMap((fragment) => timesOf(view, fragment, tracks));
  // The picture leads: its first frame stands exactly at the wished second.
  const anchor = times.find((time) => time.track.video) ?? times[0];
  if (!anchor) throw new Mp4Error('a fragment without a track');
  const scale = anchor.track.timescale;
  const shown = Math.min(anchor.shown, seconds * scale);
  const shift = seconds - (anchor.value + shown) / scale;
  for (const time of times) {
    // Sound that begins a little before the picture of the very first segment is cut to 0.
    const value = Math.max(0, time.value + Math.round(shift * time.track.timescale));
    if (time.wide) view.setBigUint64(time.at, BigInt(value));
    else if (value < 2 ** 32) view.setUint32(time.at, value);
    else throw new Mp4Error('a decode time does not fit into 32 bits');
  }
  return {
    head: bytes.subarray(0, first.start),
    body: bytes.subarray(first.start),
    lead: { trackId: anchor.track.id, timescale: scale },
    kind: anchor.track.video ? anchor.track.kind : '',
  };
}
