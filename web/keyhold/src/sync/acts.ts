// SPDX-License-Identifier: Apache-2.0

import { childOnRecord } from '../statement/child.ts';
import { lockOnRecord, openingOnRecord } from '../statement/lock.ts';
import { maskedOnRecord, type Mask } from '../statement/masks.ts';
import { privateOnRecord } from '../statement/private.ts';
import type { Hours } from '../statement/rights.ts';
import type { Roster } from '../statement/roster.ts';
import { starOnRecord } from '../statement/star.ts';
import type { Log } from './records.ts';

/** What somebody set about what is to be seen of a camera, or of all (`household`). */
export interface Act {
  readonly id: string;
  readonly kind: 'private' | 'masks' | 'star' | 'child' | 'lock';
  readonly person: string;
  readonly device: string;
  readonly camera: string;
  readonly at: number;
  readonly set: {
    /** It is off, or so it is in these hours; or the moment is kept; it is in a child’s room; its door opens. */
    readonly on: boolean;
    readonly hours: readonly Hours[];
    /** What is covered. */
    readonly masks: readonly Mask[];
    /** Which moment is kept, or no more; 0 for other acts. */
    readonly moment: number;
    /** What the door is called that is opened there. */
    readonly door?: string;
  };
}

/** Wants each act of the record to be what a member has signed. */
export async function checkActs(logs: readonly Log[], roster: Roster): Promise<void> {
  await actsIn(logs, roster);
}

/** Each act once: hours begin and end by one statement again and again, and for all cameras at once. */
export async function actsIn(logs: readonly Log[], roster: Roster): Promise<Act[]> {
  const out = new Map<string, Act>();
  for (const { leaf } of logs) {
    if (leaf.kind === 'private') {
      const { camera, seq, at, on, hours } = await privateOnRecord(leaf, roster);
      const id = `private/${camera}/${seq}/${at}`;
      const { person, device } = leaf;
      const set = { on, hours, masks: [], moment: 0 };
      out.set(id, { id, kind: 'private', person, device, camera, at, set });
    }
    if (leaf.kind === 'child') {
      const { camera, on } = await childOnRecord(leaf, roster);
      const { person, device, at, seq } = leaf;
      const set = { on, hours: [], masks: [], moment: 0 };
      const id = `child/${camera}/${seq}`;
      out.set(id, { id, kind: 'child', person, device, camera, at, set });
    }
    if (leaf.kind === 'open') await openingOnRecord(leaf, roster);
    if (leaf.kind === 'lock') {
      const { camera, kind, name: door } = await lockOnRecord(leaf, roster);
      const { person, device, at, seq } = leaf;
      const set = { on: kind !== 'off', hours: [], masks: [], moment: 0, door };
      const id = `lock/${camera}/${seq}`;
      out.set(id, { id, kind: 'lock', person, device, camera, at, set });
    }
    if (leaf.kind === 'masks') {
      const { camera, masks } = await maskedOnRecord(leaf, roster);
      const { person, device, at, seq } = leaf;
      const id = `masks/${camera}/${seq}`;
      const set = { on: false, hours: [], masks, moment: 0 };
      out.set(id, { id, kind: 'masks', person, device, camera, at, set });
    }
    if (leaf.kind === 'star') {
      const { camera, on, moment } = await starOnRecord(leaf, roster);
      const { person, device, at, seq } = leaf;
      const id = `star/${camera}/${seq}`;
      const set = { on, hours: [], masks: [], moment };
      out.set(id, { id, kind: 'star', person, device, camera, at, set });
    }
  }
  return [...out.values()];
}
