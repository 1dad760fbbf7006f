// SPDX-License-Identifier: Apache-2.0

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { random, type Bytes } from '../src/bytes.ts';
import { fromSeed } from '../src/crypto/xwing.ts';
import { Cloud } from '../src/sync/cloud.ts';
import type { Door } from '../src/sync/door.ts';
import { Fault } from '../src/sync/fault.ts';
import { Post } from '../src/sync/post.ts';
import type { Sides } from '../src/sync/sides.ts';
import { Envelope } from '../src/statement/dsse.ts';
import { newSigner } from './signer.ts';
import { idOf, World } from './world.ts';

/** Sockets by where they lead; each is accepted, unless nobody is there, or somebody who says nothing. */
const sockets: string[] = [];
const nobodyAt = new Set<string>();
const silentAt = new Set<string>();
/** A browser opens one at a time to an address; here all lead to one, as by `keyhold app`. */
const opening: Socket[] = [];

class Socket {
  static readonly OPEN = 1;
  readyState = 0;
  onopen: () => void = () => undefined;
  onclose: () => void = () => undefined;
  onmessage: (event: { data: string }) => void = () => undefined;
  constructor(readonly address: string) {
    sockets.push(address);
    opening.push(this);
    if (opening.length === 1) this.begin();
  }
  private begin(): void {
    const at = (names: Set<string>) => [...names].some((name) => this.address.includes(name));
    if (at(silentAt)) return;
    queueMicrotask(() => {
      this.next();
      if (at(nobodyAt)) this.onclose();
      else this.onopen();
    });
  }
  private next(): void {
    const place = opening.indexOf(this);
    if (place >= 0) opening.splice(place, 1);
    if (place === 0) opening[0]?.begin();
  }
  send(): void {
    this.onmessage({ data: '{"ready":true}' });
  }
  close(): void {
    this.readyState = 3;
    this.next();
  }
}

class Side extends Cloud {
  readonly letters: Bytes[] = [];
  fault: Fault | null = null;
  hangs = false;
  override key(): Promise<Bytes> {
    return Promise.resolve(new Uint8Array(32));
  }
  override async write(_h: string, _s: unknown, _k: string, _n: string, body: Bytes) {
    if (this.hangs) await new Promise(() => undefined);
    if (this.fault !== null) throw this.fault;
    this.letters.push(body);
  }
}

const open: Post[] = [];

async function post(known = true) {
  const world = await World.make();
  const hub = await fromSeed(random(32));
  Object.assign(world.roster.hub, { hpke: hub.publicKey });
  const cloud = new Side('http://cloud.test');
  const home = new Side('http://home.test');
  const door = { side: home } as unknown as Door;
  const sides = { atHome: false, home: () => Promise.resolve(known ? door : null) };
  const signer = await newSigner(idOf('dev'));
  const reader = await fromSeed(random(32));
  const made = new Post(
    cloud,
    signer,
    reader,
    () => world.roster,
    () => undefined,
    sides as unknown as Sides,
  );
  open.push(made);
  const letter = await Envelope.signed('command', { at: 1 }, signer);
  return { post: made, cloud, home, sides, letter };
}

