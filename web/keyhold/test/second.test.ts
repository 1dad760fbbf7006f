// SPDX-License-Identifier: Apache-2.0

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { base32, random, type Bytes } from '../src/bytes.ts';
import type { Signer } from '../src/crypto/sign.ts';
import { fromSeed } from '../src/crypto/xwing.ts';
import type { Rule } from '../src/rule.ts';
import { Envelope } from '../src/statement/dsse.ts';
import { beginsOf } from '../src/statement/pairing.ts';
import type { HubKeys } from '../src/statement/roster.ts';
import { linkAge } from '../src/statement/second.ts';
import type { Asking } from '../src/sync/second.ts';
import { freshDevice } from './device.ts';
import { anotherOwner, House, until, type App } from './house.ts';
import { newSigner } from './signer.ts';

const week = 7 * 24 * 3_600_000;

let house: House;
let anna: App;
let ben: App;
let otto: App;

beforeEach(async () => {
  house = await House.make();
  anna = await house.owner();
  ben = await anotherOwner(house, anna, 'Ben');
  house.world.now += week + 60_000;
  await house.world.pass(1);
  // An owner of today.
  otto = await anotherOwner(house, anna, 'Otto');
  await Promise.all([anna, ben, otto].map((one) => one.engine.syncAfresh()));
});

afterEach(() => {
  vi.unstubAllEnvs();
  globalThis.__keyholdMutant = undefined;
});

/** From now on the old hub is gone: the cloud shows its last checkpoint. */
async function hubGone(minutes: number): Promise<void> {
  const { runs } = await house.cloud.sync('', anna.member.signer);
  house.cloud.alter.sync = (answer) => ({ ...answer, runs });
  house.world.now += minutes * 60_000;
}

async function someHub(): Promise<HubKeys> {
  const [sign, hpke] = await Promise.all([newSigner('hub'), fromSeed(random(32))]);
  return { sign: sign.publicKey, hpke: hpke.publicKey };
}

/** A link that puts in a hub, with the end of the record as the cloud shows it. */
async function linkBy(signer: Signer, hub?: HubKeys, size?: number): Promise<Envelope> {
  const { roster, now } = house.world;
  const runs = [...anna.engine.runs.values()].map(({ name, tree: { checkpoint } }) => ({
    root: base32(checkpoint.root),
    run: name,
    size: size ?? checkpoint.size,
  }));
  const op = { kind: 'replace-hub' as const, hub: hub ?? (await someHub()), runs };
  return roster.newLink(now, op).sign(signer);
}

interface Run {
  readonly link: Envelope;
  readonly told: Asking[];
  readonly whole: Promise<Envelope | null>;
  readonly stop: AbortController;
}

async function asks(hub?: HubKeys): Promise<Run> {
  const link = await linkBy(anna.member.signer, hub);
  const [stop, told] = [new AbortController(), [] as Asking[]];
  expect(await anna.seconds.needed(link)).toBe(true);
  const whole = anna.seconds.collect(link, (one) => told.push(one), stop.signal);
  whole.catch(() => undefined);
  return { link, told, whole, stop };
}

test('a second owner agrees to the hub that is shown', async () => {
  const hub = await someHub();
  const { link, told, whole } = await asks(hub);
  const [ask] = await until(() => ben.hubAsks.length > 0 && ben.hubAsks);
  expect(ask).toMatchObject({
    by: { id: anna.member.person },
    device: { id: anna.member.device },
    begins: beginsOf(hub),
    until: house.world.now + linkAge,
  });
  expect(told).toMatchObject([{ asked: [ben.member.person], declined: [], begins: beginsOf(hub) }]);
  await ben.seconds.agree(ask!.id);
  const both = await whole;
  expect(both!.hashText()).toBe(link.hashText());
  expect(both!.signatures.map(({ keyid }) => keyid)).toEqual([
    anna.member.device,
    ben.member.device,
  ]);
  await house.world.roster.propose(both!.encode());
  expect([ben.hubAsks, otto.hubAsks]).toEqual([[], []]);
});

