// SPDX-License-Identifier: Apache-2.0

import { base32, fromBase32 } from '../bytes.ts';
import type { Checkpoint } from '../manifest/checkpoint.ts';
import { openCheckpoint } from '../manifest/era.ts';
import { Tree } from '../manifest/tree.ts';
import { must } from '../mutant.ts';
import { eraOfRun, runOrder } from '../statement/hubs.ts';
import type { Roster } from '../statement/roster.ts';
import type { SyncAnswer } from './cloud.ts';
import type { Door } from './door.ts';
import type { SeenRun } from './store.ts';

/** Footage and its record are kept this long; what is older is not missed. */
export const retention = 30 * 24 * 3_600_000;

/** What was recorded in hours before this one is not there, but for what somebody has starred. */
export const pastHour = (now: number): number => Math.floor((now - retention) / 3_600_000);

/** A run whose checkpoint was checked. */
export interface Run {
  readonly name: string;
  /** Oldest is 0. */
  readonly order: number;
  readonly tree: Tree;
  /** The checkpoint as the hub signed it. */
  readonly note: string;
}

/**
 * Checks each checkpoint, and that it continues the highest one seen of its run. What was seen at home
 * the cloud may not have yet; what it has must not be another.
 */
export async function readRuns(
  answer: Pick<SyncAnswer, 'runs'>,
  roster: Roster,
  { seen, there }: Record<'seen' | 'there', Readonly<Record<string, SeenRun>>>,
  source: Door,
  earlier: ReadonlyMap<string, Run>,
  now: number,
): Promise<Map<string, Run>> {
  const runs = new Map<string, Run>();
  // Runs of hubs that were replaced come first, in the order of the links that say so.
  const refs = answer.runs.toSorted((a, b) => runOrder(roster, a.run, b.run));
  for (const [order, ref] of refs.entries()) {
    const checkpoint = await openCheckpoint(ref.checkpoint, roster);
    must(
      checkpoint.run === ref.run,
      'checkpoint',
      'a checkpoint of another run than it is filed under',
    );
    const before = earlier.get(checkpoint.run)?.tree;
    const same =
      before?.source === source &&
      before.checkpoint.size === checkpoint.size &&
      base32(before.checkpoint.root) === base32(checkpoint.root);
    const tree = same ? withTime(before, checkpoint) : new Tree(checkpoint, source, before);
    for (const [old, owed] of [
      [seen[checkpoint.run], true],
      [there[checkpoint.run], source.home],
    ] as const) {
      if (old === undefined || overtaken(checkpoint, old, roster)) continue;
      if (!owed && old.size > checkpoint.size) continue;
      const root = fromBase32(old.root) ?? new Uint8Array(0);
      await tree.follows({ run: checkpoint.run, size: old.size, root });
    }
    runs.set(checkpoint.run, { name: checkpoint.run, order, tree, note: ref.checkpoint });
  }
  for (const [name, old] of Object.entries(seen)) {
    must(
      runs.has(name) || source.home || old.at <= now - retention,
      'rolled-back',
      "a whole part of the hub's record that this device has seen is gone",
      { run: name },
    );
  }
  return runs;
}

const overlap = 15 * 60_000;

/**
 * Whether more of a run was seen here than its hub left behind, and that is no wonder: that hub was
 * still at work when another took its place.
 */
function overtaken(checkpoint: Checkpoint, old: SeenRun, roster: Roster): boolean {
  const { era } = eraOfRun(roster, checkpoint.run);
  return era.until !== null && old.size > checkpoint.size && old.at > era.until - overlap;
}

/** The same tree under a checkpoint that was signed again later. */
function withTime(tree: Tree, checkpoint: Checkpoint): Tree {
  return tree.checkpoint.at === checkpoint.at ? tree : tree.signedAgain(checkpoint);
}

export function newestRun(runs: ReadonlyMap<string, Run>): Run | null {
  let newest: Run | null = null;
  for (const run of runs.values()) if (newest === null || run.order > newest.order) newest = run;
  return newest;
}

/** What to remember of these runs. */
export function seenOf(
  runs: ReadonlyMap<string, Run>,
  before: Readonly<Record<string, SeenRun>>,
): Record<string, SeenRun> {
  const out: Record<string, SeenRun> = { ...before };
  for (const { name, tree } of runs.values()) {
    const { size, root, at } = tree.checkpoint;
    const old = before[name];
    if (old !== undefined && old.size > size) continue;
    out[name] = { size, root: base32(root), at: Math.max(at, old?.at ?? 0) };
  }
  return out;
}
