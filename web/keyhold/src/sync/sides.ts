// SPDX-License-Identifier: Apache-2.0

import type { Roster } from '../statement/roster.ts';
import type { Cloud, SyncAnswer } from './cloud.ts';
import { Door } from './door.ts';
import { Fault } from './fault.ts';
import type { Way } from './way.ts';

/** How long the cloud has for its first word before the hub is asked; while it is away already, and otherwise. */
const patience = 5_000;
const brief = 1_000;

/** An answer, and who gave it. */
export interface Given {
  readonly answer: SyncAnswer;
  readonly door: Door;
}

/** The cloud, and the hub at home for when the cloud is silent. */
export class Sides {
  readonly cloud: Door;
  /** What is shown comes from the hub itself. */
  atHome = false;
  private there: Door | null = null;

  constructor(
    cloud: Cloud,
    readonly way: Way,
  ) {
    this.cloud = new Door(cloud, false);
  }

  /** The hub, where this device was told how it is reached. */
  async home(roster: Roster): Promise<Door | null> {
    const hub = await this.way.hub(roster);
    if (hub === null) this.there = null;
    else if (this.there?.side !== hub) this.there = new Door(hub, true);
    return this.there;
  }

  /** By which what is shown came. */
  shown(): Door {
    return this.atHome && this.there !== null ? this.there : this.cloud;
  }

  /** Both, the one first that answers. */
  async inOrder(roster: Roster): Promise<readonly Door[]> {
    const home = await this.home(roster);
    if (home === null) return [this.cloud];
    return this.atHome ? [home, this.cloud] : [this.cloud, home];
  }

  /**
   * Asks the cloud, and the hub where that one does not answer. `take` says whether the cloud shows
   * less than was seen already at home: then the hub is asked as well.
   */
  async ask(
    roster: Roster,
    ask: (door: Door, signal?: AbortSignal) => Promise<SyncAnswer>,
    take: (given: Given) => Promise<'behind' | 'taken'>,
    answered: (reachable: boolean) => void,
  ): Promise<void> {
    const control = new AbortController();
    const byCloud = ask(this.cloud, control.signal);
    byCloud.catch(() => undefined);
    const home = await this.home(roster);
    if (home === null) {
      await byCloud.catch((error: unknown) => answered(!silent(error)));
      const answer = await byCloud;
      answered(true);
      await take({ answer, door: this.cloud });
      return;
    }
    const byHub = this.atHome ? ask(home) : null;
    byHub?.catch(() => undefined);
    const given = await late(byCloud, this.atHome ? brief : patience, control);
    answered(!(given instanceof Error && silent(given)));
    if (given instanceof Error && !silent(given)) throw given;
    if (!(given instanceof Error)) {
      const taken = await take({ answer: given, door: this.cloud });
      if (taken === 'taken') return;
    }
    let answer: SyncAnswer;
    try {
      answer = await (byHub ?? ask(home));
    } catch (error) {
      this.atHome = false;
      // Whoever is elsewhere is told of the cloud: that the hub cannot be reached there is no wonder.
      if (given instanceof Error) throw silent(error) ? given : error;
      await take({ answer: given, door: this.cloud });
      return;
    }
    if (given instanceof Error) this.cloud.side.giveUp();
    await take({ answer, door: home });
  }
}

/** Nobody answers, as opposed to an answer that says no. */
export function silent(error: unknown): boolean {
  return error instanceof Fault && error.kind === 'cloud-away' && error.rule === undefined;
}

/**
 * What comes in time, or why it does not. What is late is given up: a browser asks one address no more
 * than a few things at a time.
 */
export async function late<T>(
  work: Promise<T>,
  pause: number,
  control?: AbortController,
): Promise<T | Error> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = new Promise<Fault>((resolve) => {
    timer = setTimeout(() => {
      resolve(new Fault('cloud-away', 'no answer in time'));
      control?.abort();
    }, pause);
  });
  try {
    return await Promise.race([work.catch((error: unknown) => error as Error), end]);
  } finally {
    clearTimeout(timer);
  }
}
