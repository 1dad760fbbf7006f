// SPDX-License-Identifier: Apache-2.0

import { expect, test, vi } from 'vitest';
import { hourOf } from '../src/manifest/page.ts';
import { hurried } from './hurried.ts';
import { Reader } from './reader.ts';
import { start, World } from './world.ts';

const hour = 3_600_000;
const day = 24 * hour;

type Gap = (last: number, at: number) => { from: number; until: number };

/**
 * What is seen of a hub that was off for six weeks, and alarms. `gap` is what it writes of that first,
 * `kept` whether somebody had starred what it wrote in its first hour.
 */
async function seen(gap: Gap, kept = false): Promise<{ kinds: string[]; alarms: string[] }> {
  const world = await World.make();
  await world.pass(6);
  const first = hourOf(world.now);
  world.now += 2 * hour;
  await world.pass(6);
  const last = world.now;
  world.now += 45 * day;
  for (const record of ['household', world.camera]) {
    await world.rotate(record);
    await world.leaf(record, 'gap', { reason: 'stopped', ...gap(last, world.now) });
  }
  await world.pass(6);
  const cut = hourOf(world.now - 30 * day);
  world.cloud.alter.sync = (answer) => ({
    ...answer,
    pages: answer.pages.filter((page) => page.hour >= cut || (kept && page.hour <= first)),
  });
  const reader = new Reader(world);
  const read = async (): Promise<string[]> => {
    await reader.engine.sync();
    const from = kept ? hourOf(start) : hourOf(world.now) - 2;
    return reader.engine.steady(async () => {
      reader.engine.mustHave(world.camera);
      const logs = await reader.engine.records.logs(world.camera, from, hourOf(world.now));
      return logs.map(({ leaf }) => leaf.kind);
    });
  };
  // What is missing is asked for again, each time after a pause.
  hurried();
  const kinds = await read().catch(() => []);
  vi.restoreAllMocks();
  return { kinds, alarms: reader.alarms() };
}

const off: Gap = (last, at) => ({ from: last, until: at });
/** A gap of the camera, during which the hub was at work. */
const away: Gap = (last, at) => ({ from: last, until: at - 1 });
/** One before which there is what has to be kept. */
const young: Gap = (_, at) => ({ from: at - 20 * day, until: at });

test('a hub that was off for longer than anything is kept says so, and nothing is missed', async () => {
  const { kinds, alarms } = await seen(off);
  expect(kinds.slice(0, 2)).toEqual(['epoch', 'gap']);
  expect(kinds).toContain('pack');
  expect(alarms).toEqual([]);
});

test('nor is anything missed between what is starred of before and what came since', async () => {
  const { kinds, alarms } = await seen(off, true);
  expect(kinds.indexOf('pack')).toBeLessThan(kinds.indexOf('gap'));
  expect(kinds.lastIndexOf('pack')).toBeGreaterThan(kinds.indexOf('gap'));
  expect(alarms).toEqual([]);
});

test.each([
  ['a gap of a camera', away],
  ['a gap that begins within what is kept', young],
])('%s excuses nothing', async (_, gap) => {
  for (const kept of [false, true]) {
    const { kinds, alarms } = await seen(gap, kept);
    expect(kinds).toEqual([]);
    expect(new Set(alarms)).toEqual(new Set(['seq-gap']));
  }
});