test('whoever was asked does not want it', async () => {
  const { whole } = await asks();
  const [ask] = await until(() => ben.hubAsks.length > 0 && ben.hubAsks);
  await ben.seconds.decline(ask!.id);
  await expect(whole).rejects.toMatchObject({ kind: 'second-declined' });
  expect(ben.hubAsks).toEqual([]);
});

test('the roster goes on before somebody agrees: the link is made again', async () => {
  const { whole } = await asks();
  const [ask] = await until(() => ben.hubAsks.length > 0 && ben.hubAsks);
  const device = await freshDevice();
  const { roster, now } = house.world;
  const next = await roster.link(now, device.keys, ben.member.person).sign(device.signer);
  await house.order(await next.sign(ben.member.signer));
  await expect(ben.seconds.agree(ask!.id)).rejects.toMatchObject({ kind: 'second-moved' });
  expect(await whole).toBeNull();
});

test('the one who asks gives up', async () => {
  const { whole, stop } = await asks();
  stop.abort();
  await expect(whole).rejects.toMatchObject({ kind: 'cancelled' });
});

test('one owner of a week and one of today are not two', async () => {
  const link = await linkBy(otto.member.signer);
  expect(await otto.seconds.needed(link)).toBe(false);
});

interface Crime {
  readonly name: string;
  readonly rule: Rule;
  /** What comes to ben's device, and from whom it seems to be. */
  readonly commit: () => Promise<{ from: string; text: Bytes }>;
}

const crimes: readonly Crime[] = [
  {
    name: 'the hub is swapped on the way',
    rule: 'signature',
    async commit() {
      const [mine, theirs] = [await linkBy(anna.member.signer), await linkBy(anna.member.signer)];
      const text = theirs.with(mine.signatures[0]!).encode();
      return { from: anna.member.device, text };
    },
  },
  {
    name: 'the cloud invents that somebody asks',
    rule: 'signer',
    async commit() {
      const nobody = await freshDevice();
      return { from: nobody.keys.id, text: (await linkBy(nobody.signer)).encode() };
    },
  },
  {
    name: 'an owner of today asks',
    rule: 'signer',
    async commit() {
      return { from: otto.member.device, text: (await linkBy(otto.member.signer)).encode() };
    },
  },
  {
    name: 'an owner cuts off the end of the record',
    rule: 'rolled-back',
    async commit() {
      await hubGone(20);
      const text = (await linkBy(anna.member.signer, undefined, 0)).encode();
      return { from: anna.member.device, text };
    },
  },
  {
    name: 'an old wish is shown again',
    rule: 'time',
    async commit() {
      const text = (await linkBy(anna.member.signer)).encode();
      await hubGone(16);
      return { from: anna.member.device, text };
    },
  },
];

test.each(crimes.map((one) => [one.name, one] as const))('refused: %s', async (_name, crime) => {
  const right = (await linkBy(anna.member.signer)).encode();
  await ben.seconds.read(anna.member.device, right);
  const { from, text } = await crime.commit();
  await expect(ben.seconds.read(from, text)).rejects.toMatchObject({ rule: crime.rule });
  vi.stubEnv('MODE', 'mutant');
  globalThis.__keyholdMutant = [crime.rule];
  await ben.seconds.read(from, text);
});

test('refused: a signature for one hub is used for another', async () => {
  const agreed = async (): Promise<Run> => {
    const first = await asks();
    first.stop.abort();
    const other = await asks();
    // What ben says about the first link is made out to be about the second.
    const { sign } = ben.member.signer;
    const said = {
      answer: 'yes',
      at: house.world.now,
      device: ben.member.device,
      household: house.world.household,
      link: other.link.hashText(),
      signature: await sign(first.link.pae()),
    };
    const answer = await Envelope.signed('second', said, ben.member.signer);
    await ben.letters.post(anna.member.device, 'seconded', answer.encode());
    return other;
  };
  await expect((await agreed()).whole).rejects.toMatchObject({ rule: 'signature' });
  vi.stubEnv('MODE', 'mutant');
  globalThis.__keyholdMutant = ['signature'];
  expect((await (await agreed()).whole)!.signatures.length).toBe(2);
});
