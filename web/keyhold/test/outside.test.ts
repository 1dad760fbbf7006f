// SPDX-License-Identifier: Apache-2.0

import { beforeEach, expect, test } from 'vitest';
import { base64 } from '../src/bytes.ts';
import type { Op, Reply } from '../src/statement/request.ts';
import { wishOf, type Wished } from '../src/statement/wish.ts';
import { Refused } from '../src/sync/commands.ts';
import { Engine } from '../src/sync/engine.ts';
import { Outside, type ChannelWish, type IntegrationWish } from '../src/sync/outside.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { World } from './world.ts';

let world: World;
let outside: Outside;
/** What the hub has been asked, what it answers, and the word by which it refuses. */
let asked: Op[];
let result: Reply['result'];
let word: string;

beforeEach(async () => {
  world = await World.make();
  const engine = new Engine(world.cloud, world.member, world.roster, new MemoryStore(), {
    trust: () => undefined,
    known: () => undefined,
    grown: () => undefined,
  });
  [asked, result, word] = [[], {}, ''];
  outside = new Outside(engine, async (op) => {
    asked.push(op);
    if (word !== '') throw new Refused(word);
    return { result };
  });
});

const ntfy: ChannelWish = {
  name: 'Oma',
  language: 'de',
  cameras: [],
  channel: { kind: 'ntfy', names: true, url: 'https://ntfy.example/door' },
};
const program: IntegrationWish = {
  name: 'Home Assistant',
  language: 'nl',
  cameras: ['cam_b', 'cam_a'],
  tells: ['press', 'online'],
  url: 'mqtt://hub:word@192.168.1.5',
};

test('a channel of all cameras names none, and what somebody shows is for the same wish', async () => {
  word = 'gesture';
  expect(await outside.add(ntfy, null)).toEqual({ outcome: 'gesture', passkey: null, reads: [] });
  word = '';
  expect(await outside.add(ntfy, '123 456')).toEqual({ outcome: 'set', passkey: null, reads: [] });
  const [first, second] = asked as Wished[];
  expect(first).toEqual({
    kind: 'add-channel',
    name: 'Oma',
    language: 'de',
    channel: ntfy.channel,
  });
  expect(second!.gesture).toEqual({ code: '123456' });
  const made = (op: Wished): string => base64(wishOf(op, world.household));
  expect(made(second!)).toBe(made(first!));
  // For this household and this address, and no other.
  expect(base64(wishOf(first!, 'another'))).not.toBe(made(first!));
  const elsewhere = { ...ntfy.channel, url: 'https://ntfy.example/yard' };
  expect(made({ ...first!, channel: elsewhere })).not.toBe(made(first!));
});

test('an integration is asked for in the order in which it is signed for', async () => {
  await outside.add(program, null);
  expect(asked).toEqual([
    {
      kind: 'add-integration',
      name: 'Home Assistant',
      language: 'nl',
      cameras: ['cam_a', 'cam_b'],
      tells: ['online', 'press'],
      url: 'mqtt://hub:word@192.168.1.5',
    },
  ]);
});

test('one that only reads has no broker, and is told once where each of its cameras is', async () => {
  result = { streams: ['rtsp://u:p@192.168.1.9:7444/cam_a', 'rtsp://u:p@192.168.1.9:7444/cam_b'] };
  const recorder: IntegrationWish = { ...program, name: 'Recorder', tells: ['stream'], url: '' };
  expect(await outside.add(recorder, '123456')).toEqual({
    outcome: 'set',
    passkey: null,
    reads: [
      { camera: 'cam_a', url: 'rtsp://u:p@192.168.1.9:7444/cam_a' },
      { camera: 'cam_b', url: 'rtsp://u:p@192.168.1.9:7444/cam_b' },
    ],
  });
  expect(asked[0]).toEqual({
    kind: 'add-integration',
    name: 'Recorder',
    language: 'nl',
    cameras: ['cam_a', 'cam_b'],
    tells: ['stream'],
    gesture: { code: '123456' },
  });
  // One that is told something as well has both.
  await outside.add({ ...program, tells: ['stream', 'press'] }, null);
  expect(asked[1]).toMatchObject({ tells: ['press', 'stream'], url: program.url });
});

test('of a hub that cannot listen there is no address, nor where it is not known which is which', async () => {
  const recorder: IntegrationWish = { ...program, tells: ['stream'], url: '' };
  for (const streams of [undefined, [], ['rtsp://u:p@192.168.1.9:7444/cam_a']]) {
    result = streams === undefined ? {} : { streams };
    expect(await outside.add(recorder, null)).toEqual({ outcome: 'set', passkey: null, reads: [] });
  }
});

test('what is wrong with a wish is told, and anything else rejects', async () => {
  for (word of ['invalid', 'exists', 'full', 'gesture-wrong']) {
    expect(await outside.add(program, null)).toEqual({
      outcome: word,
      passkey: null,
      reads: [],
    });
  }
  word = 'denied';
  await expect(outside.add(program, null)).rejects.toMatchObject({ kind: 'not-allowed' });
});

test('a test says how the channel does then, and whether there is such a channel', async () => {
  const one = {
    added: 1,
    by: 'per_a',
    cameras: [],
    from: '',
    kind: 'ntfy',
    language: 'de',
    missed: 0,
    name: 'Oma',
    names: true,
    since: 1,
    state: 'away',
    to: '',
    told: 0,
    topic: '',
    url: 'https://ntfy.example',
  };
  result = { channels: [one] };
  expect(await outside.test('Oma')).toEqual(one);
  result = {};
  await expect(outside.test('Oma')).rejects.toMatchObject({ kind: 'not-found' });
  expect(await outside.removeIntegration('Home Assistant')).toBe(false);
  result = { forgotten: true };
  expect(await outside.removeIntegration('Home Assistant')).toBe(true);
});
