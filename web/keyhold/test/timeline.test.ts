// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';
import { hourOf } from '../src/manifest/page.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { timelineOf } from '../src/sync/timeline.ts';
import { freshDevice } from './device.ts';
import { Reader } from './reader.ts';
import { start, World } from './world.ts';

test('recorded stretches and gaps are told apart', async () => {
  const world = await World.make();
  await world.pass(3);
  const from = world.now;
  world.now += 600_000;
  const gap = { from, reason: 'camera', until: world.now - 8_000 };
  await world.leaf(world.camera, 'gap', gap);
  await world.leaf(world.camera, 'heartbeat', {});
  await world.leaf('household', 'heartbeat', {});
  await world.pass(1);
  const reader = new Reader(world);
  await reader.engine.sync();
  const hours = [hourOf(start), hourOf(world.now)] as const;
  const logs = await reader.engine.records.logs(world.camera, ...hours);
  const timeline = timelineOf(logs, start - 60_000, world.now + 60_000);
  expect(timeline.recorded.length).toBe(4);
  expect(timeline.gaps.map((g) => g.reason)).toContain('camera');
  expect(timeline.knownUntil).toBe(world.now);
  expect(reader.alarms()).toEqual([]);
});

test('a new camera is no hole, however little of its first page is under a checkpoint yet', async () => {
  const world = await World.make();
  await world.pass(12);
  const before = world.leaves.length;
  const reader = new Reader(world);
  const camera = await world.addCamera('Back yard');
  await world.pack(camera);
  for (let size = before; size <= world.leaves.length; size++) {
    const checkpoint = await world.checkpoint(size);
    world.cloud.alter.sync = (answer) => ({ ...answer, runs: [{ checkpoint, run: world.run }] });
    await reader.engine.sync();
    reader.engine.mustHave(camera);
    const logs = await reader.engine.records.logs(camera, hourOf(start), hourOf(world.now));
    const numbers = logs.map(({ leaf }) => leaf.seq);
    expect(numbers).toEqual([0, 1, 2].slice(0, numbers.length));
    if (size === before) expect(numbers).toEqual([]);
    if (size === world.leaves.length) expect(numbers).toHaveLength(3);
  }
  expect(reader.alarms()).toEqual([]);
});

test('hours from before a device was given keys are told apart from what nobody recorded', async () => {
  const hour = 3_600_000;
  const world = await World.make();
  await world.pass(130, 10);
  const device = await freshDevice();
  const member = await world.admit(device);
  await world.rotate('household');
  await world.rotate(world.camera);
  await world.name();
  const joined = world.now;
  await world.pass(20, 10);
  const [from, until] = [start - hour, world.now];
  const read = async (reader: Reader) => {
    await reader.engine.sync();
    const { records } = reader.engine;
    const { logs, closed } = await records.reading(world.camera, hourOf(from), hourOf(until));
    expect(reader.alarms()).toEqual([]);
    return timelineOf(logs, from, until, closed);
  };

  const late = await read(new Reader(world, new MemoryStore(), member));
  expect(late.recorded[0]!.from).toBeGreaterThan(joined);
  const shut = late.gaps.filter((gap) => gap.reason === 'unreadable');
  expect(shut[0]).toMatchObject({ from: Math.floor(start / hour) * hour });
  expect(shut.at(-1)!.until).toBeGreaterThanOrEqual(joined);
  for (const gap of late.gaps) {
    const within = shut.some((one) => one !== gap && one.from < gap.until && one.until > gap.from);
    expect(within).toBe(false);
  }
  const first = await read(new Reader(world));
  expect(first.gaps.filter((gap) => gap.reason === 'unreadable')).toEqual([]);
  expect(first.recorded[0]!.from).toBeLessThan(joined);
});

test('a camera of which this device can open nothing shows closed hours, not an empty day', () => {
  const hour = 3_600_000;
  const day = { from: 0, until: 24 * hour };
  const { gaps, recorded, knownUntil } = timelineOf([], day.from, day.until, [7, 5, 6, 9]);
  expect(recorded).toEqual([]);
  expect(gaps).toEqual([
    { from: 5 * hour, until: 8 * hour, reason: 'unreadable' },
    { from: 9 * hour, until: 10 * hour, reason: 'unreadable' },
  ]);
  expect(knownUntil).toBe(10 * hour);
});
