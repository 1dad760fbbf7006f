// SPDX-License-Identifier: Apache-2.0

import { afterEach, expect, test, vi } from 'vitest';
import { base64, equal, fromUtf8, random } from '../src/bytes.ts';
import { fromSeed } from '../src/crypto/xwing.ts';
import { Roster } from '../src/statement/roster.ts';
import { Fault } from '../src/sync/fault.ts';
import { give } from '../src/sync/give.ts';
import { addressOf, placeKey } from '../src/sync/moving.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { Browser, Home, left, next, outcome, pauses, until } from './movers.ts';
import { newSigner } from './signer.ts';
import { idOf } from './world.ts';

afterEach(() => vi.useRealTimers());

test('a household moves, with everything that is kept and everything that was given', async () => {
  const home = await Home.make();
  const { world } = home;
  // A second device, which was given what was recorded before it came.
  const id = idOf('dev');
  const [signer, reader] = await Promise.all([newSigner(id), fromSeed(random(32))]);
  const keys = {
    id,
    reader: reader.publicKey,
    sign: signer.publicKey,
    storage: 'software' as const,
  };
  const first = await Browser.open(home);
  const member = await world.admit({ keys, signer, reader });
  home.old.chain = world.roster.chain;
  await world.rotate(world.camera);
  await world.rotate('household');
  await world.name();
  await world.pass(3);
  await first.engine.sync();
  const given = await give(
    first.engine,
    world.member.signer,
    id,
    () => true,
    () => undefined,
  );
  expect(given).toBeGreaterThan(1);

  const browser = await Browser.open(home, new MemoryStore(), member);
  expect(browser.alarms()).toEqual([]);
  const pages = world.pages.map((p) => `${p.run}/${p.camera}/${p.epoch}/${p.hour}`);
  const packs = world.leaves.filter((raw) => fromUtf8(raw)!.includes('"kind":"pack"'));
  world.now += 1_000;
  pauses();
  await browser.moving.begin('next.example');
  await until(() => browser.state?.step === 'code');
  browser.moving.code('111111');
  await until(() => browser.state?.step === 'code' && browser.state.wrong);
  browser.moving.code(home.code);
  await until(() => browser.state?.step === 'moved');

  expect(browser.state).toMatchObject({ from: left, to: next, followed: false });
  expect(equal(home.ordered!, await home.other.key())).toBe(true);
  expect(home.copied('leaves').sort()).toEqual(packs.map(base64).sort());
  expect(home.copied('pages').sort()).toEqual(pages.sort());
  expect(await browser.store.get(placeKey)).toMatchObject({ url: next });
  expect(browser.rested).toBe(true);

  // The old cloud goes; nobody misses it.
  home.old.away = true;
  const { camera } = world;
  const hours = Math.floor(world.now / 3_600_000);
  const logs = await browser.engine.records.logs(camera, hours - 2, hours);
  expect(logs.filter(({ leaf }) => leaf.kind === 'pack')).toHaveLength(packs.length + 1);
  expect(browser.alarms()).toEqual([]);
});

test('where the other cloud does not keep all that is starred, nothing moves', async () => {
  const home = await Home.make();
  const one = await Browser.open(home, new MemoryStore());
  home.no.set('copy', 'full');
  pauses();
  await one.moving.begin(next);
  await until(() => one.state?.step === 'code');
  one.moving.code(home.code);
  await until(() => one.state?.step === 'stopped');
  expect(one.state).toMatchObject({ reason: 'stars-full', gone: false, again: false });
});

test('it goes on after the page was closed, while it copies and while the hub is on its way', async () => {
  const home = await Home.make();
  const store = new MemoryStore();
  const one = await Browser.open(home, store);
  home.no.set('copy', 'away');
  pauses();
  await one.moving.begin(next);
  await until(() => one.state?.step === 'code');
  one.moving.code(home.code);
  await until(() => one.state?.step === 'stopped');
  expect(one.state).toMatchObject({ reason: 'hub-away', gone: false, again: true });
  one.moving.stop();

  // The answer to `switch` gets lost, and the page is closed again.
  home.no.delete('copy');
  home.no.set('switch', 'away');
  const two = await Browser.open(home, store);
  two.moving.resume();
  await until(() => two.state?.step === 'arriving');
  expect(two.states.some((state) => state?.step === 'code')).toBe(false);
  two.moving.stop();
  home.old.away = true;
  await home.goes().catch(() => undefined);
  home.other.chain = home.world.roster.chain;
  home.other.hub = true;

  const three = await Browser.open(home, store);
  expect(three.moving.going()).toBe(true);
  three.moving.resume();
  await until(() => three.state?.step === 'moved');
  expect(three.alarms()).toEqual([]);
  const four = await Browser.open(home, store);
  expect(four.state).toMatchObject({ step: 'moved', from: left, to: next });
  await four.moving.read();
  expect(four.state).toBeNull();
});

