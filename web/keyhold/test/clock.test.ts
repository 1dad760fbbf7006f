// SPDX-License-Identifier: Apache-2.0

import { afterEach, expect, test, vi } from 'vitest';
import { base64, random } from '../src/bytes.ts';
import { Cloud } from '../src/sync/cloud.ts';
import { Engine } from '../src/sync/engine.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { World } from './world.ts';

const hour = 3_600_000;

afterEach(() => vi.unstubAllGlobals());

/** A cloud's server that refuses statements by its clock, as the real one does. */
function serve(now: () => number): void {
  const answer = (status: number, body: object): Response =>
    new Response(JSON.stringify(body), { status });
  vi.stubGlobal('fetch', async (url: string) => {
    if (url.endsWith('/v1/info')) {
      return answer(200, { now: now(), retention_days: 30, to: base64(random(32)) });
    }
    const type = 'urn:keyhold:unauthenticated';
    return answer(401, {
      type,
      title: 'older than two minutes',
      status: 401,
      rule: 'time',
      id: 'x',
    });
  });
}

async function reader(cloud: Cloud): Promise<Engine> {
  const world = await World.make();
  const quiet = { trust: () => undefined, known: () => undefined, grown: () => undefined };
  return new Engine(cloud, world.member, world.roster, new MemoryStore(), quiet);
}

test.each([
  ['ahead', 3 * hour],
  ['behind', -26 * hour],
])(
  'a clock that is %s is named, by how much, and is neither an alarm nor silence',
  async (_, off) => {
    const own = Date.now();
    serve(() => own - off);
    const engine = await reader(new Cloud('http://cloud.invalid', () => own));
    await expect(engine.sync()).rejects.toMatchObject({ kind: 'clock-wrong', rule: 'time' });
    expect(engine.cloud.clockOff).toBe(off);
    expect(engine.reachable).toBe(true);
    expect(engine.checkedAt).toBeNull();
    expect(engine.alarms.all()).toEqual([]);
  },
);

test('a statement that was minutes on its way is no wrong clock', async () => {
  serve(() => Date.now() + 1_000);
  const engine = await reader(new Cloud('http://cloud.invalid'));
  await expect(engine.sync()).rejects.toMatchObject({ kind: 'cloud-away' });
  expect(engine.cloud.clockOff).toBeNull();
});

test('before anything is made, a wrong clock is found out, and a right one forgotten again', async () => {
  let own = Date.now() + 5 * 60_000;
  serve(() => Date.now());
  const cloud = new Cloud('http://cloud.invalid', () => own);
  await expect(cloud.checkClock()).rejects.toMatchObject({ kind: 'clock-wrong' });
  expect(cloud.clockOff).toBeGreaterThan(4 * 60_000);
  own = Date.now() + 60_000;
  await cloud.checkClock();
  expect(cloud.clockOff).toBeNull();
});
