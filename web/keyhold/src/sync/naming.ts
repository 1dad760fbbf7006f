// SPDX-License-Identifier: Apache-2.0

import { must } from '../mutant.ts';
import type { Label, Names } from '../statement/names.ts';
import type { Roster } from '../statement/roster.ts';
import type { SyncAnswer } from './cloud.ts';
import type { Epochs } from './epochs.ts';
import { readLabels } from './labels.ts';
import type { Raised } from './memory.ts';
import { checkHeadLeaf, checkRunLeaf, readNames } from './names.ts';
import type { Log, Records } from './records.ts';
import type { Run } from './runs.ts';
import type { Seen } from './store.ts';

/** What names are read with. */
export interface NamingParts {
  readonly roster: Roster;
  readonly records: Records;
  readonly epochs: Epochs;
  readonly runs: ReadonlyMap<string, Run>;
  readonly seen: Seen;
  readonly now: number;
  /** The hub itself says it, which no longer has everything. */
  readonly home: boolean;
}

export interface Naming {
  readonly names: Names | null;
  readonly labels: readonly Label[];
  /** To be remembered. */
  readonly raised: Raised;
}

const hour = 3_600_000;

/** The household's document of names; null where there is none that this device can open yet. */
export async function namesIn(
  sealed: SyncAnswer['names'],
  parts: NamingParts,
): Promise<Naming | null> {
  const { roster, records, epochs, runs, seen, now, home } = parts;
  const logs = await householdLogs(parts);
  for (const { leaf } of logs) {
    if (leaf.kind === 'run' && !(home && !runs.has(leaf.prev_run))) {
      await checkRunLeaf(leaf, runs, now);
    }
    if (leaf.kind === 'run' || leaf.kind === 'head') checkHeadLeaf(leaf.head, roster);
  }
  const read = await readNames(sealed, roster, records, epochs, logs, seen);
  if (read === null) return null;
  const { names, hash } = read;
  return { names, labels: [], raised: { names: names.seq, namesHash: hash } };
}

/** The names of cameras, for those who may not read the household's. */
export async function labelsIn(
  sealed: SyncAnswer['labels'],
  { roster, records, epochs, seen }: NamingParts,
): Promise<Naming> {
  const labels = await readLabels(sealed, roster, records, epochs, seen.labels ?? {});
  const numbers = Object.fromEntries(labels.map(({ camera, seq }) => [camera, seq]));
  return { names: null, labels, raised: { labels: numbers } };
}

/** The household's own leaves of the last day: they name the newest names and the run before. */
async function householdLogs({ records, runs, now, home }: NamingParts): Promise<Log[]> {
  const until = Math.ceil(now / hour);
  // Every run begins with a leaf of the household, whose page went ahead of any checkpoint.
  const listed = records.refs('household').length > 0 || runs.size === 0;
  must(listed || home, 'seq-gap', "nothing of the household's own record is shown");
  return records.logs('household', until - 24, until);
}
