// SPDX-License-Identifier: Apache-2.0

import { expect, test, vi } from 'vitest';
import { hourOf } from '../src/manifest/page.ts';
import { Reader } from './reader.ts';
import { World } from './world.ts';

const day = 86_400_000;

/** What is seen of a hub that was off for so many days, and alarms; `of` says what it writes of that first. */
async function seenAfter(
  days: number,
  of: (from: number, at: number) => { from: number; until: number },
): Promise<{ kinds: string[]; alarms: string[] }> {
  const world = await World.make();
  await world.pass(6);
  const last = world.now;
  world.now += days * day;
  for (const record of ['household', world.camera]) {
    await world.rotate(record);
    const gap = { reason: 'stopped', ...of(last, world.now) };
    await world.leaf(record, 'gap', gap);
  }
  await world.pass(6);
  const cut = hourOf(world.now - 30 * day);
  world.cloud.alter.sync = (answer) => ({
    ...answer,
    pages: answer.pages.filter(({ hour }) => hour >= cut),
  });
  const reader = new Reader(world);
  const read = async (): Promise<string[]> => {
    await reader.engine.sync();
    const until = hourOf(world.now);
    return reader.engine.steady(async () => {
      reader.engine.mustHave(world.camera);
      const logs = await reader.engine.records.logs(world.camera, until - 2, until);
      return logs.map(({ leaf }) => leaf.kind);
    });
  };
  // What is missing is asked for again, each time after a pause.
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void) => {
    queueMicrotask(run);
    return 0;
  }) as never);
  const kinds = await read().catch(() => []);
  vi.restoreAllMocks();
  return { kinds, alarms: reader.alarms() };
}

test('a hub that was off for longer than anything is kept says so, and nothing is missed', async () => {
  const { kinds, alarms } = await seenAfter(45, (from, at) => ({ from, until: at }));
  expect(kinds.slice(0, 2)).toEqual(['epoch', 'gap']);
  expect(kinds).toContain('pack');
  expect(alarms).toEqual([]);
});

test.each([
  [
    'a gap of the camera, during which the hub was at work',
    45,
    (from: number, at: number) => ({ from, until: at - 1 }),
  ],
  [
    'a gap before which there is what has to be kept',
    45,
    (_: number, at: number) => ({ from: at - 20 * day, until: at }),
  ],
])('%s excuses nothing', async (_, days, of) => {
  const { kinds, alarms } = await seenAfter(days, of);
  expect(kinds).toEqual([]);
  expect(new Set(alarms)).toEqual(new Set(['seq-gap']));
});
