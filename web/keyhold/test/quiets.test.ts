// SPDX-License-Identifier: Apache-2.0

import { beforeEach, expect, test } from 'vitest';
import type { Op, Reply, SaidQuiet } from '../src/statement/request.ts';
import type { Hours } from '../src/statement/rights.ts';
import { Refused } from '../src/sync/commands.ts';
import { Engine } from '../src/sync/engine.ts';
import { Quiets, quietKey } from '../src/sync/quiets.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { World } from './world.ts';

const night: Hours = { days: [1, 2, 3, 4, 5, 6, 7], from: 0, until: 420 };
const noon: Hours = { days: [1], from: 720, until: 780 };

/** What a hub keeps of a person's hours: of each camera what was said last. */
class Hub {
  readonly said = new Map<string, SaidQuiet>();
  readonly asked: string[] = [];
  /** Which commands it knows. */
  knows = ['carry-quiet', 'set-quiet', 'quiets'];
  away = false;
  clock = 100;

  send(op: Op): Promise<Pick<Reply, 'result'>> {
    this.asked.push(op.kind);
    if (this.away) return Promise.reject(new Error('away'));
    if (!this.knows.includes(op.kind)) return Promise.reject(new Refused('invalid'));
    const taken: string[] = [];
    if (op.kind === 'set-quiet') {
      const hours = op.hours === undefined ? {} : { hours: op.hours };
      this.said.set(op.camera!, { camera: op.camera!, ...hours, said: (this.clock += 1) });
    }
    for (const one of op.said ?? []) {
      if (one.said <= (this.said.get(one.camera)?.said ?? -1)) continue;
      this.said.set(one.camera, one);
      taken.push(one.camera);
    }
    const said = [...this.said.values()];
    const quiets = said.flatMap(({ camera, hours }) => (hours ? [{ camera, hours }] : []));
    const result = op.kind === 'quiets' ? { quiets } : { said, taken };
    return Promise.resolve({ result });
  }
}

let world: World;
let engine: Engine;
let store: MemoryStore;
beforeEach(async () => {
  world = await World.make();
  store = new MemoryStore();
  engine = new Engine(world.cloud, world.member, world.roster, store, {
    trust: () => undefined,
    known: () => undefined,
    grown: () => undefined,
  });
});

/** A device that talks with a hub; `kept` is another one's memory. */
const device = (hub: Hub): Quiets => new Quiets(engine, (op) => hub.send(op));

test('what a device remembers comes along to a hub that knows nothing', async () => {
  const [old, next] = [new Hub(), new Hub()];
  const before = device(old);
  await before.set('household', [night]);
  await before.set('cam_yard', [noon]);
  await before.set('cam_yard', []);
  expect(await before.list()).toEqual({
    hours: [{ camera: 'household', hours: [night] }],
    came: null,
  });
  // Another window was opened at the new hub; nobody has to look at a page.
  await device(next).come();
  const said = [...next.said.values()];
  expect(said).toEqual([...old.said.values()]);
  const came = { at: expect.any(Number) as number, cameras: ['household'] };
  const week = { hours: [{ camera: 'household', hours: [night] }], came };
  expect(await device(next).list()).toEqual(week);
  // It is said as long as nothing else is set, and no longer.
  const after = device(next);
  next.clock = 200;
  await after.set('household', [noon]);
  expect(await after.list()).toEqual({
    hours: [{ camera: 'household', hours: [noon] }],
    came: null,
  });
});

test('what was said at the new hub already stays', async () => {
  const [old, next] = [new Hub(), new Hub()];
  await device(old).set('household', [night]);
  await device(old).list();
  next.clock = 200;
  await next.send({ kind: 'set-quiet', camera: 'household', hours: [noon] } as Op);
  const week = await device(next).list();
  expect(week).toEqual({ hours: [{ camera: 'household', hours: [noon] }], came: null });
});

test('a hub is compared with once, and again when it was away', async () => {
  const hub = new Hub();
  const quiets = device(hub);
  hub.away = true;
  await expect(quiets.come()).rejects.toThrow('away');
  hub.away = false;
  await Promise.all([quiets.come(), quiets.come()]);
  await quiets.come();
  expect(hub.asked).toEqual(['carry-quiet', 'carry-quiet']);
});

test('what the hub does not take is kept, and what it was told in parts is told whole', async () => {
  const many = Array.from({ length: 40 }, (_, n) => ({
    ...{ camera: `cam_${n}`, hours: [night], said: n + 1 },
  }));
  await store.set(quietKey, { hub: 'another', said: many });
  const hub = new Hub();
  const send = (op: Op): Promise<Pick<Reply, 'result'>> =>
    hub.send({ ...op, said: (op.said ?? []).filter(({ camera }) => camera !== 'cam_7') });
  await new Quiets(engine, send).come();
  expect(hub.asked).toEqual(['carry-quiet', 'carry-quiet']);
  expect(hub.said.size).toBe(39);
  const kept = await store.get<{ said: SaidQuiet[] }>(quietKey);
  expect(kept!.said).toHaveLength(40);
  expect(kept!.said).toContainEqual(many[7]);
});

test('a hub of an earlier version is asked as it knows', async () => {
  const hub = new Hub();
  hub.knows = ['set-quiet', 'quiets'];
  await device(hub).set('household', [night]);
  const hours = [{ camera: 'household', hours: [night] }];
  expect(await device(hub).list()).toEqual({ hours, came: null });
  hub.knows = [];
  expect(await device(hub).list()).toBeNull();
});
