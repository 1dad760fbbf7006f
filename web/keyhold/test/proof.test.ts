// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';
import { equal, fromBase32, fromBase64, utf8, type Bytes } from '../src/bytes.ts';
import { parse } from '../src/canon.ts';
import { sha256 } from '../src/crypto/hash.ts';
import { parseCheckpoint } from '../src/manifest/checkpoint.ts';
import { parseLeaf } from '../src/manifest/leaf.ts';
import { hourOf } from '../src/manifest/page.ts';
import { leafHash } from '../src/manifest/tree.ts';
import { Roster } from '../src/statement/roster.ts';
import { Engine } from '../src/sync/engine.ts';
import { proofOf } from '../src/sync/proof.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { segmentsOf } from '../src/sync/timeline.ts';
import { start, World } from './world.ts';

interface Line {
  kind: string;
  household: string;
  envelope: string;
  note: string;
  leaf: string;
  index: number;
  proof: string[];
  file: number;
}

/** RFC 9162 section 2.1.3.2, written down apart from the code that makes the path. */
function rootFrom(hash: Bytes, index: number, size: number, path: readonly Bytes[]): Bytes | null {
  let [fn, sn] = [index, size - 1];
  let root = hash;
  for (const next of path) {
    if (sn === 0) return null;
    if (fn % 2 === 1 || fn === sn) {
      root = sha256(Uint8Array.of(1), next, root);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else {
      root = sha256(Uint8Array.of(1), root, next);
    }
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  return sn === 0 ? root : null;
}

test('a proof says, without a key, which segments of the signed record a film is made of', async () => {
  const world = await World.make();
  await world.pass(46);
  const quiet = { trust: () => undefined, known: () => undefined, grown: () => undefined };
  const engine = new Engine(world.cloud, world.member, world.roster, new MemoryStore(), quiet);
  await engine.sync();
  const { camera, household } = world;
  const logs = await engine.records.logs(camera, hourOf(start), hourOf(world.now));
  const wish = { camera, from: start + 20 * 60_000, until: start + 24 * 60_000 };
  const segments = segmentsOf(logs, wish.from, wish.until);
  expect(segments).toHaveLength(8);

  const text = await proofOf(wish, world.roster, segments, (run) => engine.run(run));
  const raw = new TextDecoder().decode(text).split('\n');
  expect(raw.pop()).toBe('');
  const lines = raw.map((line) => parse(utf8(line)) as unknown as Line);
  const of = (kind: string): Line[] => lines.filter((line) => line.kind === kind);
  expect([...new Set(lines.map((line) => line.kind))]).toEqual([
    'export',
    'roster',
    'checkpoint',
    'leaf',
    'segment',
  ]);
  expect(lines[0]).toEqual({ ...wish, household, kind: 'export', version: 1 });
  const chain = of('roster').map((line) => fromBase64(line.envelope)!);
  const roster = await Roster.replay(chain, household);
  const { root, size } = await parseCheckpoint(
    of('checkpoint')[0]!.note,
    household,
    roster.hub.sign,
  );
  const leaves = of('leaf');
  expect(leaves).toHaveLength(4);
  for (const { leaf, index, proof } of leaves) {
    const path = proof.map((hash) => fromBase32(hash)!);
    const got = rootFrom(leafHash(fromBase64(leaf)!), index, size, path);
    expect(got !== null && equal(got, root)).toBe(true);
    expect(parseLeaf(fromBase64(leaf)!).kind).toBe('pack');
  }
  const named = of('segment').map(({ file, leaf }) => {
    const pack = parseLeaf(fromBase64(leaves[Number(leaf)]!.leaf)!);
    return pack.kind === 'pack' ? pack.files[file]!.sha256 : '';
  });
  expect(named).toEqual(segments.map(({ file }) => file.sha256));
  // Of the record nothing else is told, least of all who has looked.
  expect(text.length).toBeLessThan(20_000);
});
