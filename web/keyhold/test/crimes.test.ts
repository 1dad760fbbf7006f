// SPDX-License-Identifier: Apache-2.0

import { afterEach, expect, test, vi } from 'vitest';
import { hourOf } from '../src/manifest/page.ts';
import type { Rule } from '../src/rule.ts';
import type { Roster } from '../src/statement/roster.ts';
import { join, readLink } from '../src/sync/join.ts';
import { freshDevice } from './device.ts';
import { House, until, type App } from './house.ts';
import { hurried } from './hurried.ts';
import { tell } from './tell.ts';
import { idOf } from './world.ts';

/**
 * What a hub that is in other hands, or a cloud, tries with the keys of what is recorded: the app of
 * an owner has to refuse each by its rule. Without that one check it goes through, and what is right
 * beside it always does.
 */
interface Crime {
  readonly name: string;
  readonly rule: Rule;
  readonly off: readonly Rule[];
  readonly commit: (scene: Scene) => Promise<void>;
  readonly honest: (scene: Scene) => Promise<void>;
}

interface Scene {
  readonly house: House;
  owner: App;
  /** A second device, which the owner removes. */
  readonly lost: string;
}

async function scene(): Promise<Scene> {
  const house = await House.make();
  const owner = await house.owner();
  const { link } = await owner.members.invite({ kind: 'device' }, 'https://home.example');
  const device = await freshDevice();
  const events = { asked: () => undefined, words: () => undefined };
  const names = { deviceName: 'A phone', personName: '' };
  await join(house.cloud, readLink(link), device, names, events);
  await house.world.pass(2);
  return { house, owner, lost: device.keys.id };
}

async function remove({ owner, lost }: Scene): Promise<void> {
  await owner.members.removeDevice(lost);
  await until(() => owner.state.removals[0]?.state === 'in-force');
}

/** What the owner's app says after it has read everything. */
async function read({ house, owner }: Scene): Promise<string[]> {
  const { camera, now } = house.world;
  // Each time that something is missing it is asked for again, after a pause in which nothing comes here.
  hurried();
  try {
    await owner.engine.syncAfresh();
    const reading = () => owner.engine.records.reading(camera, hourOf(now) - 4, hourOf(now));
    await owner.engine.guarded(reading).catch(() => undefined);
  } finally {
    vi.restoreAllMocks();
  }
  return owner.alarms();
}

/** A new epoch for readers whom the hub chooses. */
async function given({ house }: Scene, choose: (right: readonly string[]) => string[]) {
  const { world } = house;
  const right = world.roster.readers(world.camera, world.now);
  const { roster } = world;
  await world.pass(10);
  Object.assign(roster, { readers: () => choose(right) });
  await world.rotate(world.camera);
  await world.pass(1);
}

async function rotated({ house }: Scene): Promise<void> {
  await house.world.pass(10);
  await house.world.rotate(house.world.camera);
  await house.world.pass(1);
}

