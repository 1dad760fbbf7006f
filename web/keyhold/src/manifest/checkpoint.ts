// SPDX-License-Identifier: Apache-2.0

import { base64, concat, equal, fromBase64, fromUtf8, utf8, type Bytes } from '../bytes.ts';
import { sha256 } from '../crypto/hash.ts';
import { verify } from '../crypto/sign.ts';
import { must, off } from '../mutant.ts';
import { RuleError } from '../rule.ts';
import { isHash, isId } from '../schema.ts';

/** The hub's signed word on one run: so many leaves, with this root (docs/protocol.md 5.1). */
export interface Checkpoint {
  readonly household: string;
  readonly run: string;
  readonly size: number;
  readonly root: Bytes;
  readonly at: number;
}

const maxText = 1024;
const number = /^(0|[1-9][0-9]{0,15})$/;

function bad(what: string): RuleError {
  return new RuleError('checkpoint', `checkpoint: ${what}`);
}

function integer(text: string): number {
  const value = number.test(text) ? Number(text) : NaN;
  // The size that Go reads has at most 53 bits with its sign.
  return value < 2 ** 52 ? value : NaN;
}

/** Reads a C2SP signed note of this household's hub. */
export async function parseCheckpoint(
  text: string,
  household: string,
  hub: Uint8Array,
): Promise<Checkpoint> {
  const lines = text.split('\n');
  if (utf8(text).length > maxText || lines.length !== 7 || lines[4] !== '' || lines[6] !== '') {
    throw bad('malformed');
  }
  const origin = lines[0]!;
  const parts = /^keyhold\/([^/]*)\/(.*)$/.exec(origin);
  const owner = parts?.[1] ?? '';
  const run = parts?.[2] ?? '';
  if (!isHash(owner) || !isId('run', run)) throw bad('malformed origin');
  must(owner === household, 'wrong-household', 'checkpoint of another household', { owner });
  const size = integer(lines[1]!);
  const root = fromBase64(lines[2]!);
  const at = lines[3]!.startsWith('at ') ? integer(lines[3]!.slice(3)) : NaN;
  if (Number.isNaN(size)) throw bad('malformed size');
  if (root?.length !== 32) throw bad('malformed root');
  if (!(at > 0)) throw bad('malformed time');
  if (!off('checkpoint') && !(await signedNote(text, origin, lines[5]!, hub))) {
    throw bad('not signed by the hub');
  }
  return { household: owner, run, size, root, at };
}

/** Whether a line of a C2SP signed note holds its signature under this key. */
export async function signedNote(
  text: string,
  origin: string,
  line: string,
  hub: Uint8Array,
): Promise<boolean> {
  const start = `\u2014 ${origin} `;
  if (!line.startsWith(start)) return false;
  const given = fromBase64(line.slice(start.length));
  if (given?.length !== 68) return false;
  const keyHash = sha256(utf8(origin), utf8('\n'), Uint8Array.of(1), hub).subarray(0, 4);
  if (!equal(given.subarray(0, 4), keyHash)) return false;
  const message = utf8(text.slice(0, text.indexOf('\n\n') + 1));
  return verify(hub, message, given.subarray(4));
}

/** The note a hub signs; here for vectors and tests of the reader. */
export function noteText(c: Omit<Checkpoint, 'household'> & { household: string }): string {
  return `keyhold/${c.household}/${c.run}\n${c.size}\n${base64(c.root)}\nat ${c.at}\n`;
}

/** A checkpoint's bytes as the cloud hands them out. */
export function checkpointText(input: Uint8Array): string {
  const text = fromUtf8(input);
  if (text === null) throw bad('not text');
  return text;
}

export async function signNote(
  text: string,
  publicKey: Uint8Array,
  sign: (message: Uint8Array) => Promise<Uint8Array>,
): Promise<string> {
  const origin = text.slice(0, text.indexOf('\n'));
  const keyHash = sha256(utf8(origin), utf8('\n'), Uint8Array.of(1), publicKey).subarray(0, 4);
  const signature = await sign(utf8(text));
  return `${text}\n\u2014 ${origin} ${base64(concat(keyHash, signature))}\n`;
}
