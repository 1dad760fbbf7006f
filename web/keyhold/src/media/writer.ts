// SPDX-License-Identifier: Apache-2.0

import { concat, equal, utf8, type Bytes } from '../bytes.ts';
import { box, fullBox, Mp4Error, u16, u32, u64, u8 } from './boxes.ts';
import { takeApart, type Segment, type Track } from './segment.ts';

/**
 * Writes one progressive MP4 out of segments: payloads as they come, the tables at the end. Gaps
 * are left out of the time line; sound keeps its distance to the picture.
 */
interface Output {
  readonly id: number;
  readonly timescale: number;
  readonly video: boolean;
  readonly width: number;
  readonly height: number;
  readonly entries: Uint8Array[];
  /** Empty time before the first sample, in the track's scale. */
  lead: number;
  /** Decode time at which the next sample would follow without a hole. */
  end: number;
  readonly durations: number[];
  readonly sizes: number[];
  readonly shifts: number[];
  /** Numbers of key frames, from 1. */
  readonly syncs: number[];
  readonly chunks: { at: number; samples: number; entry: number }[];
}

const movieScale = 1000;
const matrix = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
const undetermined = 0x55c4;

export class Mp4Writer {
  private readonly outputs: Output[] = [];
  private written = 0;
  private readonly ftyp = box('ftyp', utf8('isom'), u32(0x200), utf8('isomiso2avc1mp41'));

  /** `payload` is the sum of all payloads that will come; it stands in a header before them. */
  constructor(private readonly payload: number) {}

  /** What stands before the first segment. */
  head(): Bytes {
    return concat(this.ftyp, u32(1), utf8('mdat'), u64(this.payload + 16));
  }

  /** Takes a segment; what it returns is written next. */
  add(bytes: Uint8Array): readonly Uint8Array[] {
    const segment = takeApart(bytes);
    this.place(segment);
    this.written += segment.payloads.reduce((sum, part) => sum + part.length, 0);
    if (this.written > this.payload) throw new Mp4Error('more payload than was announced');
    return segment.payloads;
  }

  /** The tables, written last. */
  tail(): Bytes {
    if (this.written !== this.payload) throw new Mp4Error('less payload than was announced');
    const tracks = this.outputs.filter((track) => track.sizes.length > 0);
    const longest = Math.max(0, ...tracks.map((track) => track.end / track.timescale));
    const mvhd = fullBox(
      'mvhd',
      0,
      0,
      u32(0, 0, movieScale, Math.round(longest * movieScale), 0x10000),
      u16(0x100, 0),
      u32(0, 0),
      matrix,
      u32(0, 0, 0, 0, 0, 0, this.outputs.length + 1),
    );
    return box('moov', mvhd, ...tracks.map(trak));
  }

  private place(segment: Segment): void {
    const picture = segment.tracks.find((track) => track.video && track.samples.length > 0);
    const lead = picture ?? segment.tracks.find((track) => track.samples.length > 0);
    if (lead === undefined) return;
    const outputs = segment.tracks.map((track) => this.output(track));
    const leading = outputs[segment.tracks.indexOf(lead)]!;
    // Where this segment's clock stands on the line, in seconds.
    let shift = leading.end / leading.timescale - lead.start / lead.timescale;
    if (outputs.every((output) => output.sizes.length === 0)) {
      const earliest = Math.min(
        ...segment.tracks.filter((t) => t.samples.length > 0).map((t) => t.start / t.timescale),
      );
      shift = -earliest;
    }
    for (const [i, track] of segment.tracks.entries()) this.append(outputs[i]!, track, shift);
  }

  private output(track: Track): Output {
    let output = this.outputs.find(
      (one) => one.video === track.video && one.timescale === track.timescale,
    );
    if (output === undefined) {
      output = {
        id: this.outputs.length + 1,
        timescale: track.timescale,
        video: track.video,
        width: track.width,
        height: track.height,
        entries: [],
        lead: 0,
        end: 0,
        durations: [],
        sizes: [],
        shifts: [],
        syncs: [],
        chunks: [],
      };
      this.outputs.push(output);
    }
    return output;
  }

  private append(output: Output, track: Track, shift: number): void {
    if (track.samples.length === 0) return;
    const start = track.start + Math.round(shift * track.timescale);
    align(output, Math.max(0, start));
    let entry = output.entries.findIndex((one) => equal(one, track.entry));
    if (entry < 0) entry = output.entries.push(track.entry) - 1;
    const base = this.ftyp.length + 16 + this.written;
    let next = -1;
    for (const sample of track.samples) {
      const at = base + sample.at;
      const chunk = output.chunks.at(-1);
      if (at !== next || chunk === undefined) {
        output.chunks.push({ at, samples: 1, entry: entry + 1 });
      } else {
        chunk.samples++;
      }
      next = at + sample.size;
      output.durations.push(sample.duration);
      output.sizes.push(sample.size);
      output.shifts.push(sample.shift);
      if (sample.sync) output.syncs.push(output.sizes.length);
      output.end += sample.duration;
    }
  }
}

