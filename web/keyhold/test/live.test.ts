// SPDX-License-Identifier: Apache-2.0

import { beforeEach, expect, test, vi } from 'vitest';
import { random, type Bytes } from '../src/bytes.ts';
import type { Writable } from '../src/canon.ts';
import { Envelope } from '../src/statement/dsse.ts';
import { signal, type EndWord, type Looking, type Signal } from '../src/statement/live.ts';
import { Engine } from '../src/sync/engine.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { Views } from '../src/sync/views.ts';
import { Watched } from '../src/sync/watched.ts';
import { until } from './house.ts';
import { idOf, World } from './world.ts';

const quiet = { trust: () => undefined, known: () => undefined, grown: () => undefined };
const sdp = 'v=0\r\n';

let world: World;
let engine: Engine;
let views: Views;
/** What the device has sent, opened by whoever has the hub's key. */
let sent: Signal[];
let ended: [string, EndWord][];

beforeEach(async () => {
  world = await World.make();
  engine = new Engine(world.cloud, world.member, world.roster, new MemoryStore(), quiet);
  await engine.sync();
  sent = [];
  ended = [];
  const post = {
    anew: (): void => undefined,
    send: (purpose: string, statement: Envelope): Promise<void> => {
      expect(purpose).toBe('live');
      sent.push(statement.read('signal', signal));
      return Promise.resolve();
    },
  };
  views = new Views(engine, post, (view, word) => ended.push([view, word]));
});

const never = new AbortController().signal;
const offer = (cameras = [world.camera]): ReturnType<Views['offer']> =>
  views.offer(cameras, sdp, never);

/** The hub's signal about an offer, or what somebody makes of it. */
async function answer(
  kind: string,
  body: string,
  { change = {}, signer = world.hub }: { change?: Partial<Signal>; signer?: World['hub'] } = {},
): Promise<Bytes> {
  const about = sent.at(-1)!;
  const { view, nonce, cameras, head } = about;
  const { household } = world;
  const rest = { cameras, from: 'hub', head, household, nonce, to: world.member.device, view };
  const payload = { at: world.now, body, kind, ...rest, ...change } as Record<string, Writable>;
  return (await Envelope.signed('signal', payload, signer)).encode();
}

test('an offer is signed, and answered by the hub', async () => {
  const agreed = offer();
  await until(() => sent.length === 1);
  expect(sent[0]).toMatchObject({
    kind: 'offer',
    body: sdp,
    cameras: [world.camera],
    head: world.roster.head.hash,
    to: 'hub',
  });
  await views.take(await answer('answer', 'v=1'));
  expect(await agreed).toEqual({ view: sent[0]!.view, sdp: 'v=1' });
});

test.each([
  ['of another view', async () => answer('answer', 'v=2', { change: { view: idOf('vie') } })],
  ['to another nonce', async () => answer('answer', 'v=2', { change: { nonce: random(16) } })],
  [
    'for another camera',
    async () => answer('answer', 'v=2', { change: { cameras: [idOf('cam')] } }),
  ],
  ['that is old', async () => answer('answer', 'v=2', { change: { at: world.now - 31_000 } })],
  [
    'under another roster',
    async () => answer('answer', 'v=2', { change: { head: 'a'.repeat(52) } }),
  ],
  ['for another device', async () => answer('answer', 'v=2', { change: { to: idOf('dev') } })],
  ['by somebody else', async () => answer('answer', 'v=2', { signer: world.sheet })],
])('an answer %s is none', async (_, forged) => {
  const agreed = offer();
  await until(() => sent.length === 1);
  await expect(views.take(await forged())).rejects.toMatchObject({ name: 'RuleError' });
  await views.take(await answer('answer', 'v=1'));
  expect((await agreed).sdp).toBe('v=1');
});

test('the hub’s clock is taken over where it says that this one is wrong, and only then', async () => {
  const agreed = offer();
  await until(() => sent.length === 1);
  const hub = world.now + 70_000;
  await views.take(await answer('refused', 'late', { change: { at: hub } }));
  await until(() => sent.length === 2);
  expect(sent[1]!.at).toBe(hub);
  expect(sent[1]!.view).not.toBe(sent[0]!.view);
  await views.take(await answer('answer', 'v=1', { change: { at: hub } }));
  expect((await agreed).view).toBe(sent[1]!.view);
});

