// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';
import { concat, equal, random, utf8 } from '../src/bytes.ts';
import { sha256 } from '../src/crypto/hash.ts';
import type { Entry } from '../src/manifest/page.ts';
import type { Leaf } from '../src/manifest/leaf.ts';
import { leafHash, rootOfLeaves, Tree, type TileSource } from '../src/manifest/tree.ts';
import { ruleOf } from '../src/rule.ts';

const run = 'run_test';

function leaves(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => utf8(`leaf ${i}`));
}

/** Serves tiles of any width from the leaves, as a cloud does from stored hashes. */
function tilesOf(all: readonly Uint8Array[]): TileSource & { asked: string[] } {
  const asked: string[] = [];
  const roots = new Map<string, Uint8Array>();
  const rootOf = (from: number, span: number) => {
    const key = `${from}/${span}`;
    const root = roots.get(key) ?? rootOfLeaves(all.slice(from, from + span));
    roots.set(key, root);
    return root;
  };
  return {
    asked,
    tile(_run, level, n, width) {
      asked.push(`${level}/${n}/${width}`);
      const span = 256 ** level;
      const hashes: Uint8Array[] = [];
      for (let i = 0; i < width; i++) {
        const from = (n * 256 + i) * span;
        hashes.push(rootOf(from, span));
      }
      return Promise.resolve(concat(...hashes));
    },
  };
}

/** More than two levels of tiles; nobody changes it. */
const large = leaves(66_000);
const largeTiles = tilesOf(large);
const largeRoot = new Uint8Array(rootOfLeaves(large));

function treeOf(all: readonly Uint8Array[], source: TileSource = tilesOf(all)): Tree {
  const root = new Uint8Array(rootOfLeaves(all));
  return new Tree({ household: '', run, size: all.length, root, at: 1 }, source);
}

function entry(all: readonly Uint8Array[], index: number, raw = all[index]!): Entry {
  return { index, raw, leaf: { camera: 'household', at: 1 } as unknown as Leaf };
}

const sizes = [1, 2, 3, 7, 255, 256, 257, 511, 512, 513, 1000];

test.each(sizes)('every leaf of a tree of %i leaves is included', async (size) => {
  const all = leaves(size);
  await treeOf(all).included(all.map((_, i) => entry(all, i)));
});

test('a tree of more than two levels', async () => {
  const checkpoint = { household: '', run, size: large.length, root: largeRoot, at: 1 };
  const tree = new Tree(checkpoint, largeTiles);
  await tree.included([0, 255, 256, 65_535, 65_536, 65_999].map((i) => entry(large, i)));
  await tree.follows({
    run,
    size: 65_537,
    root: new Uint8Array(rootOfLeaves(large.slice(0, 65_537))),
  });
});

test('a leaf that the hub never made is refused', async () => {
  const all = leaves(600);
  for (const index of [0, 300, 599]) {
    const wrong = treeOf(all).included([entry(all, index, utf8('forged'))]);
    expect(ruleOf(await wrong.catch((e: unknown) => e))).toBe('not-included');
  }
  const beyond = treeOf(all).included([entry(all, 600, utf8('leaf 600'))]);
  expect(ruleOf(await beyond.catch((e: unknown) => e))).toBe('not-included');
});

test('a changed tile of any level is refused', async () => {
  for (const target of ['0/0/256', '0/257/208', '1/0/256', '1/1/1', '2/0/1']) {
    const source: TileSource = {
      async tile(r, level, n, width) {
        const tile = await largeTiles.tile(r, level, n, width);
        if (`${level}/${n}/${width}` === target) tile[5]! ^= 1;
        return tile;
      },
    };
    const index = target === '0/257/208' ? 65_999 : 3;
    const tree = new Tree(
      { household: '', run, size: large.length, root: largeRoot, at: 1 },
      source,
    );
    const error = await tree.included([entry(large, index)]).catch((e: unknown) => e);
    expect(ruleOf(error), target).toBe('not-included');
  }
});

test('each smaller tree is the beginning of a larger one', async () => {
  const all = leaves(700);
  const tree = treeOf(all);
  for (const size of [0, 1, 2, 255, 256, 257, 300, 512, 513, 699, 700]) {
    await tree.follows({ run, size, root: new Uint8Array(rootOfLeaves(all.slice(0, size))) });
  }
});

test('another beginning is a fork, a larger one a roll-back', async () => {
  const all = leaves(700);
  const tree = treeOf(all);
  for (const size of [1, 256, 300, 700]) {
    const error = await tree.follows({ run, size, root: random(32) }).catch((e: unknown) => e);
    expect(ruleOf(error)).toBe('forked');
  }
  const error = await tree.follows({ run, size: 701, root: random(32) }).catch((e: unknown) => e);
  expect(ruleOf(error)).toBe('rolled-back');
});

test('a failure to fetch is no refusal', async () => {
  const all = leaves(600);
  const source: TileSource = { tile: () => Promise.reject(new Error('no network')) };
  const error = await treeOf(all, source)
    .included([entry(all, 3)])
    .catch((e: unknown) => e);
  expect(ruleOf(error)).toBeNull();
});

test('a tree that follows another reads its full tiles once', async () => {
  const all = leaves(600);
  const source = tilesOf(all);
  const first = treeOf(all.slice(0, 520), source);
  await first.included([entry(all, 3)]);
  const root = new Uint8Array(rootOfLeaves(all));
  const second = new Tree({ household: '', run, size: 600, root, at: 1 }, source, first);
  source.asked.length = 0;
  await second.included([entry(all, 4)]);
  expect(source.asked).not.toContain('0/0/256');
});

/** Verifies an audit path as RFC 9162 section 2.1.3.2 describes it. */
function follow(
  leaf: Uint8Array,
  index: number,
  size: number,
  path: readonly Uint8Array[],
): Uint8Array {
  let fn = index;
  let sn = size - 1;
  let hash: Uint8Array = leafHash(leaf);
  for (const sibling of path) {
    if (fn % 2 === 1 || fn === sn) {
      hash = sha256(Uint8Array.of(1), sibling, hash);
      while (fn % 2 === 0 && fn !== 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      hash = sha256(Uint8Array.of(1), hash, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return hash;
}

test.each(sizes)('audit paths of a tree of %i leaves lead to the root', async (size) => {
  const all = leaves(size);
  const tree = treeOf(all);
  for (const index of [0, size >> 1, size - 1]) {
    const path = await tree.prove(index);
    expect(equal(follow(all[index]!, index, size, path), rootOfLeaves(all))).toBe(true);
  }
});
