// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import { closedRun, type HubKeys, type Link } from './ops.ts';
import type { Read } from '../schema.ts';

/** A run of the record that a hub which was replaced has left behind (docs/protocol.md 3). */
export type ClosedRun = Read<typeof closedRun>;

interface Left extends ClosedRun {
  /** The place of its hub, and its own among all that were left behind. */
  readonly hub: number;
  readonly place: number;
}

/** The household's hubs, the one in force last, and what the others have left behind. */
export interface Hubs {
  readonly list: readonly HubTime[];
  readonly left: ReadonlyMap<string, Left>;
}

interface HubTime {
  readonly key: Bytes;
  /** The number and the time of the statement that put it in. */
  readonly from: number;
  readonly since: number;
  readonly bare: boolean;
}

/** The time of one hub of the household. */
export interface Era {
  readonly key: Bytes;
  /** The first number that it may give a leaf, and the first of the next hub. */
  readonly first: number;
  readonly end: number | null;
  /** When it was put in, and when another took its place. */
  readonly since: number;
  readonly until: number | null;
  readonly current: boolean;
  readonly place: number;
  /** The hubs before have left nothing behind: the record begins with this one. */
  readonly bare: boolean;
}

/** How many numbers of leaves, names and labels stand for one statement of the roster. */
const numbers = 2 ** 32;

export function firstHub({ sign }: HubKeys, at: number): Hubs {
  return { list: [{ key: sign, from: 0, since: at, bare: true }], left: new Map() };
}

export function nextHub({ list, left }: Hubs, { op, seq, at }: Link): Hubs {
  if (op.kind !== 'replace-hub') return { list, left };
  const next = new Map(left);
  for (const run of op.runs) {
    if (!next.has(run.run)) {
      next.set(run.run, { ...run, hub: list.length - 1, place: next.size });
    }
  }
  const bare = list.at(-1)!.bare && op.runs.every(({ size }) => size === 0);
  return { list: [...list, { key: op.hub.sign, from: seq, since: at, bare }], left: next };
}

export function eraAt({ list }: Hubs, place: number): Era {
  const { key, from, since, bare } = list[place]!;
  const next = list[place + 1];
  return {
    key,
    first: from * numbers,
    end: next === undefined ? null : next.from * numbers,
    since,
    until: next?.since ?? null,
    current: next === undefined,
    place,
    bare,
  };
}

/** A roster, as far as it tells of hubs. */
interface Housed {
  readonly state: { readonly hubs: Hubs };
  readonly head: { readonly seq: number };
  seqOf(hash: string): number | null;
}

/** The time of the hub in force. */
export function eraNow({ state }: Housed): Era {
  return eraAt(state.hubs, state.hubs.list.length - 1);
}

/**
 * Of what names this head: the hub in force when that was the newest statement has to have signed
 * it. What names no statement of the chain is the hub's in force.
 */
export function eraOf(roster: Housed, head: string): Era {
  const seq = roster.seqOf(head) ?? roster.head.seq;
  const { hubs } = roster.state;
  return eraAt(
    hubs,
    hubs.list.findLastIndex(({ from }) => from <= seq),
  );
}

/**
 * The era of a run, and how it ended: null for one that may still grow, of the hub in force. A hub
 * that was replaced has no other runs than those that it left behind.
 */
export function eraOfRun(roster: Housed, run: string): { era: Era; left: ClosedRun | null } {
  const left = roster.state.hubs.left.get(run);
  return left === undefined
    ? { era: eraNow(roster), left: null }
    : { era: eraAt(roster.state.hubs, left.hub), left };
}

/** Compares the places of two runs; of those of the hub in force it says nothing. */
export function runOrder({ state }: Housed, a: string, b: string): number {
  const place = (run: string): number => state.hubs.left.get(run)?.place ?? Infinity;
  return place(a) === place(b) ? 0 : place(a) - place(b);
}

export function holds({ first, end }: Era, number: number): boolean {
  return number >= first && (end === null || number < end);
}
