// SPDX-License-Identifier: Apache-2.0

import { equal, fromBase32, type Bytes } from '../bytes.ts';
import { must } from '../mutant.ts';
import type { Schema } from '../schema.ts';
import { Envelope, typeOf } from '../statement/dsse.ts';
import { eraOf, eraOfRun, holds, type Era } from '../statement/hubs.ts';
import { label, label2, names, names2, type Label, type Names } from '../statement/names.ts';
import { status, type Status } from '../statement/request.ts';
import type { Roster } from '../statement/roster.ts';
import { parseCheckpoint, type Checkpoint } from './checkpoint.ts';
import type { Leaf } from './leaf.ts';
import type { Entry } from './page.ts';

/**
 * Reads a checkpoint by the key of the hub whose run it is. A run that a replaced hub left behind is
 * as long as the link that replaced the hub says, whatever that hub has signed since.
 */
export async function openCheckpoint(text: string, roster: Roster): Promise<Checkpoint> {
  const [line = ''] = text.split('\n', 1);
  const { era, left } = eraOfRun(roster, line.slice(line.lastIndexOf('/') + 1));
  const checkpoint = await parseCheckpoint(text, roster.household, era.key);
  if (left === null) return checkpoint;
  const root = fromBase32(left.root) ?? new Uint8Array(0);
  const { run, size } = checkpoint;
  must(size >= left.size, 'rolled-back', 'the record of a replaced hub ends too early', { run });
  must(
    size > left.size || equal(checkpoint.root, root),
    'forked',
    'the record of a replaced hub is another than it was',
    { run },
  );
  return { ...checkpoint, size: left.size, root };
}

/** Reads a status by the key of the hub of its time, and says whether that one is in force. */
export async function openStatus(
  input: Bytes,
  roster: Roster,
): Promise<{ status: Status; current: boolean }> {
  const { value, era } = await openOf(input, 'status', status, roster);
  return { status: value, current: era.current };
}

/** Reads a document of names, in either edition, by the key of the hub of its time. */
export async function openNames(
  input: Bytes,
  roster: Roster,
): Promise<{ names: Names; hash: string }> {
  if (isOf(input, 'names.v2')) {
    const { value, era, envelope } = await openOf(input, 'names.v2', names2, roster);
    mustHold(era, value.seq);
    return { names: value, hash: envelope.hashText() };
  }
  const { value, era, envelope } = await openOf(input, 'names', names, roster);
  mustHold(era, value.seq);
  const cameras = value.cameras.map((camera) => ({ ...camera, room: '' }));
  return { names: { ...value, cameras }, hash: envelope.hashText() };
}

/** Reads a label, in either edition, by the key of the hub of its time. */
export async function openLabel(input: Bytes, roster: Roster): Promise<Label> {
  if (isOf(input, 'label.v2')) {
    const { value, era } = await openOf(input, 'label.v2', label2, roster);
    mustHold(era, value.seq);
    return value;
  }
  const { value, era } = await openOf(input, 'label', label, roster);
  mustHold(era, value.seq);
  return { ...value, room: '' };
}

/** Whether it calls itself a statement of a thing. */
function isOf(input: Bytes, thing: string): boolean {
  return Envelope.parse(input).payloadType === typeOf(thing);
}

/** A hub that was replaced says nothing newer than the one that took over. */
function mustHold(era: Era, given: number): void {
  must(holds(era, given), 'rolled-back', 'numbered as only another hub of the household may', {
    given,
  });
}

/** Reads first, to learn which hub may have signed, and believes nothing before that was checked. */
async function openOf<T extends { readonly head: string; readonly household: string }>(
  input: Bytes,
  thing: string,
  schema: Schema<T>,
  roster: Roster,
): Promise<{ value: T; era: Era; envelope: Envelope }> {
  const envelope = Envelope.parse(input);
  const { head, household } = envelope.read(thing, schema);
  const era = eraOf(roster, head);
  const value = await envelope.open(thing, schema, new Map([['hub', era.key]]));
  must(household === roster.household, 'wrong-household', `${thing} of another household`);
  return { value, era, envelope };
}

/** Wants the leaves of a run to be numbered as its hub may. */
export function checkRange(era: Era, leaves: readonly Leaf[]): void {
  for (const { seq, camera } of leaves) {
    must(holds(era, seq), 'seq-gap', 'a leaf numbered as only another hub may', { camera, seq });
  }
}

/** A new camera's epoch, and the leaf that says that it came. */
const firstLeaves = 2;

/**
 * Whether the first leaves that are shown of a camera are the first there are: those of the
 * household's first hub, or of a camera that came as a new one to a later hub.
 */
export function begins(era: Era, entries: readonly Entry[]): boolean {
  const first = entries[0]!.leaf.seq;
  if (first === 0 || first !== era.first) return first === 0;
  if (era.bare) return true;
  return entries
    .slice(0, firstLeaves)
    .some(({ leaf }) => leaf.kind === 'camera' && leaf.state === 'added');
}

/**
 * Whether the hub says, in what is shown of its record, that it wrote nothing from before a time until
 * it wrote that: then nothing that is younger came before what is shown. Another gap ends before it is
 * written down, with the first segment that follows on it.
 */
export function back(entries: readonly Entry[], old: number): boolean {
  return entries.some(
    ({ leaf }) => leaf.kind === 'gap' && leaf.from < old && leaf.until >= leaf.at,
  );
}

/** Wants two leaves of a camera, the last of one hub and the first of a later, to follow each other. */
export function checkTurn(era: Era, { leaf }: Entry): void {
  must(
    leaf.seq === era.first,
    'seq-gap',
    'the first leaves of a camera under its hub are missing',
    {
      camera: leaf.camera,
      seq: leaf.seq,
    },
  );
}
