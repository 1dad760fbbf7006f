// SPDX-License-Identifier: Apache-2.0

import { afterEach, expect, test, vi } from 'vitest';
import { base64url, random, type Bytes } from '../src/bytes.ts';
import { encode } from '../src/canon.ts';
import { open, seal } from '../src/crypto/box.ts';
import type { Signer } from '../src/crypto/sign.ts';
import { fromSeed, type XWingKey } from '../src/crypto/xwing.ts';
import { makeDevice, useDevice, type KeptDevice } from '../src/browser/keys.ts';
import { AlertNames } from '../src/push/names.ts';
import { Taker, type Taken } from '../src/push/take.ts';
import type { Rule } from '../src/rule.ts';
import { Envelope } from '../src/statement/dsse.ts';
import { Cloud } from '../src/sync/cloud.ts';
import { pinKey, type HubPin } from '../src/sync/kept.ts';
import { wordsKey } from '../src/sync/phones.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { newSigner } from './signer.ts';
import { tell } from './tell.ts';
import { idOf } from './world.ts';

const household = 'a'.repeat(52);
const now = 1_700_000_000_000;
const camera = idOf('cam');

interface Scene {
  readonly store: MemoryStore;
  readonly device: KeptDevice;
  readonly hub: Signer;
  readonly hpke: XWingKey;
}

async function scene(): Promise<Scene> {
  const store = new MemoryStore();
  const [device, hub, hpke] = await Promise.all([
    makeDevice(),
    newSigner('hub'),
    fromSeed(random(32)),
  ]);
  const pin: HubPin = {
    household,
    head: 'b'.repeat(51) + 'a',
    hub: { hpke: hpke.publicKey, sign: hub.publicKey },
  };
  await store.set('member', { household, person: idOf('per'), device });
  await store.set(pinKey, pin);
  await store.set(wordsKey, {
    language: 'de',
    tag: 'de-DE',
    zone: '',
    cameras: { [camera]: 'Tür' },
  });
  return { store, device, hub, hpke };
}

interface Wish {
  readonly seq?: number;
  readonly at?: number;
  readonly household?: string;
  readonly to?: string;
  readonly by?: Signer;
}

/** What the hub, or somebody else, would send to this device. */
async function message({ device, hub }: Scene, wish: Wish = {}): Promise<string> {
  const said = {
    at: wish.at ?? now,
    camera,
    household: wish.household ?? household,
    kind: 'press',
    pad: '',
    seq: wish.seq ?? 7,
    to: wish.to ?? device.id,
  };
  const statement = await Envelope.signed(
    'alert',
    { ...said, pad: '0'.repeat(512 - encode(said).length) },
    wish.by ?? hub,
  );
  const sealed = await seal(
    device.reader,
    encode({ household, purpose: 'alert' }),
    encode({ from: 'hub', to: device.id }),
    statement.encode(),
  );
  return base64url(sealed);
}

const takerOf = ({ store }: Scene): Taker => new Taker(store, () => now);

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  globalThis.__keyholdMutant = undefined;
});

test('what the hub has sealed is read with nothing but the store', async () => {
  const s = await scene();
  const taken = await takerOf(s).take(await message(s));
  expect(taken).toMatchObject({ alert: { at: now, camera, kind: 'press', seq: 7 }, late: '' });
  expect(taken!.words.cameras[camera]).toBe('Tür');
});

test('what is not for this device, or no message at all, is nothing', async () => {
  const s = await scene();
  const whole = await message(s);
  const other = await scene();
  for (const text of [
    '',
    '!',
    'AAAA',
    whole.slice(1),
    `${whole.slice(0, -4)}AAAA`,
    await message(other),
  ]) {
    expect(await takerOf(s).take(text)).toBeNull();
  }
  const stranger = { ...s, store: new MemoryStore() };
  expect(await takerOf(stranger).take(whole)).toBeNull();
});

