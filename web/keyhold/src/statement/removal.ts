// SPDX-License-Identifier: Apache-2.0

import type { Bytes } from '../bytes.ts';
import { must } from '../mutant.ts';
import { RuleError } from '../rule.ts';
import {
  actorOf,
  deviceIn,
  isPasskey,
  isReturnKey,
  onlyOwner,
  personIn,
  verifySigned,
  wants,
} from './change.ts';
import type { Person, State } from './change.ts';
import { Envelope, type Proves } from './dsse.ts';
import { removal as schema, type Head, type Removal } from './ops.ts';
import { manages } from './rights.ts';

/**
 * The order to remove a device, or a person with all devices. It names its target and no place in
 * the chain: it stays good at every later head while those who signed it may order it.
 */
const day = 24 * 3_600_000;
/** How long somebody has to have been an owner to have a voice on another. */
const ownerWait = 7 * day;
/** How long a removal that several sign may be on its way: a word that nobody seconded ends. */
export const voiceLasts = 7 * day;
/** How long every owner may object to a removal by the sheet. */
const objectWait = 3 * day;
const ahead = 120_000;
const mostVoices = 4;

export interface SignedRemoval {
  readonly envelope: Envelope;
  readonly removal: Removal;
}

/** Reads a removal and asks whether it has a sense; who signed it comes after. */
export function readRemoval(
  s: State,
  raw: Bytes,
  at: number,
  hashAt: (seq: number) => string | null,
): SignedRemoval {
  const read = parse(raw);
  const { household, head } = read.removal;
  wants(household === s.household && inChain(head, hashAt), 'a removal of another household');
  must(read.removal.at <= at + ahead, 'roster-time', 'the removal is newer than its link');
  const several = read.envelope.signatures.length > 1;
  must(
    !several || at <= read.removal.at + voiceLasts,
    'roster-time',
    'signed more than a week ago',
  );
  checkTarget(s, read, at);
  return read;
}

function inChain(head: Head, hashAt: (seq: number) => string | null): boolean {
  return hashAt(head.seq) === head.hash;
}

function parse(raw: Bytes): SignedRemoval {
  try {
    const envelope = Envelope.parse(raw);
    return { envelope, removal: envelope.read('removal', schema) };
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    throw new RuleError('roster-op', `the removal is malformed: ${error.message}`);
  }
}

function checkTarget(s: State, { envelope, removal }: SignedRemoval, at: number): void {
  const { device, person } = removal;
  if (device !== '') {
    if (deviceIn(s, device) !== undefined) return;
    throw new RuleError('roster-op', 'the removal names a device that is not there');
  }
  const target = personIn(s, person);
  if (target === undefined) {
    throw new RuleError('roster-op', 'the removal names a person who is not there');
  }
  wants(!onlyOwner(s, target), 'the only owner cannot be removed');
  if (target.role !== 'owner' || !envelope.signedBy('sheet') || person === s.sheetPerson) return;
  const since = s.announced.get(person);
  wants(since !== undefined && at >= since + objectWait, 'not announced for three days');
}

/**
 * Refuses what is not the word of one owner on another, which holds once a second one signs it too.
 * Gives back whose word it is.
 */
export async function verifyVoice(
  s: State,
  { envelope, removal }: SignedRemoval,
  at: number,
): Promise<string> {
  const target = personIn(s, removal.person);
  const by = envelope.signatures[0]!.keyid;
  const voice = actorOf(s, by);
  const alone = envelope.signatures.length === 1 && !isReturnKey(by) && voice !== target;
  if (target?.role !== 'owner' || !alone || !hasVoice(voice, at)) {
    throw new RuleError('signer', 'not the word of one owner on another');
  }
  if (at > removal.at + voiceLasts) throw new RuleError('roster-time', 'nobody seconded it');
  await verifySigned(s, envelope, [by], new Map(), true);
  return voice!.id;
}

/** Whether somebody has been an owner for long enough to have a voice on another. */
export function hasVoice(one: Person | undefined, at: number): boolean {
  return one?.role === 'owner' && at >= one.ownerSince + ownerWait;
}

/** Wants signers who may order the removal, and their signatures. */
export async function verifyRemoval(
  s: State,
  { envelope, removal }: SignedRemoval,
  at: number,
  proves?: Proves,
): Promise<void> {
  const by = envelope.signatures.map((one) => one.keyid);
  const { device, person } = removal;
  const allowed =
    device === '' ? mayRemovePerson(s, by, person, at) : mayRemoveDevice(s, by, device);
  await verifySigned(s, envelope, by, new Map(), allowed, proves);
}

export function mayRemoveDevice(s: State, by: readonly string[], device: string): boolean {
  const [keyid] = by;
  const actor = actorOf(s, keyid ?? '');
  const target = personIn(s, deviceIn(s, device)?.person ?? '');
  if (by.length !== 1 || actor === undefined || target === undefined) return false;
  return actor === target || (!isReturnKey(keyid ?? '') && removesAlone(actor, target));
}

/** Nobody removes an owner without asking anybody. */
function removesAlone(actor: Person, target: Person): boolean {
  return target.role !== 'owner' && manages(actor.role).includes(target.role);
}

export function mayRemovePerson(
  s: State,
  by: readonly string[],
  person: string,
  at: number,
): boolean {
  const target = personIn(s, person);
  if (target === undefined || by.length === 0 || by.length > mostVoices) return false;
  const actors = by.map((keyid) => actorOf(s, keyid));
  const [first] = actors;
  if (by.length === 1) {
    if (first === undefined) return false;
    if (by[0] === 'sheet') {
      // Whether it was announced was asked before.
      return first.role === 'owner' && target.role === 'owner' && first !== target;
    }
    if (isPasskey(by[0]!)) return false;
    return first === target || removesAlone(first, target);
  }
  const voices = new Set(actors);
  const each = actors.every((one) => one !== target && hasVoice(one, at));
  return target.role === 'owner' && each && voices.size === by.length && !by.some(isReturnKey);
}
