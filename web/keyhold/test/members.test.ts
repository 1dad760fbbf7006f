// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';
import { hourOf } from '../src/manifest/page.ts';
import type { Right } from '../src/statement/rights.ts';
import type { OfferWish } from '../src/sync/inviting.ts';
import { join, preview, readLink } from '../src/sync/join.ts';
import { freshDevice } from './device.ts';
import { House, until, type App } from './house.ts';

const hour = 3_600_000;

function right(house: House, change: Partial<Right> = {}): Right {
  const { camera, now } = house.world;
  const base = { actions: ['history' as const], cameras: [camera], hours: [], since: now };
  return { ...base, until: now + 48 * hour, zone: '', ...change };
}

function guest(house: House, change: Partial<Right> = {}): OfferWish & { kind: 'person' } {
  const rights = [right(house, change)];
  return { kind: 'person', name: 'Eva', role: 'guest', rights, slow: false, history: false };
}

interface Entering {
  readonly words?: 'same' | 'other';
}

/** Somebody opens the link that the owner made, and the owner does their part. */
async function invite(owner: App, offer: OfferWish, how: Entering = {}) {
  const { house } = owner;
  const { id, link } = await owner.members.invite(offer, 'https://home.example');
  const phases = () => owner.invitations.get(id) ?? [];
  const device = await freshDevice();
  const shown: string[][] = [];
  const names = { deviceName: 'A phone', personName: '' };
  const joining = join(house.cloud, readLink(link), device, names, {
    asked: () => undefined,
    words: (words) => shown.push([...words]),
  });
  joining.catch(() => undefined);
  if (offer.kind === 'person') {
    const arrived = await until(() => phases().find((one) => one.step === 'arrived'));
    if (how.words !== undefined) expect(shown).toEqual([arrived.words]);
    if (how.words === 'other') owner.members.decline(id);
    else owner.members.confirm(id);
    if (how.words !== 'other') {
      await until(() => phases().some((one) => one.step === 'code'));
      owner.members.code(id, ' 314 159 ');
    }
  }
  const joined = await joining;
  const app = await house.newcomer(device, joined, 'Eva');
  const done = await until(() => phases().find((one) => one.step === 'done'));
  expect(done).toMatchObject({ device: device.keys.id, person: joined.person });
  return { app, device, joined, link, phases };
}

/** Texts of everything that a device reads of the camera. */
async function footage(app: App): Promise<number> {
  const { camera, now } = app.house.world;
  await app.engine.syncAfresh();
  const { logs } = await app.engine.records.reading(camera, hourOf(now) - 30, hourOf(now));
  return logs.filter(({ leaf }) => leaf.kind === 'pack').length;
}

test('a guest invited in person sees the camera from then on, and nothing else', async () => {
  const house = await House.make();
  await house.world.pass(3);
  const owner = await house.owner();
  const { app } = await invite(owner, guest(house));
  await house.world.pass(2);
  expect(await footage(app)).toBe(2);
  expect(await footage(owner)).toBe(5);
  expect(app.engine.known.names).toBeNull();
  expect(app.engine.known.labels).toMatchObject([{ name: 'Front door', room: '' }]);
  house.room = 'Hall';
  await house.rotate();
  await house.world.say();
  expect(await footage(app)).toBe(2);
  expect(app.engine.known.labels).toMatchObject([{ name: 'Front door', room: 'Hall' }]);
  expect(app.state.people.map((one) => one.name)).toEqual(['Eva']);
  expect(app.state.own).toMatchObject({ role: 'guest', people: false, manages: [] });
  expect(app.members.trail()).toEqual([]);
  expect([...app.alarms(), ...owner.alarms()]).toEqual([]);
});

test('an offer is read before anything is made, and a device of one’s own needs no gesture', async () => {
  const house = await House.make();
  await house.world.pass(3);
  const owner = await house.owner();
  const { link } = await owner.members.invite(guest(house), 'https://home.example');
  expect(await preview(house.cloud, readLink(link))).toMatchObject({
    kind: 'person',
    from: 'Anna',
    name: 'Eva',
    role: 'guest',
    cameras: [{ id: house.world.camera, name: 'Front door' }],
  });
  const { app, phases } = await invite(owner, { kind: 'device' });
  expect(phases().map((one) => one.step)).not.toContain('code');
  expect(await footage(app)).toBe(3);
  expect([...app.alarms(), ...owner.alarms()]).toEqual([]);
});

test('from afar both see six words, and nothing opens for a day', async () => {
  const house = await House.make();
  const owner = await house.owner();
  const since = house.world.now + 25 * hour;
  const offer = { ...guest(house, { since, until: since + hour }), slow: true };
  const { app } = await invite(owner, offer, { words: 'same' });
  await house.world.pass(1);
  await app.engine.syncAfresh();
  expect(app.engine.may('history', house.world.camera)).toBe('early');
  expect(app.engine.known.labels).toEqual([]);
  const soon = { ...guest(house), slow: true };
  await expect(owner.members.invite(soon, 'x')).rejects.toMatchObject({ kind: 'not-allowed' });
  expect(app.alarms()).toEqual([]);
});

