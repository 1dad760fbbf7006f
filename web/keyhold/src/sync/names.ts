// SPDX-License-Identifier: Apache-2.0

import { fromBase32, type Bytes } from '../bytes.ts';
import { openNames } from '../manifest/era.ts';
import type { Leaf } from '../manifest/leaf.ts';
import { must, off } from '../mutant.ts';
import { RuleError } from '../rule.ts';
import type { Names } from '../statement/names.ts';
import type { Head, Roster } from '../statement/roster.ts';
import type { Epochs } from './epochs.ts';
import { openSealed } from './labels.ts';
import type { Log, Records } from './records.ts';
import { retention, type Run } from './runs.ts';
import type { Seen } from './store.ts';

const day = 24 * 3_600_000;

/**
 * Opens the household's document of names, and wants it to be the one that the newest leaf about
 * it names, or a newer one.
 */
export async function readNames(
  sealed: Bytes,
  roster: Roster,
  records: Records,
  epochs: Epochs,
  logs: readonly Log[],
  seen: Seen,
): Promise<{ names: Names; hash: string } | null> {
  if (sealed.length === 0) {
    const written = logs.some(({ leaf }) => leaf.kind === 'names');
    must(seen.names === 0 && !written, 'rolled-back', "the household's names are gone");
    return null;
  }
  const plain = await openSealed(sealed, 'household', records, epochs);
  if (plain === null) return null;
  const { names, hash } = await openNames(plain, roster);
  let least = seen.names;
  let leastHash = seen.namesHash;
  for (const { leaf } of logs) {
    if (leaf.kind !== 'names' || leaf.number < least) continue;
    least = leaf.number;
    leastHash = leaf.names;
  }
  must(names.seq >= least, 'rolled-back', 'the names are older than those the hub wrote last', {
    seen: least,
    given: names.seq,
  });
  if (names.seq === least && leastHash !== '') {
    must(hash === leastHash, 'forked', 'two documents of names with one number', { seq: least });
  }
  return { names, hash };
}

/** The hub's record names the roster's head: the roster that the cloud shows has to contain it. */
export function checkHeadLeaf(head: Head, roster: Roster): void {
  const own = roster.hashAt(head.seq);
  must(own !== null, 'rolled-back', "the roster is older than the hub's own record", {
    given: roster.head.seq,
    hub: head.seq,
  });
  must(own === head.hash, 'roster-fork', "another roster than the hub's own record names", {
    seq: head.seq,
    hub: head.hash,
  });
}

/** Holds what a run says of the one before against what the cloud shows of that. */
export async function checkRunLeaf(
  leaf: Extract<Leaf, { kind: 'run' }>,
  runs: ReadonlyMap<string, Run>,
  now: number,
): Promise<void> {
  if (leaf.reason === 'genesis' || leaf.prev_run === '' || off('rolled-back')) return;
  const before = runs.get(leaf.prev_run);
  if (before === undefined && leaf.at < now - (retention - day)) return;
  if (before === undefined || before.tree.checkpoint.size < leaf.prev_size) {
    throw new RuleError('rolled-back', 'the run before this one, or its end, is gone', {
      run: leaf.prev_run,
      size: leaf.prev_size,
    });
  }
  if (leaf.prev_size === 0) return;
  const root = fromBase32(leaf.prev_root) ?? new Uint8Array(0);
  await before.tree.follows({ run: leaf.prev_run, size: leaf.prev_size, root });
}
