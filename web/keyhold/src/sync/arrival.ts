// SPDX-License-Identifier: Apache-2.0

import type { Row } from '../statement/request.ts';
import type { Cloud } from './cloud.ts';
import { Engine } from './engine.ts';
import { Fault, faultOf } from './fault.ts';
import { reseal, rowsFor } from './give.ts';
import type { Store } from './store.ts';
import { TrialStore } from './trial.ts';

/** How fresh the hub's status at another cloud has to be. */
const fresh = 10 * 60_000;
const quiet = { trust: () => undefined, known: () => undefined, grown: () => undefined };

/**
 * The household at another cloud, if its hub is there: nobody's word is believed for that. All that
 * this device has ever seen of the record has to be there, with a status that the hub has just
 * signed (docs/protocol.md 7). Nothing is written down.
 */
export async function arrived(here: Engine, cloud: Cloud, store: Store): Promise<Engine> {
  const { household, signer } = here.member;
  try {
    const now = Math.floor(cloud.now());
    const { status } = await cloud.sync(household, signer, now, now);
    if (status.length === 0) throw new Fault('hub-elsewhere', 'the hub has sent nothing there');
    const there = new Engine(cloud, here.member, here.known.roster, new TrialStore(store), quiet);
    await there.sync();
    const [alarm] = there.alarms.all();
    if (alarm !== undefined) {
      const what = `what is shown there does not hold: ${alarm.rule}`;
      throw new Fault('record-differs', what, undefined, alarm.rule as Fault['rule']);
    }
    if (there.known.erasing !== null) throw new Fault('to-be-erased', 'nothing is shown there');
    if (there.known.status === null || (there.known.heardAt ?? 0) < cloud.now() - fresh) {
      throw new Fault('hub-elsewhere', 'the hub has not been heard of there');
    }
    return there;
  } catch (error) {
    throw elsewhere(error);
  }
}

/** What goes wrong at another cloud, apart from what does at this one. */
export function elsewhere(error: unknown): Fault {
  const fault = faultOf(error);
  const away = fault.kind === 'cloud-away' && fault.rule === undefined;
  if (away) return new Fault('other-cloud-away', fault.message, fault.id);
  // To a cloud that was never told of the household its devices are strangers.
  if (fault.kind === 'not-allowed') return new Fault('hub-elsewhere', fault.message, fault.id);
  if (fault.kind === 'fault') {
    return new Fault('record-differs', fault.message, undefined, fault.rule);
  }
  return fault;
}

/** What a device takes along: what it was given, sealed again to itself and, by those who see everything, to the sheet. */
export interface Taken {
  readonly own: readonly Row[];
  readonly sheet: readonly Row[];
}

export const nothingTaken: Taken = { own: [], sheet: [] };

/** Gathers it at the cloud that is left. */
export async function take(engine: Engine): Promise<Taken> {
  const everything = (): boolean => true;
  const { device } = engine.member;
  const own = await engine.steady(() => rowsFor(engine, device, everything));
  const sees = engine.may('people', 'household') === '';
  if (!sees || engine.known.roster.reader('sheet') === null) return { own, sheet: [] };
  return { own, sheet: await engine.steady(() => rowsFor(engine, 'sheet', everything)) };
}

/** Gives it to the cloud that was moved to. */
export async function bring(there: Engine, { own, sheet }: Taken): Promise<void> {
  const { cloud, member, known } = there;
  await reseal(cloud, member.signer, known.roster, member.device, own);
  await reseal(cloud, member.signer, known.roster, 'sheet', sheet);
}
