// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { dayAt } from '../src/lib/days';
import type { Timeline } from '../src/lib/household';
import {
  firstZoom,
  momentAt,
  momentOf,
  nearestRecorded,
  pieces,
  ticks,
  viewAround,
  zooms,
} from '../src/lib/strip';

const hour = 3_600_000;
const view = { from: 0, until: 24 * hour };

test('a gap wider than a pixel stays a gap', () => {
  const drawn = pieces(
    [
      { from: 0, until: 6 * hour },
      { from: 12 * hour, until: 24 * hour },
    ],
    view,
    960,
  );
  expect(drawn).toEqual([
    { left: 0, width: 25 },
    { left: 50, width: 50 },
  ]);
});

test('thousands of segments draw as few pieces, and the shortest recording is still seen', () => {
  const segments = Array.from({ length: 5000 }, (_, i) => ({
    from: i * 4000,
    until: i * 4000 + 3990,
  }));
  expect(pieces(segments, view, 960)).toHaveLength(1);
  const [blink] = pieces([{ from: hour, until: hour + 1 }], view, 1000);
  expect(blink?.width).toBeCloseTo(0.1);
});

test('pieces are cut to the view', () => {
  const zoomed = { from: 6 * hour, until: 12 * hour };
  expect(pieces([{ from: 0, until: 9 * hour }], zoomed, 960)).toEqual([{ left: 0, width: 50 }]);
  expect(pieces([{ from: 0, until: 6 * hour }], zoomed, 960)).toEqual([]);
});

test('the moment under a pointer stays inside the strip', () => {
  expect(momentAt(480, 960, view)).toBe(12 * hour);
  expect(momentAt(-50, 960, view)).toBe(0);
  expect(momentAt(5000, 960, view)).toBe(24 * hour);
});

test('ticks stand on round times of the household’s clock', () => {
  const day = dayAt(Date.UTC(2026, 10, 22, 12), 'Asia/Kolkata');
  const marks = ticks(day, day, 10);
  expect(marks).toHaveLength(9);
  for (const mark of marks) expect((mark - day.from) % (3 * hour)).toBe(0);
});

test('a view keeps inside the day', () => {
  const day = { from: 0, until: 24 * hour };
  expect(viewAround(0, 2 * hour, day)).toEqual({ from: 0, until: 2 * hour });
  expect(viewAround(24 * hour, 2 * hour, day)).toEqual({ from: 22 * hour, until: 24 * hour });
  expect(viewAround(12 * hour, 2 * hour, day)).toEqual({ from: 11 * hour, until: 13 * hour });
  expect(viewAround(12 * hour, 24 * hour, day)).toEqual(day);
});

const timeline: Timeline = {
  recorded: [
    { from: hour, until: 2 * hour },
    { from: 3 * hour, until: 4 * hour },
  ],
  gaps: [{ from: 2 * hour, until: 2.5 * hour, reason: 'camera' }],
  knownUntil: 5 * hour,
};

test('a young household sees its first minutes close up', () => {
  const minutes = {
    recorded: [{ from: hour, until: hour + 60_000 }],
    gaps: [],
    knownUntil: 2 * hour,
  };
  expect(firstZoom([minutes])).toBe(zooms.at(-1));
  expect(firstZoom([timeline])).toBe(6 * hour);
  expect(firstZoom([])).toBe(24 * hour);
});

test('what is known of a moment: recorded, a gap with its reason, an unexplained hole, nothing yet', () => {
  expect(momentOf(timeline, 1.5 * hour).state).toBe('recorded');
  expect(momentOf(timeline, 2.2 * hour)).toMatchObject({ state: 'gap', gap: { reason: 'camera' } });
  expect(momentOf(timeline, 2.8 * hour)).toMatchObject({
    state: 'gap',
    gap: { reason: 'unknown' },
  });
  expect(momentOf(timeline, 0).state).toBe('before');
  expect(momentOf(timeline, 6 * hour).state).toBe('ahead');
});

test('playing from a gap begins after it, from the end shortly before it', () => {
  expect(nearestRecorded(timeline, 2.2 * hour)).toBe(3 * hour);
  expect(nearestRecorded(timeline, 1.5 * hour)).toBe(1.5 * hour);
  expect(nearestRecorded(timeline, 6 * hour)).toBe(4 * hour - 10_000);
  expect(nearestRecorded({ recorded: [], gaps: [], knownUntil: 0 }, 0)).toBeNull();
});
