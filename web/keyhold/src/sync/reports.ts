// SPDX-License-Identifier: Apache-2.0

import type { CameraReport, Op, Reply } from '../statement/request.ts';
import { Fault } from './fault.ts';

/** With how long a camera may hang before the hub notices, both are said well within a minute. */
const every = 20_000;
const patience = 10_000;
/** One word gets lost now and then: it is said once more before anything is made of it. */
const soon = 3_000;
const missedAtMost = 1;
/**
 * A hub that stays away is asked ever more rarely: what it does not hear waits in its box at the cloud, which holds no more
 * than so much, and a removal has to fit in there for days. So many times as before, then a turn more is let pass each time.
 */
const eager = 6;
const restsAtMost = 30;

/** How the cameras are by the hub's own word, and whether the hub answers at all. */
export class Reports {
  cameras: readonly CameraReport[] = [];
  /** The hub does not answer, though the cloud does. */
  away = false;
  private missed = 0;
  private rests = 0;
  private word = 0;

  constructor(
    private readonly send: (op: Op, patience: number) => Promise<Pick<Reply, 'result'>>,
    /** A cloud that is away says nothing about the hub. */
    private readonly reachable: () => boolean,
    private readonly later: (run: () => void, pause: number) => void,
    private readonly changed: () => void,
  ) {}

  /** Asks now, and from then on by itself. */
  async begin(): Promise<void> {
    const pause = this.rests-- > 0 ? every : await this.ask();
    this.later(() => void this.begin(), pause);
  }

  /** When the hub last said anything, as the cloud shows it: one that was away and speaks again is asked at once. */
  heard(at: number | null): void {
    if (at === null || at <= this.word) return;
    this.word = at;
    if (this.away) void this.ask();
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
    this.rests = Math.min(Math.max(0, this.missed - eager), restsAtMost);
    this.changed();
    return this.missed > 0 && !this.away ? soon : every;
  }
}
