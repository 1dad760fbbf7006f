// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import { openStatus } from '../manifest/era.ts';
import { must } from '../mutant.ts';
import { ruleOf } from '../rule.ts';
import { eraNow, eraOfRun } from '../statement/hubs.ts';
import type { Status } from '../statement/request.ts';
import type { Roster } from '../statement/roster.ts';
import type { Run } from './runs.ts';
import type { Seen } from './store.ts';

/** What one answer is held against (docs/protocol.md 5.2). */

export async function checkStatus(raw: Bytes, roster: Roster, seen: Seen): Promise<Status | null> {
  if (raw.length === 0) {
    must(seen.status === 0, 'rolled-back', "the hub's status that this device has seen is gone");
    return null;
  }
  const { status, current } = await openStatus(raw, roster);
  must(
    status.at >= seen.status,
    'rolled-back',
    "the hub's status is older than one this device has seen",
    { seen: seen.status, given: status.at },
  );
  // What a replaced hub said last says nothing of the one in force.
  return current ? status : null;
}

/** Wants no link to be missing, of `shown` statements, that the hub's own status names: the hub has said it at home. */
export function checkHeldBack(shown: number, status: Status | null, roster: Roster): void {
  for (let seq = shown; status !== null && seq <= roster.head.seq; seq++) {
    if (roster.hashAt(seq) !== status.head) continue;
    must(false, 'rolled-back', 'the hub speaks of a roster that the cloud does not show', {
      given: shown - 1,
      hub: seq,
    });
  }
}

/** The newest time under a signature of the hub in force, which signed the link that put it in. */
export function heardOf(roster: Roster, newest: Run | null, status: Status | null): number {
  const { place, since } = eraNow(roster);
  const own = newest !== null && eraOfRun(roster, newest.name).era.current;
  const at = own ? newest.tree.checkpoint.at : 0;
  return Math.max(status?.at ?? 0, at, place > 0 ? since : 0);
}

/** Whether a run that is shown already is longer than what the cloud has of it. */
export function behind(given: ReadonlyMap<string, Run>, shown: ReadonlyMap<string, Run>): boolean {
  return [...shown.values()].some(
    ({ name, tree }) => tree.checkpoint.size > (given.get(name)?.tree.checkpoint.size ?? 0),
  );
}

/** What may be right a moment later: something listed that has not arrived everywhere yet. */
export function incomplete(error: unknown): boolean {
  const rule = ruleOf(error);
  return rule === 'seq-gap' || rule === 'frozen';
}
