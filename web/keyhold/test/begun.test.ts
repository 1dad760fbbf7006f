// SPDX-License-Identifier: Apache-2.0

import { beforeEach, expect, test, vi } from 'vitest';
import { Begun } from '../src/browser/begun.ts';

/** Stands where a connection to the hub would be made. */
class View {
  closed = 0;
  step = 'connecting';
  readonly state = { get: () => this };
  constructor(readonly cameras: readonly string[]) {}
  close(): void {
    this.closed++;
  }
}

let made: View[];
let begun: Begun<View>;

beforeEach(() => {
  vi.useFakeTimers();
  made = [];
  begun = new Begun((cameras) => {
    const view = new View(cameras);
    made.push(view);
    return view;
  });
});

test('a touch asks once: the page that comes takes what has begun', () => {
  begun.begin('cam_a');
  const taken = begun.take(['cam_a']);
  expect(made).toEqual([taken]);
  vi.advanceTimersByTime(60_000);
  expect(taken.closed).toBe(0);
  // Whoever comes back later looks anew.
  expect(begun.take(['cam_a'])).not.toBe(taken);
});

test.each([[['cam_b']], [['cam_a', 'cam_b']]])(
  'a page of %j ends what began of another',
  (cameras) => {
    begun.begin('cam_a');
    expect(begun.take(cameras).cameras).toEqual(cameras);
    expect(made.map(({ closed }) => closed)).toEqual([1, 0]);
  },
);

test('nobody goes on watching what no page has taken', () => {
  begun.begin('cam_a');
  begun.begin('cam_b');
  expect(made.map(({ closed }) => closed)).toEqual([1, 0]);
  vi.advanceTimersByTime(3_000);
  expect(made.map(({ closed }) => closed)).toEqual([1, 1]);
  expect(begun.take(['cam_b'])).toBe(made[2]);
});

test('an app that begins with that page has longer to bring it', () => {
  begun.begin('cam_a', true);
  vi.advanceTimersByTime(9_000);
  expect(made[0]!.closed).toBe(0);
  vi.advanceTimersByTime(1_000);
  expect(made[0]!.closed).toBe(1);
});

test('what was refused before the page came is asked once more', () => {
  begun.begin('cam_a', true);
  made[0]!.step = 'over';
  expect(begun.take(['cam_a'])).toBe(made[1]);
  expect(made.map(({ closed }) => closed)).toEqual([1, 0]);
});

test('an alarm in the place of the page ends what has begun for it at once', () => {
  begun.begin('cam_a', true);
  begun.heard([]);
  begun.heard([{ acknowledgedAt: 7 }]);
  expect(made[0]!.closed).toBe(0);
  begun.heard([{ acknowledgedAt: 7 }, {}]);
  expect(made[0]!.closed).toBe(1);
  vi.advanceTimersByTime(60_000);
  expect(made[0]!.closed).toBe(1);
  // What a page has taken is the page's.
  begun.begin('cam_b');
  const taken = begun.take(['cam_b']);
  begun.heard([{}]);
  expect(taken.closed).toBe(0);
});
