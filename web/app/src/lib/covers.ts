// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';

/** Covering parts of pictures: a part of `Household`. */
export interface Covering {
  /** What is covered, of each camera of which anything ever was. */
  masks(): Promise<readonly Covered[]>;
  /**
   * Covers just these parts of a camera's picture, unless somebody has set something else since `last`
   * (`Covered.seq`, 0 for nothing): then it changes nothing and says false.
   */
  setMasks(camera: string, masks: readonly Mask[], last: number): Promise<boolean>;
}

/** In thousandths of the picture's width and height. */
export interface Mask {
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
}

export interface Covered {
  readonly camera: string;
  readonly masks: readonly Mask[];
  /** What was covered before. */
  readonly before: readonly Mask[];
  readonly seq: number;
  readonly person: string;
  readonly name: string;
  readonly mine: boolean;
  readonly at: number;
}

export const whole = 1000;
export const least = 10;
export const most = 8;

/** Keeps a part within the picture, and large enough. */
export function fit({ left, top, width, height }: Mask): Mask {
  const w = Math.min(Math.max(Math.round(width), least), whole);
  const h = Math.min(Math.max(Math.round(height), least), whole);
  return {
    height: h,
    left: Math.min(Math.max(Math.round(left), 0), whole - w),
    top: Math.min(Math.max(Math.round(top), 0), whole - h),
    width: w,
  };
}

/** The part between two corners. */
export function between(a: { x: number; y: number }, b: { x: number; y: number }): Mask {
  const edge = (v: number): number => Math.min(Math.max(v, 0), whole);
  const left = edge(Math.min(a.x, b.x));
  const top = edge(Math.min(a.y, b.y));
  return fit({
    ...{ left, top },
    width: edge(Math.max(a.x, b.x)) - left,
    height: edge(Math.max(a.y, b.y)) - top,
  });
}

/** Whether anything that was covered is so no more. */
export function uncovers(before: readonly Mask[], after: readonly Mask[]): boolean {
  const all = [...before, ...after];
  const xs = all.flatMap(({ left, width }) => [left, left + width]);
  const ys = all.flatMap(({ top, height }) => [top, top + height]);
  const covers = (list: readonly Mask[], x: number, y: number): boolean =>
    list.some(
      (one) =>
        x >= one.left && x < one.left + one.width && y >= one.top && y < one.top + one.height,
    );
  return xs.some((x) => ys.some((y) => covers(before, x, y) && !covers(after, x, y)));
}

/** What was done last, in words. */
export function coveredText(one: Covered, camera: string, time: string): string {
  const words = { camera, time, person: one.name || m.cover_somebody() };
  if (one.masks.length === 0) return one.mine ? m.cover_none_you(words) : m.cover_none_by(words);
  if (uncovers(one.before, one.masks))
    return one.mine ? m.cover_less_you(words) : m.cover_less_by(words);
  return one.mine ? m.cover_set_you(words) : m.cover_set_by(words);
}
