// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { lineOf, playlist, quickest, secondsAt, timeAt } from '../src/lib/play/line';

// Two runs of segments with a gap of a minute; the second segment took longer to arrive than it plays.
const line = lineOf([
  { start: 100_000, end: 104_000, mediaSeconds: 4 },
  { start: 104_000, end: 109_000, mediaSeconds: 4 },
  { start: 169_000, end: 173_000, mediaSeconds: 4 },
]);

test('the line is as long as what plays', () => {
  expect(line.length).toBe(12);
});

test('clock and line lead to each other', () => {
  expect(secondsAt(line, 102_000)).toBe(2);
  expect(secondsAt(line, 106_500)).toBe(6);
  expect(timeAt(line, 6)).toBe(106_500);
  expect(timeAt(line, 10)).toBe(171_000);
});

test('a time inside a gap leads to what comes after it', () => {
  expect(secondsAt(line, 140_000)).toBe(8);
  expect(timeAt(line, 8)).toBe(169_000);
});

test('times outside lead to the ends', () => {
  expect(secondsAt(line, 0)).toBe(0);
  expect(secondsAt(line, 999_000)).toBe(12);
  expect(timeAt(line, 99)).toBe(173_000);
  expect(timeAt(lineOf([]), 1)).toBe(0);
});

test('a place that is meant roughly begins with the picture that needs no other', () => {
  expect(quickest(line, 6.5, 3000)).toBeCloseTo(4.001, 6);
  expect(quickest(line, 6.5, 2000)).toBe(6.5);
  expect(quickest(line, 6.5, 0)).toBe(6.5);
  expect(quickest(lineOf([]), 3, 0)).toBe(3);
});

test('the playlist names every segment with its head, and ends', () => {
  const rows = playlist(line).split('\n');
  expect(rows).toContain('#EXT-X-TARGETDURATION:4');
  expect(rows.filter((row) => row.startsWith('part/'))).toEqual(['part/0', 'part/1', 'part/2']);
  expect(rows.filter((row) => row.startsWith('#EXT-X-MAP'))).toHaveLength(3);
  expect(rows).toContain('#EXT-X-ENDLIST');
});
