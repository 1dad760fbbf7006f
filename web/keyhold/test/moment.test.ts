// SPDX-License-Identifier: Apache-2.0

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fromUtf8, utf8 } from '../src/bytes.ts';
import { pictureOf } from '../src/push/moment.ts';
import { ruleOf, type Rule } from '../src/rule.ts';
import { Engine } from '../src/sync/engine.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { tell } from './tell.ts';
import { World } from './world.ts';

const quiet = { trust: () => undefined, known: () => undefined, grown: () => undefined };

let world: World;
let pressed: number;
let waited: number[];
/** Runs while the worker waits for the picture. */
let meanwhile: () => Promise<unknown>;

beforeEach(async () => {
  world = await World.make();
  await world.pass(1);
  waited = [];
  meanwhile = () => Promise.resolve();
});
afterEach(() => {
  vi.unstubAllEnvs();
  globalThis.__keyholdMutant = undefined;
});

async function rings(number: number): Promise<string> {
  pressed = world.now;
  const object = await world.press(number);
  await world.pass(1);
  return object;
}

/** What a phone shows that was told of the press just now: everything is new to it. */
async function picture(): Promise<string | null> {
  const { cloud, member, roster } = world;
  const engine = new Engine(cloud, member, roster, new MemoryStore(), quiet);
  const bytes = await pictureOf({ at: pressed, camera: world.camera }, engine, async (pause) => {
    waited.push(pause);
    await meanwhile();
  });
  return bytes && fromUtf8(bytes);
}

test('of several presses the one that was told of is shown', async () => {
  await rings(1);
  const object = await rings(2);
  const told = pressed;
  await rings(3);
  pressed = told;
  expect(await picture()).toBe(`segment 1 of ${object}`);
  expect(waited).toHaveLength(1);
});

test('it is waited for, and not for ever', async () => {
  pressed = world.now + 1_000;
  let object = '';
  meanwhile = async () => {
    if (waited.length !== 3) return;
    world.now = pressed;
    object = await rings(1);
  };
  expect(await picture()).toBe(`segment 1 of ${object}`);
  expect(waited).toHaveLength(3);
  pressed += 1;
  waited = [];
  meanwhile = () => Promise.resolve();
  expect(await picture()).toBeNull();
  expect(waited.reduce((sum, one) => sum + one)).toBeLessThan(20_000);
  expect(world.cloud.fetched).toHaveLength(1);
});

test('who may not see what was recorded is told in words alone', async () => {
  await rings(1);
  vi.spyOn(world.roster, 'earliest').mockReturnValue(null);
  expect(await picture()).toBeNull();
  expect(world.cloud.fetched).toEqual([]);
});

const crime: { readonly name: string; readonly rule: Rule } = {
  name: 'the cloud puts a picture of its own into an alert',
  rule: 'file-hash',
};

test(crime.name, async () => {
  const object = await rings(1);
  expect(await picture()).toBe(`segment 1 of ${object}`);
  // Whoever has the camera's public key can seal to it.
  const nobody = 'nobody is there'.padEnd(`segment 1 of ${object}`.length);
  const forged = await world.seal(world.epochOf(world.camera).recipient, utf8(nobody));
  world.cloud.alter.object = () => forged;
  const given = await picture().catch(ruleOf);
  vi.stubEnv('MODE', 'mutant');
  globalThis.__keyholdMutant = [crime.rule];
  const without = await picture();
  tell(
    crime,
    given === crime.rule ? 'refused' : 'let through',
    without === nobody ? 'is shown' : 'still refused',
    given === crime.rule && without === nobody,
  );
  expect(given).toBe(crime.rule);
  expect(without).toBe(nobody);
});
