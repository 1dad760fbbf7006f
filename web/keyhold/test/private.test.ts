// SPDX-License-Identifier: Apache-2.0

import { beforeEach, expect, test, vi } from 'vitest';
import type { Bytes } from '../src/bytes.ts';
import { Envelope } from '../src/statement/dsse.ts';
import { Engine } from '../src/sync/engine.ts';
import { HomeSession } from '../src/sync/home.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { World } from './world.ts';

const minute = 60_000;

let world: World;
let home: HomeSession;

beforeEach(async () => {
  vi.stubGlobal(
    'WebSocket',
    class {
      close(): void {}
    },
  );
  world = await World.make();
  const engine = new Engine(world.cloud, world.member, world.roster, new MemoryStore(), {
    trust: () => undefined,
    known: () => undefined,
    grown: () => undefined,
  });
  home = new HomeSession(engine, {
    rang: () => undefined,
    reports: () => undefined,
    newest: () => undefined,
    looked: () => undefined,
    mail: () => Promise.resolve(),
    watched: () => undefined,
    viewEnded: () => undefined,
  });
  return () => home.close();
});

/** A setting of this device's, signed by it or by the hub in its name. */
async function statement(camera: string, forged = false): Promise<Bytes> {
  const { device, signer } = world.member;
  const setting = {
    at: world.now,
    camera,
    device,
    head: world.roster.head.hash,
    hours: [],
    household: world.household,
    on: true,
    seq: 1,
    zone: '',
  };
  const by = forged ? { ...world.hub, keyid: device } : signer;
  return (await Envelope.signed('private', setting, by)).encode();
}

async function leaf(signed: Bytes, since: number, until: number): Promise<void> {
  const { device } = world.member;
  const rest = { device, person: world.person, statement: signed, since, until };
  await world.leaf(world.camera, 'private', { ...rest, state: until > 0 ? 'ended' : 'began' });
}

async function gaps(): Promise<{ reason: string; from: number; until: number }[]> {
  await world.say();
  await home.engine.syncAfresh();
  const day = 24 * 60 * minute;
  return [...(await home.timeline(world.camera, world.now - day, world.now + day)).gaps];
}

test('a camera that is private is told as that, while it lasts and afterwards', async () => {
  await world.pass(2);
  const since = world.now;
  const signed = await statement(world.camera);
  await leaf(signed, since, 0);
  world.now += 4 * minute;
  await world.leaf(world.camera, 'heartbeat', {});
  await world.leaf('household', 'heartbeat', {});
  const lasting = (await gaps()).at(-1)!;
  expect(lasting.reason).toBe('private');
  expect(lasting.until).toBe(world.now);
  await leaf(signed, since, world.now);
  const over = world.now;
  await world.pass(2);
  const found = (await gaps()).filter(({ reason }) => reason === 'private');
  expect(found).toHaveLength(1);
  expect(found[0]!.until).toBeGreaterThanOrEqual(over - 1000);
  expect(home.engine.alarms.all()).toEqual([]);
});

test('however short it was private, that is told from the rhythm of arrival', async () => {
  const pause = async (): Promise<void> => {
    world.now += 900;
    await world.leaf(world.camera, 'heartbeat', {});
  };
  await world.pass(1);
  await pause();
  world.now += 8_000;
  await world.pack();
  const since = world.now;
  await leaf(await statement(world.camera), since, 0);
  await pause();
  const until = world.now;
  await leaf(await statement(world.camera), since, until);
  world.now += 8_000;
  await world.pack();
  const found = (await gaps()).filter(({ from }) => from >= since - 10_000);
  expect(found).toEqual([{ from: since, until, reason: 'private' }]);
  const { recorded } = await home.timeline(world.camera, since - minute, until + minute);
  expect(recorded.map((range) => [range.from < since, range.until > until])).toEqual([
    [true, false],
    [false, true],
  ]);
  expect(home.engine.alarms.all()).toEqual([]);
});

test.each([
  ['in the name of a member who did not sign it', true, 'signature'],
  ['by a setting of another camera', false, 'signer'],
])('a record that calls it private %s is an alarm', async (_, forged, rule) => {
  await world.pass(1);
  const camera = forged ? world.camera : await world.addCamera('Hall');
  await leaf(await statement(camera, forged), world.now, 0);
  await expect(gaps()).rejects.toMatchObject({ rule });
});
