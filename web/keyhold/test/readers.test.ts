// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';
import { base32, random } from '../src/bytes.ts';
import { hourOf } from '../src/manifest/page.ts';
import type { Right } from '../src/statement/rights.ts';
import { mayLack } from '../src/sync/readers.ts';
import { join, readLink } from '../src/sync/join.ts';
import { freshDevice } from './device.ts';
import { House, until, type App } from './house.ts';

const hour = 3_600_000;

/** A household with a second device, which its owner then removes. */
async function removed(before?: (house: House) => void) {
  const house = await House.make();
  const owner = await house.owner();
  const { link } = await owner.members.invite({ kind: 'device' }, 'https://home.example');
  const device = await freshDevice();
  const events = { asked: () => undefined, words: () => undefined };
  const names = { deviceName: 'A phone', personName: '' };
  await join(house.cloud, readLink(link), device, names, events);
  await house.world.pass(2);
  before?.(house);
  await owner.members.removeDevice(device.keys.id);
  await until(() => owner.state.removals[0]?.state === 'in-force');
  return { house, owner, device };
}

async function readAll(app: App): Promise<void> {
  const { camera, now } = app.house.world;
  await app.engine.syncAfresh();
  const read = () => app.engine.records.reading(camera, hourOf(now) - 2, hourOf(now));
  await app.engine.guarded(read).catch(() => undefined);
}

test('after a removal new keys go to those who are left, and nobody is alarmed', async () => {
  const { house, owner } = await removed();
  await house.world.pass(10);
  await readAll(owner);
  expect(owner.alarms()).toEqual([]);
});

test('an epoch that is kept in use after a removal is an alarm', async () => {
  const { house, owner } = await removed((one) => (one.rotate = () => Promise.resolve()));
  await house.world.pass(10);
  await readAll(owner);
  expect(owner.alarms()).toEqual(['envelope']);
});

test('a key that is given to somebody who was removed is an alarm', async () => {
  const { house, owner, device } = await removed();
  const { world } = house;
  const readers = world.roster.readers(world.camera, world.now);
  Object.assign(world.roster, { readers: () => [...readers, device.keys.id] });
  world.now += 10 * 60_000;
  await world.rotate(world.camera);
  await world.pass(1);
  await readAll(owner);
  expect(owner.alarms()).toEqual(['envelope']);
});

test('a roster that the hub shows others is found out by its record', async () => {
  const house = await House.make();
  const owner = await house.owner();
  const { world } = house;
  const hash = base32(random(32));
  await world.leaf('household', 'head', { head: { hash, seq: world.roster.head.seq } });
  await world.pass(1);
  await owner.engine.syncAfresh();
  expect(owner.alarms()).toEqual(['roster-fork']);
});

test('a roster older than the hub’s record is found out', async () => {
  const house = await House.make();
  const owner = await house.owner();
  const { world } = house;
  const { hash } = world.roster.head;
  await world.leaf('household', 'head', { head: { hash, seq: world.roster.head.seq + 1 } });
  await world.pass(1);
  await owner.engine.syncAfresh();
  expect(owner.alarms()).toEqual(['rolled-back']);
});

test('a guest lacks keys of the hours that are closed, and of no other', async () => {
  const house = await House.make();
  const owner = await house.owner();
  const { world } = house;
  const right: Right = {
    actions: ['history'],
    cameras: [],
    hours: [{ days: [1, 2, 3, 4, 5, 6, 7], from: 0, until: 12 * 60 }],
    since: world.now,
    until: world.now + 100 * hour,
    zone: 'UTC',
  };
  const offer = { name: 'Eva', role: 'guest' as const, rights: [right], history: false };
  const { id, link } = await owner.members.invite({ kind: 'person', slow: false, ...offer }, 'x');
  const device = await freshDevice();
  const events = { asked: () => undefined, words: () => undefined };
  const joining = join(
    house.cloud,
    readLink(link),
    device,
    { deviceName: 'p', personName: '' },
    events,
  );
  await until(() => owner.invitations.get(id)?.some((one) => one.step === 'arrived'));
  owner.members.confirm(id);
  await until(() => owner.invitations.get(id)?.some((one) => one.step === 'code'));
  owner.members.code(id, house.code);
  const { roster } = await joining;
  const midnight = Math.ceil(world.now / (24 * hour)) * 24;
  const lacks = (from: number): boolean =>
    mayLack(roster, device.keys.id, world.camera, midnight + from);
  expect([-1, 0, 1, 10, 11, 12, 23].map(lacks)).toEqual([
    true,
    true,
    false,
    false,
    true,
    true,
    true,
  ]);
  expect(mayLack(roster, owner.member.device, world.camera, midnight)).toBe(false);
  expect(mayLack(roster, device.keys.id, 'household', midnight + 1)).toBe(true);
});

test('a link may reach the hub half an hour after it was made', async () => {
  const house = await House.make();
  const { world } = house;
  const device = await freshDevice();
  const op = { kind: 'add-device' as const, device: device.keys, person: world.person };
  const hourBegins = Math.ceil(world.now / hour) * hour;
  world.now = hourBegins - 10 * 60_000;
  const link = await world.roster.newLink(world.now, op).sign(device.signer);
  const signed = await (await link.sign(world.member.signer)).sign(world.hub);
  const roster = await world.roster.append(signed.encode());
  const lacks = (later: number): boolean =>
    mayLack(roster, device.keys.id, world.camera, hourBegins / hour + later);
  expect([-1, 0, 1].map(lacks)).toEqual([true, true, false]);
});