test('a page that is closed while the hub is asked finds out what it has answered', async () => {
  const home = await Home.make();
  const store = new MemoryStore();
  const one = await Browser.open(home, store);
  pauses();
  await one.moving.begin(next);
  await until(() => one.state?.step === 'code');
  // The digits reach the hub, and its answer nobody.
  one.moving.stop();
  await home.send({
    kind: 'move',
    cloud: { to: await home.other.key(), url: next },
    gesture: { code: home.code },
  });
  const two = await Browser.open(home, store);
  two.moving.resume();
  await until(() => two.state?.step === 'moved');
  expect(two.states.some((state) => state?.step === 'code')).toBe(false);
});

test('until everything is copied it can be given up, and nothing has changed', async () => {
  const home = await Home.make();
  const browser = await Browser.open(home);
  home.no.set('copy', 'away');
  pauses();
  await browser.moving.begin(next);
  await until(() => browser.state?.step === 'code');
  browser.moving.code(home.code);
  await until(() => browser.state?.step === 'stopped');
  await browser.moving.giveUp();
  expect(browser.state).toBeNull();
  expect(await browser.store.get('move')).toBeUndefined();
  expect(await browser.store.get(placeKey)).toBeUndefined();
  expect(home.asked.some(({ kind }) => kind === 'switch')).toBe(false);
});

test.each([
  ['invalid', 'not-movable'],
  ['exists', 'to-be-erased'],
  ['cloud-unreachable', 'hub-cannot-reach'],
  ['denied', 'not-allowed'],
])('the hub says %s, and the page %s', async (word, reason) => {
  const home = await Home.make();
  const browser = await Browser.open(home);
  home.no.set('move', word);
  pauses();
  await browser.moving.begin(next);
  await until(() => browser.state?.step === 'stopped');
  expect(browser.state).toMatchObject({ reason, gone: false, again: false });
  // It is not tried again when the page is opened the next time.
  expect(await browser.store.get('move')).toBeUndefined();
});

test('what can be said at once is said at once', async () => {
  const home = await Home.make();
  const browser = await Browser.open(home);
  const refused = async (address: string): Promise<string> =>
    (await outcome(browser.moving.begin(address)))?.kind ?? '';
  pauses();
  expect(await refused('ftp://next.example')).toBe('address-wrong');
  expect(await refused('https://nowhere.example')).toBe('address-wrong');
  expect(await refused(left)).toBe('same-cloud');
  home.other.away = true;
  expect(await refused(next)).toBe('other-cloud-away');
  home.other.away = false;
  home.old.alter.sync = (answer) => answer;
  browser.engine.known.roster.person(home.world.person)!;
  vi.spyOn(Roster.prototype, 'person').mockReturnValue(null);
  expect(await refused(next)).toBe('not-allowed');
  vi.restoreAllMocks();
  expect(home.asked).toEqual([]);
});

test('an address has one spelling', () => {
  for (const [typed, address] of [
    ['cloud.example', 'https://cloud.example'],
    [' https://Cloud.Example/ ', 'https://cloud.example'],
    ['https://cloud.example:443', 'https://cloud.example'],
    ['https://cloud.example:8443', 'https://cloud.example:8443'],
    ['localhost:7440', 'http://localhost:7440'],
    ['127.0.0.1:7440', 'http://127.0.0.1:7440'],
    ['mine.localhost:7440', 'http://mine.localhost:7440'],
  ] as const) {
    expect(addressOf(typed)).toBe(address);
  }
  for (const wrong of [
    '',
    'a b',
    'https://',
    'https://a.example/x',
    'https://u@a.example',
    'https://a.example?x',
    'file:///x',
  ]) {
    expect(() => addressOf(wrong)).toThrow(Fault);
  }
});
