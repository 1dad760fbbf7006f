// SPDX-License-Identifier: Apache-2.0
import type { Gap, Range, Timeline } from './household';

/** The part of a day that the strips show. */
export type View = Range;

const minute = 60_000;
const hour = 60 * minute;
/** From a whole day down to two minutes; each step is one press of plus or minus. */
export const zooms = [24 * hour, 6 * hour, 2 * hour, 30 * minute, 10 * minute, 2 * minute] as const;

export interface Piece {
  /** Per cent of the view. */
  left: number;
  width: number;
}

const percent = (at: number, view: View): number =>
  ((at - view.from) / (view.until - view.from)) * 100;

/** Recorded ranges as pieces to draw, cut to the view; pieces thinner than a pixel are merged. */
export function pieces(ranges: readonly Range[], view: View, widthPx: number): Piece[] {
  const pixel = (view.until - view.from) / Math.max(1, widthPx);
  const drawn: Range[] = [];
  for (const range of ranges) {
    const from = Math.max(range.from, view.from);
    const until = Math.min(range.until, view.until);
    if (until <= from) continue;
    const last = drawn.at(-1);
    if (last && from - last.until < pixel) last.until = Math.max(last.until, until);
    else drawn.push({ from, until });
  }
  return drawn.map((range) => {
    const left = percent(range.from, view);
    // What is recorded is never invisible: at least one pixel.
    const width = Math.max(percent(range.until, view) - left, 100 / Math.max(1, widthPx));
    return { left, width };
  });
}

export function place(at: number, view: View): number {
  return percent(at, view);
}

/** The moment under a pointer. */
export function momentAt(x: number, widthPx: number, view: View): number {
  const share = Math.min(1, Math.max(0, x / Math.max(1, widthPx)));
  return Math.round(view.from + share * (view.until - view.from));
}

/** Labelled moments under the strips: as many as fit, on round times of the household's clock. */
export function ticks(view: View, day: Range, fit: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((n) => n * minute);
  const length = view.until - view.from;
  const step = steps.find((one) => length / one <= fit) ?? 12 * hour;
  const found: number[] = [];
  const first = day.from + Math.ceil((view.from - day.from) / step) * step;
  for (let at = first; at <= view.until; at += step) found.push(at);
  return found;
}

/** A view of `length` around `at` that stays inside the day. */
export function viewAround(at: number, length: number, day: Range): View {
  const whole = day.until - day.from;
  if (length >= 24 * hour || length >= whole) return { from: day.from, until: day.until };
  const from = Math.min(Math.max(at - length / 2, day.from), day.until - length);
  return { from: Math.round(from), until: Math.round(from + length) };
}

/** The closest zoom that still shows everything recorded that day, and is never absurdly close. */
export function firstZoom(timelines: readonly Timeline[]): number {
  let from = Infinity;
  let until = -Infinity;
  for (const { recorded } of timelines) {
    const first = recorded[0];
    const last = recorded.at(-1);
    if (!first || !last) continue;
    from = Math.min(from, first.from);
    until = Math.max(until, last.until);
  }
  const extent = until - from;
  if (!(extent >= 0)) return zooms[0];
  const fitting = zooms.filter((zoom) => zoom >= extent * 1.1);
  return fitting.at(-1) ?? zooms[0];
}

export type Moment =
  { state: 'recorded' } | { state: 'gap'; gap: Gap } | { state: 'ahead' } | { state: 'before' };

/** What is known about one moment of a camera. */
export function momentOf(timeline: Timeline, at: number): Moment {
  const inside = (range: Range): boolean => range.from <= at && at < range.until;
  if (timeline.recorded.some(inside)) return { state: 'recorded' };
  const gap = timeline.gaps.find(inside);
  if (gap) return { state: 'gap', gap };
  if (at >= timeline.knownUntil) return { state: 'ahead' };
  const first = timeline.recorded[0];
  if (!first || at < first.from) return { state: 'before' };
  return { state: 'gap', gap: { from: at, until: at, reason: 'unknown' } };
}

/** The nearest moment that can be played, looking ahead first. */
export function nearestRecorded(timeline: Timeline, at: number, lead = 10_000): number | null {
  const ahead = timeline.recorded.find((range) => range.until > at);
  if (ahead) return Math.max(at, ahead.from);
  const last = timeline.recorded.at(-1);
  return last ? Math.max(last.from, last.until - lead) : null;
}
