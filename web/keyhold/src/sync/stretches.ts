// SPDX-License-Identifier: Apache-2.0

import type { Segment } from './timeline.ts';

/** What goes into one film of everything: recorded without interruption, within one hour. */
export interface Stretch {
  /** Start of the first segment and end of the last. */
  readonly from: number;
  readonly until: number;
  /** What each segment brings into the film, by which it can be checked afterwards. */
  readonly pieces: readonly { readonly sha256: string; readonly size: number }[];
}

/** Longer pauses end a stretch. */
const breath = 2_000;
const hour = 3_600_000;

/** Cuts segments by hours and by interruptions. One belongs to the hour in which it begins. */
export function stretchesOf(segments: readonly Segment[]): Stretch[] {
  const out: { from: number; until: number; pieces: Stretch['pieces'][number][] }[] = [];
  let last: Segment | null = null;
  for (const segment of segments) {
    const { start, end, content } = segment.file;
    const goesOn =
      last !== null &&
      Math.floor(start / hour) === Math.floor(last.file.start / hour) &&
      start - last.file.end <= breath &&
      segment.pack.session === last.pack.session;
    if (!goesOn) out.push({ from: start, until: end, pieces: [] });
    const stretch = out.at(-1)!;
    stretch.until = end;
    stretch.pieces.push({ sha256: content.sha256, size: content.size });
    last = segment;
  }
  return out;
}
