// SPDX-License-Identifier: Apache-2.0

import { beforeEach, expect, test } from 'vitest';
import type { CameraReport } from '../src/statement/request.ts';
import { Fault } from '../src/sync/fault.ts';
import { Refused } from '../src/sync/commands.ts';
import { Reports } from '../src/sync/reports.ts';
import { idOf } from './world.ts';

const door: CameraReport = {
  id: idOf('cam'),
  state: 'recording',
  since: 1,
  video: 'h264',
  width: 640,
  height: 360,
  audio: '',
};

let now: number;
/** What the hub does from now on. */
let hub: () => CameraReport[];
let reachable: boolean;
let next: { run: () => void; at: number } | null;
let reports: Reports;

beforeEach(() => {
  now = 0;
  hub = () => [door];
  reachable = true;
  next = null;
  reports = new Reports(
    async (op, patience) => {
      expect(op).toEqual({ kind: 'list-cameras' });
      try {
        return { result: { cameras: hub() } };
      } catch (error) {
        if (error instanceof Fault && error.kind === 'hub-away') now += patience;
        throw error;
      }
    },
    () => reachable,
    (run, pause) => (next = { run, at: now + pause }),
    () => undefined,
  );
});

/** Lets time pass until something is so, and says how long that took. */
async function until(so: () => boolean, most = 20): Promise<number> {
  const began = now;
  for (let turns = 0; !so(); turns++) {
    expect(turns).toBeLessThan(most);
    const { run, at } = next!;
    next = null;
    now = Math.max(now, at);
    run();
    await expect.poll(() => next, { interval: 1 }).not.toBeNull();
  }
  return now - began;
}

const away = (): never => {
  throw new Fault('hub-away', 'the hub did not answer');
};

test('a hub that does not answer is said within a minute, and said back within one', async () => {
  await reports.begin();
  expect([reports.away, reports.cameras]).toEqual([false, [door]]);
  hub = away;
  expect(await until(() => reports.away)).toBeLessThan(55_000);
  // What was known of its cameras is not forgotten.
  expect(reports.cameras).toEqual([door]);
  hub = () => [door];
  expect(await until(() => !reports.away)).toBeLessThan(55_000);
});

test('a hub that is away for long finds few questions, and is asked at once when it speaks', async () => {
  await reports.begin();
  reports.heard(1);
  let asked = 0;
  hub = () => (asked++, away());
  await until(() => now > 24 * 3_600_000, 5_000);
  expect(reports.away).toBe(true);
  // The cloud keeps 256 for one who sends; a day's questions leave most of that free.
  expect(asked).toBeLessThan(180);
  hub = () => [door];
  reports.heard(1);
  await Promise.resolve();
  expect(reports.away).toBe(true);
  reports.heard(2);
  await expect.poll(() => reports.away).toBe(false);
  // And is looked after as ever.
  hub = away;
  expect(await until(() => reports.away)).toBeLessThan(55_000);
});

test('a camera that is lost is said within half a minute', async () => {
  await reports.begin();
  hub = () => [{ ...door, state: 'lost', since: 2 }];
  expect(await until(() => reports.cameras[0]?.state === 'lost')).toBeLessThan(30_000);
});

test('one word that gets lost is no silence', async () => {
  await reports.begin();
  let calls = 0;
  hub = () => (++calls === 1 ? away() : [door]);
  await until(() => calls === 2);
  expect(reports.away).toBe(false);
});

test('a cloud that is away, and a hub that says no, are no silence', async () => {
  reachable = false;
  hub = away;
  await reports.begin();
  await until(() => now > 100_000);
  expect(reports.away).toBe(false);
  reachable = true;
  hub = () => {
    throw new Refused('denied');
  };
  await until(() => now > 200_000);
  expect(reports.away).toBe(false);
});
