// SPDX-License-Identifier: Apache-2.0

import { afterEach, expect, test, vi } from 'vitest';
import { Identity } from '../src/crypto/age.ts';
import { Engine } from '../src/sync/engine.ts';
import { HomeSession } from '../src/sync/home.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { start, World } from './world.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** A playback of twelve segments, and what it fetches. */
async function playback(): Promise<{
  read(index: number, signal?: AbortSignal): Promise<string>;
  /** The segments that were fetched since the last call; those that were given up are struck out. */
  fetched(): string[];
  close(): void;
}> {
  vi.stubGlobal('WebSocket', class {});
  const world = await World.make();
  await world.pass(6);
  const engine = new Engine(world.cloud, world.member, world.roster, new MemoryStore(), {
    trust: () => undefined,
    known: () => undefined,
    grown: () => undefined,
  });
  await engine.sync();
  const home = new HomeSession(engine, {
    rang: () => undefined,
    reports: () => undefined,
    newest: () => undefined,
    looked: () => undefined,
    mail: () => Promise.resolve(),
    watched: () => undefined,
    viewEnded: () => undefined,
  });
  const { id, spans } = await home.playbacks.open(world.camera, start, world.now);
  expect(spans).toHaveLength(12);
  const objects = [...world.objects.keys()];
  const { fetched } = world.cloud;
  return {
    read: async (index, signal = new AbortController().signal) =>
      new TextDecoder().decode(await home.playbacks.read(id, index, signal)),
    fetched: () =>
      fetched.splice(0).map(({ object, offset, signal }) => {
        const index = objects.indexOf(object) * 2 + (offset > 0 ? 1 : 0);
        return signal?.aborted === true ? `(${index})` : `${index}`;
      }),
    close: () => home.playbacks.close(id),
  };
}

test('after a jump one segment is fetched; what follows it is fetched ahead', async () => {
  const { read, fetched } = await playback();
  expect(await read(4)).toMatch(/^segment 0 of obj_/);
  expect(fetched()).toEqual(['4']);
  expect(await read(5)).toMatch(/^segment 1 of obj_/);
  expect(fetched()).toEqual(['5', '6', '7']);
  await read(6);
  expect(fetched()).toEqual(['8']);
});

test('a jump gives up what was fetched ahead, and is not held up by it', async () => {
  const { read, fetched } = await playback();
  await read(4);
  await read(5);
  await read(1);
  expect(fetched()).toEqual(['4', '5', '(6)', '(7)', '1']);
  expect(await read(6)).toMatch(/^segment 0 of obj_/);
  expect(fetched()).toEqual(['6']);
});

test('a playback that is closed gives up what was fetched ahead', async () => {
  const { read, fetched, close } = await playback();
  await read(4);
  await read(5);
  close();
  expect(fetched()).toEqual(['4', '5', '(6)', '(7)']);
});

test('a segment that nobody waits for any more is not opened', async () => {
  const { read } = await playback();
  const control = new AbortController();
  const opening = vi.spyOn(Identity.prototype, 'open');
  const reading = read(4, control.signal);
  control.abort();
  await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  expect(opening).not.toHaveBeenCalled();
});
