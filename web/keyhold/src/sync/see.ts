// SPDX-License-Identifier: Apache-2.0

import type { Engine } from './engine.ts';
import { Fault } from './fault.ts';

/** A look at the cloud in which everything held; that the old hub is silent is known. */
export async function mustSee(engine: Engine): Promise<void> {
  const before = engine.looks;
  await engine.syncAfresh();
  if (engine.looks === before) {
    throw new Fault('fault', 'what the cloud shows of the old hub does not hold');
  }
}
