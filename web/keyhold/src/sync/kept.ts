// SPDX-License-Identifier: Apache-2.0

import { base32, concat, type Bytes } from '../bytes.ts';
import { digest } from '../crypto/hash.ts';
import { Roster } from '../statement/roster.ts';
import type { Store } from './store.ts';

/**
 * The roster as this device keeps it, with a mark over its bytes: this device has looked at every
 * signature of it. So a start need not look again, and what comes in later is verified link by
 * link. What must stay true: a mark is written by `keepRoster` alone, of a roster that was
 * verified here, into the store that holds the household's id and this device's keys too. Whoever
 * writes there needs no forged link. Bytes that are not the mark's are verified from genesis on.
 */
export async function keepRoster(store: Store, roster: Roster): Promise<void> {
  await keepPin(store, roster);
  await store.set('roster', roster.chain);
  await store.set('roster-mark', await markOf(roster.chain));
}

/** What the service worker, which reads no roster, knows the hub by. */
export interface HubPin {
  readonly household: string;
  readonly head: string;
  readonly hub: { readonly hpke: Bytes; readonly sign: Bytes };
}

export const pinKey = 'hub-pin';

/** The pin is taken out of a roster that was verified here, and is as good as the roster's mark. */
export function keepPin(store: Store, { household, head, hub }: Roster): Promise<void> {
  const pin: HubPin = { household, head: head.hash, hub: { hpke: hub.hpke, sign: hub.sign } };
  return store.set(pinKey, pin);
}

/** Undefined where nothing is kept. */
export async function keptRoster(store: Store, household: string): Promise<Roster | undefined> {
  const chain = await store.get<Bytes[]>('roster');
  if (chain === undefined) return undefined;
  const mark = await store.get<string>('roster-mark');
  if (mark !== undefined && mark === (await markOf(chain))) {
    const roster = await Roster.resume(chain, household);
    if (roster !== null) return roster;
  }
  const roster = await Roster.replay(chain, household);
  await keepRoster(store, roster);
  return roster;
}

/** Where one statement ends and the next begins counts too. */
async function markOf(chain: readonly Bytes[]): Promise<string> {
  const sizes = new Uint32Array(chain.map((one) => one.length));
  return base32(await digest(concat(new Uint8Array(sizes.buffer), ...chain)));
}
