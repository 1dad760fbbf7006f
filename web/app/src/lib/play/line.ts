// SPDX-License-Identifier: Apache-2.0
import type { Span } from '../household';

/**
 * The media line: every segment of a stretch end to end, gaps left out, from 0 s. A clock time and
 * a place on the line lead to each other through it.
 */
export interface Line {
  readonly spans: readonly Span[];
  /** Where each span begins, in seconds; one more for the end. */
  readonly starts: readonly number[];
  readonly length: number;
}

export function lineOf(spans: readonly Span[]): Line {
  const starts = [0];
  let at = 0;
  for (const span of spans) {
    at += span.mediaSeconds;
    starts.push(at);
  }
  return { spans, starts, length: at };
}

/** Index of the last entry that is at most `value`; -1 when none is. */
function lastAtMost(count: number, value: number, entry: (index: number) => number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (entry(middle) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The segment that plays at a place on the line; -1 on an empty one. */
export function indexAt(line: Line, seconds: number): number {
  const { spans, starts } = line;
  const index = lastAtMost(spans.length, seconds, (i) => starts[i] ?? 0);
  return Math.min(Math.max(index, 0), spans.length - 1);
}

export function timeAt(line: Line, seconds: number): number {
  const { spans, starts } = line;
  const index = indexAt(line, seconds);
  const span = spans[index];
  if (!span) return 0;
  const share = Math.min(1, Math.max(0, (seconds - (starts[index] ?? 0)) / span.mediaSeconds));
  return span.start + share * (span.end - span.start);
}

/** A time inside a gap leads to the first picture after it; one past the end to the end. */
export function secondsAt(line: Line, time: number): number {
  const { spans, starts } = line;
  const index = lastAtMost(spans.length, time, (i) => spans[i]?.start ?? 0);
  if (index < 0) return 0;
  const span = spans[index];
  if (!span) return 0;
  const begin = starts[index] ?? 0;
  if (time >= span.end) return starts[index + 1] ?? line.length;
  return begin + ((time - span.start) / (span.end - span.start)) * span.mediaSeconds;
}

/**
 * Where to begin: at the start of the segment if that is at most `within` milliseconds before the
 * wished place. Its first picture needs no other; one in its middle needs all before it decoded.
 */
export function quickest(line: Line, seconds: number, within: number): number {
  const start = line.starts[indexAt(line, seconds)] ?? 0;
  // A thousandth into the first picture, so that rounding does not lead to the last one before it.
  return (seconds - start) * 1000 <= within ? start + 0.001 : seconds;
}

/** The line as a playlist for the player. `part/N` is segment N, `head/N` its track description. */
export function playlist(line: Line): string {
  const longest = line.spans.reduce((most, span) => Math.max(most, span.mediaSeconds), 1);
  const rows = [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${Math.ceil(longest)}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-INDEPENDENT-SEGMENTS',
  ];
  line.spans.forEach((span, index) => {
    rows.push(
      `#EXT-X-MAP:URI="head/${index}"`,
      `#EXTINF:${span.mediaSeconds.toFixed(6)},`,
      `part/${index}`,
    );
  });
  rows.push('#EXT-X-ENDLIST', '');
  return rows.join('\n');
}
