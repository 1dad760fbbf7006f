// SPDX-License-Identifier: Apache-2.0
import type { Own } from './people';
import { limited } from './rights';

/** Keeping moments for longer than everything else: a part of `Household`. */
export interface Keeping {
  /** The moments of a camera that are kept, the oldest first, by the hub's word and their signers'. */
  stars(camera: string): Promise<readonly Starred[]>;
  /** Keeps a moment, half a minute before it and after it, or lets it go. */
  setStar(camera: string, moment: number, on: boolean): Promise<void>;
}

export interface Starred {
  readonly camera: string;
  readonly moment: number;
  /** Who starred it, by id and by name, and when. */
  readonly person: string;
  readonly name: string;
  readonly mine: boolean;
  readonly at: number;
  /** The cloud has no room for all of it: the hub tries again. */
  readonly waiting: boolean;
}

/** What of the stars came along to a new hub. */
export interface BroughtStars {
  readonly kept: number;
  /** Those that did not, or not all of what was recorded then. */
  readonly lost: readonly { readonly camera: string; readonly moment: number }[];
  /** There may be more that did not. */
  readonly more: boolean;
}

/** So much before a moment is kept, and after it. */
export const around = 30_000;

/** The starred moment of a camera that a time belongs to. */
export function starAt(
  stars: readonly Starred[],
  camera: string,
  time: number,
): Starred | undefined {
  const away = ({ moment }: Starred): number => Math.abs(moment - time);
  return stars
    .filter((one) => one.camera === camera && away(one) <= around)
    .sort((a, b) => away(a) - away(b))[0];
}

/** Whether somebody may keep moments of a camera; whether at this hour is asked when they do. */
export function mayStar(own: Own | null, camera: string): boolean {
  if (own === null || own.role === 'guest') return false;
  if (!limited(own.role)) return true;
  return own.rights.some(
    ({ actions, cameras }) =>
      actions.includes('history') && (cameras.length === 0 || cameras.includes(camera)),
  );
}
