// SPDX-License-Identifier: Apache-2.0

import { beforeEach, expect, test, vi } from 'vitest';
import { base32, fromBase32, type Bytes } from '../src/bytes.ts';
import { sha256 } from '../src/crypto/hash.ts';
import { leafHash } from '../src/manifest/tree.ts';
import { Envelope } from '../src/statement/dsse.ts';
import type { Names } from '../src/statement/names.ts';
import type { Op, Proved } from '../src/statement/request.ts';
import { Bringing } from '../src/sync/bring.ts';
import { Refused } from '../src/sync/commands.ts';
import { Engine } from '../src/sync/engine.ts';
import { Fault } from '../src/sync/fault.ts';
import { Stars } from '../src/sync/stars.ts';
import { MemoryStore } from '../src/sync/store.ts';
import { start, World } from './world.ts';

const moment = start + 30_000;

let world: World;
let engine: Engine;
let bringing: Bringing;
let told: Op[];
/** What the hub says to each call, while that lasts. */
let answers: Error[];

const at = (seq: number): number => start + 40_000 + seq;

async function starred(seq: number, on: boolean): Promise<void> {
  const { device, person, signer } = world.member;
  const { household, head } = world.roster;
  const common = { at: at(seq), camera: world.camera, device, head: head.hash, household };
  const signed = await Envelope.signed('star', { ...common, moment: at(seq), on, seq }, signer);
  await world.leaf(world.camera, 'star', { device, person, statement: signed.encode() });
}

const named = (...marks: { at: number; moment: number }[]): Names => ({
  at: 1,
  cameras: [{ id: world.camera, name: 'Door', room: '', state: 'on', stars: marks }],
  ...{ devices: [], head: '', household: '', persons: [], seq: 1, zone: '' },
});

/** Where the path of a leaf leads (RFC 9162, 2.1.3.2). */
function rootOf({ index, leaf, proof }: Proved, size: number): string {
  const node = (left: Uint8Array, right: Uint8Array): Bytes =>
    sha256(Uint8Array.of(1), left, right);
  let [fn, sn, hash] = [index, size - 1, leafHash(leaf)];
  for (const one of proof) {
    const other = fromBase32(one)!;
    if (fn % 2 === 1 || fn === sn) {
      hash = node(other, hash);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1];
    } else hash = node(hash, other);
    [fn, sn] = [fn >> 1, sn >> 1];
  }
  return base32(hash);
}

beforeEach(async () => {
  world = await World.make();
  await starred(1, true);
  await starred(2, true);
  await starred(3, false);
  await world.pass(2);
  const quiet = { trust: () => undefined, known: () => undefined, grown: () => undefined };
  engine = new Engine(world.cloud, world.member, world.roster, new MemoryStore(), quiet);
  await engine.sync();
  // The hub of all this has been replaced.
  const { size, root } = engine.runs.get(world.run)!.tree.checkpoint;
  const left = { run: world.run, size, root: base32(root), hub: 0, place: 0 };
  vi.spyOn(engine.known.roster.state.hubs.left, 'get').mockImplementation((run) =>
    run === world.run ? left : undefined,
  );
  told = [];
  answers = [];
  const send = (op: Op): Promise<unknown> => {
    told.push(op);
    const error = answers.shift();
    return error === undefined ? Promise.resolve({}) : Promise.reject(error);
  };
  const stars = new Stars(engine, () => Promise.reject(new Error('asked')));
  bringing = new Bringing(engine, send, (camera, when) => stars.packs(camera, when));
  return () => vi.restoreAllMocks();
});

test('what the old hub named is brought, with paths that lead to the end of its record', async () => {
  const brought = await bringing.all(named({ at: at(1), moment: at(1) }));
  expect(brought).toEqual({ kept: 1, lost: [], more: false });
  expect(told).toHaveLength(2);
  expect(told[1]).toEqual({ kind: 'carry-star', camera: world.camera });
  const { carried } = told[0]!;
  const { size, root } = engine.runs.get(world.run)!.tree.checkpoint;
  expect(carried!.packs.length).toBeGreaterThan(0);
  for (const leaf of [carried!.star, ...carried!.packs])
    expect(rootOf(leaf, size)).toBe(base32(root));
  expect(carried!.epoch).toBe(world.epochOf(world.camera).id);
});

test('what was let go, or is not shown, is not brought, and is told', async () => {
  const marks = [
    { at: at(2), moment: at(2) },
    { at: at(3), moment: at(3) },
    { at: moment, moment },
  ];
  const lost = marks.slice(1).map((mark) => ({ camera: world.camera, moment: mark.moment }));
  expect(await bringing.all(named(...marks))).toEqual({ kept: 1, lost, more: false });
  expect(told.at(-1)).toEqual({ kind: 'carry-star', camera: world.camera, lost: 2 });
});

test('what the hub refuses is told; one that is slow to answer is asked again', async () => {
  answers = [new Fault('hub-away', 'no answer'), new Refused('invalid')];
  const lost = [{ camera: world.camera, moment: at(1) }];
  const was = { ...named({ at: at(1), moment: at(1) }), unstarred: true };
  expect(await bringing.all(was)).toEqual({ kept: 0, lost, more: true });
  expect(told).toHaveLength(3);
  answers = [1, 2, 3].map(() => new Fault('hub-away', 'no answer'));
  expect(await bringing.all(named({ at: at(1), moment: at(1) }))).toMatchObject({ more: true });
});

test('where nothing was starred the new hub is told nothing', async () => {
  expect(await bringing.all(null)).toEqual({ kept: 0, lost: [], more: false });
  expect(told).toEqual([]);
});
