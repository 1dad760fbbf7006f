// SPDX-License-Identifier: Apache-2.0

import { beforeEach, expect, test, vi } from 'vitest';
import type { Writable } from '../src/canon.ts';
import { hashText } from '../src/crypto/hash.ts';
import { random } from '../src/bytes.ts';
import { Envelope } from '../src/statement/dsse.ts';
import { Engine } from '../src/sync/engine.ts';
import { HomeSession } from '../src/sync/home.ts';
import type { LookList } from '../src/sync/looks.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { hurried } from './hurried.ts';
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

/** A setting as a member signs it, in the leaf that the hub writes of it. */
async function sets(
  kind: 'private' | 'masks' | 'star',
  camera: string,
  says: Record<string, Writable>,
  more: Record<string, Writable> = {},
  signed: Record<string, Writable> = {},
): Promise<void> {
  const { device, person, signer } = world.member;
  const { household, head } = world.roster;
  const common = { at: world.now, camera, device, head: head.hash, household };
  const setting = await Envelope.signed(kind, { ...common, ...says, ...signed }, signer);
  await world.leaf(camera, kind, { device, person, statement: setting.encode(), ...more });
}
const off = { hours: [], on: true, seq: 1, zone: '' };
const part = { height: 300, left: 0, top: 0, width: 500 };

test('what was turned off and covered stands among the looks', async () => {
  const since = world.now;
  const began = { since, state: 'began', until: 0 };
  await sets('private', world.camera, off, began);
  world.now += minute;
  await sets('masks', hall, { masks: [part], seq: 1 });
  world.now += minute;
  const ended = { since, state: 'ended', until: world.now };
  await sets('private', world.camera, { ...off, on: false, seq: 2 }, ended);
  world.now += minute;
  await sets('private', 'household', off, { since: 0, state: 'set', until: 0 });
  const { looks: found } = await looks();
  expect(found.map(({ kind, set, at, cameras }) => [kind, set, at - start, cameras[0]])).toEqual([
    [
      'private',
      { on: true, hours: [], masks: [], moment: 0 },
      3 * minute,
      { id: 'household', name: '' },
    ],
    [
      'private',
      { on: false, hours: [], masks: [], moment: 0 },
      2 * minute,
      { id: world.camera, name: 'Front door' },
    ],
    [
      'masks',
      { on: false, hours: [], masks: [part], moment: 0 },
      minute,
      { id: hall, name: 'Hall' },
    ],
    [
      'private',
      { on: true, hours: [], masks: [], moment: 0 },
      0,
      { id: world.camera, name: 'Front door' },
    ],
  ]);
  world.now += minute;
  await sets('star', hall, { moment: start, on: true, seq: 1 });
  expect((await looks()).looks[0]).toMatchObject({
    kind: 'star',
    set: { on: true, moment: start },
  });
  expect(found[0]).toMatchObject({ person: { name: 'Anna' }, mine: true, role: 'owner' });
});

test('masks of another camera than their signer said are an alarm', async () => {
  await sets('masks', hall, { masks: [part], seq: 1 }, {}, { camera: world.camera });
  await expect(looks()).rejects.toMatchObject({ rule: 'signer' });
  expect(home.engine.alarms.all().map(({ rule }) => rule)).toContain('signer');
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
  hurried();
  try {
    await expect(looks()).rejects.toMatchObject({ rule: 'seq-gap' });
  } finally {
    vi.restoreAllMocks();
  }
  expect(home.engine.alarms.all().map(({ rule }) => rule)).toContain('seq-gap');
});

test('of a quick reply it says what was said', async () => {
  const since = world.now;
  const reply = { language: 'nl', text: 'Ik kom eraan.' };
  const who = { device: world.member.device, person: world.person, view: idOf('vie') };
  const talk = { ...who, act: hashText(random(1)), reply, since };
  await world.leaf(world.camera, 'talk', { ...talk, state: 'began', until: 0 });
  await world.leaf(world.camera, 'talk', { ...talk, state: 'ended', until: since + 3_000 });
  const { looks: all } = await looks();
  expect(all.map(({ kind, reply }) => [kind, reply])).toEqual([['talk', reply.text]]);
});