test('other words end an invitation on both sides', async () => {
  const house = await House.make();
  const owner = await house.owner();
  const since = house.world.now + 25 * hour;
  const offer = { ...guest(house, { since, until: since + hour }), slow: true };
  await expect(invite(owner, offer, { words: 'other' })).rejects.toMatchObject({
    kind: 'words-differ',
  });
  const phase = [...owner.invitations.values()].flat().at(-1);
  expect(phase).toEqual({ step: 'refused', reason: 'declined' });
  expect(house.world.roster.people).toHaveLength(1);
});

test('outside of its hours a guest is shown nothing, and raises no alarm', async () => {
  const house = await House.make();
  const owner = await house.owner();
  const { now } = house.world;
  // Twenty minutes are left today, by the clocks of Berlin, which are two hours ahead of UTC.
  const days = [1, 2, 3, 4, 5, 6, 7];
  const at = new Date(now + 2 * hour);
  const minute = at.getUTCHours() * 60 + at.getUTCMinutes();
  const hours = [{ days, from: 0, until: minute + 20 }];
  const { app } = await invite(owner, guest(house, { hours, zone: 'Europe/Berlin' }));
  await house.world.pass(2);
  expect(await footage(app)).toBe(2);
  await house.world.pass(20);
  await house.rotate();
  await house.world.pass(3);
  await app.engine.syncAfresh();
  expect(app.engine.may('history', house.world.camera)).toBe('hours');
  expect(app.engine.records.refs(house.world.camera)).toEqual([]);
  const epoch = house.world.epochOf(house.world.camera).id;
  expect(app.engine.epochs.has(house.world.camera, epoch)).toBe(false);
  expect(app.alarms()).toEqual([]);
});

test('a removal is in force once the hub has ordered it', async () => {
  const house = await House.make();
  const owner = await house.owner();
  const { app } = await invite(owner, guest(house));
  await owner.members.removePerson(app.member.person);
  expect(owner.state.removals[0]).toMatchObject({
    state: 'sent',
    person: { id: app.member.person },
  });
  await until(() => owner.state.removals[0]?.state === 'in-force');
  await app.engine.syncAfresh().catch(() => undefined);
  expect(app.engine.refused).toBe(true);
  expect(owner.state.people.map((one) => one.me)).toEqual([true]);
  expect(owner.members.trail().at(-1)).toMatchObject({ kind: 'remove-person', mine: true });
  expect(owner.alarms()).toEqual([]);
});

test('a removal that is held back is an alarm after a minute, and goes on after a restart', async () => {
  const house = await House.make();
  const owner = await house.owner();
  const { app } = await invite(owner, guest(house));
  house.silent = true;
  await owner.members.removePerson(app.member.person);
  house.world.now += 59_000;
  await owner.members.look();
  expect(owner.alarms()).toEqual([]);
  house.world.now += 2_000;
  await owner.members.look();
  expect(owner.alarms()).toEqual(['withheld']);
  expect(owner.state.removals[0]?.state).toBe('late');
  house.silent = false;
  const again = await house.owner(owner.store);
  await until(() => again.state.removals[0]?.state === 'in-force');
});

test('who came meanwhile is news until it was read, over a restart as well', async () => {
  const house = await House.make();
  const owner = await house.owner();
  const { app: tablet } = await invite(owner, { kind: 'device' });
  await invite(tablet, guest(house));
  expect(tablet.state.news).toEqual([]);
  const again = await house.owner(owner.store);
  expect(again.state.news.map((one) => one.kind)).toEqual(['add-person']);
  expect(again.state.news[0]).toMatchObject({ role: 'guest', mine: true });
  await again.members.readNews();
  expect((await house.owner(owner.store)).state.news).toEqual([]);
});

test('rights are changed with the hub’s code alone', async () => {
  const house = await House.make();
  const owner = await house.owner();
  const { app } = await invite(owner, guest(house));
  const id = owner.members.setRights(app.member.person, 'viewer', [right(house, { until: 0 })]);
  const phases = () => owner.changes.get(id) ?? [];
  await until(() => phases().at(-1)?.step === 'code');
  owner.members.code(id, '000000');
  await until(() => phases().some((one) => one.step === 'code' && one.wrong));
  owner.members.code(id, house.code);
  await until(() => phases().at(-1)?.step === 'done');
  expect(house.world.roster.person(app.member.person)?.role).toBe('viewer');
  const own = owner.members.setRights(owner.member.person, 'guardian', []);
  await until(() => owner.changes.get(own)?.at(-1)?.step === 'refused');
});

test('a new sheet takes the place of the old one and is given the old keys', async () => {
  const house = await House.make();
  await house.world.pass(2);
  const owner = await house.owner();
  const { sheetWords } = owner.members.newSheet();
  expect(await owner.members.checkSheet(sheetWords.join(' '))).toBe('another');
  const id = owner.members.useSheet(true);
  await until(() => owner.changes.get(id)?.at(-1)?.step === 'code');
  owner.members.code(id, house.code);
  await until(() => owner.changes.get(id)?.at(-1)?.step === 'done');
  expect(await owner.members.checkSheet(sheetWords.join('\n'))).toBe('right');
  expect(house.world.rows.filter((row) => row.device === 'sheet').length).toBeGreaterThan(1);
  await expect(owner.members.checkSheet('one two')).rejects.toMatchObject({ kind: 'sheet-wrong' });
});
