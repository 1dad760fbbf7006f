// SPDX-License-Identifier: Apache-2.0

import { base32, concat, utf8, type Bytes } from '../bytes.ts';
import { encode, type Writable } from '../canon.ts';
import type { Roster } from '../statement/roster.ts';
import { RuleError } from '../rule.ts';
import type { Run } from './runs.ts';
import type { Segment } from './timeline.ts';

interface Wish {
  readonly camera: string;
  readonly from: number;
  readonly until: number;
}

const version = 1;

/**
 * What stands beside an export (docs/protocol.md 13): all that somebody without a key needs to hold
 * the film against the hub's signed record, and nothing else of that record. Who has looked, for
 * one, is nobody's business outside the household.
 */
export async function proofOf(
  { camera, from, until }: Wish,
  { household, chain }: Roster,
  segments: readonly Segment[],
  runOf: (name: string) => Run | null,
): Promise<Bytes> {
  const runs = new Map<string, Run>();
  const places = new Map<string, number>();
  const leaves: Writable[] = [];
  const pieces: Writable[] = [];
  for (const { log, number } of segments) {
    // A sync meanwhile may bring a newer checkpoint: one run is proved against one of them.
    const run = runs.get(log.run) ?? runOf(log.run);
    if (run === null) throw new RuleError('not-included', 'a leaf of a run without a checkpoint');
    runs.set(log.run, run);
    const key = `${log.run}/${log.index}`;
    let leaf = places.get(key);
    if (leaf === undefined) {
      const proof = (await run.tree.prove(log.index)).map(base32);
      leaf =
        leaves.push({ index: log.index, kind: 'leaf', leaf: log.raw, proof, run: log.run }) - 1;
      places.set(key, leaf);
    }
    pieces.push({ file: number, kind: 'segment', leaf });
  }
  return lines([
    { camera, from, household, kind: 'export', until, version },
    ...chain.map((envelope) => ({ envelope, kind: 'roster' })),
    ...[...runs.values()].map(({ note }) => ({ kind: 'checkpoint', note })),
    ...leaves,
    ...pieces,
  ]);
}

function lines(objects: readonly Writable[]): Bytes {
  return concat(...objects.flatMap((one) => [encode(one), utf8('\n')]));
}
