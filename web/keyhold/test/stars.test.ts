// SPDX-License-Identifier: Apache-2.0

import { beforeEach, expect, test, vi } from 'vitest';
import { fromUtf8, type Bytes } from '../src/bytes.ts';
import { hourOf } from '../src/manifest/page.ts';
import { Envelope } from '../src/statement/dsse.ts';
import type { Op, Reply } from '../src/statement/request.ts';
import { openStar } from '../src/statement/star.ts';
import { Engine } from '../src/sync/engine.ts';
import { Fault } from '../src/sync/fault.ts';
import { HomeSession } from '../src/sync/home.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { freshDevice } from './device.ts';
import { hurried } from './hurried.ts';
import { start, World } from './world.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

let world: World;
let home: HomeSession;
/** The first pack, which alone is of the starred moment. */
let object: string;
let moment: number;
/** What was kept apart when somebody rang at that time; not starred. */
let rung: string;
let stars: { objects: string[]; statement: Bytes; waiting?: boolean }[];
let away: boolean;
const asked: Op[] = [];

const alarms = (): string[] => home.engine.alarms.all().map(({ rule }) => rule);

/** A moment as a member stars it. */
async function star(seq: number, at = moment): Promise<Bytes> {
  const { device, signer } = world.member;
  const { household, head } = world.roster;
  const common = { at: world.now, camera: world.camera, device, head: head.hash, household };
  const signed = await Envelope.signed('star', { ...common, moment: at, on: true, seq }, signer);
  return signed.encode();
}

async function beat(): Promise<void> {
  await world.leaf(world.camera, 'heartbeat', {});
  await world.leaf('household', 'heartbeat', {});
}

function open(): HomeSession {
  const quiet = { trust: () => undefined, known: () => undefined, grown: () => undefined };
  const { cloud, member, roster } = world;
  const session = new HomeSession(new Engine(cloud, member, roster, new MemoryStore(), quiet), {
    rang: () => undefined,
    reports: () => undefined,
    newest: () => undefined,
    looked: () => undefined,
    mail: () => Promise.resolve(),
    watched: () => undefined,
    viewEnded: () => undefined,
  });
  vi.spyOn(session.commands, 'send').mockImplementation((op: Op) => {
    asked.push(op);
    if (away) return Promise.reject(new Fault('hub-away', 'no answer'));
    return Promise.resolve({ result: op.kind === 'stars' ? { stars } : {} } as unknown as Reply);
  });
  return session;
}

/** What the cloud still shows a month later; `drop` what it keeps back. */
function sweep(drop = false): void {
  const cut = hourOf(world.now - 30 * day);
  for (const one of [...world.objects.keys()]) if (one !== object) world.objects.delete(one);
  world.cloud.alter.sync = (answer) => ({
    ...answer,
    pages: answer.pages.filter(
      (page) => page.hour >= cut || (!drop && page.camera === world.camera),
    ),
  });
}

beforeEach(async () => {
  vi.stubGlobal(
    'WebSocket',
    class {
      close(): void {}
    },
  );
  asked.length = 0;
  away = false;
  world = await World.make();
  await world.pass(1);
  rung = await world.press(1);
  await world.pass(2);
  object = [...world.objects.keys()][0]!;
  moment = start + minute - 8_000 + 1 - 30_000;
  stars = [{ objects: [object], statement: await star(1) }];
  for (const later of [1.5 * day, 31 * day]) {
    world.now = start + later;
    await beat();
  }
  await world.say();
  sweep();
  home = open();
  await home.engine.sync();
  return () => {
    home.close();
    vi.restoreAllMocks();
  };
});

test('of a month ago what is starred is there, and the rest is not missed', async () => {
  const { recorded, gaps } = await home.timeline(world.camera, start - hour, start + hour);
  expect(recorded).toEqual([{ from: start + minute - 8_000, until: start + minute }]);
  expect(gaps).toEqual([]);
  const { id, spans } = await home.playbacks.open(world.camera, start - hour, start + hour);
  expect(spans).toHaveLength(2);
  const plain = await home.playbacks.read(id, 0, new AbortController().signal);
  expect(fromUtf8(plain)).toBe(`segment 0 of ${object}`);
  expect(await home.stars.list(world.camera)).toMatchObject([{ moment, mine: true, name: 'Anna' }]);
  expect(alarms()).toEqual([]);
});

