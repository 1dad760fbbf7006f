// SPDX-License-Identifier: Apache-2.0

import { beforeEach, expect, test, vi } from 'vitest';
import { hashText } from '../src/crypto/hash.ts';
import { random } from '../src/bytes.ts';
import { Engine } from '../src/sync/engine.ts';
import { HomeSession } from '../src/sync/home.ts';
import type { LookList } from '../src/sync/looks.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { idOf, start, World } from './world.ts';

const minute = 60_000;

let world: World;
let hall: string;
let home: HomeSession;

beforeEach(async () => {
  vi.stubGlobal(
    'WebSocket',
    class {
      close(): void {}
    },
  );
  world = await World.make();
  hall = await world.addCamera('Hall');
  const engine = new Engine(world.cloud, world.member, world.roster, new MemoryStore(), {
    trust: () => undefined,
    known: () => undefined,
    grown: () => undefined,
  });
  home = new HomeSession(engine, {
    reports: () => undefined,
    newest: () => undefined,
    looked: () => undefined,
    mail: () => Promise.resolve(),
    watched: () => undefined,
    viewEnded: () => undefined,
  });
  return () => home.close();
});

async function looks(from = start): Promise<LookList> {
  await world.say();
  await home.engine.syncAfresh();
  const names = { [world.camera]: 'Front door', [hall]: 'Hall', [world.person]: 'Anna' };
  return home.looks(from, (id) => names[id] ?? '');
}

/** A view of two cameras, as the hub writes it down. */
async function view(id: string, length: number | null): Promise<void> {
  const since = world.now;
  const rest = { device: world.member.device, person: world.person, signal: hashText(random(1)) };
  for (const camera of [world.camera, hall]) {
    await world.leaf(camera, 'live', { ...rest, since, state: 'began', until: 0, view: id });
  }
  if (length === null) return;
  world.now += length;
  for (const camera of [world.camera, hall]) {
    const until = world.now;
    await world.leaf(camera, 'live', { ...rest, since, state: 'ended', until, view: id });
  }
}

/** Lets time pass, in steps of five minutes, with the hub's heartbeats. */
async function wait(minutes: number): Promise<void> {
  for (let i = 0; i < minutes; i += 5) {
    world.now += 5 * minute;
    for (const camera of [world.camera, hall, 'household']) {
      await world.leaf(camera, 'heartbeat', {});
    }
  }
}

async function fetched(purpose: string, camera = world.camera): Promise<void> {
  await world.leaf(camera, 'look', {
    device: world.member.device,
    fetch: hashText(random(8)),
    from: world.now - 10 * minute,
    person: world.person,
    purpose,
    until: world.now,
  });
}

test('a live look is one line, with its cameras and its length', async () => {
  const id = idOf('vie');
  await view(id, 3 * minute);
  const { looks: found, entries, closed } = await looks();
  expect(found).toMatchObject([
    {
      id,
      kind: 'live',
      person: { name: 'Anna' },
      role: 'owner',
      mine: true,
      cameras: [{ name: 'Front door' }, { name: 'Hall' }],
      at: start,
      until: start + 3 * minute,
      open: false,
    },
  ]);
  expect(closed).toBe(0);
  expect(entries).toBe(8);
});

test('one without an end is open', async () => {
  const id = idOf('vie');
  await view(id, null);
  expect((await looks()).looks).toMatchObject([{ id, open: true, at: start, until: start }]);
});

test('what is asked for in a row is one line, newest first', async () => {
  await fetched('history');
  world.now += 2 * minute;
  await fetched('history');
  await fetched('export', hall);
  await wait(20);
  await fetched('history');
  const { looks: found } = await looks();
  expect(found.map(({ kind, count, at }) => [kind, count, at - start])).toEqual([
    ['history', 1, 22 * minute],
    ['export', 1, 2 * minute],
    ['history', 2, 0],
  ]);
  expect(found[2]!.footage).toEqual({ from: start - 10 * minute, until: start + 2 * minute });
  expect((await looks(start + minute)).looks).toHaveLength(2);
});

test('an entry that the cloud leaves out is an alarm, and no shorter list', async () => {
  await view(idOf('vie'), minute);
  for (let i = 0; i < 3; i++) {
    await wait(60);
    await fetched('history');
  }
  world.cloud.alter.sync = (answer) => ({
    ...answer,
    pages: answer.pages.filter(
      ({ camera, hour }) =>
        camera !== world.camera || hour !== Math.floor(world.now / 3_600_000) - 1,
    ),
  });
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void) => {
    queueMicrotask(run);
    return 0;
  }) as never);
  try {
    await expect(looks()).rejects.toMatchObject({ rule: 'seq-gap' });
  } finally {
    vi.restoreAllMocks();
  }
  expect(home.engine.alarms.all().map(({ rule }) => rule)).toContain('seq-gap');
});
