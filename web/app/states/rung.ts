// SPDX-License-Identifier: Apache-2.0
import type { Picture } from '../src/lib/household';
import type {
  BellReport,
  QuietHours,
  QuietWeek,
  Ring,
  Ringing,
  Snooze,
  Visit,
} from '../src/lib/ringing';
import { failure, Fixture, forever, now } from './fixture';
import { paint } from './scenes';

const minute = 60_000;

/** What a drawn household has of bells. */
class DrawnBells {
  readonly #runs = new Set<(ring: Ring) => void>();
  visits: readonly Visit[] = [];
  snoozes: readonly Snooze[] = [];
  quiets: readonly QuietHours[] | null = [];
  came: QuietWeek['came'] = null;
  bells: readonly BellReport[] = [];
  hooks: readonly string[] = [];

  onRing(run: (ring: Ring) => void): () => void {
    this.#runs.add(run);
    return () => this.#runs.delete(run);
  }

  ring(change: Partial<Ring> = {}): void {
    const ring = { at: now, camera: 'cam_door', kind: 'press' as const, seq: 7, late: false };
    for (const run of this.#runs) run({ ...ring, ...change });
  }
}

/** The part of a drawn household that is about who rings. */
export class Rung extends Fixture implements Ringing {
  readonly rung = new DrawnBells();

  async #act(): Promise<void> {
    if (this.stuck) await forever;
    if (this.refusal) throw failure(this.refusal);
  }

  onRing(run: (ring: Ring) => void): () => void {
    return this.rung.onRing(run);
  }

  async visits(from: number): Promise<readonly Visit[]> {
    await this.#act();
    return this.rung.visits.filter(({ at }) => at >= from);
  }

  async moment(_camera: string, number: number): Promise<Picture | null> {
    return { at: now, bitmap: paint('door', now - number * minute) };
  }

  async snoozes(): Promise<readonly Snooze[]> {
    return this.rung.snoozes;
  }

  async snooze(camera: string, until: number): Promise<void> {
    await this.#act();
    this.rung.snoozes = until > 0 ? [{ camera, until }] : [];
  }

  async quiets(): Promise<QuietWeek | null> {
    const { quiets: hours, came } = this.rung;
    return hours && { hours, came };
  }

  async setQuiet(camera: string, hours: QuietHours['hours']): Promise<void> {
    await this.#act();
    const rest = (this.rung.quiets ?? []).filter((one) => one.camera !== camera);
    this.rung.quiets = hours.length > 0 ? [...rest, { camera, hours }] : rest;
  }

  async bells(): Promise<readonly BellReport[]> {
    return this.rung.bells;
  }

  async setBell(): Promise<readonly string[]> {
    await this.#act();
    return this.rung.hooks;
  }
}