test('a device whose roster is behind looks at the newest, and offers once more', async () => {
  const agreed = offer();
  await until(() => sent.length === 1);
  const { keys, signer, reader } = await (await import('./device.ts')).freshDevice();
  await world.admit({ keys, signer, reader });
  await world.name();
  await world.say();
  await views.take(await answer('refused', 'stale'));
  await until(() => sent.length === 2);
  expect(sent[1]!.head).toBe(world.roster.head.hash);
  expect(sent[1]!.head).not.toBe(sent[0]!.head);
  await views.take(await answer('answer', 'v=1'));
  await agreed;
});

test.each([
  ['denied', 'not-allowed'],
  ['not-found', 'not-found'],
  ['busy', 'busy'],
  ['invalid', 'internal'],
])('%s ends it', async (word, kind) => {
  const agreed = offer();
  await until(() => sent.length === 1);
  await views.take(await answer('refused', word));
  await expect(agreed).rejects.toMatchObject({ kind });
});

test('a hub that does not answer is said to be away', async () => {
  vi.useFakeTimers();
  try {
    const agreed = offer();
    const over = expect(agreed).rejects.toMatchObject({ kind: 'hub-away' });
    await vi.advanceTimersByTimeAsync(10_001);
    await over;
  } finally {
    vi.useRealTimers();
  }
});

test('who gives up while waiting tells the hub', async () => {
  const control = new AbortController();
  const agreed = views.offer([world.camera], sdp, control.signal);
  await until(() => sent.length === 1);
  control.abort();
  await expect(agreed).rejects.toMatchObject({ name: 'AbortError' });
  await until(() => sent.length === 2);
  expect(sent[1]).toMatchObject({ kind: 'end', view: sent[0]!.view });
});

test('the hub’s end is heard once', async () => {
  const agreed = offer();
  await until(() => sent.length === 1);
  await views.take(await answer('answer', 'v=1'));
  const { view } = await agreed;
  const end = await answer('end', 'right', { change: { cameras: [], nonce: random(16) } });
  await views.take(end);
  await expect(views.take(end)).rejects.toMatchObject({ rule: 'replay' });
  expect(ended).toEqual([[view, 'right']]);
});

async function list(
  looks: Looking[],
  at = world.now,
  signer = world.hub,
  off: Writable[] = [],
): Promise<Bytes> {
  const { household, member } = world;
  const payload = {
    at,
    household,
    looks: looks.map((one) => ({ ...one })),
    private: off,
    to: member.device,
  };
  return (await Envelope.signed('watching', payload, signer)).encode();
}

const looking = (): Looking => ({
  camera: world.camera,
  device: world.member.device,
  person: world.person,
  since: world.now,
  view: idOf('vie'),
});

test('who is watching is what the hub said last', async () => {
  const changed = vi.fn();
  const watched = new Watched(engine, changed);
  const names = (id: string): string => (id === world.camera ? 'Front door' : 'Anna');
  await watched.take(await list([looking()]));
  expect(watched.views(names)).toMatchObject([
    { cameras: [{ name: 'Front door' }], person: { name: 'Anna' }, mine: true, here: true },
  ]);
  // Neither somebody else's word nor an earlier one of the hub's takes it back.
  await expect(watched.take(await list([], world.now + 1, world.sheet))).rejects.toThrow();
  await expect(watched.take(await list([], world.now - 1))).rejects.toThrow();
  expect(watched.views(names)).toHaveLength(1);
  await watched.take(await list([], world.now + 1));
  expect(watched.views(names)).toHaveLength(0);
  expect(changed).toHaveBeenCalledTimes(2);
});

test('of a camera that is private no more the hub is asked, once', async () => {
  const again = vi.fn();
  const watched = new Watched(engine, () => undefined, again);
  const off = (camera: string): Writable => ({
    camera,
    device: world.member.device,
    home: false,
    hours: false,
    person: world.person,
    since: world.now,
  });
  const other = await world.addCamera('Yard');
  const say = async (after: number, ...cameras: string[]): Promise<void> => {
    const told = [...cameras].sort().map(off);
    await watched.take(await list([], world.now + after, world.hub, told));
  };
  await say(1, world.camera);
  await say(2, world.camera, other);
  expect(again).not.toHaveBeenCalled();
  await say(3, other);
  expect(again).toHaveBeenCalledTimes(1);
  await say(4, other);
  expect(again).toHaveBeenCalledTimes(1);
  await say(5);
  expect(again).toHaveBeenCalledTimes(2);
});

test('a list that nobody says again is forgotten', async () => {
  vi.useFakeTimers();
  try {
    const watched = new Watched(engine, () => undefined);
    await watched.take(await list([looking()]));
    expect(watched.views(String)).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(150_001);
    expect(watched.views(String)).toHaveLength(0);
  } finally {
    vi.useRealTimers();
  }
});