/** The app of a guest whose right begins now, in the place of the owner's. */
async function guest(s: Scene): Promise<void> {
  const { house, owner } = s;
  const since = house.world.now;
  const until_ = since + 100 * 3_600_000;
  const right = {
    actions: ['history' as const],
    cameras: [],
    hours: [],
    since,
    until: until_,
    zone: '',
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
  s.owner = await house.newcomer(device, await joining, 'Eva');
}

/** The app as it starts another day: no key is open yet. */
async function afresh(s: Scene): Promise<void> {
  s.owner = await s.house.owner();
}

/** Another link in the place of the newest one, signed by the owner's device and the hub as that was. */
async function forked({ house, owner }: Scene, before: Roster): Promise<void> {
  const { world } = house;
  const device = await freshDevice();
  const op = { kind: 'add-device' as const, device: device.keys, person: owner.member.person };
  const link = await before.newLink(world.now, op).sign(device.signer);
  world.roster = before;
  await house.order(await link.sign(owner.member.signer));
}

const crimes: readonly Crime[] = [
  {
    name: 'hub and cloud show two phones of one person two rosters',
    rule: 'roster-fork',
    off: ['roster-fork', 'rolled-back'],
    async commit(s) {
      const before = s.house.world.roster;
      await remove(s);
      await forked(s, before);
    },
    honest: remove,
  },
  {
    name: 'the cloud shows a phone the roster of before a removal',
    rule: 'rolled-back',
    off: ['rolled-back'],
    async commit(s) {
      const before = s.house.world.roster;
      await remove(s);
      s.house.world.roster = before;
    },
    honest: remove,
  },
  {
    name: 'the hub adds a reader whom nobody let in',
    rule: 'envelope',
    off: ['envelope'],
    async commit(s) {
      const ghost = idOf('dev');
      s.house.world.readers.push({ ...s.house.world.readers[0]!, device: ghost });
      await given(s, (right) => [...right, ghost]);
    },
    honest: rotated,
  },
  {
    name: 'the hub gives a new key to somebody who was removed',
    rule: 'envelope',
    off: ['envelope'],
    async commit(s) {
      await remove(s);
      await given(s, (right) => [...right, s.lost]);
    },
    async honest(s) {
      await remove(s);
      await rotated(s);
    },
  },
  {
    name: 'the hub makes an epoch for the roster of before a removal',
    rule: 'envelope',
    off: ['envelope'],
    async commit(s) {
      const { world } = s.house;
      const before = world.roster;
      await remove(s);
      const after = world.roster;
      await world.pass(10);
      world.roster = before;
      await world.rotate(world.camera);
      world.roster = after;
      await world.pass(1);
    },
    async honest(s) {
      await remove(s);
      await rotated(s);
    },
  },
  {
    name: 'the hub keeps the epoch in use after a removal',
    rule: 'envelope',
    off: ['envelope'],
    async commit(s) {
      s.house.rotate = () => Promise.resolve();
      await remove(s);
      await s.house.world.pass(10);
    },
    async honest(s) {
      await remove(s);
      await s.house.world.pass(10);
    },
  },
  {
    name: 'the cloud swaps the envelope of a reader for one of its own',
    rule: 'envelope',
    off: ['envelope'],
    async commit(s) {
      const { world } = s.house;
      const { row, recipient } = await world.forgeRow(world.camera);
      const mine = (one: typeof row): boolean =>
        one.epoch === row.epoch && one.device === row.device;
      world.rows = world.rows.map((one) => (mine(one) ? row : one));
      world.recipients.set(row.epoch, recipient);
      s.owner = await s.house.owner();
    },
    honest: afresh,
  },
  {
    name: 'the cloud hides the hours in which a right began',
    rule: 'seq-gap',
    off: ['seq-gap'],
    async commit(s) {
      await guest(s);
      const { world } = s.house;
      const begun = hourOf(world.now);
      await world.pass(200, 10);
      world.pages = world.pages.filter(
        ({ camera, hour }) => camera !== world.camera || hour > begun + 1,
      );
    },
    async honest(s) {
      await guest(s);
      await s.house.world.pass(200, 10);
    },
  },
  {
    name: 'hub or cloud hold a removal back',
    rule: 'withheld',
    off: ['withheld'],
    async commit(s) {
      s.house.silent = true;
      await s.owner.members.removeDevice(s.lost);
      s.house.world.now += 61_000;
      await s.owner.members.look();
    },
    async honest(s) {
      await remove(s);
      s.house.world.now += 61_000;
      await s.owner.members.look();
    },
  },
];

afterEach(() => {
  vi.unstubAllEnvs();
  globalThis.__keyholdMutant = undefined;
});

test.each(crimes.map((one) => [one.name, one] as const))('refused: %s', async (_name, crime) => {
  const honest = await scene();
  await crime.honest(honest);
  expect(await read(honest)).toEqual([]);

  const attacked = await scene();
  await crime.commit(attacked);
  const alarms = await read(attacked);

  const fooled = await scene();
  vi.stubEnv('MODE', 'mutant');
  globalThis.__keyholdMutant = crime.off;
  await crime.commit(fooled);
  const mutant = await read(fooled);

  const refused = alarms.length === 1 && alarms[0] === crime.rule;
  const passes = !mutant.includes(crime.rule);
  const outcome = alarms.length === 0 ? 'let through' : `refused: ${alarms.join(', ')}`;
  tell(crime, outcome, passes ? 'no alarm' : 'still refused', refused && passes);
  expect(alarms).toEqual([crime.rule]);
  expect(mutant).not.toContain(crime.rule);
});
