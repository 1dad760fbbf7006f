// SPDX-License-Identifier: Apache-2.0

import { afterEach, expect, test, vi } from 'vitest';
import { fromUtf8 } from '../src/bytes.ts';
import type { Rule } from '../src/rule.ts';
import { placeKey } from '../src/sync/moving.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { Browser, Home, left, next, outcome, pauses } from './movers.ts';

afterEach(() => {
  globalThis.__keyholdMutant = undefined;
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

interface Lure {
  readonly name: string;
  readonly reason: string;
  /** The check that refuses, where it is one that can be switched off, and those that have to be off as well. */
  readonly rules?: readonly Rule[];
  /** What is at the other address; the hub was there and everything held until now. */
  run(home: Home): Promise<void> | void;
}

const lures: readonly Lure[] = [
  {
    name: 'a cloud to which the hub has sent nothing',
    reason: 'hub-elsewhere',
    run: (home) => void (home.other.hub = false),
  },
  {
    name: 'a cloud that knows no such household',
    reason: 'hub-elsewhere',
    run: (home) => void (home.other.chain = []),
  },
  {
    name: 'a cloud that does not answer',
    reason: 'other-cloud-away',
    run: (home) => void (home.other.away = true),
  },
  {
    name: 'a cloud with all that the old one had, where the hub has not been for a quarter of an hour',
    reason: 'hub-elsewhere',
    async run(home) {
      await home.other.stop();
      home.world.now += 15 * 60_000;
    },
  },
  {
    name: 'a shorter record',
    reason: 'record-differs',
    rules: ['rolled-back', 'frozen', 'seq-gap', 'envelope'],
    async run({ other, world }) {
      const checkpoint = await world.checkpoint(world.leaves.length - 4);
      other.alter.sync = (answer) => ({ ...answer, runs: [{ checkpoint, run: world.run }] });
    },
  },
  {
    name: 'another record of the same length',
    reason: 'record-differs',
    rules: ['forked', 'not-included', 'seq-gap'],
    async run({ other, world }) {
      const leaves = [...world.leaves];
      // A pack that this device has read is another one there.
      const at = leaves.findLastIndex((raw) => fromUtf8(raw)!.includes('"kind":"pack"'));
      const text = fromUtf8(leaves[at]!)!.replace(/"media":4000000/, '"media":4000001');
      world.leaves[at] = new TextEncoder().encode(text);
      const checkpoint = await world.checkpoint();
      other.alter.sync = (answer) => ({ ...answer, runs: [{ checkpoint, run: world.run }] });
    },
  },
  {
    name: 'a status older than one that was seen',
    reason: 'record-differs',
    rules: ['rolled-back'],
    async run({ world }) {
      world.now -= 60_000;
      await world.say();
      world.now += 60_000;
    },
  },
];

test.each(lures.map((lure) => [lure.name, lure] as const))(
  'nobody follows to %s',
  async (_, lure) => {
    const home = await Home.make();
    const store = new MemoryStore();
    const before = await Browser.open(home, store);
    expect(before.alarms()).toEqual([]);
    await home.other.registerChain(home.world.roster.chain);
    home.other.hub = true;

    // Control: the hub is there, and the record is the one that was seen.
    const honest = await Browser.open(home, storeWith(await kept(store)));
    pauses();
    expect(await outcome(honest.moving.follow(next))).toBeNull();
    expect(honest.state).toMatchObject({ step: 'moved', followed: true });
    vi.useRealTimers();

    await lure.run(home);
    const seen = await kept(store);
    const lured = await Browser.open(home, storeWith(seen));
    const remembered = await kept(lured.store);
    pauses();
    expect(await outcome(lured.moving.follow(next))).toMatchObject({ kind: lure.reason });
    expect(lured.state).toBeNull();
    // It stays where it is, and has learnt nothing from the other one.
    expect(await kept(lured.store)).toEqual(remembered);
    vi.useRealTimers();

    if (lure.rules === undefined) return;
    // Mutant: with the check off, it follows.
    vi.stubEnv('MODE', 'mutant');
    globalThis.__keyholdMutant = lure.rules;
    const fooled = await Browser.open(home, storeWith(seen));
    pauses();
    expect(await outcome(fooled.moving.follow(next))).toBeNull();
    expect(fooled.state).toMatchObject({ step: 'moved' });
  },
);

const storeKeys = ['seen', 'roster', 'roster-mark', placeKey, 'move'];

async function kept(store: MemoryStore): Promise<Map<string, unknown>> {
  const out = new Map<string, unknown>();
  for (const key of storeKeys) out.set(key, await store.get(key));
  return out;
}

/** A store of its own with what another one held. */
function storeWith(values: ReadonlyMap<string, unknown>): MemoryStore {
  const store = new MemoryStore();
  for (const [key, value] of values) if (value !== undefined) void store.set(key, value);
  return store;
}

test('who has come along does not go back, however fresh the old cloud still is', async () => {
  const home = await Home.make();
  const browser = await Browser.open(home);
  await home.goes();
  pauses();
  expect(await outcome(browser.moving.follow(next))).toBeNull();
  // Page and program are started again before the new cloud was asked once more.
  const store = storeWith(await kept(browser.store));
  const later = await Browser.open(home, store);
  expect(await outcome(later.moving.follow(left))).toMatchObject({ kind: 'record-differs' });
  expect(await store.get(placeKey)).toMatchObject({ url: next });
});
