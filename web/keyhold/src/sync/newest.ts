// SPDX-License-Identifier: Apache-2.0

import type { Picture } from './pictures.ts';
import { spriteOf, type Segment } from './timeline.ts';

/** What the newest pictures are made of. */
export interface NewestUse {
  /** What was recorded of a camera within the last hour, as far as it is proved. */
  segments(camera: string): Promise<readonly Segment[]>;
  picture(segment: Segment): Promise<Picture | null>;
  show(camera: string, picture: Picture): void;
  /** Asks the hub to send what these cameras have; rejects where it does not answer. */
  leaveEarly(cameras: readonly string[]): Promise<unknown>;
  sync(): Promise<void>;
  /** Runs something after a pause, unless everything ends before. */
  later(run: () => void, pause: number): void;
}

/** How often the hub is asked, and at which pauses its answer is looked for, in milliseconds. */
interface Pace {
  readonly again: number;
  readonly looks: readonly number[];
}

/** Of cameras that show something already. */
const calm: Pace = { again: 10_000, looks: [1_500, 2_500, 4_000] };
/**
 * Where a camera shows nothing yet. A pack closes with the next key frame, within two seconds
 * mostly, then come its pictures and its way to the cloud; on a busy hub each takes longer.
 */
const eager: Pace = {
  again: 4_000,
  looks: [1_000, 750, 750, 750, 750, 1_000, 1_000, 1_500, 1_500, 2_000, 2_000, 3_000],
};

/** The newest picture of each camera: found in the record, and asked for while somebody looks. */
export class Newest {
  private readonly at = new Map<string, number>();
  private askedAt = -Infinity;
  private turn = 0;

  constructor(
    private readonly use: NewestUse,
    private readonly now: () => number = Date.now,
  ) {}

  /** Shows the newest picture of a camera, if it is newer than the one that is shown. */
  async refresh(camera: string): Promise<void> {
    const segments = await this.use.segments(camera);
    // A hub that has no time draws no pictures for a pack: then the newest is an older one.
    const last = segments.findLast(({ pack }) => spriteOf(pack) !== null);
    if (last === undefined || this.has(camera, last.file.start)) return;
    const picture = await this.use.picture(last);
    if (picture === null || this.has(camera, picture.at)) return;
    this.at.set(camera, picture.at);
    this.use.show(camera, picture);
  }

  private has(camera: string, at: number): boolean {
    return at <= (this.at.get(camera) ?? -Infinity);
  }

  /** Lets open packs leave early, and looks for them until each camera shows a newer picture. */
  ask(cameras: readonly string[]): void {
    const now = this.now();
    const { again, looks } = cameras.every((camera) => this.at.has(camera)) ? calm : eager;
    if (cameras.length === 0 || now - this.askedAt < again) return;
    // Only what was really asked keeps the next question waiting.
    this.askedAt = now;
    const before = new Map(this.at);
    const missing = (): string[] =>
      cameras.filter((camera) => this.at.get(camera) === before.get(camera));
    const look = (turn: number, n: number): void => {
      const pause = looks[n];
      if (pause === undefined || missing().length === 0) return;
      this.use.later(() => {
        // A later question looks by itself, once it is answered.
        if (turn === this.turn) void this.look(missing()).then(() => look(turn, n + 1));
      }, pause);
    };
    this.use.leaveEarly(cameras).then(
      () => look(++this.turn, 0),
      () => undefined,
    );
  }

  private async look(cameras: readonly string[]): Promise<void> {
    try {
      await this.use.sync();
    } catch {
      return;
    }
    // A page goes ahead of its checkpoint: its leaves may count although it did not change since.
    await Promise.all(cameras.map((camera) => this.refresh(camera).catch(() => undefined)));
  }
}
