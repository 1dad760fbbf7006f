// SPDX-License-Identifier: Apache-2.0

import type { Leaf } from '../manifest/leaf.ts';
import type { Entry } from '../manifest/page.ts';
import { must } from '../mutant.ts';
import { mayIn } from '../statement/change.ts';
import type { Roster, Step } from '../statement/roster.ts';

/**
 * Holds the readers of an epoch, which the hub chose, against the roster: nobody is given a key who
 * may not have it, and nobody keeps one in use who lost the right.
 */
type EpochLeaf = Extract<Leaf, { kind: 'epoch' }>;

const minute = 60_000;
const hourLong = 60 * minute;
/** The hub's clock may be this far from the one by which a right begins or ends. */
const slack = 6 * minute;
/** A link carries its maker's clock, and may have waited for a gesture. A removal carries the hub's. */
const linkDelay = 30 * minute;
const removalDelay = 2 * minute;

function delayOf({ link }: Step): number {
  return link.op.kind === 'remove' ? removalDelay : linkDelay;
}

/** Whether a reader can honestly have no key for what was recorded in an hour. */
export function mayLack(roster: Roster, device: string, camera: string, hour: number): boolean {
  const from = hour * hourLong;
  if (device === 'sheet') {
    const made = roster.steps.findLast(({ link }) => link.op.kind === 'new-sheet')?.link.at ?? 0;
    return from <= made;
  }
  for (let at = from - slack; at <= from + hourLong + slack; at += minute) {
    // A link that was made at that time may have reached the hub later.
    const last = roster.seqAt(at);
    for (let seq = roster.seqAt(at - linkDelay); seq <= last; seq++) {
      if (roster.mayAfter(seq, device, 'history', camera, at) !== '') return true;
    }
  }
  return false;
}

/** Refuses an epoch with a reader who may not be one, or made for a roster that was over. */
export function checkReaders(roster: Roster, camera: string, leaf: EpochLeaf): void {
  const seq = roster.seqOf(leaf.head);
  const where = { camera, epoch: leaf.epoch };
  must(seq !== null, 'envelope', 'an epoch for a roster that is not this one', where);
  for (const { device } of leaf.readers) {
    must(
      allowed(roster, seq, device, camera, leaf.at),
      'envelope',
      'the key of an epoch was given to somebody who may not have it',
      { ...where, device },
    );
  }
  const over = roster.steps
    .slice(seq ?? 0)
    .some((step) => step.link.at <= leaf.at - delayOf(step) && loses(step, camera));
  must(!over, 'envelope', 'an epoch was made for a roster that was over', where);
}

function allowed(
  roster: Roster,
  seq: number | null,
  device: string,
  camera: string,
  at: number,
): boolean {
  if (device === 'sheet') return true;
  for (let t = at - slack; t <= at + slack; t += minute) {
    if (roster.mayAfter(seq ?? 0, device, 'history', camera, t) === '') return true;
  }
  return false;
}

/** Whether a link takes the camera's history from somebody. */
function loses({ before, after, link }: Step, camera: string): boolean {
  return readersIn(before, camera, link.at).some(
    (device) => !readersIn(after, camera, link.at).includes(device),
  );
}

function readersIn(state: Step['before'], camera: string, at: number): readonly string[] {
  return state.members
    .filter((m) => mayIn(state, m.id, 'history', camera, at) === '')
    .map((m) => m.id);
}

/** Refuses footage that was sealed to an epoch after one of its readers lost the right. */
export function checkUse(
  roster: Roster,
  camera: string,
  head: string,
  entries: readonly Entry[],
): void {
  const seq = roster.seqOf(head) ?? roster.head.seq;
  const end = roster.steps.slice(seq).find((step) => loses(step, camera));
  if (end === undefined) return;
  const late = end.link.at + delayOf(end);
  for (const { leaf } of entries) {
    must(
      leaf.kind !== 'pack' || leaf.at <= late,
      'envelope',
      'footage was sealed to somebody who had lost the right to it',
      { camera, at: leaf.at },
    );
  }
}
