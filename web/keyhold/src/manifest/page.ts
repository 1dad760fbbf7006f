// SPDX-License-Identifier: Apache-2.0

import { fromUtf8 } from '../bytes.ts';
import { must } from '../mutant.ts';
import { RuleError } from '../rule.ts';
import { parseLeaf, type Leaf } from './leaf.ts';

/** A page holds the leaves of one run, camera, epoch and UTC hour, in the clear once opened. */
export interface PageName {
  readonly run: string;
  readonly camera: string;
  readonly epoch: string;
  readonly hour: number;
}

/** A leaf at its place in the tree, with the bytes that were hashed. */
export interface Entry {
  readonly index: number;
  readonly raw: Uint8Array;
  readonly leaf: Leaf;
}

const maxPage = 4 << 20;
/** How long a camera's leaves may be silent: two heartbeats and a minute. */
export const patience = 11 * 60_000;

export function hourOf(ms: number): number {
  return Math.floor(ms / 3_600_000);
}

function malformed(): RuleError {
  return new RuleError('syntax', 'a malformed page');
}

export function parsePage(page: Uint8Array): Entry[] {
  if (page.length > maxPage) throw new RuleError('length', `a page longer than ${maxPage} bytes`);
  const entries: Entry[] = [];
  for (let at = 0; at < page.length;) {
    const end = page.indexOf(0x0a, at);
    const space = page.indexOf(0x20, at);
    if (end < 0 || space < 0 || space > end) throw malformed();
    const number = fromUtf8(page.subarray(at, space)) ?? '';
    const index = /^(0|[1-9][0-9]{0,15})$/.test(number) ? Number(number) : NaN;
    const before = entries.at(-1)?.index ?? -1;
    if (!(index < 2 ** 52) || index <= before) throw malformed();
    const raw = page.subarray(space + 1, end);
    entries.push({ index, raw, leaf: parseLeaf(raw) });
    at = end + 1;
  }
  return entries;
}

/** Refuses leaves that do not belong on the page of this name. */
export function checkPage(name: PageName, entries: readonly Entry[]): void {
  for (const { leaf } of entries) {
    const epoch = 'epoch' in leaf ? leaf.epoch : name.epoch;
    must(
      leaf.camera === name.camera && hourOf(leaf.at) === name.hour && epoch === name.epoch,
      'wrong-camera',
      'a leaf of another camera, epoch or hour',
      { ...name },
    );
  }
}

/**
 * Wants the leaves of one camera, in order, without a hole. `tail` is the time up to which they
 * have to reach (the checkpoint's), or null if a later leaf was seen already.
 */
export function checkNumbers(entries: readonly Entry[], tail: number | null): void {
  for (let i = 1; i < entries.length; i++) {
    const before = entries[i - 1]!.leaf;
    const after = entries[i]!.leaf;
    must(after.seq === before.seq + 1, 'seq-gap', 'leaves of a camera are missing', {
      camera: after.camera,
      from: before.at,
      until: after.at,
      seq: before.seq,
      next: after.seq,
    });
  }
  if (tail === null) return;
  const last = entries.at(-1)?.leaf;
  must(last !== undefined, 'seq-gap', "a camera's leaves are missing");
  if (last === undefined || (last.kind === 'camera' && last.state === 'removed')) return;
  must(tail - last.at <= patience, 'seq-gap', "a camera's newest leaves are missing", {
    camera: last.camera,
    from: last.at,
    until: tail,
    seq: last.seq,
  });
}
