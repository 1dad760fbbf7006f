// SPDX-License-Identifier: Apache-2.0

import { concat, equal, type Bytes } from '../bytes.ts';
import { sha256 } from '../crypto/hash.ts';
import { must } from '../mutant.ts';
import { RuleError, type Rule } from '../rule.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Entry } from './page.ts';

/**
 * The Merkle tree of one run (RFC 6962), read from hash tiles of height 8 that nobody has to
 * trust: every tile is checked against the one above it, the top against the checkpoint's root.
 */
export interface TileSource {
  /** Exactly `width` hashes. A rejection is a failure to fetch, never a refusal. */
  tile(run: string, level: number, n: number, width: number): Promise<Uint8Array>;
}

const height = 8;
const full = 256;
const hashSize = 32;
const zero = Uint8Array.of(0);
const one = Uint8Array.of(1);

export function leafHash(leaf: Uint8Array): Bytes {
  return sha256(zero, leaf);
}

function nodeHash(left: Uint8Array, right: Uint8Array): Bytes {
  return sha256(one, left, right);
}

function at(tile: Uint8Array, i: number): Uint8Array {
  return tile.subarray(i * hashSize, (i + 1) * hashSize);
}

/** Root of `count` hashes, a power of two, from `from` on. */
function rootOf(tile: Uint8Array, from: number, count: number): Uint8Array {
  if (count === 1) return at(tile, from);
  const half = count / 2;
  return nodeHash(rootOf(tile, from, half), rootOf(tile, from + half, half));
}

/** How many hashes of this level belong to tile `n` in a tree of `size` leaves. */
function widthOf(size: number, level: number, n: number): number {
  const hashes = Math.floor(size / 2 ** (height * level));
  return Math.min(full, Math.max(0, hashes - n * full));
}

/** The partial tiles at the right edge of a tree: the root follows from them alone. */
function edge(size: number): { level: number; n: number; width: number }[] {
  const tiles: { level: number; n: number; width: number }[] = [];
  for (let level = 0; 2 ** (height * level) <= size; level++) {
    const hashes = Math.floor(size / 2 ** (height * level));
    const width = hashes % full;
    if (width > 0) tiles.push({ level, n: Math.floor(hashes / full), width });
  }
  return tiles;
}

/** RFC 6962 root from the right edge, lowest level first. */
function rootOfEdge(tiles: readonly Uint8Array[]): Uint8Array | null {
  let root: Uint8Array | null = null;
  for (const tile of tiles) {
    let end = tile.length / hashSize;
    for (let count = 1; end > 0; count *= 2) {
      if ((end & count) === 0) continue;
      end -= count;
      const subtree = rootOf(tile, end, count);
      root = root === null ? subtree : nodeHash(subtree, root);
    }
  }
  return root;
}

const emptyRoot = sha256(new Uint8Array(0));

export class Tree {
  /** Tiles that were checked against the root, by level and number. */
  private readonly checked = new Map<string, Promise<Uint8Array>>();
  /** Tiles as they came, so that a later tree need not ask again. */
  private readonly fetched: Map<string, Uint8Array>;
  private readonly edgeTiles: Promise<readonly Uint8Array[]>;

  constructor(
    readonly checkpoint: Checkpoint,
    readonly source: TileSource,
    /**
     * An earlier tree of this run. Its tiles are a saving, not a claim: they stay behind their own
     * check against the tile above, all the way up to this tree's root.
     */
    earlier?: Tree,
  ) {
    this.fetched = new Map(earlier?.fetched);
    this.edgeTiles = this.readEdge();
    this.edgeTiles.catch(() => undefined);
  }

  /** The same leaves under a newer signature. */
  signedAgain(checkpoint: Checkpoint): Tree {
    return new Tree(checkpoint, this.source, this);
  }

  private async fetch(level: number, n: number, width: number): Promise<Uint8Array> {
    const key = `${level}/${n}/${width}`;
    const kept = this.fetched.get(key);
    if (kept !== undefined) return kept;
    const tile = await this.source.tile(this.checkpoint.run, level, n, width);
    if (tile.length !== width * hashSize) {
      throw new RuleError('not-included', 'a tile of a wrong size', { level, n, width });
    }
    this.fetched.set(key, tile);
    return tile;
  }

  private async readEdge(): Promise<readonly Uint8Array[]> {
    const { size, root } = this.checkpoint;
    const tiles = await Promise.all(edge(size).map((t) => this.fetch(t.level, t.n, t.width)));
    const got = rootOfEdge(tiles) ?? emptyRoot;
    if (!equal(got, root)) this.fetched.clear();
    must(equal(got, root), 'not-included', "tiles do not fit the checkpoint's root", {
      run: this.checkpoint.run,
      size,
    });
    return tiles;
  }

  /** A checked tile, as wide as this tree makes it. */
  private tile(level: number, n: number): Promise<Uint8Array> {
    const width = widthOf(this.checkpoint.size, level, n);
    const key = `${level}/${n}/${width}`;
    let tile = this.checked.get(key);
    if (tile === undefined) {
      tile = width < full ? this.edgeTile(level) : this.fullTile(level, n);
      this.checked.set(key, tile);
      tile.catch(() => this.checked.delete(key));
    }
    return tile;
  }

