// SPDX-License-Identifier: Apache-2.0

import type { Names } from '../statement/names.ts';
import type { Children } from './children.ts';
import type { Masks } from './masks.ts';
import type { Privates } from './private.ts';

/** A new hub, as far as it is told something. */
export interface Told {
  readonly privates: Pick<Privates, 'said' | 'first'>;
  readonly children: Pick<Children, 'said' | 'first'>;
  readonly masks: Pick<Masks, 'said' | 'set'>;
}

const tries = 3;

/**
 * Tells a new hub what the one before had covered and turned off, and which cameras are in a child's
 * room, in this device's own words (docs/protocol.md 8). The hub before said so in its document of
 * names, which nobody else can have written, nor put back behind what this device has seen. Until
 * the hub is told, it records and shows nothing of a camera: where it does not answer, somebody says
 * it later. `sure` says that this device has been looking all along. One that came back by the sheet
 * just now has seen nothing: what the names say stays so, but where they say nothing, somebody has
 * to be asked.
 */
export async function carry(hub: Told, was: Names | null, sure: boolean): Promise<void> {
  for (let attempt = 1; attempt <= tries; attempt++) {
    try {
      // What it has been told is not told again.
      return await tell(hub, was, sure);
    } catch {
      // A hub that has just been put in takes a while to answer.
    }
  }
}

async function tell(
  { privates, children, masks }: Told,
  was: Names | null,
  sure: boolean,
): Promise<void> {
  const cameras = (was?.cameras ?? []).filter(({ state }) => state === 'on');
  if (was === null || (cameras.length === 0 && was.private === undefined)) return;
  const off = await privates.said();
  const rooms = await children.said();
  const covered = await masks.said();
  // What is private of all comes before any camera is on.
  if (was.private !== undefined && !off.has('household'))
    await privates.first('household', was.private);
  for (const { id, child, masks: list, private: held, unsaid } of cameras) {
    const known = sure && was.unsaid !== true && unsaid !== true;
    if (held !== undefined && !off.has(id)) await privates.first(id, held);
    if ((known || child === true) && !rooms.has(id)) await children.first(id, child === true);
    // This last: once it is said what is covered, the camera is on.
    const some = list !== undefined && list.length > 0;
    if ((known || some) && !covered.has(id)) await masks.set(id, list ?? [], 0);
  }
}
