// SPDX-License-Identifier: Apache-2.0
import { kindOf, type Playback } from '../household';
import { indexAt, type Line } from './line';
import { moveTo, type Lead, type Moved } from './mp4';
import { playable, Unplayable } from './playable';

const atMost = 6;

/** A few opened segments, so that head and body of one are read once, and a short seek back is free. */
export class Opened {
  readonly #kept = new Map<number, Promise<Moved>>();
  /** The track that led the segment opened last; null before there was one. */
  lead: Lead | null = null;

  constructor(
    readonly playback: Playback,
    readonly line: Line,
  ) {}

  async get(index: number, signal: AbortSignal): Promise<Moved> {
    const before = this.#kept.get(index);
    if (before) {
      try {
        return await before;
      } catch (reason) {
        // Whoever asked first went away; this one still wants it.
        if (kindOf(reason) !== 'cancelled' || signal.aborted) throw reason;
        return this.get(index, signal);
      }
    }
    const reading = this.playback.read(index, signal).then((bytes) => {
      const moved = moveTo(bytes, this.line.starts[index] ?? 0);
      if (!playable(moved.kind)) throw new Unplayable(moved.kind);
      this.lead = moved.lead;
      return moved;
    });
    this.#kept.set(index, reading);
    reading.catch(() => this.#kept.delete(index));
    const oldest = this.#kept.keys().next();
    if (this.#kept.size > atMost && !oldest.done) this.#kept.delete(oldest.value);
    return reading;
  }

  /** Begins to read what will be wanted in a moment; a failure is told to whoever then wants it. */
  expect(seconds: number): void {
    const index = indexAt(this.line, seconds);
    if (index >= 0) this.get(index, new AbortController().signal).catch(() => undefined);
  }
}