  private async edgeTile(level: number): Promise<Uint8Array> {
    const place = edge(this.checkpoint.size).findIndex((t) => t.level === level);
    return (await this.edgeTiles)[place]!;
  }

  private async fullTile(level: number, n: number): Promise<Uint8Array> {
    const [tile, above] = await Promise.all([
      this.fetch(level, n, full),
      this.tile(level + 1, Math.floor(n / full)),
    ]);
    const fits = equal(rootOf(tile, 0, full), at(above, n % full));
    if (!fits) this.fetched.delete(`${level}/${n}/${full}`);
    must(fits, 'not-included', 'a tile does not fit the one above it', {
      run: this.checkpoint.run,
      level,
      n,
    });
    return tile;
  }

  /** Wants every entry's leaf to stand at its index. */
  async included(entries: readonly Entry[]): Promise<void> {
    const { size, run } = this.checkpoint;
    await Promise.all(
      entries.map(async ({ index, raw, leaf }) => {
        const details = { run, index, camera: leaf.camera, from: leaf.at, until: leaf.at };
        must(index < size, 'not-included', 'a leaf beyond the checkpoint', details);
        let tile: Uint8Array;
        try {
          tile = await this.tile(0, Math.floor(index / full));
        } catch (error) {
          throw widen(error, details);
        }
        must(
          equal(leafHash(raw), at(tile, index % full)),
          'not-included',
          "a leaf is not in the hub's tree",
          details,
        );
      }),
    );
  }

  /** Wants an earlier checkpoint of this run to be the beginning of this tree. */
  async follows(old: Pick<Checkpoint, 'run' | 'size' | 'root'>): Promise<void> {
    const { run, size, root } = this.checkpoint;
    if (old.run !== run) throw new Error('checkpoints of two runs cannot be compared');
    const details = { run, seen: old.size, given: size };
    must(old.size <= size, 'rolled-back', 'the checkpoint is older than one seen before', details);
    if (old.size === 0 || old.size > size) return;
    if (old.size === size) {
      must(
        equal(old.root, root),
        'forked',
        'two checkpoints of one size with different roots',
        details,
      );
      return;
    }
    const before = await this.rootAt(old.size, details);
    must(
      equal(before, old.root),
      'forked',
      'what was recorded before is not the beginning of what is shown now',
      details,
    );
  }

  /** The root of the first `size` leaves, from this tree's tiles. */
  private async rootAt(size: number, details: Record<string, unknown>): Promise<Uint8Array> {
    try {
      const tiles = await Promise.all(
        edge(size).map(async (t) => (await this.tile(t.level, t.n)).slice(0, t.width * hashSize)),
      );
      return rootOfEdge(tiles) ?? emptyRoot;
    } catch (error) {
      // Tiles that do not fit the new root cannot show that the old one is its beginning.
      if (error instanceof RuleError) throw new RuleError('forked', error.message, details);
      throw error;
    }
  }

  /** The audit path of a leaf, for keeping beside an export. */
  async prove(index: number): Promise<Bytes[]> {
    const path: Bytes[] = [];
    await this.collect(index, 0, this.checkpoint.size, path);
    return path;
  }

  /** RFC 6962 section 2.1.1: from the leaf's sibling up. */
  private async collect(index: number, from: number, until: number, path: Bytes[]): Promise<void> {
    if (until - from <= 1) return;
    const split = from + largestPower(until - from);
    if (index < split) {
      await this.collect(index, from, split, path);
      path.push(await this.subtree(split, until));
    } else {
      await this.collect(index, split, until, path);
      path.push(await this.subtree(from, split));
    }
  }

  private async subtree(from: number, until: number): Promise<Bytes> {
    const size = until - from;
    const power = largestPower(size + 1);
    if (power !== size) {
      const split = from + largestPower(size);
      return nodeHash(await this.subtree(from, split), await this.subtree(split, until));
    }
    const level = Math.floor(Math.log2(size) / height);
    const count = size / 2 ** (height * level);
    const first = from / 2 ** (height * level);
    const tile = await this.tile(level, Math.floor(first / full));
    return concat(rootOf(tile, first % full, count));
  }
}

/** The largest power of two below `n`. */
function largestPower(n: number): number {
  let power = 1;
  while (power * 2 < n) power *= 2;
  return power;
}

function widen(error: unknown, details: Record<string, unknown>): unknown {
  if (!(error instanceof RuleError)) return error;
  return new RuleError(error.rule satisfies Rule, error.message, { ...error.details, ...details });
}

/** The root that a hub with these leaves signs; here for vectors and tests of the reader. */
export function rootOfLeaves(leaves: readonly Uint8Array[]): Uint8Array {
  const hashes = leaves.map(leafHash);
  const fold = (from: number, until: number): Uint8Array => {
    if (until - from === 1) return hashes[from]!;
    const split = from + largestPower(until - from);
    return nodeHash(fold(from, split), fold(split, until));
  };
  return leaves.length === 0 ? emptyRoot : fold(0, leaves.length);
}