test('messages that come together are taken one after the other', async () => {
  const s = await scene();
  const taker = takerOf(s);
  const texts = await Promise.all([
    message(s, { seq: 8 }),
    message(s, { seq: 8 }),
    message(s, { seq: 9 }),
  ]);
  const taken = await Promise.all(texts.map((text) => taker.take(text)));
  expect(taken.map((one) => one?.late)).toEqual(['', 'replay', '']);
});

test('the hub is told when it came, in a command of this device', async () => {
  const s = await scene();
  const sent: { path: string; body: Bytes }[] = [];
  vi.stubGlobal('fetch', (path: string, init: { body: Bytes }) => {
    sent.push({ path, body: init.body });
    return Promise.resolve(new Response(null, { status: 204 }));
  });
  const taker = takerOf(s);
  const taken = await taker.take(await message(s));
  await taker.report(new Cloud('http://cloud.example'), taken!.alert, now + 900);
  expect(sent.map(({ path }) => path)).toEqual([
    `http://cloud.example/v1/households/${household}/mail/hub`,
  ]);
  const plain = await open(
    s.hpke,
    encode({ household, purpose: 'command' }),
    encode({ from: s.device.id, to: 'hub' }),
    sent[0]!.body,
  );
  const envelope = Envelope.parse(plain);
  await envelope.verify(new Map([[s.device.id, useDevice(s.device).signer.publicKey]]));
  const said = JSON.parse(new TextDecoder().decode(envelope.payload)) as { op: unknown };
  expect(said.op).toEqual({ kind: 'alert-received', received: { at: now + 900, seq: 7 } });
});

test('names are kept where alerts are wanted, and nowhere else', async () => {
  const s = await scene();
  const told = { cameras: [{ id: camera, name: 'Hof', state: 'ok' as const, live: true }] };
  const wanted = new AlertNames(s.store);
  wanted.hear(told);
  await wanted.keep();
  expect(await s.store.get(wordsKey)).toMatchObject({
    language: 'de',
    cameras: { [camera]: 'Hof' },
  });
  const store = new MemoryStore();
  const unwanted = new AlertNames(store);
  unwanted.hear(told);
  await unwanted.keep();
  expect(await store.get(wordsKey)).toBeUndefined();
});

/** What somebody who can have a message brought to this phone tries. */
const crimes: readonly {
  readonly name: string;
  readonly rule: Rule;
  readonly commit: (s: Scene) => Promise<string>;
}[] = [
  {
    name: 'the cloud makes up a ring',
    rule: 'signature',
    commit: async (s) => message(s, { by: await newSigner('hub') }),
  },
  {
    name: 'a ring for another device of the household',
    rule: 'audience',
    commit: (s) => message(s, { to: idOf('dev') }),
  },
  {
    name: 'a ring of another household by the same hub key',
    rule: 'household',
    commit: (s) => message(s, { household: 'c'.repeat(51) + 'a' }),
  },
  {
    name: 'a ring that came before, as a new one',
    rule: 'replay',
    commit: async (s) => {
      const text = await message(s);
      await takerOf(s).take(text);
      return text;
    },
  },
  {
    name: 'a ring of an hour ago, as a new one',
    rule: 'time',
    commit: (s) => message(s, { at: now - 3_600_000 }),
  },
];

/** Whether the phone rings as if somebody stood there now. */
const rings = (taken: Taken | null): boolean => taken !== null && taken.late === '';

test.each(crimes.map((one) => [one.name, one] as const))('refused: %s', async (_name, crime) => {
  const honest = await scene();
  expect(rings(await takerOf(honest).take(await message(honest)))).toBe(true);
  const attacked = await scene();
  const through = rings(await takerOf(attacked).take(await crime.commit(attacked)));
  const fooled = await scene();
  const text = await crime.commit(fooled);
  vi.stubEnv('MODE', 'mutant');
  globalThis.__keyholdMutant = [crime.rule];
  const mutant = rings(await takerOf(fooled).take(text));
  const outcome = through ? 'let through' : `refused: ${crime.rule}`;
  tell(crime, outcome, mutant ? 'rings' : 'still refused', !through && mutant);
  expect(through).toBe(false);
  expect(mutant).toBe(true);
});
