// SPDX-License-Identifier: Apache-2.0

// A new link comes by two roads, the hub's reply and the look at the cloud, in any order.
import { expect, test } from 'vitest';
import { freshDevice } from './device.ts';
import { Reader } from './reader.ts';
import { World } from './world.ts';

test('a link that the cloud showed before the reply was read is no alarm', async () => {
  const { world, reader, link } = await changed();
  await reader.engine.sync();
  expect(reader.engine.known.roster.head.seq).toBe(1);
  await reader.engine.takeLink(link);
  expect(reader.alarms()).toEqual([]);
  expect(reader.engine.known.roster.head).toEqual(world.roster.head);
});

test('an answer from before the link, read after it, is no alarm and takes nothing back', async () => {
  const { world, reader, link, before } = await changed();
  world.cloud.alter.sync = async (answer) => {
    delete world.cloud.alter.sync;
    void reader.engine.takeLink(link);
    await expect.poll(() => reader.engine.known.roster.head.seq).toBe(1);
    return { ...answer, roster: before };
  };
  await reader.engine.sync();
  expect(reader.alarms()).toEqual([]);
  expect(reader.engine.known.roster.head).toEqual(world.roster.head);
});

test('a link of nobody is an alarm', async () => {
  const { reader, link } = await changed();
  link[link.length - 20]! ^= 1;
  await expect(reader.engine.takeLink(link)).rejects.toThrow();
  expect(reader.alarms()).not.toEqual([]);
});

test('an older roster than was known when asking is an alarm', async () => {
  const { world, reader, before } = await changed();
  await reader.engine.sync();
  world.cloud.alter.sync = (answer) => ({ ...answer, roster: before });
  await reader.engine.sync();
  expect(reader.alarms()).toEqual(['rolled-back']);
});

/** A reader who has not seen the newest link yet, the link, and the chain before it. */
async function changed() {
  const world = await World.make();
  const reader = new Reader(world);
  await reader.engine.sync();
  const before = world.roster.chain;
  await world.admit(await freshDevice());
  return { world, reader, before, link: world.roster.chain.at(-1)! };
}
