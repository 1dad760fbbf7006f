// SPDX-License-Identifier: Apache-2.0

import type { CameraReport, Op, Reply } from '../statement/request.ts';
import { Fault } from './fault.ts';

/** With how long a camera may hang before the hub notices, both are said well within a minute. */
const every = 20_000;
const patience = 10_000;
/** One word gets lost now and then: it is said once more before anything is made of it. */
const soon = 3_000;
const missedAtMost = 1;

/** How the cameras are by the hub's own word, and whether the hub answers at all. */
export class Reports {
  cameras: readonly CameraReport[] = [];
  /** The hub does not answer, though the cloud does. */
  away = false;
  private missed = 0;

  constructor(
    private readonly send: (op: Op, patience: number) => Promise<Pick<Reply, 'result'>>,
    /** A cloud that is away says nothing about the hub. */
    private readonly reachable: () => boolean,
    private readonly later: (run: () => void, pause: number) => void,
    private readonly changed: () => void,
  ) {}

  /** Asks now, and from then on by itself. */
  async begin(): Promise<void> {
    const pause = await this.ask();
    this.later(() => void this.begin(), pause);
  }

  /** Asks once. The answer confirms the newest checkpoint as well. Says when to ask again. */
  async ask(): Promise<number> {
    try {
      const { result } = await this.send({ kind: 'list-cameras' }, patience);
      this.cameras = result.cameras ?? [];
      this.missed = 0;
    } catch (error) {
      // "Cannot be confirmed" is a state, not an alarm.
      const silent = error instanceof Fault && error.kind === 'hub-away' && this.reachable();
      this.missed = silent ? this.missed + 1 : 0;
    }
    this.away = this.missed > missedAtMost;
    this.changed();
    return this.missed > 0 && !this.away ? soon : every;
  }
}