test('a cloud that drops a starred pack, or the page of it, is found out', async () => {
  const { id } = await home.playbacks.open(world.camera, start - hour, start + hour);
  world.objects.delete(object);
  const read = home.playbacks.read(id, 0, new AbortController().signal);
  await expect(read).rejects.toMatchObject({ rule: 'seq-gap' });
  sweep(true);
  const other = open();
  await other.engine.sync();
  // Each time that something is missing it is asked for again, after a pause.
  hurried();
  await expect(other.stars.list(world.camera)).rejects.toMatchObject({ rule: 'seq-gap' });
  other.close();
  expect(alarms()).toEqual(['seq-gap']);
});

test('what was seen when somebody rang a month ago is not there, and not missed', async () => {
  const [visit] = await home.alerts.visits(start - hour);
  expect(visit!.presses).toEqual([{ at: start + minute, number: 1, picture: false }]);
  // A hub of an earlier version has had it kept as well.
  stars[0]!.objects.push(rung);
  expect(await home.stars.list(world.camera)).toHaveLength(1);
  expect((await home.alerts.visits(start - hour))[0]!.presses[0]!.picture).toBe(true);
  expect(alarms()).toEqual([]);
});

test('without a star, or without the hub’s word, nothing of that time is shown or missed', async () => {
  for (const hub of ['away', 'says none']) {
    away = hub === 'away';
    stars = [];
    const other = open();
    await other.engine.sync();
    const { recorded, gaps } = await other.timeline(world.camera, start - hour, start + hour);
    expect([recorded, gaps], hub).toEqual([[], []]);
    expect(other.engine.alarms.all()).toEqual([]);
    other.close();
  }
});

test('a star for which the cloud has no room is not shown as kept, and not missed', async () => {
  world.objects.delete(object);
  stars = [{ ...stars[0]!, objects: [], waiting: true }];
  expect(await home.stars.list(world.camera)).toMatchObject([{ moment, waiting: true }]);
  expect(alarms()).toEqual([]);
});

test('a star that its signer did not sign for this camera is an alarm', async () => {
  const elsewhere = await world.addCamera('Hall');
  await expect(home.stars.list(elsewhere)).rejects.toMatchObject({ rule: 'signer' });
  expect(alarms()).toEqual(['signer']);
});

test('whoever stars what is not quite new says which packs it is of', async () => {
  world.now += hour;
  await world.pack();
  await world.say();
  const pack = world.now - 8_000;
  for (let i = 0; i < 3; i++) {
    world.now += 5 * minute;
    await beat();
  }
  await world.say();
  await home.engine.syncAfresh();
  await home.stars.set(world.camera, pack + 1_000.5, true);
  const op = asked.find(({ kind }) => kind === 'star')!;
  expect(op.leaves).toHaveLength(1);
  const said = await openStar(op.star!, world.roster);
  expect(said).toMatchObject({ moment: pack + 1_000, on: true, seq: 2, camera: world.camera });
  await home.stars.set(world.camera, moment, false);
  expect(asked.findLast(({ kind }) => kind === 'star')!.leaves).toBeUndefined();
});

test('a star by a device that came a moment ago is no alarm', async () => {
  const { device, signer } = await world.admit(await freshDevice());
  await world.say();
  const { household, head } = world.roster;
  const at = moment + minute;
  const setting = { at, camera: world.camera, device, head: head.hash, household };
  const signed = await Envelope.signed('star', { ...setting, moment, on: true, seq: 1 }, signer);
  stars = [{ objects: [object], statement: signed.encode() }];
  expect(await home.stars.list(world.camera)).toMatchObject([{ moment, mine: true }]);
  expect(alarms()).toEqual([]);
});
