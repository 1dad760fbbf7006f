// SPDX-License-Identifier: Apache-2.0

import { must } from '../mutant.ts';
import { boolean, hash, id, integer, list, object, where, type Read } from '../schema.ts';
import { Envelope } from './dsse.ts';
import type { Roster } from './roster.ts';

/** So much before a moment is kept, and after it: the packs that touch this, whole. */
export const around = 30_000;
/** How long ago a moment may be that is to be kept. */
const back = 30 * 24 * 3_600_000;

/** A moment of a camera that is kept from then on, or no more (docs/protocol.md 7.4). */
export const star = where(
  object({
    at: integer(1),
    camera: id('cam'),
    device: id('dev'),
    head: hash,
    household: hash,
    moment: integer(1),
    on: boolean,
    seq: integer(1),
  }),
  ({ at, moment, on }) => moment <= at && (!on || at - moment <= back),
  'a moment that was, and not too long ago',
);

export type StarSetting = Read<typeof star>;

/** Moments that are kept, and when their signers said so: with that a reader finds each on the record. */
export const marks = where(
  list(object({ at: integer(1), moment: integer(1) }), 0, 500),
  (all) =>
    all.every(
      ({ at, moment }, i) =>
        moment > (all[i - 1]?.moment ?? 0) && at >= moment && at - moment <= back,
    ),
  'moments in order, as they can be kept',
);

export type Mark = Read<typeof marks>[number];

/** Whether footage between two times is of the moment. */
export const touches = (moment: number, start: number, end: number): boolean =>
  start < moment + around && end > moment - around;

/** Reads a setting that the hub has taken, whoever of its household signed it, and whenever. */
export async function openStar(input: Uint8Array, roster: Roster): Promise<StarSetting> {
  const envelope = Envelope.parse(input);
  const read = envelope.read('star', star);
  must(read.household === roster.household, 'household', 'a star of another household');
  const by = roster.device(read.device) ?? roster.former(read.device);
  must(by !== null, 'signer', 'a star by somebody who never was in the household');
  await envelope.verify(new Map([[read.device, by?.sign ?? new Uint8Array(0)]]));
  return read;
}

/** Wants what stands on the record as starred to be what a member has signed, for that camera. */
export async function starOnRecord(
  leaf: { readonly camera: string; readonly device: string; readonly statement: Uint8Array },
  roster: Roster,
): Promise<StarSetting> {
  const read = await openStar(leaf.statement, roster);
  const theirs = read.device === leaf.device && read.camera === leaf.camera;
  must(theirs, 'signer', 'a star by somebody who did not say so');
  return read;
}
