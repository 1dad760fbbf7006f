// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import { openLabel } from '../manifest/era.ts';
import { must } from '../mutant.ts';
import { RuleError, ruleOf } from '../rule.ts';
import type { Label } from '../statement/names.ts';
import type { Roster } from '../statement/roster.ts';
import { NoKey, NotYet, type Epochs } from './epochs.ts';
import type { Records } from './records.ts';

export interface SealedLabel {
  readonly camera: string;
  readonly label: Bytes;
}

/** Numbers of the newest labels that this device has seen, by camera. */
export type SeenLabels = Readonly<Record<string, number>>;

/**
 * Opens the names of cameras, for those who may not read the household's (docs/protocol.md 4). One
 * that cannot be opened yet is left out.
 */
export async function readLabels(
  sealed: readonly SealedLabel[],
  roster: Roster,
  records: Records,
  epochs: Epochs,
  seen: SeenLabels,
): Promise<Label[]> {
  const labels: Label[] = [];
  for (const { camera, label: bytes } of sealed) {
    const plain = await openSealed(bytes, camera, records, epochs);
    if (plain === null) continue;
    const label = await openLabel(plain, roster);
    must(label.camera === camera, 'wrong-camera', 'a label of another camera', { camera });
    const least = seen[camera] ?? 0;
    must(label.seq >= least, 'rolled-back', 'a label older than one that was seen', {
      camera,
      seen: least,
      given: label.seq,
    });
    labels.push(label);
  }
  return labels;
}

/** A file does not say which epoch it was sealed to, so the newest is tried first. */
export async function openSealed(
  sealed: Bytes,
  camera: string,
  records: Records,
  epochs: Epochs,
): Promise<Bytes | null> {
  const tried = new Set<string>();
  let last: unknown = null;
  let early = false;
  for (const { epoch } of records.refs(camera).toReversed()) {
    if (tried.has(epoch)) continue;
    tried.add(epoch);
    try {
      return await (await epochs.identity(camera, epoch)).open(sealed);
    } catch (error) {
      // An identity that is not the hub's is worth more words than "does not open".
      if (ruleOf(error) !== null) throw error;
      if (error instanceof NotYet) early = true;
      else if (!(error instanceof NoKey)) last = error;
    }
  }
  const opened = await epochs.openEarly(camera, sealed);
  if (opened !== null) return opened;
  // Right after joining the keys are not there yet; right after a rotation the epoch that the names
  // are sealed to is under no checkpoint yet, and the others rightly do not open them.
  if (last === null || early) return null;
  throw new RuleError('file-hash', 'names are not sealed to those who may read them', {
    camera,
    cause: String(last),
  });
}
