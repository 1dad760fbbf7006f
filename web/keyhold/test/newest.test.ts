// SPDX-License-Identifier: Apache-2.0

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Newest } from '../src/sync/newest.ts';
import type { Picture } from '../src/sync/pictures.ts';
import type { Segment } from '../src/sync/timeline.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const [door, garden] = ['cam_door', 'cam_garden'];

/** A hub and a cloud between which pictures come when a test says so. */
class Rig {
  readonly asked: (readonly string[])[] = [];
  readonly shown: string[] = [];
  syncs = 0;
  answers = true;
  /** What a look at the cloud finds: camera and time of its newest picture. */
  readonly there = new Map<string, number>();
  readonly newest = new Newest({
    segments: (camera) => Promise.resolve(this.segments(camera)),
    picture: ({ file }) => Promise.resolve({ at: file.start } as Picture),
    show: (camera, { at }) => void this.shown.push(`${camera} ${at}`),
    leaveEarly: (cameras) => {
      this.asked.push(cameras);
      return this.answers ? Promise.resolve() : Promise.reject(new Error('no answer'));
    },
    sync: () => {
      this.syncs++;
      return Promise.resolve();
    },
    later: (run, pause) => void setTimeout(run, pause),
  });

  private segments(camera: string): Segment[] {
    const start = this.there.get(camera);
    if (start === undefined) return [];
    const file = { kind: 'segment', start } as Segment['file'];
    const pack = { files: [file, { kind: 'thumbs', start }] } as unknown as Segment['pack'];
    return [{ pack, file, number: 0 } as Segment];
  }
}

test('a first picture is shown within a second of being there, whenever that is', async () => {
  for (const after of [1_500, 5_100, 9_200]) {
    const rig = new Rig();
    rig.newest.ask([door]);
    await vi.advanceTimersByTimeAsync(after);
    expect(rig.shown).toEqual([]);
    rig.there.set(door, 7);
    await vi.advanceTimersByTimeAsync(after > 9_000 ? 2_000 : 1_500);
    expect(rig.shown).toEqual([`${door} 7`]);
  }
});

test('nobody looks any more once every camera shows something newer', async () => {
  const rig = new Rig();
  rig.newest.ask([door, garden]);
  rig.there.set(door, 7);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(rig.shown).toEqual([`${door} 7`]);
  rig.there.set(garden, 8);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(rig.shown).toEqual([`${door} 7`, `${garden} 8`]);
  const { syncs } = rig;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(rig.syncs).toBe(syncs);
});

test('an older picture never replaces a newer one', async () => {
  const rig = new Rig();
  rig.there.set(door, 7);
  await rig.newest.refresh(door);
  rig.there.set(door, 6);
  await rig.newest.refresh(door);
  expect(rig.shown).toEqual([`${door} 7`]);
});

test('the hub is asked again soon while a camera shows nothing, and seldom afterwards', async () => {
  const rig = new Rig();
  const minute = async (): Promise<number> => {
    const before = rig.asked.length;
    for (let second = 0; second < 60; second++) {
      rig.newest.ask([door]);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    return rig.asked.length - before;
  };
  expect(await minute()).toBe(15);
  rig.there.set(door, 7);
  await rig.newest.refresh(door);
  expect(await minute()).toBe(6);
});

test('a hub that does not answer is not looked after, and asked again', async () => {
  const rig = new Rig();
  rig.answers = false;
  rig.newest.ask([door]);
  await vi.advanceTimersByTimeAsync(4_000);
  rig.newest.ask([door]);
  expect([rig.syncs, rig.asked.length]).toEqual([0, 2]);
});

test('a household without cameras asks nothing', () => {
  const rig = new Rig();
  rig.newest.ask([]);
  expect(rig.asked).toEqual([]);
});