/** Moves the end of a track to `start` by the length of its last sample. */
function align(output: Output, start: number): void {
  const off = start - output.end;
  if (off === 0) return;
  if (output.sizes.length === 0) {
    output.lead = start;
    output.end = start;
    return;
  }
  const last = output.durations.length - 1;
  const duration = Math.max(1, output.durations[last]! + off);
  output.end += duration - output.durations[last]!;
  output.durations[last] = duration;
}

function runs(values: readonly number[]): { count: number; value: number }[] {
  const out: { count: number; value: number }[] = [];
  for (const value of values) {
    const last = out.at(-1);
    if (last?.value === value) last.count++;
    else out.push({ count: 1, value });
  }
  return out;
}

function table(type: string, version: number, rows: readonly number[][]): Bytes {
  return fullBox(type, version, 0, u32(rows.length), many(rows.flat(), 4));
}

function sampleTables(track: Output): Bytes {
  const durations = runs(track.durations).map((run) => [run.count, run.value]);
  const tables = [
    fullBox('stsd', 0, 0, u32(track.entries.length), ...track.entries),
    table('stts', 0, durations),
  ];
  if (track.shifts.some((shift) => shift !== 0)) {
    const shifts = runs(track.shifts).map((run) => [run.count, run.value]);
    tables.push(table('ctts', track.shifts.some((shift) => shift < 0) ? 1 : 0, shifts));
  }
  if (track.video)
    tables.push(
      table(
        'stss',
        0,
        track.syncs.map((number) => [number]),
      ),
    );
  const places: number[][] = [];
  for (const [i, chunk] of track.chunks.entries()) {
    const last = places.at(-1);
    if (last?.[1] === chunk.samples && last[2] === chunk.entry) continue;
    places.push([i + 1, chunk.samples, chunk.entry]);
  }
  tables.push(
    table('stsc', 0, places),
    fullBox('stsz', 0, 0, u32(0, track.sizes.length), many(track.sizes, 4)),
    fullBox(
      'co64',
      0,
      0,
      u32(track.chunks.length),
      many(
        track.chunks.map((one) => one.at),
        8,
      ),
    ),
  );
  return box('stbl', ...tables);
}

/** Numbers of 4 or 8 bytes; there are too many of them to be arguments. */
function many(values: readonly number[], size: 4 | 8): Bytes {
  const out = new Uint8Array(values.length * size);
  const view = new DataView(out.buffer);
  values.forEach((value, i) => {
    if (size === 4) view.setUint32(i * 4, value);
    else view.setBigUint64(i * 8, BigInt(value));
  });
  return out;
}

function trak(track: Output): Bytes {
  const { timescale, lead, end, video } = track;
  const length = Math.round((end / timescale) * movieScale);
  const tkhd = fullBox(
    'tkhd',
    0,
    3,
    u32(0, 0, track.id, 0, length, 0, 0),
    u16(0, 0, video ? 0 : 0x100, 0),
    matrix,
    u32(track.width, track.height),
  );
  const mdhd = fullBox(
    'mdhd',
    1,
    0,
    u64(0, 0),
    u32(timescale),
    u64(end - lead),
    u16(undetermined, 0),
  );
  const name = utf8(video ? 'Video' : 'Sound');
  const hdlr = fullBox(
    'hdlr',
    0,
    0,
    u32(0),
    utf8(video ? 'vide' : 'soun'),
    u32(0, 0, 0),
    name,
    u8(0),
  );
  const media = video ? fullBox('vmhd', 0, 1, u16(0, 0, 0, 0)) : fullBox('smhd', 0, 0, u16(0, 0));
  const dinf = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)));
  const mdia = box('mdia', mdhd, hdlr, box('minf', media, dinf, sampleTables(track)));
  if (lead === 0) return box('trak', tkhd, mdia);
  // Nothing is shown until the lead is over, then everything from the start.
  const empty = Math.round((lead / timescale) * movieScale);
  const edits = [empty, 0xffffffff, 0x10000, length - empty, 0, 0x10000];
  return box('trak', tkhd, box('edts', fullBox('elst', 0, 0, u32(2, ...edits))), mdia);
}
