// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fromBase64, type Bytes } from '../src/bytes.ts';
import { ruleOf } from '../src/rule.ts';
import { Envelope } from '../src/statement/dsse.ts';
import { Roster } from '../src/statement/roster.ts';
import { keepRoster, keptRoster } from '../src/sync/kept.ts';
import { MemoryStore } from '../src/sync/store.ts';

const file = new URL('../../../vectors/people.json', import.meta.url);
const { chains } = JSON.parse(readFileSync(file, 'utf8')) as { chains: Record<string, string[]> };
const longest = Object.values(chains)
  .sort((a, b) => b.length - a.length)[0]!
  .map((text) => fromBase64(text)!);

const ruleBy = async (work: Promise<unknown>): Promise<string | null> => {
  try {
    await work;
    return null;
  } catch (error) {
    return ruleOf(error);
  }
};

/** The same chain with a bit of one signature changed. */
function spoiled(chain: readonly Bytes[], at: number, which: number): Bytes[] {
  const envelope = Envelope.parse(chain[at]!);
  envelope.signatures[which]!.sig[40]! ^= 4;
  return chain.map((one, i) => (i === at ? envelope.encode() : one));
}

test('each signature of a replayed chain counts', async () => {
  expect(longest.length).toBeGreaterThan(5);
  for (const [at, raw] of longest.entries()) {
    for (const which of Envelope.parse(raw).signatures.keys()) {
      expect(await ruleBy(Roster.replay(spoiled(longest, at, which), null))).toBe('signature');
    }
  }
});

test('the first fault of a chain speaks', async () => {
  const chain = spoiled(longest, 3, 0);
  chain[5] = new Uint8Array(3);
  expect(await ruleBy(Roster.replay(chain, null))).toBe('signature');
});

test('a kept roster is the one that was kept, and goes on under the same rules', async () => {
  const store = new MemoryStore();
  const roster = await Roster.replay(longest.slice(0, -1), null);
  await keepRoster(store, roster);
  const kept = (await keptRoster(store, roster.household))!;
  expect(kept.head).toEqual(roster.head);
  expect(kept.members).toEqual(roster.members);
  const last = longest.length - 1;
  const wrong = spoiled(longest, last, 0)[last]!;
  expect(await ruleBy(kept.append(wrong))).toBe('signature');
  expect((await kept.append(longest[last]!)).head.seq).toBe(last);
});

test('a kept roster whose bytes are not those that were verified is verified again', async () => {
  const store = new MemoryStore();
  const { household } = await Roster.replay(longest, null);
  await keepRoster(store, await Roster.replay(longest, null));
  await store.set('roster', spoiled(longest, 4, 0));
  expect(await ruleBy(keptRoster(store, household))).toBe('signature');
  await store.set('roster', longest);
  expect(await ruleBy(keptRoster(store, 'a'.repeat(52)))).toBe('household');
});

test('a roster that was kept without a mark gets one', async () => {
  const store = new MemoryStore();
  const { household } = await Roster.replay(longest, null);
  await store.set('roster', longest);
  expect((await keptRoster(store, household))?.head.seq).toBe(longest.length - 1);
  expect(await store.get('roster-mark')).toBeTypeOf('string');
  expect(await keptRoster(new MemoryStore(), household)).toBeUndefined();
});

test('what was removed stays removed on each branch of a roster', async () => {
  const roster = await Roster.replay(longest.slice(0, -1), null);
  const one = await roster.append(longest.at(-1)!);
  const other = await roster.append(longest.at(-1)!);
  expect(other.state.gone).toEqual(one.state.gone);
});
