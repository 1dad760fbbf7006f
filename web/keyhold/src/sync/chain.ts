// SPDX-License-Identifier: Apache-2.0

import { equal, type Bytes } from '../bytes.ts';
import { Roster } from '../statement/roster.ts';

/** Of two that were verified, the one with more links; whether one is the other's beginning is asked elsewhere. */
export function newer(known: Roster, given: Roster): Roster {
  return known.head.seq > given.head.seq ? known : given;
}

/** What was verified before is not verified again. */
export async function continued(before: Roster, chain: readonly Bytes[]): Promise<Roster> {
  if (!sameChain(before.chain, chain.slice(0, before.chain.length))) {
    return Roster.replay(chain, before.household);
  }
  let roster = before;
  for (const link of chain.slice(before.chain.length)) roster = await roster.append(link);
  return roster;
}

export function sameChain(a: readonly Bytes[], b: readonly Bytes[]): boolean {
  return a.length === b.length && a.every((one, i) => equal(one, b[i]!));
}
