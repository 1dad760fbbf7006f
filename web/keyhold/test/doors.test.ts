// SPDX-License-Identifier: Apache-2.0

import { beforeEach, expect, test } from 'vitest';
import { base64, random, type Bytes } from '../src/bytes.ts';
import { openAct, type Asked } from '../src/statement/act.ts';
import { Envelope } from '../src/statement/dsse.ts';
import type { Op, Reply } from '../src/statement/request.ts';
import { Refused } from '../src/sync/commands.ts';
import { openLock } from '../src/statement/lock.ts';
import { encodeWay, lockWish } from '../src/statement/way.ts';
import { Doors, type DoorWish } from '../src/sync/doors.ts';
import { Engine } from '../src/sync/engine.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { World } from './world.ts';

let world: World;
let doors: Doors;
/** What the hub has been asked, and the word by which it refuses the next opening. */
let asked: Op[];
let word: string;
let settings: Bytes[];
let out: { bytes: Bytes; is: Asked } | null;

/** The hub's part: a challenge for this device and door, good once. */
async function hub(op: Op): Promise<Pick<Reply, 'result'>> {
  asked.push(op);
  if (op.kind === 'set-lock') {
    if (word !== '') throw new Refused(word);
    settings = [op.lock!];
    return { result: {} };
  }
  if (op.kind === 'locks') return { result: { locks: settings } };
  if (op.kind === 'ask-open') {
    const not_after = world.now + 10_000;
    out = { bytes: random(16), is: { action: 'open', target: op.camera!, not_after } };
    return { result: { challenge: { bytes: out.bytes, not_after } } };
  }
  if (word !== '') throw new Refused(word);
  const take = (given: Uint8Array): Asked | null => {
    const is = out !== null && base64(given) === base64(out.bytes) ? out.is : null;
    out = null;
    return is;
  };
  const { roster } = world;
  await openAct(op.act!, { roster, now: world.now, device: world.member.device, take });
  return { result: { opened: { at: world.now, person: world.person } } };
}

beforeEach(async () => {
  world = await World.make();
  const engine = new Engine(world.cloud, world.member, world.roster, new MemoryStore(), {
    trust: () => undefined,
    known: () => undefined,
    grown: () => undefined,
  });
  [asked, word, settings, out] = [[], '', [], null];
  doors = new Doors(engine, hub);
});

async function setting(kind: 'http' | 'off', forged = false): Promise<Bytes> {
  const { device, signer } = world.member;
  const said = {
    at: world.now,
    camera: world.camera,
    device,
    gesture: kind !== 'off',
    head: world.roster.head.hash,
    household: world.household,
    kind,
    name: kind === 'off' ? '' : 'Front door',
    seq: 1,
    way: kind === 'off' ? new Uint8Array(0) : random(32),
  };
  const by = forged ? { ...world.hub, keyid: device } : signer;
  return (await Envelope.signed('lock', said, by)).encode();
}

test('the doors are those that a member has set, and that are still to be opened', async () => {
  settings = [await setting('http'), await setting('off')];
  expect(await doors.list()).toEqual([
    { camera: world.camera, name: 'Front door', kind: 'http', gesture: true },
  ]);
  settings = [await setting('http', true)];
  await expect(doors.list()).rejects.toMatchObject({ rule: 'signature' });
});

test('a door opens by what this device signs over the challenge, and once', async () => {
  const wish = await doors.wish(world.camera);
  if ('outcome' in wish) throw new Error(wish.outcome);
  expect(wish.passkey).toBe(null);
  expect(await doors.open(wish.act, null)).toEqual({ outcome: 'opened', person: world.person });
  await expect(doors.open(wish.act, null)).rejects.toMatchObject({ rule: 'replay' });
});

test('what the hub refuses is told, and nothing is tried again', async () => {
  for (const [said, outcome] of [
    ['late', 'late'],
    ['gesture', 'gesture'],
    ['gesture-wrong', 'gesture-wrong'],
    ['lock-away', 'unanswered'],
    ['lock-no', 'shut'],
    ['denied', 'denied'],
  ] as const) {
    [asked, word] = [[], said];
    const wish = await doors.wish(world.camera);
    if ('outcome' in wish) throw new Error(wish.outcome);
    expect(await doors.open(wish.act, '123 456')).toEqual({ outcome, person: '' });
    expect(asked.map(({ kind }) => kind)).toEqual(['ask-open', 'open']);
    expect(asked[1]?.gesture).toEqual({ code: '123456' });
  }
  word = 'invalid';
  const wish = await doors.wish(world.camera);
  if ('outcome' in wish) throw new Error(wish.outcome);
  await expect(doors.open(wish.act, null)).rejects.toThrow();
});

const wish: DoorWish = {
  name: 'Front door',
  kind: 'http',
  gesture: true,
  url: 'http://192.168.1.9/open',
  body: '',
  topic: '',
  state: '',
  expect: '',
  relay: '',
  nonce: new Uint8Array(16).fill(7),
};

test('a door is set by a setting that names its way by a hash alone, and taken away', async () => {
  word = 'gesture';
  const refused = await doors.set(world.camera, wish, null);
  expect(refused).toEqual({ outcome: 'gesture', passkey: null });
  word = '';
  expect(await doors.set(world.camera, wish, '123 456')).toEqual({ outcome: 'set', passkey: null });
  const [first, second] = asked.filter(({ kind }) => kind === 'set-lock');
  expect(second!.gesture).toEqual({ code: '123456' });
  // What somebody showed was for the same wish.
  const read = await Promise.all(
    [first!, second!].map(({ lock }) => openLock(lock!, world.roster)),
  );
  expect(lockWish(read[0]!)).toEqual(lockWish(read[1]!));
  expect(second!.way).toEqual(first!.way);
  expect(read[1]).toMatchObject({ kind: 'http', gesture: true, seq: 1, name: 'Front door' });
  expect(read[1]!.way).toEqual(encodeWay(wish).hash);
  expect(new TextDecoder().decode(settings[0])).not.toContain('192.168');
  expect(await doors.list()).toHaveLength(1);
  const own: DoorWish = { ...wish, kind: 'onvif', url: '', relay: 'relay-1' };
  await doors.set(world.camera, own, '123 456');
  expect(new TextDecoder().decode(asked.at(-1)!.way)).toContain('"relay":"relay-1"');
  expect((await doors.list())[0]).toMatchObject({ kind: 'onvif' });
  word = 'no-relay';
  await expect(doors.set(world.camera, own, null)).rejects.toThrow('no-relay');
  word = '';
  await doors.set(world.camera, null, null);
  expect(await doors.list()).toEqual([]);
  expect(await openLock(settings[0]!, world.roster)).toMatchObject({ kind: 'off', seq: 3 });
});

test('a gesture and a way are what the hub makes of the same', () => {
  const { hash } = encodeWay(wish);
  expect(base64(hash)).toBe('WUZtqDqAoaGEaWtglJ6xzO8oinXQ6E0ecWtPOp8yoEM=');
  const setting = {
    at: 1,
    camera: 'cam_aaaaaaaaaaaaaaaaaaaaaaaaaa',
    device: 'dev_aaaaaaaaaaaaaaaaaaaaaaaaaa',
    gesture: true,
    head: 'h',
    household: 'a',
    kind: 'http' as const,
    name: 'Front door',
    seq: 3,
    way: hash,
  };
  expect(base64(lockWish(setting))).toBe('JpWHvxgv5f2HXfLmyFzQ11xOaH66UQM+MgNuYSqndZQ=');
});
