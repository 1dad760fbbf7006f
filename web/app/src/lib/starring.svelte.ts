// SPDX-License-Identifier: Apache-2.0
import { kindOf, type ErrorKind, type Household } from './household';
import { starAt, type Starred } from './stars';

/** The starred moments that a page shows, and what it does with them. */
export class Starring {
  list = $state.raw<readonly Starred[]>([]);
  failure = $state<ErrorKind | null>(null);
  busy = $state(false);
  /** What was done last. */
  done = $state.raw<{ camera: string; moment: number; on: boolean } | null>(null);
  /** The first answer has come. */
  known = $state(false);

  constructor(private readonly household: Household) {}

  /** Asks for what is starred of these cameras. */
  async look(cameras: readonly string[]): Promise<void> {
    try {
      const found = await Promise.all(cameras.map((one) => this.household.stars(one)));
      this.list = found.flat();
      this.failure = null;
      this.known = true;
    } catch (reason) {
      this.failure = kindOf(reason);
    }
  }

  /** The same where it is an addition: without an answer nothing is marked. */
  async mark(cameras: readonly string[]): Promise<void> {
    await this.look(cameras);
    this.failure = null;
  }

  at(camera: string, time: number): Starred | undefined {
    return starAt(this.list, camera, time);
  }

  /** Stars a moment, or takes the star away that it has. */
  async toggle(camera: string, time: number): Promise<void> {
    const there = this.at(camera, time);
    await this.set(camera, there?.moment ?? Math.round(time), there === undefined);
  }

  async set(camera: string, moment: number, on: boolean): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.failure = null;
    try {
      await this.household.setStar(camera, moment, on);
      const others = this.list.filter((one) => one.camera !== camera || one.moment !== moment);
      const own = {
        camera,
        moment,
        person: '',
        name: '',
        mine: true,
        at: Date.now(),
        waiting: false,
      };
      this.list = on ? [...others, own] : others;
      this.done = { camera, moment, on };
      return true;
    } catch (reason) {
      this.failure = kindOf(reason);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
