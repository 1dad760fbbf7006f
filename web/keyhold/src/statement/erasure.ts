// SPDX-License-Identifier: Apache-2.0

import { base32, equal, utf8, type Bytes } from '../bytes.ts';
import { sha256 } from '../crypto/hash.ts';
import { signedNote } from '../manifest/checkpoint.ts';
import { must } from '../mutant.ts';
import { RuleError } from '../rule.ts';
import { bytes, hash, id, integer, isHash, object, oneOf, type Read } from '../schema.ts';
import { Envelope } from './dsse.ts';
import type { Roster } from './roster.ts';

/** An owner's word that a cloud is to erase everything it has, or to keep it after all. */
const schema = object({
  act: oneOf('erase', 'keep'),
  at: integer(1),
  device: id('dev'),
  household: hash,
  nonce: bytes(16),
  person: id('per'),
  to: bytes(32),
});

export type Erasure = Read<typeof schema>;

/** The gesture at the hub takes its time. */
const before = 15 * 60_000;
const ahead = 120_000;

/** Reads a statement and wants an owner of this household to have signed it for this cloud, lately. */
export async function openErasure(
  input: Uint8Array,
  roster: Roster,
  to: Uint8Array,
  now: number,
): Promise<Erasure> {
  const envelope = Envelope.parse(input);
  const statement = envelope.read('erase', schema);
  checkPlace(statement, roster, to);
  const { at } = statement;
  must(at >= now - before && at <= now + ahead, 'time', 'a statement of another time');
  await verifyOwner(envelope, statement, roster);
  return statement;
}

/** The same for one that the cloud acted on some time ago. */
export async function standingErasure(
  input: Uint8Array,
  roster: Roster,
  to: Uint8Array,
): Promise<Erasure> {
  const envelope = Envelope.parse(input);
  const statement = envelope.read('erase', schema);
  checkPlace(statement, roster, to);
  await verifyOwner(envelope, statement, roster);
  return statement;
}

/** The fields of one that was checked before. */
export function readErasure(envelope: Envelope): Erasure {
  return envelope.read('erase', schema);
}

/** Whether the thing with this hash is on the list of a statement's receipt. */
export function listed(list: Uint8Array, nonce: Uint8Array, thing: Uint8Array): boolean {
  const want = sha256(utf8('keyhold/v1/erased'), nonce, thing);
  let [low, high] = [0, Math.floor(list.length / 32)];
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = compare(list.subarray(32 * middle, 32 * middle + 32), want);
    if (order === 0) return true;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return false;
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}

function checkPlace({ household, to }: Erasure, roster: Roster, cloud: Uint8Array): void {
  must(household === roster.household, 'household', 'a statement of another household');
  must(equal(to, cloud), 'audience', 'a statement for another cloud');
}

async function verifyOwner(
  envelope: Envelope,
  { device, person }: Erasure,
  roster: Roster,
): Promise<void> {
  const own = roster.personOf(device);
  must(own?.role === 'owner' && own.id === person, 'signer', 'only an owner erases everything');
  const key = roster.key(device) ?? new Uint8Array(0);
  await envelope.verify(new Map([[device, key]]));
}

const origin = 'keyhold/erased';
const maxReceipt = 4096;
export const receiptKinds = [
  'links',
  'objects',
  'pages',
  'tiles',
  'checkpoints',
  'envelopes',
  'reseals',
  'documents',
  'labels',
  'mail',
] as const;

/** The cloud's signed word that it has erased what a statement asked for. */
export interface Receipt {
  readonly at: number;
  readonly bytes: number;
  readonly counts: Readonly<Record<(typeof receiptKinds)[number], number>>;
}

function malformed(what: string): RuleError {
  return new RuleError('field', `receipt: ${what}`);
}

/** Reads a receipt for a statement, signed by a cloud, over a list of what is gone. */
export async function parseReceipt(
  text: string,
  statement: string,
  list: Bytes,
  cloud: Uint8Array,
): Promise<Receipt> {
  if (utf8(text).length > maxReceipt) throw malformed('too long');
  const lines = text.split('\n');
  const end = lines.indexOf('');
  const signed =
    end > 0 &&
    lines.length === end + 3 &&
    lines[end + 2] === '' &&
    (await signedNote(text, origin, lines[end + 1] ?? '', cloud));
  must(signed, 'signature', 'receipt: not signed by the cloud alone');
  if (end !== 5 + receiptKinds.length || lines[0] !== origin) throw malformed('malformed');
  if (!isHash(lines[1]!) || lines[1] !== statement) throw malformed('for another statement');
  if (lines[3] !== `list ${base32(sha256(list))}`) throw malformed('over another list');
  const counted = receiptKinds.map((kind, i) => [kind, number(lines[5 + i]!, kind)] as const);
  const all = counted.reduce((sum, [, count]) => sum + count, 0);
  if (all * 32 !== list.length) throw malformed('malformed counts');
  const counts = Object.fromEntries(counted) as Receipt['counts'];
  return { at: number(lines[2]!, 'at'), bytes: number(lines[4]!, 'bytes'), counts };
}

function number(line: string, word: string): number {
  const text = line.startsWith(`${word} `) ? line.slice(word.length + 1) : '';
  const value = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : NaN;
  if (!(value < 2 ** 53)) throw malformed('a malformed figure');
  return value;
}
