// SPDX-License-Identifier: Apache-2.0

import type { File, Pack } from '../manifest/leaf.ts';
import type { Log } from './records.ts';

/** A piece of footage that the hub's record names. */
export interface Segment {
  readonly file: File;
  /** Its place among the pack's segments, which is its place in the sprite. */
  readonly number: number;
  readonly pack: Pack;
  readonly log: Log;
}

export interface Range {
  readonly from: number;
  readonly until: number;
}

export interface Gap extends Range {
  /** `unreadable`: something may be recorded there that this device has no key of. */
  readonly reason:
    'camera' | 'hub' | 'jump' | 'disk' | 'stopped' | 'private' | 'unreadable' | 'unknown';
}

export interface Timeline {
  readonly recorded: readonly Range[];
  readonly gaps: readonly Gap[];
  readonly knownUntil: number;
}

/** A pack's leaf is written after its footage: a pack and a bit. */
export const packDelay = 5 * 60_000;
/** Pauses shorter than this are the rhythm of arrival, not a gap. */
const breath = 2_000;
const hourLength = 3_600_000;
/** How long footage may be on its way before its absence is a gap. */
const onItsWay = 3 * 60_000;

/** The segments whose footage touches [from, until), by start. */
export function segmentsOf(logs: readonly Log[], from: number, until: number): Segment[] {
  const out: Segment[] = [];
  for (const log of logs) {
    if (log.leaf.kind !== 'pack') continue;
    const pack = log.leaf;
    for (const [number, file] of pack.files.entries()) {
      if (file.kind !== 'segment' || file.start >= until || file.end <= from) continue;
      out.push({ file, number, pack, log });
    }
  }
  return out.sort((a, b) => a.file.start - b.file.start);
}

/** The pack's sprite of small pictures; a pack may have none. */
export function spriteOf(pack: Pack): File | null {
  const last = pack.files.at(-1);
  return last?.kind === 'thumbs' ? last : null;
}

/** What is recorded and what is missing in [from, until), and up to when that is known. */
export function timelineOf(
  logs: readonly Log[],
  from: number,
  until: number,
  closed: readonly number[] = [],
): Timeline {
  const stated: Gap[] = [];
  let heard = 0;
  let told = 0;
  for (const { leaf } of logs) {
    heard = Math.max(heard, leaf.at);
    if (leaf.kind === 'pack') told = Math.max(told, leaf.files.at(-1)?.end ?? 0);
    if (leaf.kind !== 'gap') continue;
    stated.push({ from: leaf.from, until: leaf.until, reason: leaf.reason });
    told = Math.max(told, leaf.until);
  }
  const off = privateOf(logs, heard);
  const recorded = merge(segmentsOf(logs, from, until), off);
  for (const stretch of off) {
    stated.unshift({ ...stretch, reason: 'private' });
    told = Math.max(told, stretch.until);
  }
  const silent = told > 0 && heard - told > onItsWay;
  const open = silent ? heard : told;
  const shut = closedRanges(closed, { from, until }, heard);
  const knownUntil = Math.max(open, shut.at(-1)?.until ?? 0);
  const others = without(gapsOf(recorded, stated, from, until, logs, open), shut);
  const unreadable = without(shut, recorded).map((range) => ({
    ...range,
    reason: 'unreadable' as const,
  }));
  const gaps = [...others, ...unreadable].sort((a, b) => a.from - b.from);
  return { recorded, gaps, knownUntil };
}

/** The same, where before a time only what is starred is there: what is not there of that time is not missed. */
export function sinceKept({ gaps, ...timeline }: Timeline, kept: number): Timeline {
  const left = gaps.filter(({ until }) => until > kept);
  return { ...timeline, gaps: left.map((gap) => ({ ...gap, from: Math.max(gap.from, kept) })) };
}

/** When the camera was turned off at its source; what is not over yet lasts as far as is known. */
function privateOf(logs: readonly Log[], heard: number): Range[] {
  const out = new Map<number, Range>();
  for (const { leaf } of logs) {
    if (leaf.kind !== 'private' || leaf.state === 'set') continue;
    const { since: from, until } = leaf;
    if (leaf.state === 'ended') out.set(from, { from, until });
    else if (!out.has(from)) out.set(from, { from, until: heard });
  }
  return [...out.values()].filter(({ from, until }) => until > from);
}

/** The hours that stay closed, as far as they are asked for and over. */
function closedRanges(hours: readonly number[], within: Range, heard: number): Range[] {
  const out: { from: number; until: number }[] = [];
  for (const hour of [...new Set(hours)].sort((a, b) => a - b)) {
    const begin = hour * hourLength;
    const over = heard > begin ? Math.min(begin + hourLength, heard) : begin + hourLength;
    const from = Math.max(begin, within.from);
    const until = Math.min(over, within.until);
    const last = out.at(-1);
    if (until <= from) continue;
    if (last?.until === from) last.until = until;
    else out.push({ from, until });
  }
  return out;
}

/** What is left of some ranges outside others. */
function without<T extends Range>(ranges: readonly T[], taken: readonly Range[]): T[] {
  let left = [...ranges];
  for (const hole of taken) {
    left = left.flatMap((range) => {
      if (hole.until <= range.from || hole.from >= range.until) return [range];
      const before = { ...range, until: hole.from };
      const after = { ...range, from: hole.until };
      return [before, after].filter((part) => part.until - part.from >= breath);
    });
  }
  return left;
}

/** `off`: when it was turned off, which is told from a breath however short it was. */
function merge(segments: readonly Segment[], off: readonly Range[]): Range[] {
  const out: { from: number; until: number }[] = [];
  for (const { file } of segments) {
    const last = out.at(-1);
    const near = last !== undefined && file.start - last.until < breath;
    if (near && !off.some((one) => one.from < file.start && one.until > last.until)) {
      last.until = Math.max(last.until, file.end);
    } else {
      out.push({ from: file.start, until: file.end });
    }
  }
  return out;
}

/** Every hole between what is recorded, with the reason that a leaf gives for it. */
function gapsOf(
  recorded: readonly Range[],
  stated: readonly Gap[],
  from: number,
  until: number,
  logs: readonly Log[],
  knownUntil: number,
): Gap[] {
  const gaps: Gap[] = [];
  const hole = (start: number, end: number): void => {
    const by = stated.find((gap) => gap.from < end && gap.until > start);
    if (end <= start || (end - start < breath && by?.reason !== 'private')) return;
    gaps.push({ from: start, until: end, reason: by?.reason ?? 'unknown' });
  };
  const first = recorded[0];
  // Before the first leaf ever there is no gap: there was no camera.
  const begin = logs.find(({ leaf }) => leaf.seq === 0)?.leaf.at ?? from;
  let at = Math.max(from, begin);
  if (first === undefined) {
    for (const gap of stated) {
      const start = Math.max(gap.from, from);
      const end = Math.min(gap.until, until);
      if (end > start) gaps.push({ from: start, until: end, reason: gap.reason });
    }
    if (gaps.length === 0 && logs.length > 0) hole(at, Math.min(until, knownUntil));
    return gaps;
  }
  for (const range of recorded) {
    hole(at, range.from);
    at = Math.max(at, range.until);
  }
  hole(at, Math.min(until, knownUntil));
  return gaps;
}