beforeEach(() => {
  vi.stubGlobal('WebSocket', Socket);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  for (const one of open.splice(0)) one.close();
  sockets.length = 0;
  opening.length = 0;
  nobodyAt.clear();
  silentAt.clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const real = globalThis.setTimeout;

/** Lets time pass, and what is signed meanwhile be signed. */
async function pass(ms: number): Promise<void> {
  for (let n = 0; n < 20; n++) {
    await vi.advanceTimersByTimeAsync(ms / 20);
    await new Promise((resolve) => real(resolve, 5));
  }
}

test('a letter that is answered goes by the cloud alone', async () => {
  const { post: own, cloud, home, letter } = await post();
  await own.send('command', letter, () => false);
  await pass(5_000);
  expect(cloud.letters).toHaveLength(1);
  expect(home.letters).toHaveLength(0);
  expect(sockets.every((address) => address.includes('cloud.test'))).toBe(true);
});

test('one without an answer goes home after two seconds, as the very same letter', async () => {
  const { post: own, cloud, home, letter } = await post();
  await own.send('command', letter, () => true);
  await pass(1_500);
  expect(home.letters).toHaveLength(0);
  await pass(1_500);
  expect(home.letters).toEqual(cloud.letters);
  expect(sockets.some((address) => address.includes('home.test'))).toBe(true);
});

test('one that the cloud does not take goes home at once; one that it swallows, too', async () => {
  for (const spoil of [
    (cloud: Side) => void (cloud.fault = new Fault('cloud-away', 'no')),
    (cloud: Side) => void (cloud.fault = new Fault('not-allowed', 'no')),
    (cloud: Side) => void (cloud.hangs = true),
  ]) {
    const { post: own, cloud, home, letter } = await post();
    spoil(cloud);
    let taken = false;
    void own.send('command', letter, () => true).then(() => (taken = true));
    await pass(4_000);
    expect([taken, home.letters.length]).toEqual([true, 1]);
  }
});

test('whoever is at home goes there first, and to the cloud if nobody is there', async () => {
  const { post: own, cloud, home, sides, letter } = await post();
  sides.atHome = true;
  const sent = own.send('live', letter);
  await pass(3_000);
  await sent;
  expect([cloud.letters.length, home.letters.length]).toEqual([0, 1]);
  home.fault = new Fault('cloud-away', 'no');
  const again = own.send('live', letter);
  await pass(3_000);
  await again;
  expect([cloud.letters.length, home.letters.length]).toEqual([1, 1]);
});

test('where neither takes it, the cloud’s word is said', async () => {
  const { post: own, cloud, home, letter } = await post();
  cloud.fault = new Fault('not-allowed', 'a stranger');
  home.fault = new Fault('cloud-away', 'nobody');
  const sent = own.send('command', letter, () => true).catch((error: unknown) => error);
  await pass(4_000);
  expect(await sent).toMatchObject({ kind: 'not-allowed' });
});

test('mail comes at home where the cloud brings none', async () => {
  nobodyAt.add('cloud.test');
  const { post: own } = await post();
  let opened = false;
  void own.opened().then(() => (opened = true));
  await pass(1_000);
  expect(opened).toBe(false);
  await pass(3_000);
  expect(opened).toBe(true);
});

test('without a way home there is the cloud alone', async () => {
  const { post: own, cloud, home, letter } = await post(false);
  cloud.fault = new Fault('cloud-away', 'no');
  await expect(own.send('command', letter, () => true)).rejects.toMatchObject({
    kind: 'cloud-away',
  });
  expect(home.letters).toHaveLength(0);
});

test('a cloud that takes a socket and says nothing does not keep that at home from opening', async () => {
  silentAt.add('cloud.test');
  const { post: own } = await post();
  let opened = false;
  void own.opened().then(() => (opened = true));
  await pass(4_000);
  expect(opened).toBe(false);
  await pass(4_000);
  expect(opened).toBe(true);
});

test('who is at home and on another network is not kept waiting by such a cloud either', async () => {
  const { post: own, home, sides, letter } = await post();
  sides.atHome = true;
  const sent = own.send('live', letter);
  await pass(1_000);
  await sent;
  silentAt.add('cloud.test');
  sockets.length = 0;
  own.anew();
  await pass(100);
  expect(sockets[0]).toContain('home.test');
  const again = own.send('live', letter);
  await pass(1_000);
  await again;
  expect(home.letters).toHaveLength(2);
});

test('what a cloud has not answered with a word can be given up', async () => {
  const answers: (() => void)[] = [];
  vi.stubGlobal('fetch', (_: string, { signal }: { signal: AbortSignal }) =>
    Promise.race([
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      }),
      new Promise<Response>((resolve) => answers.push(() => resolve(Response.json({ n: 1 })))),
    ]),
  );
  const cloud = new Cloud('http://cloud.test');
  const given = cloud.receipt('a').catch((error: unknown) => error);
  cloud.giveUp();
  expect(await given).toMatchObject({ kind: 'cloud-away' });
  const control = new AbortController();
  const stopped = cloud.drops('b', random(32), 0, control.signal).catch((error: unknown) => error);
  control.abort();
  expect(await stopped).toMatchObject({ name: 'AbortError' });
});
